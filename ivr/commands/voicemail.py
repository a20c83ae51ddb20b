"""`ivr voicemail`: the mailboxes, their messages, and what is done with one."""

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click
from rich.table import Table

from ivr.commands._views import cell, clock_time, duration, show
from ivr.control.client import ask, fetch
from ivr.settings.environment import Environment

_A_PAGE = 500


class _Words(click.Group):
    """`ivr voicemail servicio` lists a mailbox: the first word need not be a subcommand."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Words, name="voicemail")
def command() -> None:
    """What callers left. Without a word: the mailboxes; with a mailbox's name: its messages.

    The running server is asked. A mailbox that is called like a command: ivr voicemail list NAME.
    """


@command.command(name="list")
@click.argument("mailbox", default="")
@click.option("--all", "everything", is_flag=True, help="all messages, deleted ones too (for a day)")
@click.option("--numbers", is_flag=True, help="show callers' numbers in full")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
def _list(mailbox: str, everything: bool, numbers: bool, as_json: bool) -> None:
    """List the mailboxes, or a mailbox's messages."""
    environment = Environment.from_environ(os.environ)
    if not mailbox and not everything:
        boxes = ask(environment, "GET", "/voicemail")["mailboxes"]
        _lines(boxes) if as_json else _boxes(boxes)
        return
    question: dict[str, Any] = {"mailbox": mailbox, "all": everything, "numbers": numbers, "limit": _A_PAGE}
    messages: list[dict[str, Any]] = []
    while True:
        page = ask(environment, "GET", f"/voicemail/messages?{urlencode(question)}")
        messages += page["messages"]
        if not page["next"]:
            break
        question["after"] = page["next"]
    _lines(messages) if as_json else _messages(messages)


@command.command()
@click.argument("message")
def listen(message: str) -> None:
    """Write a message's audio (WAV) to the standard output; it counts as heard.

    For example: ivr voicemail listen ID > message.wav, or: ivr voicemail listen ID | aplay
    """
    if sys.stdout.isatty():
        raise click.UsageError(f"the audio is not for the screen: ivr voicemail listen {message} > message.wav")
    environment = Environment.from_environ(os.environ)
    audio = fetch(environment, "GET", _path(message, "/audio"))
    sys.stdout.buffer.write(audio)
    sys.stdout.buffer.flush()
    ask(environment, "POST", _path(message, "/heard"))


@command.command()
@click.argument("message")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def save(message: str, file: Path) -> None:
    """Write a message's audio (WAV) into a new file; it does not count as heard."""
    audio = fetch(Environment.from_environ(os.environ), "GET", _path(message, "/audio"))
    try:
        with file.open("xb") as stream:
            stream.write(audio)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None


@command.command()
@click.argument("message")
def delete(message: str) -> None:
    """Delete a message. For a day `ivr voicemail restore` brings it back."""
    ask(Environment.from_environ(os.environ), "DELETE", _path(message))
    click.echo(f"deleted; until tomorrow it comes back with: ivr voicemail restore {message}")


@command.command()
@click.argument("message")
def restore(message: str) -> None:
    """Bring a deleted message back."""
    ask(Environment.from_environ(os.environ), "POST", _path(message, "/restore"))
    click.echo("it is back")


def _path(message: str, what: str = "") -> str:
    return f"/voicemail/messages/{quote(message, safe='')}{what}"


def _lines(things: list[dict[str, Any]]) -> None:
    for thing in things:
        click.echo(json.dumps(thing, ensure_ascii=False))


def _boxes(boxes: list[dict[str, Any]]) -> None:
    if not boxes:
        click.echo("there is no mailbox; write one in voicemail.yaml")
        return
    table = Table("mailbox", "label", "new", "heard", "oldest new one", "phones", "e-mail")
    for box in boxes:
        phones, letters = ", ".join(box["extensions"]), ", ".join(box["email"])
        values = (box["mailbox"], box["label"], box["new"], box["heard"], _moment(box["oldest_new"]), phones, letters)
        table.add_row(*[cell(value) for value in values])
    show(table)


def _messages(messages: list[dict[str, Any]]) -> None:
    if not messages:
        click.echo("no message")
        return
    table = Table("message", "mailbox", "received", "length", "caller", "state", "call")
    for message in messages:
        length, caller = duration(round(message["seconds"] * 1e6)), message["number"] or "withheld"
        values = (message["message"], message["mailbox"], _moment(message["received"]), length, caller)
        table.add_row(*[cell(value) for value in (*values, message["state"], message["call"])])
    show(table)


def _moment(text: str) -> str:
    return clock_time(datetime.fromisoformat(text)) if text else ""

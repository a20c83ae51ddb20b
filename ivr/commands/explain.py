"""`ivr explain CALL`: what happened to a call, what was decided and why, and what would have answered it sooner."""

import os
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote, urlencode

import click
from rich.console import Console

from ivr.commands._views import cell, local, site_language
from ivr.control.client import ControlError, NoServer, ask
from ivr.settings.environment import Environment

_MARKS = ("", "  -> ", "       ")


@click.command(name="explain")
@click.argument("call")
@click.option("--language", default="", type=click.Choice(["", "es", "en"]), help="es or en; left out: the site's")
def command(call: str, language: str) -> None:
    """Tell CALL's story from the journal. CALL is the id that `ivr calls` shows in its last column.

    Every decision with who was eligible and which rule removed whom; then, for each queue, what single change would
    have answered the caller sooner. Works while the server runs and when it is down.
    """
    environment = Environment.from_environ(os.environ)
    try:
        answer = ask(
            environment, "GET", f"/calls/{quote(call, safe='')}/explanation?{urlencode({'language': language})}"
        )
    except NoServer:
        if environment.server:
            raise  # what lies here is not of that server
        lines = _from_journal(environment, call, language or site_language())
    except ControlError as refused:
        if refused.status != 404:
            raise
        lines = iter(())
    else:
        told = [_line(datetime.fromisoformat(line["at"]), line["depth"], line["text"]) for line in answer["lines"]]
        lines = iter([*told, *answer["helped"]])
    console, silent = Console(highlight=False, soft_wrap=True), True
    for line in lines:
        silent = False
        console.print(cell(line))
    if silent:
        raise click.ClickException(f"the journal tells nothing of a call {call!r}; `ivr calls` lists those that it has")


def _line(at: datetime, depth: int, text: str) -> str:
    return f"{local(at):%H:%M:%S.%f}"[:-3] + "  " + _MARKS[depth] + text


def _from_journal(environment: Environment, call: str, language: str) -> Iterator[str]:
    """Heavier than asking: only here the journal is read by the command itself."""
    from ivr.calls.telling import NotTold, here

    try:
        story = here(environment.journal, call, language)
    except NotTold as why:
        raise click.ClickException(str(why)) from None
    yield from (_line(line.at, line.depth, line.text) for line in story.lines)
    yield from story.helped

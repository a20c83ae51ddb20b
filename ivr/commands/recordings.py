"""`ivr recordings`: find, hear and take away recorded talks; why one was or was not recorded."""

import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
from rich.table import Table

from ivr.commands import _recordings_capacity, _recordings_keys, _recordings_retention
from ivr.commands._views import cell, clock_time, duration, records, show
from ivr.control.client import ask, pieces
from ivr.log import escape
from ivr.settings.environment import Environment

_A_PAGE = 500
LONGEST_CELL = 40
"""Characters of a note in the table; `--json` has all of it."""


@click.group(name="recordings")
def command() -> None:
    """Recorded talks. The running server is asked."""


for _part in (
    _recordings_capacity.capacity,
    _recordings_capacity.report,
    _recordings_keys.keys,
    _recordings_keys.unlock,
    _recordings_keys.lock,
    _recordings_keys.new_identity,
    _recordings_retention.retention,
    _recordings_retention.hold,
    _recordings_retention.release,
    _recordings_retention.holds,
):
    command.add_command(_part)


@command.command(name="list")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1_000_000), help="how many, newest first"
)
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
@click.option("--from", "begin", metavar="WHEN", help="ended then or later: 2026-12-24, 2026-12-24T17:00")
@click.option("--to", "end", metavar="WHEN", help="ended before")
@click.option("--number", help="of the caller, however it is written")
@click.option("--call", help="id of the call")
@click.option("--did", help="the number that was called")
@click.option("--queue", help="talk of this queue")
@click.option("--agent", help="this agent, or extension, talked")
@click.option("--outcome", help="of the call: answered, ...")
@click.option("--disposition", help="what became of the talk, exactly this")
@click.option("--note", metavar="WORDS", help="a part of the note, in small or capital letters")
@click.option("--state", help="taken, kept, archived, spoilt, deleted")
@click.option("--shortest", type=float, metavar="SECONDS", help="at least so long")
@click.option("--longest", type=float, metavar="SECONDS", help="at most so long")
def _list(limit: int, as_json: bool, **wanted: Any) -> None:
    """List recordings, newest first."""
    filters = {{"begin": "from", "end": "to"}.get(name, name): v for name, v in wanted.items() if v is not None}
    found = _found(filters, limit)
    if as_json:
        for one in found:
            click.echo(json.dumps(one, ensure_ascii=False))
        return
    table = Table("began", "length", "queue", "agent", "number", "state", "silent", "disposition", "note", "recording")
    for one in found:
        began, length = clock_time(datetime.fromisoformat(one["began"])), duration(round(one["seconds"] * 1e6))
        silent = duration(round(sum(gap["end"] - gap["begin"] for gap in one["gaps"]) * 1e6)) if one["gaps"] else ""
        of = (one["queue"], one["agent"], one["did"], one["state"])
        remarks = (one["disposition"], _short(one["note"]))
        table.add_row(*[cell(str(value)) for value in (began, length, *of, silent, *remarks, one["recording"])])
    show(table)


@command.command()
@click.argument("recording")
@click.option("--disposition", help="what became of the talk; an empty one removes it")
@click.option("--note", metavar="TEXT", help="free text, at most 2000 characters; an empty one removes it")
def remark(recording: str, disposition: str | None, note: str | None) -> None:
    """Say what became of the talk of RECORDING, and what else is to be known of it."""
    given = {name: value for name, value in (("disposition", disposition), ("note", note)) if value is not None}
    if not given:
        raise click.UsageError("say --disposition, --note, or both")
    told = ask(Environment.from_environ(os.environ), "PUT", _path(recording, "/remarks"), given)
    click.echo(f"disposition: {escape(told['disposition']) or 'none'}")
    note = escape(told["note"], keep="\n")
    click.echo(f"note: {note or 'none'}")


@command.command()
@click.argument("recording")
@click.option("--reason", required=True, help="why it leaves the vault; it stands in the audit")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def save(recording: str, file: Path, reason: str) -> None:
    """Write a copy of RECORDING into a new FILE."""
    environment = Environment.from_environ(os.environ)
    came = pieces(environment, "POST", _path(recording, "/copy"), {"reason": reason})
    first = next(came, b"")
    try:
        with file.open("xb") as stream:
            stream.write(first)
            for piece in came:
                stream.write(piece)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None


@command.command()
@click.argument("recording")
def listen(recording: str) -> None:
    """Write the audio to the standard output.

    For example: ivr recordings listen RECORDING | ffplay -
    """
    if sys.stdout.isatty():
        raise click.UsageError(f"the audio is not for the screen: ivr recordings listen {recording} | ffplay -")
    for piece in pieces(Environment.from_environ(os.environ), "GET", _path(recording, "/audio")):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


@command.command()
@click.argument("call")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def why(call: str, as_json: bool) -> None:
    """Why each talk of CALL was recorded, or was not."""
    told = ask(Environment.from_environ(os.environ), "GET", f"/calls/{quote(call, safe='')}/rulings")
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    heard = f"version {told['notice']}" if told["notice"] else "not heard to its end"
    click.echo(f"notice: {heard}" + ("; the caller declined" if told["declined"] else ""))
    for talk in told["talks"]:
        click.echo(f"{talk['leg']}  agent {talk['agent']}: {_verdict(talk)}")
        for said in talk["said"]:
            click.echo(f"    {said.replace('|', ' ')}")
        for pause in talk["pauses"]:
            begun, ended = (_moment(pause[end]) for end in ("begun", "ended"))
            click.echo(f"    paused by {pause['by']} from {begun} to {ended}")
        if talk.get("stopped"):
            click.echo(f"    ended at {_moment(talk['stopped'])} for want of room on the disk")


@command.command()
@click.argument("call")
@click.argument("do", type=click.Choice(["pause", "resume", "begin"]))
def change(call: str, do: str) -> None:
    """Pause the recording of the talk that CALL is in, let it go on, or begin it on demand."""
    told = ask(Environment.from_environ(os.environ), "POST", f"/calls/{quote(call, safe='')}/recording", {"do": do})
    click.echo(f"{told['became']}")


def _short(note: str) -> str:
    """The beginning of a note, on one line."""
    line = " ".join(note.split())
    return line if len(line) <= LONGEST_CELL else line[: LONGEST_CELL - 1].rstrip() + "…"


def _moment(text: str | None) -> str:
    return clock_time(datetime.fromisoformat(text)) if text else "the end"


def _verdict(talk: dict[str, Any]) -> str:
    if talk["record"]:
        return f"recorded ({talk['why']})"
    if talk["begun"]:
        return f"recorded on demand from {clock_time(datetime.fromisoformat(talk['begun']))}"
    return f"not recorded ({talk['why']})"


def _found(filters: dict[str, Any], limit: int) -> Iterator[dict[str, Any]]:
    environment, left, after = Environment.from_environ(os.environ), limit, ""
    while left > 0:
        question = {**filters, "limit": min(left, _A_PAGE), "after": after}
        page = ask(environment, "POST", "/recordings/search", question)
        yield from page["recordings"]
        left, after = left - len(page["recordings"]), page["next"] or ""
        if not after:
            return


def _path(recording: str, what: str) -> str:
    return f"/recordings/{quote(recording, safe='')}{what}"


@command.command()
@click.option("--json", "as_json", is_flag=True, help="for programs")
def verify(as_json: bool) -> None:
    """Prove that recordings are what is written about them: files, catalogue, ledger and calls against each other.

    It only reads, whether the server runs or not. Exit status 1: something does not agree.
    """
    from dataclasses import asdict

    from ivr.clock import LoopClock
    from ivr.install.paths import Paths
    from ivr.recordings.verify import Verifier

    paths = Paths.of(Environment.from_environ(os.environ))
    with records() as store:
        verifier = Verifier(store.engine, folder=paths.recordings, vault=paths.vault, now=LoopClock().now())
        try:
            told = verifier.run()
        except OSError as error:
            raise click.ClickException(f"the vault cannot be read: {error}") from None
    if as_json:
        click.echo(json.dumps({**asdict(told), "sound": told.sound}, ensure_ascii=False))
    else:
        for finding in told.findings:
            click.echo(f"{finding.about}: {finding.fault.value}: {finding.why}")
        seen = f"{told.recordings} recordings, {told.files} files, {told.talks} talks, {told.entries} entries"
        aside = f"; {told.quarantined} files lie in quarantine" if told.quarantined else ""
        click.echo(f"{'everything agrees' if told.sound else 'something does not agree'}: {seen}{aside}")
    if not told.sound:
        raise click.exceptions.Exit(1)

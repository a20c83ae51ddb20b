"""`ivr audit`: who did what, and whether nobody has changed what is written about it."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

import click
from rich.table import Table

from ivr.commands._views import cell, clock_time, show
from ivr.control.client import ask, pieces
from ivr.settings.environment import Environment

PAGE = 500
PATIENCE_SECONDS = 3600.0
"""For walking or writing out a long chain."""


@click.group(name="audit", invoke_without_command=True)
@click.option("--who", default="", help="only of this person")
@click.option("--action", default="", help='"calls.search", or its beginning: "calls.*"')
@click.option("--object", "about", default="", help="only about this")
@click.option("--since", default="", metavar="MOMENT", help="2026-12-24, or 2026-12-24T17:00")
@click.option("--until", default="", metavar="MOMENT")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="how many, newest first")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
@click.pass_context
def command(
    context: click.Context, who: str, action: str, about: str, since: str, until: str, limit: int, as_json: bool
) -> None:
    """Who did what, the newest first: every change, and every look at a number or a recording."""
    if context.invoked_subcommand is not None:
        return
    wanted = {"who": who, "action": action, "object": about, "since": _moment(since), "until": _moment(until)}
    entries = list(_entries({name: value for name, value in wanted.items() if value}, limit))
    if as_json:
        for entry in entries:
            click.echo(json.dumps(entry, ensure_ascii=False))
        return
    if not entries:
        click.echo("nothing")
        return
    table = Table("nr", "at", "who", "from", "action", "object", "result", "change")
    for entry in entries:
        result = entry["result"] + (f": {entry['why']}" if entry["why"] else "")
        values = (entry["seq"], clock_time(datetime.fromisoformat(entry["at"])), entry["who"] or "nobody")
        source = entry["address"] or entry["via"]
        table.add_row(*[cell(v) for v in (*values, source, entry["action"], entry["object"], result, _change(entry))])
    show(table)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="for programs")
def verify(as_json: bool) -> None:
    """Say whether the audit is as it was written: nothing changed, removed, inserted, moved or cut off.

    It is compared with the anchors beside the database and in the journal. Exit status 1: something is wrong.
    """
    told = ask(_environment(), "GET", "/audit/verify", seconds=PATIENCE_SECONDS)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for fault in told["faults"]:
            click.echo(f"entry {fault['seq']}: {fault['kind']}: {fault['why']}")
        end = f"{told['entries']} entries, the last one is {told['last']} with the hash {told['hash']}"
        click.echo(f"the audit is as it was written: {end}" if told["sound"] else f"the audit was tampered with: {end}")
    if not told["sound"]:
        raise click.exceptions.Exit(1)


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--since", default="", metavar="MOMENT")
@click.option("--until", default="", metavar="MOMENT")
def export(file: Path, since: str, until: str) -> None:
    """Write all entries into a new FILE: a table when its name ends with .csv, else JSON lines with their hashes."""
    wanted = {"format": "csv" if file.suffix == ".csv" else "jsonl", "since": _moment(since), "until": _moment(until)}
    question = urlencode({name: value for name, value in wanted.items() if value})
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            _exported(stream, question, file)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None


def _exported(stream: IO[bytes], question: str, file: Path) -> None:
    """Entry by entry as they come; a part of them is no export."""
    try:
        for piece in pieces(_environment(), "GET", f"/audit/export?{question}", seconds=PATIENCE_SECONDS):
            stream.write(piece)
        stream.flush()
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _entries(wanted: dict[str, str], limit: int) -> Iterator[dict[str, Any]]:
    environment, before = _environment(), 0
    while limit > 0:
        question = urlencode({**wanted, "before": before, "limit": min(limit, PAGE)})
        page = ask(environment, "GET", f"/audit?{question}")
        yield from page["entries"]
        limit -= len(page["entries"])
        if page["next"] is None:
            return
        before = page["next"]


def _moment(text: str) -> str:
    """With this machine's time zone where none is written."""
    if not text:
        return ""
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError):
        raise click.UsageError(f"{text!r} is not a moment: write for example 2026-12-24 or 2026-12-24T17:00") from None


def _change(entry: dict[str, Any]) -> str:
    before, after = entry["before"], entry["after"]
    told = f"{_short(before)} -> {_short(after)}" if before is not None or after is not None else ""
    detail = ", ".join(f"{name}: {_short(value)}" for name, value in entry["detail"].items())
    return "; ".join(filter(None, (told, detail)))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"


def _environment() -> Environment:
    return Environment.from_environ(os.environ)

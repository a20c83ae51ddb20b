"""`ivr override`: open, closed or emergency for a while, whatever the timetable says."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import click
from rich.table import Table

from ivr.commands._views import cell, show
from ivr.control.client import ask
from ivr.settings.environment import Environment

STATES = ("open", "closed", "emergency", "none")


@click.command(name="override")
@click.argument("words", nargs=-1, metavar="[TIMETABLE] [open|closed|emergency|none]")
@click.option(
    "--until", default="", metavar="WHEN", help='17:00, 2026-12-24, "2026-12-24 17:00", "30 min", "3 h", "2 d"'
)
@click.option("--why", default="", help="for whoever asks later")
@click.option("--prompt", default="", help="in an emergency: the prompt (prompts.yaml) that callers hear")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def command(words: tuple[str, ...], until: str, why: str, prompt: str, as_json: bool) -> None:
    """Show what overrides the timetables, or override one.

    TIMETABLE may be left out where there is only one. Without --until it holds until somebody ends it with `none`.
    It counts for the next caller, survives restarts, and the running server is told at once.
    """
    environment = Environment.from_environ(os.environ)
    timetables = ask(environment, "GET", "/overrides")["timetables"]
    timetable, state = _understood(words, [entry["timetable"] for entry in timetables])
    if state:
        values = {"state": state, "until": until, "why": why, "prompt": prompt}
        changed = ask(environment, "PUT", f"/overrides/{quote(timetable, safe='')}", values)
        click.echo(json.dumps(changed, ensure_ascii=False) if as_json else _sentence(changed))
        return
    if until or why or prompt:
        raise click.UsageError("say what to do: open, closed, emergency or none")
    shown = [entry for entry in timetables if timetable in ("", entry["timetable"])]
    if as_json:
        for entry in shown:
            click.echo(json.dumps(entry, ensure_ascii=False))
        return
    _table(shown)


def _understood(words: tuple[str, ...], known: list[str]) -> tuple[str, str]:
    """Timetable and state; each empty when it was not given."""
    if len(words) > 2:
        raise click.UsageError("too many words; write for example: ivr override oficina closed --until 17:00")
    timetable, state = "", ""
    for word in words:
        # A timetable may have the name of a state: then the state stands last.
        if word in STATES and (word is words[-1] or word not in known):
            state = word
        else:
            timetable = word
    if timetable and timetable not in known:
        raise click.UsageError(f"there is no timetable {timetable!r}; there are: {', '.join(known)}")
    if len(words) == 2 and not state:
        raise click.UsageError(f"{words[-1]!r} is none of: {', '.join(STATES)}")
    if state and not timetable:
        if len(known) != 1:
            raise click.UsageError(f"say which timetable: {', '.join(known)}")
        timetable = known[0]
    return timetable, state


def _table(timetables: list[dict[str, Any]]) -> None:
    table = Table("timetable", "by its hours", "override", "since", "until", "by", "why", "telephone")
    for entry in timetables:
        override = entry["override"] or {}
        words = f" ({override['words']})" if override.get("words") else ""
        table.add_row(
            cell(entry["timetable"]),
            cell(entry["hours"]),
            cell(override.get("state", "") + words),
            _shown(override.get("since")),
            _shown(override.get("until")) if override.get("until") else ("ended by hand" if override else ""),
            cell(" ".join(filter(None, (override.get("by", ""), override.get("who", ""))))),
            cell(override.get("why", "")),
            cell(f"*28{entry['code']}"),
        )
    show(table)
    _warn(timetables[0] if timetables else {})


def _sentence(entry: Mapping[str, Any]) -> str:
    _warn(entry)
    override = entry["override"]
    if override is None:
        return f"{entry['timetable']}: its hours decide; it is {entry['hours']} now"
    end = f"until {_shown(override['until'])}" if override["until"] else "until somebody ends it: none"
    return f"{entry['timetable']}: {override['state']} {end}"


def _warn(entry: Mapping[str, Any]) -> None:
    if entry.get("trouble"):
        click.echo(f"it holds, but would be lost with a restart: {entry['trouble']}", err=True)


def _shown(moment: str | None) -> str:
    """A moment in the site's time, as the server told it."""
    return datetime.fromisoformat(moment).strftime("%a %Y-%m-%d %H:%M") if moment else ""

"""`ivr calls`: the latest calls and how each ended."""

import dataclasses
import json
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import click
from rich.table import Column, Table

from ivr.commands._views import cell, clock_time, duration, records, show, shown_number, terminal_width

if TYPE_CHECKING:
    from ivr.figures.call_record import CallRecord


_COLUMNS = ("began", "number", "caller", "keys", "queue", "agent", "wait", "talk", "outcome", "ended by", "call")
_MOST_WANTED = ("began", "queue", "agent", "talk", "outcome", "call")
_WIDE = 150
"""A terminal this wide has room for all columns. The last, the call's id, is never cut: `ivr explain` needs it."""


@click.command(name="calls")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100_000), help="how many, newest first")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
@click.option("--numbers", is_flag=True, help="show callers' numbers in full")
def command(limit: int, as_json: bool, numbers: bool) -> None:
    """The latest calls, newest first. Works while the server runs and when it is down."""
    with records() as store:
        calls = store.calls(limit)
        known = store.numbers_of(call.caller for call in calls)
        legs = store.legs_of(call.call for call in calls) if as_json else []
    callers = {key: shown_number(number, numbers) for key, number in known.items()}
    if as_json:
        of_call: dict[str, list[dict[str, Any]]] = {}
        for leg in legs:
            of_call.setdefault(leg.call, []).append(_plain(leg))
        for call in calls:
            more = {"number": callers.get(call.caller, ""), "legs": of_call.get(call.call, [])}
            click.echo(json.dumps(_plain(call) | more, ensure_ascii=False))
        return
    rows = [_row(call, callers.get(call.caller, "")) for call in calls]
    columns = _COLUMNS if terminal_width() >= _WIDE else _MOST_WANTED
    table = Table(*columns[:-1], Column(columns[-1], no_wrap=True))
    for row in rows:
        table.add_row(*[cell(row[column]) for column in columns])
    show(table)


def _row(call: "CallRecord", caller: str) -> dict[str, str]:
    keys = " ".join(key.rpartition(":")[2] for key in call.keys)
    outcome = call.outcome.value if call.outcome else f"now in {call.step or 'the line'}"
    recorded = " (recorded)" if call.recordings else ""
    return {
        "began": clock_time(call.started),
        "number": call.did,
        "caller": caller or "withheld",
        "keys": keys,
        "queue": call.queue,
        "agent": call.agent,
        "wait": duration(call.wait_us),
        "talk": duration(call.talk_us) + recorded,
        "outcome": outcome,
        "ended by": call.by,
        "call": call.call,
    }


def _plain(record: Any) -> dict[str, Any]:
    def value(of: Any) -> Any:
        if isinstance(of, datetime):
            return of.isoformat()
        if isinstance(of, Enum):
            return of.value
        if isinstance(of, tuple | list):
            return [value(item) for item in of]
        return {k: value(v) for k, v in of.items()} if isinstance(of, dict) else of

    return {key: value(of) for key, of in dataclasses.asdict(record).items()}

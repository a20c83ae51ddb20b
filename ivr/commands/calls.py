"""`ivr calls`: the latest calls and how each ended."""

import dataclasses
import json
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ivr.commands._views import cell, clock_time, duration, records, show, shown_number

if TYPE_CHECKING:
    from ivr.figures.call_record import CallRecord


@click.command(name="calls")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100_000), help="how many, newest first")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
@click.option("--numbers", is_flag=True, help="show callers' numbers in full")
def command(limit: int, as_json: bool, numbers: bool) -> None:
    """The latest calls, newest first. Works while the server runs and when it is down."""
    with records() as store:
        calls = store.calls(limit)
        known = store.numbers_of(call.caller for call in calls)
    callers = {key: shown_number(number, numbers) for key, number in known.items()}
    if as_json:
        for call in calls:
            click.echo(json.dumps(_plain(call) | {"number": callers.get(call.caller, "")}, ensure_ascii=False))
        return
    table = Table("began", "number", "caller", "keys", "queue", "agent", "wait", "talk", "outcome", "ended by", "call")
    for call in calls:
        table.add_row(*[cell(text) for text in _row(call, callers.get(call.caller, ""))])
    show(table)


def _row(call: "CallRecord", caller: str) -> list[str]:
    keys = " ".join(key.rpartition(":")[2] for key in call.keys)
    outcome = call.outcome.value if call.outcome else f"now in {call.step or 'the line'}"
    recorded = " (recorded)" if call.recordings else ""
    return [
        clock_time(call.started),
        call.did,
        caller or "withheld",
        keys,
        call.queue,
        call.agent,
        duration(call.wait_us),
        duration(call.talk_us) + recorded,
        outcome,
        call.by,
        call.call,
    ]


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

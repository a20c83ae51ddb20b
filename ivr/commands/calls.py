"""`ivr calls`: the latest calls and how each ended, or those that somebody looks for."""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click
from rich.table import Column, Table

from ivr.commands._views import cell, clock_time, duration, records, show, site_zone, terminal_width
from ivr.control.client import NoServer, ask
from ivr.settings.environment import Environment

_COLUMNS = ("began", "number", "caller", "keys", "queue", "agent", "wait", "talk", "outcome", "ended by", "call")
_MOST_WANTED = ("began", "queue", "agent", "talk", "outcome", "call")
_WIDE = 150
"""A terminal this wide has room for all columns. The last, the call's id, is never cut: `ivr explain` needs it."""

_A_PAGE = 500


@click.command(name="calls")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100_000), help="how many, newest first")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
@click.option("--numbers", is_flag=True, help="show callers' numbers in full")
@click.option("--from", "begin", default="", metavar="WHEN", help="begun then or later: 2026-12-24, 2026-12-24T17:00")
@click.option("--to", "end", default="", metavar="WHEN", help="begun before")
@click.option("--number", default="", help="of the caller, however it is written; the running server is asked")
@click.option("--did", default="", help="the number that was called")
@click.option("--queue", default="", help="was in this queue")
@click.option("--agent", default="", help="this agent, or extension, talked")
@click.option("--outcome", default="", help="answered, abandoned, ...")
@click.option("--text", default="", help="a part of the call's id")
def command(limit: int, as_json: bool, numbers: bool, **wanted: str) -> None:
    """The latest calls, newest first. Works while the server runs and when it is down."""
    filters = {"from" if name == "begin" else "to" if name == "end" else name: v for name, v in wanted.items() if v}
    calls = _found(filters, limit, as_json, numbers)
    if as_json:
        for call in calls:
            click.echo(json.dumps(call, ensure_ascii=False))
        return
    columns = _COLUMNS if terminal_width() >= _WIDE else _MOST_WANTED
    table = Table(*columns[:-1], Column(columns[-1], no_wrap=True))
    for call in calls:
        row = _row(call)
        table.add_row(*[cell(row[column]) for column in columns])
    show(table)


def _found(filters: Mapping[str, str], limit: int, legs: bool, numbers: bool) -> Iterator[dict[str, Any]]:
    """The calls as `ivr.calls.answers.CallAnswer`, from the running server, else from the records."""
    environment, left, after = Environment.from_environ(os.environ), limit, ""
    while left > 0:
        question = {**filters, "limit": min(left, _A_PAGE), "legs": legs, "numbers": numbers}
        try:
            page = ask(environment, "POST", "/calls/search", {**question, "after": after})
        except NoServer:
            if after or environment.server:
                raise  # what lies here is not of that server
            yield from _recorded(filters, limit, legs, numbers)
            return
        yield from page["calls"]
        left, after = left - len(page["calls"]), page["next"] or ""
        if not after:
            return


def _recorded(filters: Mapping[str, str], limit: int, legs: bool, full: bool) -> Iterator[dict[str, Any]]:
    """What the server left behind. Heavier than asking: only here the records are opened."""
    from ivr.access.limits import Limits
    from ivr.calls.answers import call_answer
    from ivr.calls.search import search

    wanted, after, left = _wanted(filters), None, limit
    with records() as store:
        while left > 0:
            page = search(store, wanted, Limits(everything=True), after, min(left, _A_PAGE))
            known = store.numbers_of(call.caller for call in page.calls)
            rung = store.legs_of(call.call for call in page.calls) if legs else []
            for call in page.calls:
                of_call = [leg for leg in rung if leg.call == call.call]
                yield call_answer(call, known.get(call.caller, ""), of_call, full).model_dump(mode="json")
            left, after = left - len(page.calls), page.next
            if after is None:
                return


def _wanted(filters: Mapping[str, str]) -> Any:
    from ivr.calls.search import Wanted
    from ivr.figures.call_record import CallOutcome

    if "number" in filters:
        raise click.ClickException("calls are found by a number only while the server runs; start it with: ivr run")
    given: dict[str, Any] = {name: filters.get(name, "") for name in ("did", "queue", "agent", "text")}
    try:
        for name, option in (("begin", "from"), ("end", "to")):
            if option in filters:
                moment = datetime.fromisoformat(filters[option])
                given[name] = moment if moment.tzinfo is not None else moment.replace(tzinfo=site_zone()).astimezone()
        if "outcome" in filters:
            given["outcome"] = CallOutcome(filters["outcome"])
    except (ValueError, OverflowError) as fault:
        raise click.UsageError(str(fault)) from None
    return Wanted(**given)


def _row(call: Mapping[str, Any]) -> dict[str, str]:
    keys = " ".join(key.rpartition(":")[2] for key in call["keys"])
    recorded = " (recorded)" if call["recordings"] else ""
    return {
        "began": clock_time(datetime.fromisoformat(call["started"])),
        "number": call["did"],
        "caller": call["number"] or "withheld",
        "keys": keys,
        "queue": call["queue"],
        "agent": call["agent"],
        "wait": duration(call["wait_us"]),
        "talk": duration(call["talk_us"]) + recorded,
        "outcome": call["outcome"] or f"now in {call['step'] or 'the line'}",
        "ended by": call["by"],
        "call": call["call"],
    }

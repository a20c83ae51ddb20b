"""`ivr recordings retention`, `hold`, `release`, `holds`: how long recordings are kept, and what nobody may delete."""

import json
import os
from datetime import datetime
from typing import Any
from urllib.parse import quote

import click
from rich.table import Table

from ivr.commands._views import cell, clock_time, show
from ivr.control.client import ask
from ivr.settings.environment import Environment

PATIENCE_SECONDS = 3600.0
"""Of a run by hand: a backup's target may be far away."""
_SHOWN = 20

_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")


@click.command()
@click.option("--run", is_flag=True, help="do it now, also outside of the quiet hours; nothing brings it back")
@click.option(
    "--most", default=500, show_default=True, type=click.IntRange(1, 2000), help="with --run: at most so many"
)
@click.option("--clock-is-right", is_flag=True, help="with --run: after a look at the clock, when it seemed to leap")
@click.option("--yes", is_flag=True, help="with --run: do not ask before")
@_JSON
def retention(run: bool, most: int, clock_is_right: bool, yes: bool, as_json: bool) -> None:
    """Show what the rules of recordings.yaml would delete and archive now, and what is held."""
    if clock_is_right and not run:
        raise click.UsageError("--clock-is-right goes with --run")
    environment = Environment.from_environ(os.environ)
    if not run or not yes:
        found = ask(environment, "GET", "/recordings/retention")
        if as_json and not run:
            click.echo(json.dumps(found, ensure_ascii=False))
            return
        _plan(found, err=as_json)
    if not run:
        return
    if not yes:
        click.confirm(f"Do this now, for at most {most} recordings?", abort=True, err=as_json)
    wanted = {"most": most, "clock_is_right": clock_is_right}
    done = ask(environment, "POST", "/recordings/retention/run", wanted, seconds=PATIENCE_SECONDS)
    click.echo(json.dumps(done, ensure_ascii=False) if as_json else _done(done))
    if done["left"]:
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--recording", help="one recording")
@click.option("--call", help="all recordings of a call")
@click.option("--number", help="all recordings of a caller, however the number is written")
@click.option("--caller", help="the same, by the opaque key")
@click.option("--queue", help="recordings of a queue, with --from")
@click.option("--from", "first", metavar="DAY", help="of a queue: the first day, 2026-12-24")
@click.option("--to", "last", metavar="DAY", help="of a queue: the last day; left out: those to come too")
@click.option("--reason", required=True, help="a case, an order of a court; it stands in the audit")
@_JSON
def hold(reason: str, as_json: bool, **over: str | None) -> None:
    """Keep recordings from being deleted, whatever the rules say, until somebody releases them."""
    wanted = {{"first": "from", "last": "to"}.get(name, name): value for name, value in over.items() if value}
    made = ask(Environment.from_environ(os.environ), "POST", "/recordings/holds", {**wanted, "reason": reason})
    click.echo(json.dumps(made, ensure_ascii=False) if as_json else f"{made['hold']}: {_covers(made)}")


@click.command()
@click.argument("hold")
@click.option("--reason", required=True, help="why it ends; it stands in the audit")
@_JSON
def release(hold: str, reason: str, as_json: bool) -> None:
    """Lift HOLD: from now on the rules decide again."""
    path = f"/recordings/holds/{quote(hold, safe='')}"
    ended = ask(Environment.from_environ(os.environ), "DELETE", path, {"reason": reason})
    click.echo(json.dumps(ended, ensure_ascii=False) if as_json else f"{ended['hold']}: released; {_covers(ended)}")


@click.command()
@click.option("--all", "lifted", is_flag=True, help="those that were released too")
@_JSON
def holds(lifted: bool, as_json: bool) -> None:
    """List what nobody may delete, and why."""
    path = "/recordings/holds" + ("?lifted=true" if lifted else "")
    found = ask(Environment.from_environ(os.environ), "GET", path)["holds"]
    if as_json:
        for one in found:
            click.echo(json.dumps(one, ensure_ascii=False))
        return
    table = Table("hold", "over", "recordings", "since", "by", "why", "released")
    for one in found:
        ended = one["lifted"]
        told = f"{_moment(ended['at'])} by {ended['who']}: {ended['why']}" if ended else ""
        row = (one["hold"], _over(one["over"]), one["recordings"], _moment(one["since"]), one["who"], one["why"], told)
        table.add_row(*[cell(value) for value in row])
    show(table)


def _plan(found: dict[str, Any], *, err: bool) -> None:
    for told in (found["trouble"], *found["remarks"]):
        if told:
            click.echo(f"! {told}", err=True)
    lines = [_sums("all", found)] + [_sums(rule["rule"], rule) for rule in found["rules"]]
    lines += [f"  {one['what']} {one['recording']}, due since {_moment(one['due'])}" for one in found["first"][:_SHOWN]]
    hidden = found["delete"]["count"] + found["archive"]["count"] - len(found["first"][:_SHOWN])
    lines += [f"  and {hidden} more"] if hidden > 0 else []
    lines.append(f"it is done by itself from {found['quiet']}")
    click.echo("\n".join(lines), err=err)


def _sums(name: str, sums: dict[str, Any]) -> str:
    parts = [
        f"{what} {sums[key]['count']} ({sums[key]['bytes'] / 1e6:.1f} MB)"
        for key, what in (("delete", "delete"), ("archive", "archive"), ("held", "held"))
        if sums[key]["count"]
    ]
    return f"{name}: {', '.join(parts) or 'nothing is due'}"


def _done(done: dict[str, Any]) -> str:
    lines = [f"deleted {done['deleted']}, archived {done['archived']}, held {done['held']}"]
    lines += [f"stopped: {done['stopped']}"] if done["stopped"] else []
    lines += [f"not finished: {name}: {why}" for name, why in list(done["reasons"].items())[:_SHOWN]]
    lines += [f"{done['left']} are not gone everywhere yet; they are taken up again"] if done["left"] else []
    return "\n".join(lines)


def _covers(hold: dict[str, Any]) -> str:
    gone = f"; {hold['gone']} of these were deleted before" if hold["gone"] else ""
    return f"{hold['recordings']} recordings of {_over(hold['over'])}{gone}"


def _over(over: dict[str, Any]) -> str:
    if over["kind"] != "queue":
        return f"{over['kind']} {over[over['kind']]}"
    return f"queue {over['queue']} from {over['from']}" + (f" to {over['to']}" if over["to"] else "")


def _moment(text: str) -> str:
    return clock_time(datetime.fromisoformat(text))

"""`ivr queues`: who waits, who serves, and how the queues did so far."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.table import Table

from ivr.clock import LoopClock
from ivr.commands._views import cell, duration, records, show
from ivr.commands._watch import EVERY, watch
from ivr.control.client import NoServer, ask
from ivr.settings.environment import Environment

LIVE = ("doors", "offered", "available", "talking", "paused", "logged_in", "service_level")
"""What only a running server knows."""


@click.command(name="queues")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
@click.option("--watch", "watching", is_flag=True, help="again and again, until Ctrl-C")
@click.option("--every", default=EVERY, show_default=True, type=click.FloatRange(0.2, 3600), help="seconds of --watch")
def command(as_json: bool, watching: bool, every: float) -> None:
    """Each queue: waiting callers, the longest wait, agents, and every visit's outcome since the records begin.

    Without a running server only what the records tell. Callers whom agents transferred are not among the outcomes.
    """
    environment = Environment.from_environ(os.environ)
    if watching:
        watch(lambda: queues_table(*queue_rows(environment)), every)
        return
    rows, bound = queue_rows(environment)
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    show(queues_table(rows, bound))


def queue_rows(environment: Environment) -> tuple[list[dict[str, Any]], float | None]:
    """Every queue as the running server knows it, and the bound of overtaking in seconds; without a server, as the
    records do, and None. Raises ClickException."""
    try:
        answer = ask(environment, "GET", "/queues")
    except NoServer:
        if environment.server:
            raise  # what lies here is not of that server
        return _recorded(), None
    return list(answer["queues"]), float(answer["overtaking_bound_seconds"])


def queues_table(rows: Sequence[Mapping[str, Any]], bound: float | None) -> Table:
    """The rows for people."""
    outcomes = ("joined", "answered", "abandoned", "overflowed", "other")
    live = ("doors", "offered", "free", "talking", "paused", "in", "today") if bound is not None else ()
    table = Table("queue", "waiting", "longest wait", *live, *outcomes, "mean wait")
    if bound is not None:
        table.caption = f"Nobody is overtaken by a caller who came more than {duration(round(bound * 1e6))} min later."
    for row in rows:
        told = [str(row[name]) for name in LIVE] if bound is not None else []
        table.add_row(
            cell(row["queue"]),
            str(row["waiting"]),
            duration(row["longest_wait_us"]),
            *([*told[:-1], f"{told[-1]} %"] if told else []),
            *[str(row[outcome]) for outcome in outcomes],
            duration(row["mean_wait_us"]),
        )
    return table


def _recorded() -> list[dict[str, Any]]:
    from ivr.figures.projection import Projection
    from ivr.figures.queue_totals import totals
    from ivr.figures.tally import Tally

    with records() as store:
        projection = Projection(store.known(0))
        tally = Tally()
        tally.restore(store.state("tally"))
    now = LoopClock().now()
    waiting: dict[str, list[int]] = {}
    for visit in projection.open_visits():
        if not visit.parked:
            waited = max(0, round((now - visit.joined).total_seconds() * 1e6))
            waiting.setdefault(visit.queue, []).append(waited)
    return [
        {
            "queue": queue,
            "waiting": len(waiting.get(queue, ())),
            "longest_wait_us": max(waiting.get(queue, (0,))),
            **counted,
        }
        for queue, counted in totals(tally, waiting).items()
    ]

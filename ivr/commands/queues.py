"""`ivr queues`: who waits, and how the queues did so far."""

import json
from typing import Any

import click
from rich.table import Table

from ivr.clock import LoopClock
from ivr.commands._views import cell, duration, records, show


@click.command(name="queues")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
def command(as_json: bool) -> None:
    """Each queue: waiting callers, the longest wait, and every visit's outcome since the records begin."""
    from ivr.figures.projection import Projection
    from ivr.figures.tally import Tally

    with records() as store:
        projection = Projection(store.known(0))
        tally = Tally()
        tally.restore(store.state("tally"))
    rows = _rows(projection, tally)
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    shown = ("joined", "answered", "abandoned", "overflowed", "other")
    table = Table("queue", "waiting", "longest wait", *shown, "mean wait")
    for row in rows:
        table.add_row(
            cell(row["queue"]),
            str(row["waiting"]),
            duration(row["longest_wait_us"]),
            *[str(row[outcome]) for outcome in shown],
            duration(row["mean_wait_us"]),
        )
    show(table)


def _rows(projection: Any, tally: Any) -> list[dict[str, Any]]:
    from ivr.figures.tally import FLOW, TRANSFER

    now = LoopClock().now()
    waiting: dict[str, list[int]] = {}
    for visit in projection.open_visits():
        if not visit.parked:
            waited = max(0, round((now - visit.joined).total_seconds() * 1e6))
            waiting.setdefault(visit.queue, []).append(waited)
    rows = []
    for queue in sorted({*waiting, *(queue for queue, _ in tally.joined)}):
        outcomes = {outcome: n for (of, outcome, entry), n in tally.visits.items() if (of, entry) == (queue, FLOW)}
        named = {key: outcomes.get(key, 0) for key in ("answered", "abandoned", "overflowed")}
        answered = tally.waits.get((queue, "answered", FLOW))
        rows.append(
            {
                "queue": queue,
                "waiting": len(waiting.get(queue, ())),
                "longest_wait_us": max(waiting.get(queue, (0,))),
                "joined": tally.joined[(queue, FLOW)],
                "by_transfer": tally.joined[(queue, TRANSFER)],
                **named,
                "other": sum(outcomes.values()) - sum(named.values()),
                "mean_wait_us": answered.sum_us // max(1, sum(answered.counts)) if answered else 0,
            }
        )
    return rows

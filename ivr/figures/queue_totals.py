"""What each queue's callers came to, since the records begin. Pure."""

from collections.abc import Iterable
from typing import Any

from ivr.figures.tally import FLOW, TRANSFER, Tally

NAMED = ("answered", "abandoned", "overflowed")


def totals(tally: Tally, queues: Iterable[str] = ()) -> dict[str, dict[str, Any]]:
    """For each queue that was ever joined, and for `queues`: the flow's callers by outcome, and those by transfer."""
    return {queue: _of(tally, queue) for queue in sorted({*queues, *(queue for queue, _ in tally.joined)})}


def _of(tally: Tally, queue: str) -> dict[str, Any]:
    outcomes = {outcome: n for (of, outcome, entry), n in tally.visits.items() if (of, entry) == (queue, FLOW)}
    answered = tally.waits.get((queue, "answered", FLOW))
    return {
        "joined": tally.joined[queue, FLOW],
        "by_transfer": tally.joined[queue, TRANSFER],
        **{name: outcomes.get(name, 0) for name in NAMED},
        "other": sum(n for outcome, n in outcomes.items() if outcome not in NAMED),
        "mean_wait_us": answered.sum_us // max(1, sum(answered.counts)) if answered else 0,
    }

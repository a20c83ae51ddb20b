"""What the living calls learn of that nobody submitted."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from acd.decisions import EndVisit
from acd.dispatcher import Recorded
from acd.facts import CallerJoined, EngineStarted
from acd.model import CallId, QueueId, VisitId, VisitOutcome
from ivr.call.calls import LiveCalls
from ivr.exchange.desk import Desk

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


class Dispatcher:
    """Keeps its listener."""

    def on_entry(self, listener: Callable[[Recorded], None], after: int | None = None) -> None:
        self.listener = listener


def test_a_visit_that_ended_at_the_start_of_the_engine_is_over() -> None:
    """A doubt about the caller may have run out while the server was away."""
    dispatcher: Any = Dispatcher()
    calls, call, visit, queue = LiveCalls(), CallId("n1-1.1"), VisitId("n1-1.1/1"), QueueId("cartera")
    Desk(dispatcher, calls)
    joined = CallerJoined(at=AT, t=1, visit=visit, call=call, queue=queue)
    end = EndVisit(visit=visit, call=call, queue=queue, outcome=VisitOutcome.ABANDONED, wait_us=5)
    started = EngineStarted(at=AT, t=2, engine_version=2, config_hash="", prefix="p", node="n1")
    dispatcher.listener(Recorded(1, AT, joined, (), live=False))
    live = calls.get(call)
    assert live is not None and live.visit == visit
    dispatcher.listener(Recorded(2, AT, started, (end,), live=True))
    assert live.visit is None

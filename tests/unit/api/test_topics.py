"""What the stream of events tells of living calls, and to whom."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from ivr.access.limits import Limits
from ivr.app.topics import topics_of
from ivr.figures.call_record import CallRecord, Dial, LegRecord, VisitRecord

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
OUTSIDE = "+573109998877"


@dataclass
class Fold:
    """One call that was in a queue, and is rung outside now; it counts how often it is asked."""

    asked: int = 0
    visits: dict[str, VisitRecord] = field(default_factory=dict)

    def open_calls(self) -> list[CallRecord]:
        return [CallRecord(call="c1", did="601", started=AT, dials=(Dial(extension=OUTSIDE, begun=AT),))]

    def open_visits(self) -> list[Any]:
        return []

    open_offers = open_visits

    def visits_of(self, call: str) -> list[VisitRecord]:
        self.asked += 1
        return [VisitRecord(visit="c1/1", call=call, queue="cartera", joined=AT)]

    def legs(self, call: str) -> tuple[LegRecord, ...]:
        common: Any = {"call": call, "kind": "offer", "queue": "cartera", "began": AT, "ended": None, "result": ""}
        common |= {"talk_us": 0, "hold_us": 0, "wrap_us": 0, "transfer": ""}
        talked = LegRecord(n=1, agent="301", offer="o", answered=AT, **common)
        missed = LegRecord(n=2, agent="302", offer="p", answered=None, **common)
        return talked, missed


def calls_of(fold: Fold) -> Any:
    floor: Any = SimpleNamespace(engine=None, calls={"c1": SimpleNamespace(number="+573001234567")})
    given: Any = fold
    topics = topics_of(None, floor, given, lambda: None, lambda: 0)  # type: ignore[arg-type, return-value]
    return next(topic for topic in topics if topic.name == "calls")


def test_a_call_is_within_the_reach_of_its_queues_and_of_who_talked() -> None:
    fold = Fold()
    topic = calls_of(fold)
    (row,) = topic.rows().values()
    own = [Limits(visited=frozenset({"cartera"})), Limits(talked="301"), Limits(everything=True)]
    others = [Limits(visited=frozenset({"ventas"})), Limits(talked="302"), Limits()]
    assert [topic.within(limits, row) for limits in (*own, *others)] == [True] * 3 + [False] * 3
    assert fold.asked == 1, "the fold is asked once for each call, not once more for each who listens"
    assert list(topic.rows().values()) == [row]


def test_who_sees_no_numbers_sees_none_that_is_dialled_either() -> None:
    topic = calls_of(Fold())
    (row,) = topic.rows().values()
    full, masked = topic.shown(row, True), topic.shown(row, False)
    assert (full["number"], full["agent"]) == ("+573001234567", OUTSIDE)
    assert (masked["number"], masked["agent"]) == ("+*********567", "+*********877")
    assert "visited" not in full and "talked" not in masked

"""The story of one call."""

from datetime import UTC, datetime, timedelta

from acd.model import CallId
from ivr.call import facts as c
from ivr.figures.explanation import Explanation
from ivr.site.overrides import OverrideSet

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CALL = CallId("n1-1.1")


def test_a_call_that_found_the_company_closed_by_somebody_says_by_whom() -> None:
    explanation = Explanation(CALL)
    entered = c.StepEntered(at=AT, call=CALL, flow="principal", step="horario", verb="hours")
    played = c.StepEntered(at=AT, call=CALL, flow="principal", step="cerrado", verb="play")
    closed = OverrideSet(at=AT - timedelta(hours=1), timetable="oficina", state="closed", by="cli", who="ana", why="x")
    other = OverrideSet(at=AT - timedelta(hours=1), timetable="bodega", state="open", by="telephone", who="101")
    ended = OverrideSet(at=AT, timetable="bodega", state="none", by="clock", who="")
    for event in (closed, other, ended, entered, played):
        explanation.take(event, ())
    told = [(line.depth, line.text) for line in explanation.lines]
    assert told == [
        (0, "step horario (hours)"),
        (2, "the timetable oficina was overridden: closed, by cli ana (x)"),
        (0, "step cerrado (play)"),
    ]


def test_other_calls_and_overrides_are_not_its_story() -> None:
    explanation = Explanation(CALL)
    explanation.take(OverrideSet(at=AT, timetable="oficina", state="closed", by="cli", who="ana"), ())
    other = CallId("n1-2.2")
    explanation.take(c.StepEntered(at=AT, call=other, flow="principal", step="horario", verb="hours"), ())
    assert explanation.lines == []

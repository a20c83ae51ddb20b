"""What agents tell of themselves, and who may wait in a queue."""

from acd.config import SECOND, OfferRule
from acd.decisions import BeginWrapUp, EndPause, EndWrapUp, PauseAgent
from acd.facts import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentReady,
    OfferBridged,
    OfferRinging,
    QueueDoors,
    TalkEnded,
    TalkHeld,
    TalkResumed,
)
from acd.living import AgentStatus
from acd.model import AgentId, DeviceState, Doors, OfferResult
from tests.unit.acd.floor import kinds
from tests.unit.acd.house import ONE, House, agent, exits, offers, queue, rung

A = AgentId("a")


def test_every_state_of_a_working_day() -> None:
    floor = House(agent("a", wrap_up_us=10 * SECOND))
    seen = [floor.status("a")]
    (made,) = offers(floor.caller("x"))
    seen.append(floor.status("a"))
    for kind in (OfferRinging, OfferBridged, TalkHeld, TalkResumed, TalkEnded):
        floor.tell(kind, offer=made.offer)
        seen.append(floor.status("a"))
    floor.tell(AgentPaused, agent=A, reason="almuerzo")
    floor.after(10)
    seen.append(floor.status("a"))
    floor.phone("a", DeviceState.BUSY)
    floor.tell(AgentReady, agent=A)
    seen.append(floor.status("a"))
    floor.phone("a", DeviceState.UNREACHABLE)
    seen.append(floor.status("a"))
    floor.tell(AgentLoggedOut, agent=A)
    seen.append(floor.status("a"))
    assert [status.value for status in seen] == [
        "available",
        "reserved",
        "ringing",
        "talking",
        "on hold",
        "talking",
        "wrap-up",
        "paused",
        "on another call",
        "unreachable",
        "logged out",
    ]


def test_ready_ends_the_wrap_up() -> None:
    floor = House(agent("a", wrap_up_us=60 * SECOND))
    (made,) = offers(floor.caller("x"))
    floor.tell(OfferBridged, offer=made.offer)
    assert kinds(floor.tell(TalkEnded, offer=made.offer)) == [BeginWrapUp]
    floor.caller("y")
    decided = floor.tell(AgentReady, agent=A)
    assert kinds(decided)[0] is EndWrapUp
    assert rung(decided) == ["a"]


def test_a_pause_in_a_talk_begins_after_it() -> None:
    floor = House(agent("a"))
    (made,) = offers(floor.caller("x"))
    floor.tell(OfferBridged, offer=made.offer)
    floor.tell(AgentPaused, agent=A, reason="informe")
    assert floor.status("a") is AgentStatus.TALKING
    floor.tell(TalkEnded, offer=made.offer)
    assert floor.status("a") is AgentStatus.PAUSED
    assert floor.engine.agents()[0].reason == "informe"
    assert rung(floor.caller("y")) == []


def test_logging_in_brings_the_waiting_caller() -> None:
    floor = House(agent("a", logged_in=False), agent("b"))
    floor.phone("b", DeviceState.BUSY)
    floor.caller("x")
    assert rung(floor.tell(AgentLoggedIn, agent=A)) == ["a"]


def test_nobody_logged_in_and_the_last_one_left() -> None:
    floor = House(agent("a", logged_in=False), agent("b"))
    floor.phone("b", DeviceState.BUSY)
    floor.caller("x")
    floor.tell(AgentLoggedOut, agent=AgentId("b"))
    assert exits(floor.caller("y")) == [("y/1", "nobody logged in")]
    assert exits(floor.after(15)) == [("x/1", "the last one left")]


def test_misses_pause_the_agent_only_after_as_many_as_the_rule_says() -> None:
    floor = House(agent("a"), no_answer=OfferRule(again_us=0, pause_after=3, pause_us=60 * SECOND))
    (made,) = offers(floor.caller("x"))
    for _ in range(2):
        (made,) = offers(floor.fails(made.offer))
    decided = floor.fails(made.offer)
    assert [d.reason for d in decided if isinstance(d, PauseAgent)] == ["no answer"]
    assert rung(floor.after(59)) == []
    ended = floor.after(1)
    assert EndPause(agent=A) in ended
    assert rung(ended) == ["a"]


def test_a_pause_without_an_end_ends_when_the_agent_is_ready() -> None:
    floor = House(agent("a"), refused=OfferRule(again_us=0, pause_after=1))
    (made,) = offers(floor.caller("x"))
    floor.fails(made.offer, OfferResult.REFUSED)
    assert rung(floor.after(500)) == []
    assert rung(floor.tell(AgentReady, agent=A)) == ["a"]


def test_a_full_queue() -> None:
    floor = House(agent("a"), queues=(queue(most_callers=2),))
    floor.caller("x")
    floor.caller("y")
    assert exits(floor.caller("z")) == [("z/1", "full")]


def test_the_doors_close_while_callers_wait() -> None:
    floor = House(agent("a"))
    (made,) = offers(floor.caller("offered"))
    floor.caller("waiting")
    assert exits(floor.tell(QueueDoors, queue=ONE, doors=Doors.EMERGENCY)) == [("waiting/1", "emergency")]
    assert exits(floor.caller("late")) == [("late/1", "emergency")]
    assert exits(floor.fails(made.offer)) == [("offered/1", "emergency")]
    floor.tell(QueueDoors, queue=ONE, doors=Doors.OPEN)
    assert rung(floor.after(5) + floor.caller("next")) == ["a"]

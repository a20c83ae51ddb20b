"""Who is before whom: head starts, places that are kept, the agent of last time."""

from acd.config import SECOND
from acd.facts import (
    AgentPaused,
    AgentReady,
    CallerGone,
    CallerSwapped,
    DeviceChanged,
    OfferBridged,
    TalkEnded,
)
from acd.model import AgentId, CallId, DeviceState, OfferResult, VisitId
from tests.unit.acd.house import ONE, TWO, House, agent, exits, offers, queue, rung


def busy(*names: str, **settings: object) -> House:
    """A house in which everybody is on the telephone."""
    floor = House(*(agent(name) for name in names), **settings)  # type: ignore[arg-type]
    for name in names:
        floor.phone(name, DeviceState.BUSY)
    return floor


def order(floor: House) -> list[str]:
    return [view.visit for view in floor.engine.waiting(ONE)]


def test_a_priority_is_a_head_start_and_no_more() -> None:
    floor = busy("a", priority_us=60 * SECOND)
    floor.caller("plain")
    floor.t = 59 * SECOND
    floor.caller("vip", priority=1)
    floor.t = 61 * SECOND
    floor.caller("late vip", priority=1)
    assert order(floor) == ["vip/1", "plain/1", "late vip/1"]
    assert floor.config.overtaking_bound_us == 9 * 60 * SECOND


def test_the_weight_of_a_queue_counts_like_a_priority() -> None:
    floor = busy("a", queues=(queue(), queue(TWO, weight=1)))
    floor.caller("plain")
    floor.t = 1
    floor.caller("heavy", TWO)
    (made,) = offers(floor.phone("a"))
    assert made.visit == "heavy/1"


def test_who_goes_to_the_menu_and_returns_has_the_old_place() -> None:
    floor = busy("a")
    floor.caller("x")
    floor.t = SECOND
    floor.caller("y")
    floor.tell(CallerGone, visit=VisitId("x/1"), hung_up=False)
    floor.t = 5 * SECOND
    floor.caller("x", visit=2)
    assert order(floor) == ["x/2", "y/1"]


def test_another_queue_keeps_the_time_waited_if_it_says_so() -> None:
    floor = busy("a", queues=(queue(), queue(TWO, most_callers=1)))
    floor.t = SECOND
    floor.caller("y")
    floor.caller("z", TWO)
    floor.t = 2 * SECOND
    for name in ("keeps", "does not"):
        assert exits(floor.caller(name, TWO)) == [(f"{name}/1", "full")]
    floor.t = 3 * SECOND
    floor.caller("w")
    floor.caller("does not", visit=2, keeps=False)
    floor.caller("keeps", visit=2, keeps=True)
    assert order(floor) == ["y/1", "keeps/2", "w/1", "does not/2"]


def test_an_abandoned_caller_who_calls_again_soon_has_the_old_place() -> None:
    floor = busy("a", queues=(queue(regain_us=60 * SECOND),))
    floor.caller("x", caller="key")
    floor.t = SECOND
    floor.caller("y")
    floor.tell(CallerGone, visit=VisitId("x/1"), hung_up=True)
    floor.t = 50 * SECOND
    floor.caller("again", caller="key")
    floor.caller("twice", caller="key")
    assert order(floor) == ["again/1", "y/1", "twice/1"], "the credit is used once"
    floor.tell(CallerGone, visit=VisitId("again/1"), hung_up=True)
    floor.t = 120 * SECOND
    floor.caller("too late", caller="key")
    assert order(floor) == ["y/1", "twice/1", "too late/1"]


def test_the_agent_of_last_time_while_there_is_hope() -> None:
    floor = House(agent("a"), agent("b"), queues=(queue(last_agent="members", last_agent_us=20 * SECOND),))
    floor.phone("b", DeviceState.BUSY)
    assert rung(floor.caller("x", last_agent=AgentId("b"))) == [], "a is free, but b may be soon"
    (made,) = offers(floor.phone("b"))
    assert (made.agent, made.rule) == ("b", "last agent")
    floor.phone("b", DeviceState.BUSY)
    floor.caller("y", last_agent=AgentId("b"))
    assert rung(floor.after(20)) == ["a"]


def test_no_hope_no_preference() -> None:
    floor = House(agent("a"), agent("b"), queues=(queue(last_agent="any"),))
    floor.tell(AgentPaused, agent=AgentId("b"), reason="almuerzo")
    assert rung(floor.caller("x", last_agent=AgentId("b"))) == ["a"]
    floor.phone("a", DeviceState.BUSY)
    floor.tell(AgentReady, agent=AgentId("b"))
    floor.phone("b", DeviceState.BUSY)
    floor.caller("y", last_agent=AgentId("b"))
    assert rung(floor.tell(DeviceChanged, agent=AgentId("b"), state=DeviceState.UNREACHABLE)) == []
    assert [view.visit for view in floor.engine.waiting(ONE)] == ["y/1"]


def test_a_transfer_to_one_agent_rings_nobody_else() -> None:
    floor = House(agent("a"), agent("b"))
    floor.tell(AgentPaused, agent=AgentId("b"), reason="informe")
    (made,) = offers(floor.caller("x", only=AgentId("b")))
    assert (made.agent, made.rule) == ("b", "transfer")
    decided = floor.fails(made.offer, OfferResult.REFUSED)
    assert exits(decided) == [("x/1", "transfer failed")]
    assert rung(decided) == []


def test_a_transfer_to_a_phone_in_use_fails_at_once() -> None:
    floor = House(agent("a"))
    floor.phone("a", DeviceState.BUSY)
    assert exits(floor.caller("x", only=AgentId("a"))) == [("x/1", "transfer failed")]


def test_after_a_failed_transfer_the_old_place() -> None:
    floor = House(agent("a"), agent("b"))
    (made,) = offers(floor.caller("x"))
    floor.tell(OfferBridged, offer=made.offer)
    floor.phone("b", DeviceState.BUSY)
    floor.t = SECOND
    floor.tell(TalkEnded, offer=made.offer)
    floor.phone("a", DeviceState.BUSY)
    floor.caller("y")
    assert exits(floor.caller("x", visit=2, only=AgentId("b")))
    floor.caller("x", visit=3)
    assert order(floor) == ["x/3", "y/1"]


def test_another_call_takes_the_place() -> None:
    floor = House(agent("a"))
    (made,) = offers(floor.caller("consult"))
    decided = floor.tell(CallerSwapped, visit=VisitId("consult/1"), call=CallId("caller"))
    assert [d.why for d in decided] == ["another call took the place"]  # type: ignore[union-attr]
    (again,) = offers(floor.fails(made.offer, OfferResult.CANCELLED))
    assert (again.call, again.visit) == ("caller", "consult/1")

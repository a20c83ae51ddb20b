"""What the engine keeps beside the calls: indexes, counters and deadlines, at the edges where they were once wrong."""

import json
from dataclasses import replace

from acd.config import SECOND, Condition, Step
from acd.decisions import EndVisit
from acd.engine import Engine
from acd.facts import (
    AgentLoggedOut,
    CallerParked,
    OfferBridged,
    Reconfigured,
    TalkEnded,
    TalkHeld,
)
from acd.model import AgentId, DeviceState, VisitId
from tests.unit.acd.floor import Floor
from tests.unit.acd.house import ONE, TWO, House, agent, exits, level, offers, queue


def now(floor: Floor) -> None:
    """The engine wants its next tick later than now: nothing is left that can only be ticked at again and again."""
    due = floor.engine.next_deadline()
    assert due is None or due > floor.t, (due, floor.t)


def test_an_agent_who_logs_out_while_the_phone_rings_makes_no_storm_of_ticks() -> None:
    floor = House(agent("a"), queues=(queue(nobody_there_us=5 * SECOND),))
    (made,) = offers(floor.caller("x"))
    floor.tell(AgentLoggedOut, agent=AgentId("a"))
    floor.after(6)
    now(floor)
    decided = floor.fails(made.offer)
    assert [d.why for d in decided if isinstance(d, EndVisit)] == ["the last one left"]


def test_callers_whom_reception_rings_for_make_no_storm_of_ticks() -> None:
    floor = House(agent("a"), queues=(queue(nobody_there_us=5 * SECOND),))
    floor.phone("a", DeviceState.BUSY)
    floor.caller("x")
    floor.tell(CallerParked, visit=VisitId("x/1"))
    floor.phone("a", DeviceState.UNREACHABLE)
    floor.after(6)
    now(floor)


def test_a_queue_that_goes_while_one_of_its_deadlines_comes() -> None:
    """A caller who was refused may be offered again at the moment at which the queue is taken away."""
    floor = House(agent("a"), queues=(queue(ring_us=30 * SECOND), queue(TWO)))
    (made,) = offers(floor.caller("x"))
    floor.fails(made.offer)
    due = floor.engine.next_deadline()
    assert due is not None
    floor.t = due
    config = replace(floor.config, queues=(queue(TWO),))
    assert exits(floor.tell(Reconfigured, config=config.text)) == [("x/1", "nobody there")]


def test_who_is_logged_in_is_counted_from_the_start_and_after_a_checkpoint() -> None:
    floor = House(agent("a"), agent("b", logged_in=False))
    new = Engine(floor.config)
    assert [(view.logged_in, view.there) for view in new.queues()] == [(1, 0)]
    again = Engine.restore(floor.config, json.loads(json.dumps(floor.engine.snapshot())))
    assert again.queues() == floor.engine.queues()
    assert [(view.logged_in, view.there) for view in again.queues()] == [(1, 1)]


def test_callers_who_were_answered_at_once_are_forgotten_where_a_step_asks_for_the_longest_wait() -> None:
    step = Step(after_us=60 * SECOND, needs=level(1), when=(Condition(what="longest wait", value=90 * SECOND),))
    floor = House(agent("a"), queues=(queue(steps=(step,)),))
    for number in range(50):
        floor.served(f"x{number}")
    assert floor.engine._state.queues[ONE].oldest == []


def test_an_agent_with_two_legs_in_a_bridge_keeps_the_one_that_goes_on() -> None:
    """The first offer was given up for dead, its agent was offered again, and then both are heard to talk."""
    floor = House(agent("a"), no_answer=replace(House(agent("z")).config.no_answer, again_us=0))
    (first,) = offers(floor.caller("x"))
    (second,) = offers(floor.after(first.ring_us / SECOND + 10))[:1]
    floor.tell(OfferBridged, offer=first.offer)
    floor.tell(OfferBridged, offer=second.offer)
    floor.tell(TalkEnded, offer=second.offer)
    assert [view.offer for view in floor.engine.offers()] == [first.offer]
    floor.tell(TalkEnded, offer=first.offer)
    assert floor.engine.offers() == () and floor.status("a").value == "available"


def test_who_was_put_on_hold_before_the_bridge_was_heard_of_is_on_hold() -> None:
    """The offer was given up for dead meanwhile; a checkpoint does not forget it."""
    floor = House(agent("a"))
    (first,) = offers(floor.caller("x"))
    floor.tell(TalkHeld, offer=first.offer)
    floor.after(first.ring_us / SECOND + 5)
    floor.after(20)
    assert floor.engine.offer(first.offer) is None
    floor.engine = Engine.restore(floor.config, json.loads(json.dumps(floor.engine.snapshot())))
    floor.tell(OfferBridged, offer=first.offer)
    assert floor.status("a").value == "on hold"


def test_both_of_two_legs_may_end_while_the_link_is_away() -> None:
    floor = House(agent("a"))
    (first,) = offers(floor.caller("x"))
    (second,) = offers(floor.after(first.ring_us / SECOND + 10))[:1]
    floor.tell(OfferBridged, offer=first.offer)
    floor.tell(OfferBridged, offer=second.offer)
    floor.picture()
    assert floor.engine.offers() == () and floor.status("a").value == "available"


def test_whether_somebody_is_free_is_asked_within_the_circle_of_the_caller() -> None:
    """A caller whom nobody nearer can serve hears announcements while an agent of a later step is free."""
    step = Step(after_us=30 * SECOND, needs=level(1), when=(Condition(what="waiting", value=9),))
    floor = House(agent("a", skill=5), agent("b", skill=1), queues=(queue(needs=level(4), steps=(step,)),))
    assert not floor.engine.somebody_is_free(VisitId("x/1"))
    floor.caller("w")
    floor.caller("x")
    assert not floor.engine.somebody_is_free(VisitId("x/1"))
    floor.phone("b", DeviceState.BUSY)
    floor.fails(floor.engine.offers()[0].offer)
    assert floor.engine.somebody_is_free(VisitId("w/1")) is False
    assert floor.engine.joined_us(ONE) == [0, 0]

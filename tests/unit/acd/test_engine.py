"""The engine's rules one by one, told as small stories."""

from dataclasses import replace

import pytest

from acd.config import SECOND, OfferRule
from acd.decisions import (
    BeginWrapUp,
    CancelOffer,
    CloseOffer,
    EndVisit,
    EndWrapUp,
    MakeOffer,
    PassedOver,
)
from acd.facts import (
    CallerGone,
    CallerJoined,
    CallerParked,
    CallerReturned,
    OfferAnswered,
    OfferBridged,
    OfferFailed,
    TalkEnded,
)
from acd.living import AgentStatus
from acd.model import AgentId, CallId, DeviceState, OfferId, OfferResult, QueueId, VisitId, VisitOutcome
from tests.unit.acd.floor import SERVICE, SITE, TREASURY, Floor, kinds, offered, visit


def test_a_call_from_joining_to_the_end_of_the_wrap_up() -> None:
    floor = Floor("101")
    (made,) = floor.joins("a")
    assert made == MakeOffer(
        offer=OfferId("000000000000000000001"),
        visit=visit("a"),
        call=CallId("a"),
        queue=SERVICE,
        agent=AgentId("101"),
        ring_us=15 * SECOND,
        rule="longest idle",
        others=(PassedOver(who="102", why="unreachable"),),
    )
    assert floor.after(3) == ()
    assert floor.tell(OfferAnswered, offer=made.offer) == ()
    assert floor.after(2) == ()
    closed, ended = floor.tell(OfferBridged, offer=made.offer)
    assert closed.result is OfferResult.ANSWERED
    assert ended == EndVisit(
        visit=visit("a"),
        call=CallId("a"),
        queue=SERVICE,
        outcome=VisitOutcome.ANSWERED,
        wait_us=5 * SECOND,
        agent=AgentId("101"),
    )
    assert floor.engine.agents()[0].status is AgentStatus.TALKING
    assert floor.after(60) == ()
    (wrap_up,) = floor.tell(TalkEnded, offer=made.offer)
    assert wrap_up == BeginWrapUp(agent=AgentId("101"), queue=SERVICE, until=85 * SECOND, talk_us=60 * SECOND)
    assert floor.joins("b") == ()
    assert floor.after(19) == ()
    end, next_offer = floor.after(1)
    assert end == EndWrapUp(agent=AgentId("101"))
    assert next_offer.visit == visit("b")


def test_wrap_up_holds_in_every_queue() -> None:
    floor = Floor("102")
    offer = floor.talk("a", SERVICE)
    floor.tell(TalkEnded, offer=offer)
    assert floor.joins("b", TREASURY) == ()
    assert offered(floor.after(19)) == []
    assert offered(floor.after(1)) == [("102", "b/1")]


def test_callers_in_order_of_priority_then_joining() -> None:
    floor = Floor()
    floor.phone("101", DeviceState.BUSY)
    for n, (name, priority) in enumerate([("a", 0), ("b", 1), ("c", 0), ("d", 1)]):
        floor.t = n
        floor.joins(name, priority=priority)
    assert [v.visit for v in floor.engine.waiting(SERVICE)] == ["b/1", "d/1", "a/1", "c/1"]
    order = []
    for _ in range(4):
        (made,) = floor.phone("101")
        order.append(made.visit)
        floor.tell(OfferBridged, offer=made.offer)
        floor.phone("101", DeviceState.BUSY)
        floor.tell(TalkEnded, offer=made.offer)
        floor.after(20)
    assert order == ["b/1", "d/1", "a/1", "c/1"]


def test_the_agent_idle_for_longest_first() -> None:
    floor = Floor("102", "101")
    assert offered(floor.joins("a")) == [("101", "a/1")]  # equally long: the order of the configuration
    assert offered(floor.joins("b")) == [("102", "b/1")]
    floor = Floor("102")
    floor.phone("101")
    assert offered(floor.joins("a")) == [("102", "a/1")]


def test_an_agent_of_two_queues_takes_the_earlier_caller_of_both() -> None:
    floor = Floor()
    floor.phone("102", DeviceState.BUSY)
    floor.t = 1
    floor.joins("service", SERVICE)
    floor.t = 2
    floor.joins("treasury", TREASURY)
    assert offered(floor.phone("102")) == [("102", "service/1")]


def test_who_was_refused_by_the_only_free_agent_is_overtaken_and_told_why() -> None:
    floor = Floor("102", config=replace(SITE, refused=OfferRule(again_us=30 * SECOND)))
    (made,) = floor.joins("early", SERVICE)
    floor.t = 1
    floor.joins("late", TREASURY)
    _, following = floor.tell(OfferFailed, offer=made.offer, result=OfferResult.REFUSED)
    assert following.visit == "late/1"
    assert following.overtaken == (PassedOver(who="early/1", why="refused or missed this caller"),)


def test_an_overtaken_caller_of_another_queue_is_explained() -> None:
    floor = Floor()
    for agent in ("101", "102"):
        floor.phone(agent, DeviceState.BUSY)
    floor.joins("early", TREASURY)
    floor.t = 1
    floor.joins("late", SERVICE)
    (made,) = floor.phone("101")
    assert made.visit == "late/1"
    assert made.overtaken == (PassedOver(who="early/1", why="waits in a queue that this agent does not serve"),)
    assert made.others == (PassedOver(who="102", why="on another call"),)


def test_a_level_that_is_too_low_does_not_serve() -> None:
    floor = Floor("201")
    assert kinds(floor.joins("a", SERVICE)) == [EndVisit]  # 201 has servicio at 0
    assert offered(floor.joins("b", TREASURY)) == [("201", "b/1")]


@pytest.mark.parametrize(
    ("result", "rest"),
    [(OfferResult.REFUSED, 5), (OfferResult.BUSY, 5), (OfferResult.NO_ANSWER, 5), (OfferResult.UNREACHABLE, 10)],
)
def test_a_failed_offer_goes_to_the_next_and_starts_over_after_a_pause(result: OfferResult, rest: float) -> None:
    floor = Floor("101", "102")
    (first,) = floor.joins("a")
    closed, second = floor.tell(OfferFailed, offer=first.offer, result=result)
    assert closed.result is result
    assert second.agent == "102"
    assert kinds(floor.tell(OfferFailed, offer=second.offer, result=result)) == [CloseOffer]
    assert floor.engine.waiting(SERVICE)[0].visit == "a/1"
    assert offered(floor.after(rest - 0.001)) == []
    assert offered(floor.after(0.001)) == [("101", "a/1")]


def test_a_refused_caller_keeps_the_place() -> None:
    floor = Floor("101")
    (made,) = floor.joins("a")
    floor.t += 1
    floor.joins("b")
    floor.tell(OfferFailed, offer=made.offer, result=OfferResult.REFUSED)
    assert [v.visit for v in floor.engine.waiting(SERVICE)] == ["a/1", "b/1"]


def test_a_phone_that_rings_out_again_and_again_is_paused() -> None:
    floor = Floor("101")
    made = floor.joins("a")[0]
    for _ in range(2):
        floor.tell(OfferFailed, offer=made.offer, result=OfferResult.NO_ANSWER)
        (made,) = floor.after(5)
    floor.tell(OfferFailed, offer=made.offer, result=OfferResult.NO_ANSWER)
    assert (floor.engine.agents()[0].status, floor.engine.agents()[0].reason) == (AgentStatus.PAUSED, "no answer")
    assert offered(floor.after(59)) == []
    assert offered(floor.after(1)) == [("101", "a/1")]


def test_a_phone_that_registers_again_need_not_rest() -> None:
    floor = Floor("101", "102")
    (made,) = floor.joins("a")
    floor.tell(OfferFailed, offer=made.offer, result=OfferResult.UNREACHABLE)
    floor.phone("101", DeviceState.UNREACHABLE)
    floor.phone("101")
    assert floor.engine.agents()[0].status is AgentStatus.AVAILABLE


def test_who_hangs_up_while_a_phone_rings() -> None:
    floor = Floor("101")
    (made,) = floor.joins("a")
    ended, cancelled = floor.tell(CallerGone, visit=visit("a"), hung_up=True)
    assert ended.outcome is VisitOutcome.ABANDONED
    assert cancelled == CancelOffer(offer=made.offer, agent=AgentId("101"), why="the caller left")
    assert floor.joins("b") == (), "the phone still rings: no second offer"
    closed, following = floor.tell(OfferFailed, offer=made.offer, result=OfferResult.NO_ANSWER)
    assert closed.result is OfferResult.CANCELLED
    assert following.visit == "b/1"


def test_a_cancelled_leg_whose_end_is_never_told() -> None:
    floor = Floor("101")
    floor.joins("a")
    floor.tell(CallerGone, visit=visit("a"), hung_up=True)
    (closed,) = floor.after(2)
    assert closed.result is OfferResult.CANCELLED


def test_the_agent_answers_and_the_caller_has_gone() -> None:
    floor = Floor("101", "102")
    (made,) = floor.joins("a")
    (closed,) = floor.tell(OfferFailed, offer=made.offer, result=OfferResult.LOST)
    assert closed.result is OfferResult.LOST
    (ended,) = floor.after(2)
    assert ended.outcome is VisitOutcome.ABANDONED


def test_an_offer_of_which_nothing_is_heard_is_given_up() -> None:
    floor = Floor("101", "102")
    (made,) = floor.joins("a")
    assert floor.after(19.9) == ()
    cancelled, second = floor.after(0.1)
    assert cancelled.why == "no sign of life"
    assert second.agent == "102"
    (closed,) = floor.after(2)
    assert (closed.offer, closed.result) == (made.offer, OfferResult.UNKNOWN)


def test_a_leg_given_up_that_talks_after_all() -> None:
    """Nothing was heard for 22 s, the caller was offered elsewhere, and then the first two turn out to talk."""
    floor = Floor("101", "102")
    (made,) = floor.joins("a")
    floor.after(22)
    ended, cancelled = floor.tell(OfferBridged, offer=made.offer)
    assert (ended.outcome, ended.agent) == (VisitOutcome.ANSWERED, "101")
    assert (cancelled.agent, cancelled.why) == ("102", "answered elsewhere")
    assert kinds(floor.tell(TalkEnded, offer=made.offer)) == [BeginWrapUp]


def test_a_late_bridge_takes_the_agent_from_the_next_offer() -> None:
    floor = Floor("101")
    (made,) = floor.joins("a")
    floor.joins("b")
    floor.tell(CallerGone, visit=visit("a"), hung_up=True)
    _, following = floor.after(2)
    assert following.visit == "b/1"
    (cancelled,) = floor.tell(OfferBridged, offer=made.offer)
    assert cancelled == CancelOffer(offer=following.offer, agent=AgentId("101"), why="talking")
    assert floor.engine.visit(visit("b")).position == 1
    assert floor.engine.agents()[0].status is AgentStatus.TALKING


def test_the_longest_wait() -> None:
    floor = Floor("101")
    floor.talk("a")
    floor.joins("b")
    assert floor.after(599.9) == ()
    (ended,) = floor.after(0.1)
    assert (ended.outcome, ended.why, ended.wait_us) == (VisitOutcome.OVERFLOWED, "waited too long", 600 * SECOND)
    assert floor.engine.ended(visit("b")).why == "waited too long"


def test_the_longest_wait_does_not_end_a_ring() -> None:
    floor = Floor("101")
    offer = floor.talk("a")
    floor.joins("b")
    floor.after(579)
    floor.tell(TalkEnded, offer=offer)
    (_, made) = floor.after(20)
    assert floor.after(10) == (), "a phone rings for the caller, though 600 s are over"
    _, ended = floor.tell(OfferFailed, offer=made.offer, result=OfferResult.NO_ANSWER)
    assert ended.why == "waited too long"


def test_nobody_there_when_joining() -> None:
    floor = Floor("101")
    (ended,) = floor.joins("a", TREASURY)
    assert (ended.outcome, ended.why, ended.wait_us) == (VisitOutcome.OVERFLOWED, "nobody there", 0)


def test_nobody_there_any_more() -> None:
    floor = Floor()
    floor.phone("101", DeviceState.BUSY)
    floor.joins("a")
    floor.joins("b")
    floor.phone("101", DeviceState.UNREACHABLE)
    assert floor.after(14.9) == ()
    assert [(d.visit, d.why) for d in floor.after(0.1)] == [("a/1", "nobody there"), ("b/1", "nobody there")]


def test_a_phone_that_comes_back_in_time() -> None:
    floor = Floor()
    floor.phone("101", DeviceState.BUSY)
    floor.joins("a")
    floor.phone("101", DeviceState.UNREACHABLE)
    floor.after(14)
    floor.phone("101", DeviceState.BUSY)
    assert floor.after(100) == ()


def test_an_unknown_queue_keeps_nobody() -> None:
    (ended,) = Floor("101").joins("a", QueueId("gone"))
    assert ended.why == "nobody there"


def test_reception_rings_for_a_waiting_caller() -> None:
    floor = Floor("101")
    (made,) = floor.joins("a")
    floor.joins("b")
    (cancelled,) = floor.tell(CallerParked, visit=visit("a"))
    assert cancelled.offer == made.offer
    _, following = floor.tell(OfferFailed, offer=made.offer, result=OfferResult.CANCELLED)
    assert following.visit == "b/1"
    floor.tell(CallerReturned, visit=visit("a"))
    assert floor.engine.waiting(SERVICE)[0].visit == "a/1", "the old place"


def test_facts_twice_and_late_change_nothing() -> None:
    floor = Floor("101")
    (made,) = floor.joins("a")
    assert floor.joins("a") == ()
    floor.tell(OfferBridged, offer=made.offer)
    for again in range(2):
        assert floor.tell(OfferBridged, offer=made.offer) == ()
        assert floor.tell(OfferAnswered, offer=made.offer) == ()
        assert floor.tell(CallerGone, visit=visit("a"), hung_up=True) == ()
        assert floor.joins("a") == ()
        if not again:
            floor.tell(TalkEnded, offer=made.offer)
    assert floor.tell(TalkEnded, offer=made.offer) == ()
    assert floor.tell(OfferFailed, offer=made.offer, result=OfferResult.BUSY) == ()


def test_a_caller_who_left_before_we_heard_of_the_joining() -> None:
    floor = Floor("101")
    assert floor.tell(CallerGone, visit=visit("a"), hung_up=True) == ()
    (ended,) = floor.joins("a")
    assert ended.outcome is VisitOutcome.ABANDONED


def test_the_end_of_a_talk_without_its_beginning() -> None:
    floor = Floor("101")
    (made,) = floor.joins("a")
    assert kinds(floor.tell(TalkEnded, offer=made.offer)) == [CloseOffer, EndVisit, BeginWrapUp]


def test_a_call_waits_in_one_queue() -> None:
    floor = Floor("102")
    floor.talk("x")
    floor.joins("a", SERVICE)
    second = VisitId("a/2")
    (ended,) = floor.tell(CallerJoined, visit=second, call=CallId("a"), queue=TREASURY)
    assert (ended.visit, ended.outcome, ended.why) == ("a/1", VisitOutcome.LEFT, "moved to another queue")
    floor.tell(CallerGone, visit=second, hung_up=False)


def test_visits_of_a_call_in_the_wrong_order() -> None:
    floor = Floor("102")
    floor.talk("x")
    floor.tell(CallerJoined, visit=VisitId("a/10"), call=CallId("a"), queue=TREASURY)
    (ended,) = floor.tell(CallerJoined, visit=VisitId("a/9"), call=CallId("a"), queue=SERVICE)
    assert ended.visit == "a/9"
    assert floor.engine.visit(VisitId("a/10")) is not None


# -- the link, and what Asterisk says

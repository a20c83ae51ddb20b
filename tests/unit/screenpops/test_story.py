"""What is told of an offer, and what is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from acd.decisions import BeginWrapUp, CloseOffer, EndVisit, MakeOffer
from acd.facts import CallerJoined, CallerSeen, OfferBridged, OfferFailed, OfferRinging, Resynchronised, TalkEnded
from acd.living import Phase
from acd.model import AgentId, CallId, OfferId, OfferResult, QueueId, VisitId, VisitOutcome
from acd.views import OfferView
from ivr.screenpops.story import Moment, Story

CALL, VISIT, QUEUE = CallId("n1-1.0"), VisitId("n1-1.0/1"), QueueId("cartera")
FIRST, SECOND = OfferId("o1"), OfferId("o2")
ANNA, BERTA = AgentId("301"), AgentId("302")
START = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def offer(name: OfferId, agent: AgentId = ANNA) -> MakeOffer:
    return MakeOffer(offer=name, visit=VISIT, call=CALL, queue=QUEUE, agent=agent, ring_us=1, rule="")


def close(name: OfferId, result: OfferResult, agent: AgentId = ANNA) -> CloseOffer:
    return CloseOffer(offer=name, visit=VISIT, queue=QUEUE, agent=agent, result=result)


def end_visit() -> EndVisit:
    return EndVisit(visit=VISIT, call=CALL, queue=QUEUE, outcome=VisitOutcome.ANSWERED, wait_us=0, agent=ANNA)


def joined(story: Story, *agents: tuple[OfferId, AgentId]) -> None:
    fact = CallerJoined(at=at(0), t=0, visit=VISIT, call=CALL, queue=QUEUE)
    assert story.take(fact, [offer(*each) for each in agents], at(0)) == []


def rings(story: Story, name: OfferId, seconds: float) -> list[Moment]:
    return story.take(OfferRinging(at=at(seconds), t=0, offer=name), [], at(seconds))


def bridged(story: Story, name: OfferId, seconds: float) -> list[Moment]:
    fact = OfferBridged(at=at(seconds), t=0, offer=name)
    return story.take(fact, [close(name, OfferResult.ANSWERED), end_visit()], at(seconds))


def hangs_up(story: Story, seconds: float, talk_us: int = 60_000_000) -> list[Moment]:
    decision = BeginWrapUp(agent=ANNA, queue=QUEUE, until=0, talk_us=talk_us)
    return story.take(TalkEnded(at=at(seconds), t=0, offer=FIRST), [decision], at(seconds))


def test_from_the_ringing_to_the_end_of_the_talk() -> None:
    story = Story()
    joined(story, (FIRST, ANNA))
    (ringing,) = rings(story, FIRST, 12)
    assert (ringing.event, ringing.waited, ringing.agent, ringing.call) == (
        "ringing",
        timedelta(seconds=12),
        ANNA,
        CALL,
    )
    assert rings(story, FIRST, 13) == [], "once"
    (answered,) = bridged(story, FIRST, 15)
    assert (answered.event, answered.waited) == ("answered", timedelta(seconds=15))
    (ended,) = hangs_up(story, 75)
    assert (ended.event, ended.result, ended.talk) == ("ended", "answered", timedelta(seconds=60))
    assert ended.waited == timedelta(seconds=15), "the wait, not the talk"
    assert hangs_up(story, 76) == []


@pytest.mark.parametrize("result", [OfferResult.NO_ANSWER, OfferResult.CANCELLED, OfferResult.LOST])
def test_a_phone_that_rang_in_vain_is_told_to_the_end(result: OfferResult) -> None:
    story = Story()
    joined(story, (FIRST, ANNA), (SECOND, BERTA))
    rings(story, FIRST, 1)
    fact = OfferFailed(at=at(5), t=0, offer=FIRST, result=result)
    (ended,) = story.take(fact, [close(FIRST, result)], at(5))
    assert (ended.event, ended.result, ended.talk) == ("ended", result.value, None)


def test_a_phone_that_never_rang_is_not_told() -> None:
    story = Story()
    joined(story, (FIRST, ANNA))
    fact = OfferFailed(at=at(1), t=0, offer=FIRST, result=OfferResult.UNREACHABLE)
    assert story.take(fact, [close(FIRST, OfferResult.UNREACHABLE)], at(1)) == []
    assert rings(story, FIRST, 2) == []


def test_who_joined_before_the_server_has_the_time_of_the_ticket() -> None:
    story = Story()
    seen = CallerSeen(visit=VISIT, call=CALL, queue=QUEUE, priority=0, joined_at=at(-60), parked=False)
    story.take(Resynchronised(at=at(0), t=0, callers=(seen,), legs=(), devices=()), [offer(FIRST)], at(0))
    (ringing,) = rings(story, FIRST, 1)
    assert ringing.waited == timedelta(seconds=61)


def test_a_talk_from_before_the_server_is_told_to_its_end() -> None:
    talk = OfferView(FIRST, VISIT, CALL, QUEUE, ANNA, Phase.TALKING, 0)
    story = Story([talk, replace(talk, offer=SECOND, agent=BERTA, phase=Phase.RINGING)])
    (ended,) = hangs_up(story, 5)
    assert (ended.event, ended.result, ended.waited) == ("ended", "answered", None)
    fact = OfferFailed(at=at(6), t=0, offer=SECOND, result=OfferResult.NO_ANSWER)
    (other,) = story.take(fact, [close(SECOND, OfferResult.NO_ANSWER, BERTA)], at(6))
    assert (other.event, other.agent) == ("ended", BERTA)


def test_visits_that_never_end_are_forgotten_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.screenpops.story.REMEMBERED", 2)
    story = Story()
    for n in range(5):
        fact = CallerJoined(at=at(n), t=0, visit=VisitId(f"x/{n}"), call=CALL, queue=QUEUE)
        story.take(fact, [replace(offer(OfferId(str(n))), visit=VisitId(f"x/{n}"))], at(n))
    assert [bool(rings(story, OfferId(str(n)), 9)[0].waited) for n in range(5)] == [False] * 3 + [True] * 2

"""Calls, visits and offers from journal entries: one outcome each, true times, sums that hold."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acd import decisions as d
from acd import facts as f
from acd.model import AgentId, CallId, OfferId, OfferResult, QueueId, VisitId, VisitOutcome
from ivr.call import facts as c
from ivr.figures.call_record import CallOutcome, OfferRecord
from ivr.figures.projection import Projection
from ivr.figures.tally import Tally

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CALL = CallId("n1-1795291036.6")
VISIT = VisitId(f"{CALL}/1")
SAC = QueueId("servicio")
AGENT = AgentId("101")
OFFER = OfferId("0000000000010001")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Story:
    """Entries appended at the moment they happen, or later."""

    def __init__(self) -> None:
        self.projection, self.tally = Projection(), Tally(["6017436967"])

    def tell(self, event: Any, *decisions: Any, appended: datetime | None = None) -> None:
        changes = self.projection.apply(appended or event.at, event, decisions)
        self.tally.count(event, changes)
        assert self.tally.difference(self.projection) == {"calls": 0, "visits": 0, "offers": 0}

    @property
    def call(self) -> Any:
        return self.projection.calls[CALL]


def started(seconds: float = 0, call: CallId = CALL, did: str = "6017436967") -> c.CallStarted:
    return c.CallStarted(at=at(seconds), call=call, did=did, caller="ab12", flow="linea", config="v1")


def ended(seconds: float, reason: str = "", by: str = "caller", source: str = "ami") -> c.CallEnded:
    return c.CallEnded(at=at(seconds), call=CALL, cause=16, by=by, reason=reason, source=source)


def step(seconds: float) -> c.StepEntered:
    return c.StepEntered(at=at(seconds), call=CALL, flow="linea", step="menu", verb="ask")


def joined(seconds: float) -> f.CallerJoined:
    return f.CallerJoined(at=at(seconds), t=0, visit=VISIT, call=CALL, queue=SAC)


def offer() -> d.MakeOffer:
    return d.MakeOffer(
        offer=OFFER, visit=VISIT, call=CALL, queue=SAC, agent=AGENT, ring_us=15_000_000, rule="longest idle"
    )


def visit_end(outcome: VisitOutcome, wait_us: int, why: str = "") -> d.EndVisit:
    agent = AGENT if outcome is VisitOutcome.ANSWERED else None
    return d.EndVisit(visit=VISIT, call=CALL, queue=SAC, outcome=outcome, wait_us=wait_us, agent=agent, why=why)


def close(result: OfferResult) -> d.CloseOffer:
    return d.CloseOffer(offer=OFFER, visit=VISIT, queue=SAC, agent=AGENT, result=result)


def wrap_up(talk_us: int) -> d.BeginWrapUp:
    return d.BeginWrapUp(agent=AGENT, queue=SAC, until=0, talk_us=talk_us)


def talk_until(story: Story, talk_ended: float, *, appended: datetime | None = None) -> None:
    story.tell(started())
    story.tell(c.KeyChosen(at=at(9), call=CALL, step="menu", key="1", then="servicio"))
    story.tell(joined(10), offer())
    story.tell(f.OfferAnswered(at=at(14), t=0, offer=OFFER))
    story.tell(
        f.OfferBridged(at=at(15), t=0, offer=OFFER),
        close(OfferResult.ANSWERED),
        visit_end(VisitOutcome.ANSWERED, 5_000_000),
    )
    story.tell(f.TalkEnded(at=at(talk_ended), t=0, offer=OFFER), wrap_up(45_000_000), appended=appended)


def test_a_call_that_talks_to_an_agent_is_answered() -> None:
    story = Story()
    talk_until(story, 60)
    story.tell(ended(61, by="agent"))
    assert story.call.outcome is CallOutcome.ANSWERED and story.call.complete
    assert (story.call.queue, story.call.agent, story.call.keys) == ("servicio", "101", ("menu:1",))
    assert (story.call.wait_us, story.call.talk_us) == (5_000_000, 45_000_000)
    assert story.tally.calls == {("6017436967", "answered"): 1}
    assert story.tally.choices == {("menu", "1"): 1}


def test_the_call_is_counted_only_when_the_talk_has_ended_too() -> None:
    story = Story()
    story.tell(started())
    story.tell(joined(1), offer())
    story.tell(
        f.OfferBridged(at=at(2), t=0, offer=OFFER),
        close(OfferResult.ANSWERED),
        visit_end(VisitOutcome.ANSWERED, 1_000_000),
    )
    story.tell(ended(30))
    assert not story.call.complete and not story.tally.calls
    assert story.projection.open_calls() == []  # the line is free already
    story.tell(f.TalkEnded(at=at(30), t=0, offer=OFFER), wrap_up(28_000_000))
    assert story.call.complete and story.call.talk_us == 28_000_000
    assert story.tally.calls == {("6017436967", "answered"): 1}


def test_a_talk_that_was_imported_after_a_gap_has_its_true_length() -> None:
    """Engine time of an import says when it was told, not when it happened."""
    story = Story()
    talk_until(story, 40, appended=at(300))
    record = story.projection.offers[OFFER]
    assert isinstance(record, OfferRecord)
    assert record.talk_ended == at(40) and record.talk_us == 25_000_000


def test_a_talk_whose_beginning_alone_was_imported_has_its_true_length() -> None:
    """They met while the server was away: the engine measures from when it was told."""
    story = Story()
    story.tell(started())
    story.tell(joined(10), offer())
    story.tell(
        f.OfferBridged(at=at(15), t=0, offer=OFFER),
        close(OfferResult.ANSWERED),
        visit_end(VisitOutcome.ANSWERED, 5_000_000),
        appended=at(40),
    )
    story.tell(f.TalkEnded(at=at(60), t=0, offer=OFFER), wrap_up(20_000_000))
    record = story.projection.offers[OFFER]
    assert isinstance(record, OfferRecord)
    assert (record.bridged, record.talk_us) == (at(15), 45_000_000)


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([step(1), ended(5)], CallOutcome.ENDED_IN_IVR),
        ([step(1), ended(5, reason="closed", by="us")], CallOutcome.CLOSED),
        ([ended(5)], CallOutcome.FAILED),
        ([c.FallbackBegun(at=at(3), call=CALL), ended(5)], CallOutcome.ABANDONED),
        ([c.DialBegun(at=at(2), call=CALL, extension="100"), ended(5)], CallOutcome.ABANDONED),
        (
            [
                c.DialBegun(at=at(2), call=CALL, extension="100"),
                c.DialAnswered(at=at(4), call=CALL, extension="100"),
                c.DialEnded(at=at(9), call=CALL, extension="100", result="answered"),
                ended(9),
            ],
            CallOutcome.TRANSFERRED,
        ),
    ],
)
def test_each_call_without_a_queue_has_one_outcome(events: list[c.CallFact], outcome: CallOutcome) -> None:
    story = Story()
    story.tell(started())
    for event in events:
        story.tell(event)
    assert story.call.outcome is outcome
    assert story.tally.calls == {("6017436967", outcome.value): 1}


def test_a_refused_call_is_complete_at_once_and_counted_as_refused() -> None:
    story = Story()
    story.tell(c.CallRefused(at=at(0), call=CALL, did="6017436967"))
    assert story.call.outcome is CallOutcome.REFUSED and story.call.complete
    assert story.tally.refused() == {"6017436967": 1}
    assert story.projection.open_calls() == []


@pytest.mark.parametrize(("outcome", "why"), [(VisitOutcome.ABANDONED, ""), (VisitOutcome.OVERFLOWED, "nobody there")])
def test_who_waited_and_reached_nobody_abandoned(outcome: VisitOutcome, why: str) -> None:
    story = Story()
    story.tell(started())
    story.tell(step(1))
    story.tell(joined(2))
    story.tell(ended(22))
    assert not story.call.complete  # the visit is still open
    story.tell(f.CallerGone(at=at(22), t=0, visit=VISIT, hung_up=True), visit_end(outcome, 20_000_000, why))
    assert story.call.outcome is CallOutcome.ABANDONED and story.call.wait_us == 20_000_000
    assert story.tally.visits == {("servicio", outcome.value, "flow"): 1}


def test_facts_of_a_call_in_any_order_give_the_same_record() -> None:
    """AGI and AMI tell in their own order: here all orders of five facts, the call's start among them."""
    facts = [
        started(),
        c.DialBegun(at=at(2), call=CALL, extension="100"),
        c.DialAnswered(at=at(4), call=CALL, extension="100"),
        c.NoticeHeard(at=at(1), call=CALL, prompt="aviso", version="77"),
        ended(9),
    ]
    records = set()
    for order in itertools.permutations(facts):
        story = Story()
        for fact in order:
            story.tell(fact, appended=at(9))
        assert story.tally.started.total() == 1 and story.tally.calls.total() == 1
        records.add((story.call.outcome, story.call.talk_us, story.call.notice, story.call.ended, story.call.agent))
    assert records == {(CallOutcome.TRANSFERRED, 5_000_000, "77", at(9), "100")}


def test_a_fact_told_twice_changes_nothing() -> None:
    story = Story()
    talk_until(story, 60)
    story.tell(ended(61))
    before = (story.call, dict(story.tally.calls), dict(story.tally.offers))
    story.tell(started())
    story.tell(ended(99, source="cel"))
    story.tell(f.TalkEnded(at=at(80), t=0, offer=OFFER))
    assert (story.call, dict(story.tally.calls), dict(story.tally.offers)) == before


def test_what_cel_wrote_corrects_what_a_resynchronisation_concluded() -> None:
    story = Story()
    story.tell(started())
    story.tell(step(1))
    story.tell(ended(300, by="unknown", source="resynchronisation"))
    story.tell(ended(7, by="caller", source="cel"), appended=at(301))
    assert (story.call.ended, story.call.by) == (at(7), "caller")
    assert story.tally.calls.total() == 1


def test_a_late_answer_corrects_the_record_and_is_counted_as_a_correction() -> None:
    story = Story()
    story.tell(started())
    story.tell(step(1))
    story.tell(ended(30))
    story.tell(c.DialAnswered(at=at(5), call=CALL, extension="100"), appended=at(60))
    assert story.call.outcome is CallOutcome.TRANSFERRED
    assert story.tally.calls == {("6017436967", "ended in IVR"): 1}  # counters only go up
    assert story.tally.corrections.total() == 1


def test_facts_of_a_call_that_never_began_make_no_call_and_are_bounded() -> None:
    story = Story()
    for i in range(5_000):
        story.tell(c.StepEntered(at=at(i), call=CallId(f"n1-9.{i}"), flow="x", step="y", verb="play"))
    assert not story.projection.calls and story.projection.unclaimed == 5_000 - 4_096


def test_memory_forgets_the_oldest_complete_calls_and_keeps_the_open_ones() -> None:
    projection = Projection(remembered=10)
    first = CallId("n1-1.0")
    projection.apply(at(0), started(call=first), ())
    for i in range(50):
        projection.apply(at(i), c.CallRefused(at=at(i), call=CallId(f"n1-2.{i}"), did="6017436967"), ())
    assert first in projection.calls and len(projection.calls) <= 11


def test_a_parked_caller_does_not_wait_and_keeps_the_visit() -> None:
    story = Story()
    story.tell(started())
    story.tell(joined(1))
    story.tell(f.CallerParked(at=at(2), t=0, visit=VISIT))
    assert story.projection.open_visits()[0].parked
    story.tell(f.CallerReturned(at=at(3), t=0, visit=VISIT))
    assert not story.projection.open_visits()[0].parked


def test_a_call_to_a_number_that_is_not_ours_is_counted_under_other() -> None:
    story = Story()
    story.tell(started(did="0' OR 1=1"))
    assert story.tally.started == {("other",): 1}

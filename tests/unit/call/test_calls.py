from datetime import UTC, datetime

from acd.decisions import EndVisit, SendBackAgain
from acd.facts import CallerGone, CallerJoined, CallerSeen, CallerSwapped, OfferBridged, Resynchronised, TalkEnded
from acd.model import AgentId, CallId, OfferId, QueueId, VisitId, VisitOutcome
from ivr.call.calls import LiveCalls
from ivr.call.facts import CallEnded, CallRefused, CallStarted, NoticeHeard, TalkTransferred

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CALL = CallId("n1-1.1")
STARTED = CallStarted(at=AT, call=CALL, did="6017436967", caller="k", flow="main", config="c")
ENDED = CallEnded(at=AT, call=CALL, cause=16, by="caller")
JOINED = CallerJoined(at=AT, t=1, visit=VisitId("n1-1.1/1"), call=CALL, queue=QueueId("cartera"))
OFFER = OfferId("0000001-000001")


def test_a_call_lives_from_its_start_to_its_end() -> None:
    calls = LiveCalls()
    calls.take(STARTED, ())
    calls.take(NoticeHeard(at=AT, call=CALL, prompt="aviso", version="v1"), ())
    live = calls.get(CALL)
    assert live is not None and (live.did, live.notice) == ("6017436967", "v1")
    calls.take(ENDED, ())
    assert calls.get(CALL) is None and calls.has_ended(CALL)


def test_a_late_fact_brings_no_ended_call_back() -> None:
    calls = LiveCalls()
    for event in (STARTED, ENDED, JOINED, NoticeHeard(at=AT, call=CALL, prompt="aviso", version="v1")):
        calls.take(event, ())
    assert len(calls) == 0


def test_a_refused_call_does_not_live() -> None:
    calls = LiveCalls()
    calls.take(CallRefused(at=AT, call=CALL, did="6017436967"), ())
    assert len(calls) == 0


def test_a_visit_told_twice_is_counted_once_and_ends_with_its_outcome() -> None:
    calls = LiveCalls()
    for event in (STARTED, JOINED, JOINED):
        calls.take(event, ())
    live = calls.get(CALL)
    assert live is not None and (live.visits, live.visit) == (1, JOINED.visit)
    end = EndVisit(
        visit=JOINED.visit,
        call=CALL,
        queue=JOINED.queue,
        outcome=VisitOutcome.ANSWERED,
        wait_us=5,
        agent=AgentId("101"),
    )
    calls.take(OfferBridged(at=AT, t=2, offer=OFFER), (end,))
    assert (live.visit, live.talk) == (None, OFFER)
    calls.take(TalkEnded(at=AT, t=3, offer=OFFER), ())
    assert live.talk is None


def test_a_caller_who_hangs_up_while_waiting_waits_no_more() -> None:
    calls = LiveCalls()
    calls.take(STARTED, ())
    calls.take(JOINED, ())
    end = EndVisit(visit=JOINED.visit, call=CALL, queue=JOINED.queue, outcome=VisitOutcome.ABANDONED, wait_us=5)
    calls.take(CallerGone(at=AT, t=2, visit=JOINED.visit, hung_up=True), (end,))
    live = calls.get(CALL)
    assert live is not None and live.visit is None and live.visits == 1


def test_to_meet_an_ended_call_brings_it_not_back() -> None:
    calls = LiveCalls()
    calls.take(ENDED, ())
    assert calls.meet(CALL).call == CALL
    assert len(calls) == 0


def picture(parked: bool = False) -> Resynchronised:
    seen = CallerSeen(visit=JOINED.visit, call=CALL, queue=JOINED.queue, priority=0, joined_at=AT, parked=parked)
    return Resynchronised(at=AT, t=4, callers=(seen,), legs=(), devices=())


def test_who_waits_by_the_ticket_alone_is_in_the_queue() -> None:
    calls = LiveCalls()
    calls.take(picture(parked=True), ())
    live = calls.get(CALL)
    assert live is not None and (live.visit, live.queue, live.fallback) == (JOINED.visit, JOINED.queue, True)


def test_who_is_sent_back_again_waits_no_more() -> None:
    calls = LiveCalls()
    again = SendBackAgain(visit=JOINED.visit, call=CALL, queue=JOINED.queue, why="waited too long")
    calls.take(picture(), (again,))
    live = calls.get(CALL)
    assert live is not None and live.visit is None


def test_a_place_that_another_call_took_is_that_call_s() -> None:
    calls = LiveCalls()
    other = CallId("n1-1.2")
    for event in (STARTED, JOINED, CallerSwapped(at=AT, t=2, visit=JOINED.visit, call=other)):
        calls.take(event, ())
    before, after = calls.get(CALL), calls.get(other)
    assert before is not None and before.visit is None
    assert after is not None and (after.visit, after.queue) == (JOINED.visit, "cartera")


def test_who_was_joined_with_another_agent_talks_with_that_one() -> None:
    calls = LiveCalls()
    for event in (STARTED, TalkTransferred(at=AT, call=CALL, offer=OFFER, by="101", how="attended", to="103")):
        calls.take(event, ())
    live = calls.get(CALL)
    assert live is not None and (live.talk, live.agent) == (None, "")
    calls.take(TalkTransferred(at=AT, call=CALL, offer=OFFER, by="101", how="attended", to="301", leg="o2"), ())
    assert (live.talk, live.agent) == ("o2", "301")


def test_a_phone_of_the_house_in_a_queue_is_no_line() -> None:
    calls = LiveCalls()
    calls.take(CallStarted(at=AT, call=CALL, did="*71", caller="k", flow="", config="c"), ())
    live = calls.get(CALL)
    assert live is not None and live.inside


def test_nothing_is_kept_of_who_left_talked_or_hung_up() -> None:
    """Whom an entry is about is found at once, however many calls live."""
    calls = LiveCalls()
    for number in range(5):
        call, visit = CallId(f"n1-1.{number}"), VisitId(f"n1-1.{number}/1")
        calls.take(CallerJoined(at=AT, t=1, visit=visit, call=call, queue=JOINED.queue), ())
        end = EndVisit(visit=visit, call=call, queue=JOINED.queue, outcome=VisitOutcome.ANSWERED, wait_us=5)
        if number % 2:
            calls.take(OfferBridged(at=AT, t=2, offer=OFFER), (end,))
            calls.take(TalkEnded(at=AT, t=3, offer=OFFER), ())
        calls.take(CallEnded(at=AT, call=call, cause=16, by="caller"), ())
    assert len(calls) == 0 and calls._at == {}

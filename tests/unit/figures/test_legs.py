"""Every phone that was rung for a call; and figures that a transfer does not double."""

from datetime import UTC, datetime, timedelta
from typing import Any

from acd import decisions as d
from acd import facts as f
from acd.model import AgentId, CallId, OfferId, OfferResult, QueueId, VisitId, VisitOutcome
from ivr.call import facts as c
from ivr.figures.call_record import CallOutcome, LegRecord, VisitRecord
from ivr.figures.projection import Projection
from ivr.figures.tally import Tally

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CALL = CallId("n1-1795291036.6")
SAC = QueueId("servicio")
SECOND = 1_000_000


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Day:
    """Entries, each appended when it happens; the sums hold after every one."""

    def __init__(self) -> None:
        self.projection, self.tally = Projection(), Tally()
        self.tell(c.CallStarted(at=START, call=CALL, did="6017436967", caller="ab12", flow="linea", config="v1"))

    def tell(self, event: Any, *decisions: Any) -> None:
        self.tally.count(event, self.projection.apply(event.at, event, decisions), decisions)
        assert self.tally.difference(self.projection) == {"calls": 0, "visits": 0, "offers": 0}

    def talk(self, n: int, agent: str, begin: float, only: bool = False) -> None:
        """Join, ring and bridge: `begin` seconds, one second each."""
        visit, offer, who = VisitId(f"{CALL}/{n}"), OfferId(f"{n:016d}"), AgentId(agent)
        made = d.MakeOffer(offer=offer, visit=visit, call=CALL, queue=SAC, agent=who, ring_us=1, rule="longest idle")
        joined = f.CallerJoined(at=at(begin), t=0, visit=visit, call=CALL, queue=SAC, only=who if only else None)
        self.tell(joined, made)
        self.tell(
            f.OfferBridged(at=at(begin + 1), t=0, offer=offer),
            d.CloseOffer(offer=offer, visit=visit, queue=SAC, agent=who, result=OfferResult.ANSWERED),
            d.EndVisit(visit=visit, call=CALL, queue=SAC, outcome=VisitOutcome.ANSWERED, wait_us=SECOND, agent=who),
        )

    def talked(self, n: int, agent: str, begin: float, end: float) -> None:
        """The talk that began at `begin` ends; the agent works for 20 s after it."""
        offer, who = OfferId(f"{n:016d}"), AgentId(agent)
        talk_us = round((end - begin) * SECOND)
        self.tell(
            f.TalkEnded(at=at(end), t=0, offer=offer),
            d.BeginWrapUp(agent=who, queue=SAC, until=0, talk_us=talk_us),
        )

    @property
    def legs(self) -> tuple[LegRecord, ...]:
        return self.projection.legs(CALL)


def test_a_talk_with_holds_and_wrap_up_is_one_leg() -> None:
    day = Day()
    day.talk(1, "101", 0)
    offer = OfferId(f"{1:016d}")
    day.tell(f.TalkHeld(at=at(10), t=0, offer=offer))
    day.tell(f.TalkHeld(at=at(11), t=0, offer=offer))  # told twice
    day.tell(f.TalkResumed(at=at(15), t=0, offer=offer))
    day.tell(f.TalkResumed(at=at(16), t=0, offer=offer))
    day.tell(f.TalkHeld(at=at(20), t=0, offer=offer))  # and hung up while on hold
    day.talked(1, "101", 1, 22)
    day.tell(f.Tick(at=at(42), t=0), d.EndWrapUp(agent=AgentId("101")))
    (leg,) = day.legs
    assert (leg.n, leg.kind, leg.agent, leg.queue, leg.result) == (1, "offer", "101", "servicio", "answered")
    assert (leg.began, leg.answered, leg.ended) == (at(0), at(1), at(22))
    assert (leg.talk_us, leg.hold_us, leg.wrap_us) == (21 * SECOND, 7 * SECOND, 20 * SECOND)
    assert day.tally.holds["servicio",].sum_us == 7 * SECOND and day.tally.wraps["servicio",].sum_us == 20 * SECOND
    assert sum(day.tally.wraps["servicio",].counts) == 1


def test_a_phone_that_rang_out_and_a_dialled_extension_are_legs_too() -> None:
    day = Day()
    visit, offer = VisitId(f"{CALL}/1"), OfferId(f"{1:016d}")
    made = d.MakeOffer(offer=offer, visit=visit, call=CALL, queue=SAC, agent=AgentId("101"), ring_us=1, rule="linear")
    day.tell(f.CallerJoined(at=at(0), t=0, visit=visit, call=CALL, queue=SAC), made)
    day.tell(
        f.OfferFailed(at=at(15), t=0, offer=offer, result=OfferResult.NO_ANSWER),
        d.CloseOffer(offer=offer, visit=visit, queue=SAC, agent=AgentId("101"), result=OfferResult.NO_ANSWER),
    )
    day.tell(
        f.CallerGone(at=at(20), t=0, visit=visit, hung_up=False),
        d.EndVisit(visit=visit, call=CALL, queue=SAC, outcome=VisitOutcome.LEFT, wait_us=20 * SECOND),
    )
    day.tell(c.DialBegun(at=at(21), call=CALL, extension="100"))
    day.tell(c.DialAnswered(at=at(25), call=CALL, extension="100"))
    day.tell(c.DialEnded(at=at(65), call=CALL, extension="100", result="answered"))
    rung, dialled = day.legs
    assert (rung.result, rung.answered, rung.ended, rung.talk_us) == ("no answer", None, at(15), 0)
    assert (dialled.n, dialled.kind, dialled.agent, dialled.queue) == (2, "dial", "100", "")
    assert (dialled.result, dialled.talk_us) == ("answered", 40 * SECOND)


def test_a_transfer_to_an_agent_is_counted_apart_and_the_call_once() -> None:
    day = Day()
    day.talk(1, "101", 0)
    day.talked(1, "101", 1, 30)
    day.talk(2, "102", 31, only=True)
    day.talked(2, "102", 32, 60)
    day.tell(c.CallEnded(at=at(60), call=CALL, cause=16, by="caller"))
    assert day.tally.joined == {("servicio", "flow"): 1, ("servicio", "transfer"): 1}
    assert day.tally.visits == {("servicio", "answered", "flow"): 1, ("servicio", "answered", "transfer"): 1}
    assert day.tally.calls == {("6017436967", CallOutcome.ANSWERED.value): 1}
    assert [(leg.n, leg.agent, leg.talk_us) for leg in day.legs] == [(1, "101", 29 * SECOND), (2, "102", 28 * SECOND)]
    assert day.projection.calls[CALL].talk_us == 57 * SECOND


def handed_on(seconds: float, offer: int, to: str, how: str = "blind", leg: str = "", by: str = "101") -> Any:
    name = f"{offer:016d}" if offer else ""
    return c.TalkTransferred(at=at(seconds), call=CALL, offer=name, by=by, how=how, to=to, leg=leg)


def test_who_comes_back_from_a_transfer_to_the_queue_does_not_count_as_a_new_caller() -> None:
    day = Day()
    day.talk(1, "101", 0)
    day.tell(handed_on(29, 1, "cartera"))
    day.talked(1, "101", 1, 30)
    day.talk(2, "102", 31)
    day.talked(2, "102", 32, 40)
    day.talk(3, "103", 41)  # nobody took the caller there: back to the queue
    day.talked(3, "103", 42, 50)
    day.tell(c.StepEntered(at=at(51), call=CALL, flow="linea", step="menu", verb="ask"))
    day.talk(4, "101", 60)  # by the flow's own way
    assert day.tally.joined == {("servicio", "flow"): 2, ("servicio", "transfer"): 2}
    assert [leg.transfer for leg in day.legs] == ["blind: cartera", "", "", ""]
    assert day.tally.transfers == {("servicio",): 1}


def test_a_consulted_agents_talk_becomes_the_callers() -> None:
    day = Day()
    day.talk(1, "101", 0)
    inside, visit, offer = CallId("n1-1795291036.9"), VisitId("n1-1795291036.9/1"), OfferId(f"{7:016d}")
    day.tell(c.CallStarted(at=at(5), call=inside, did="*71", caller="", flow="", config="v1"))
    made = d.MakeOffer(
        offer=offer, visit=visit, call=inside, queue=SAC, agent=AgentId("102"), ring_us=1, rule="longest idle"
    )
    day.tell(f.CallerJoined(at=at(6), t=0, visit=visit, call=inside, queue=SAC), made)
    day.tell(
        f.OfferBridged(at=at(8), t=0, offer=offer),
        d.CloseOffer(offer=offer, visit=visit, queue=SAC, agent=AgentId("102"), result=OfferResult.ANSWERED),
        d.EndVisit(visit=visit, call=inside, queue=SAC, outcome=VisitOutcome.ANSWERED, wait_us=2 * SECOND),
    )
    day.tell(handed_on(20, 1, "102", how="attended", leg=offer))
    day.talked(1, "101", 1, 20)
    day.tell(c.CallEnded(at=at(20), call=inside, cause=16, by="caller"))
    assert day.projection.calls[inside].complete
    day.tell(f.TalkEnded(at=at(50), t=0, offer=offer))
    day.tell(c.CallEnded(at=at(50), call=CALL, cause=16, by="caller"))
    assert [(leg.agent, leg.transfer, leg.ended) for leg in day.legs] == [
        ("101", "attended: 102", at(20)),
        ("102", "", at(50)),
    ]
    assert day.projection.legs(inside) == ()
    assert day.projection.calls[CALL].complete and day.projection.calls[CALL].agent == "102"
    assert day.tally.joined == {("servicio", "flow"): 1, ("servicio", "transfer"): 1}


def test_a_dialled_extension_may_hand_on_too() -> None:
    day = Day()
    day.tell(c.DialBegun(at=at(1), call=CALL, extension="100"))
    day.tell(c.DialAnswered(at=at(3), call=CALL, extension="100"))
    day.tell(c.DialEnded(at=at(9), call=CALL, extension="100", result="answered"))
    day.tell(handed_on(9, 0, "servicio", by="100"))
    day.talk(1, "101", 10)
    assert [leg.transfer for leg in day.legs] == ["blind: servicio", ""]
    assert day.tally.joined == {("servicio", "transfer"): 1}


def test_the_next_offer_ends_a_wrap_up_of_which_nobody_told_the_end() -> None:
    day = Day()
    day.talk(1, "101", 0)
    day.talked(1, "101", 1, 30)
    assert day.projection.offers[f"{1:016d}"].wrapping
    day.talk(2, "101", 45, only=True)
    assert day.projection.offers[f"{1:016d}"].wrap_us == 15 * SECOND


def test_the_place_of_a_call_may_become_another_calls() -> None:
    day = Day()
    other = CallId("n1-1795291036.9")
    visit = VisitId(f"{CALL}/1")
    day.tell(f.CallerJoined(at=at(0), t=0, visit=visit, call=CALL, queue=SAC))
    day.tell(c.CallStarted(at=at(0), call=other, did="6017436967", caller="", flow="linea", config="v1"))
    day.tell(f.CallerSwapped(at=at(5), t=0, visit=visit, call=other))
    day.tell(
        f.CallerGone(at=at(9), t=0, visit=visit, hung_up=True),
        d.EndVisit(visit=visit, call=other, queue=SAC, outcome=VisitOutcome.ABANDONED, wait_us=9 * SECOND),
    )
    for call in (CALL, other):
        day.tell(c.CallEnded(at=at(9), call=call, cause=16, by="caller"))
    assert day.projection.calls[other].outcome is CallOutcome.ABANDONED
    assert day.projection.calls[other].wait_us == 9 * SECOND and day.projection.calls[CALL].wait_us == 0


def test_figures_of_before_there_were_transfers_came_from_the_flow() -> None:
    tally = Tally()
    tally.restore({"counters": {"joined": [["servicio", 3]], "visits": [["servicio", "answered", 2]]}})
    assert tally.joined == {("servicio", "flow"): 3} and tally.visits == {("servicio", "answered", "flow"): 2}


def test_rules_and_steps_are_counted() -> None:
    day = Day()
    visit = VisitId(f"{CALL}/1")
    day.tell(
        f.CallerJoined(at=at(0), t=0, visit=visit, call=CALL, queue=SAC),
        d.WidenCircle(visit=visit, queue=SAC, step=1),
        d.PauseAgent(agent=AgentId("101"), reason="no answer", until=None),
    )
    assert day.tally.widenings == {("servicio", "1"): 1} and day.tally.rule_pauses == {("no answer",): 1}
    assert isinstance(day.projection.visits[visit], VisitRecord)

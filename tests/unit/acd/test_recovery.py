"""The engine after an outage, a crash or a change: what is adopted, closed, and never done twice."""

from dataclasses import replace

import pytest

from acd.config import SECOND, AgentConfig, EngineConfig, QueueConfig
from acd.decisions import (
    BeginWrapUp,
    CloseOffer,
    EndVisit,
    EndWrapUp,
    HangUpOrphan,
    MakeOffer,
    SendBackAgain,
)
from acd.engine import Engine
from acd.facts import (
    CallerGone,
    LinkLost,
    OfferAnswered,
    OfferBridged,
    TalkEnded,
)
from acd.living import Phase
from acd.model import AgentId, CallId, DeviceState, LegState, OfferId, OfferResult, VisitOutcome
from acd.snapshot import UnknownSnapshot
from tests.unit.acd.floor import SERVICE, SITE, TREASURY, Floor, kinds, visit


def test_no_offer_and_no_overflow_without_a_link() -> None:
    floor = Floor("101")
    floor.talk("a")
    floor.joins("b")
    floor.tell(LinkLost)
    assert floor.joins("c", TREASURY) == ()
    assert floor.phone("102") == ()
    assert floor.after(700) == ()
    decided = floor.picture(floor.seen("b", 700), floor.seen("c", 700, TREASURY))
    assert [(d.visit, d.why) for d in decided if isinstance(d, EndVisit)] == [
        ("b/1", "waited too long"),
        ("c/1", "waited too long"),
    ]


def test_a_restart_while_a_phone_rings_adopts_the_leg() -> None:
    floor = Floor("101", "102")
    (made,) = floor.joins("a")
    floor.after(1)
    floor.start()
    assert floor.picture(floor.seen("a", 1), legs={made.offer: LegState.RINGING}) == ()
    assert kinds(floor.tell(OfferBridged, offer=made.offer)) == [CloseOffer, EndVisit]


def test_a_restart_between_decision_and_deed() -> None:
    """The Originate never happened. It may still be on its way for 2 s; then the offer is closed, never redone."""
    floor = Floor("101")
    (made,) = floor.joins("a")
    floor.after(0.5)
    floor.start()
    assert floor.picture(floor.seen("a", 0.5)) == ()
    assert floor.after(1.4) == ()
    closed, again = floor.after(0.1)
    assert (closed.offer, closed.result) == (made.offer, OfferResult.UNKNOWN)
    assert again.visit == "a/1"
    assert again.offer != made.offer


def test_a_ghost_leg_is_hung_up_whenever_it_appears() -> None:
    floor = Floor("101")
    (made,) = floor.joins("a")
    floor.after(3)
    floor.start()
    closed, again = floor.picture(floor.seen("a", 3))
    assert closed.result is OfferResult.UNKNOWN
    assert floor.tell(OfferAnswered, offer=made.offer) == (HangUpOrphan(offer=made.offer),)
    orphans = floor.picture(floor.seen("a", 3), legs={made.offer: LegState.RINGING, again.offer: LegState.RINGING})
    assert orphans == (HangUpOrphan(offer=made.offer),)


def test_a_restart_during_a_talk() -> None:
    floor = Floor("101")
    offer = floor.talk("a")
    floor.after(5)
    floor.start()
    assert floor.picture(legs={offer: LegState.BRIDGED}) == ()
    assert floor.engine.offer(offer).phase is Phase.TALKING
    floor.start()
    (wrap_up,) = floor.picture()
    assert wrap_up.talk_us == 5 * SECOND


def test_a_restart_during_the_whisper_and_the_bridge_came_meanwhile() -> None:
    floor = Floor("101")
    (made,) = floor.joins("a")
    floor.tell(OfferAnswered, offer=made.offer)
    floor.start()
    closed, ended = floor.picture(legs={made.offer: LegState.BRIDGED})
    assert (closed.result, ended.outcome) == (OfferResult.ANSWERED, VisitOutcome.ANSWERED)


def test_a_restart_during_the_wrap_up() -> None:
    floor = Floor("101")
    floor.tell(TalkEnded, offer=floor.talk("a"))
    floor.start()
    assert floor.picture(floor.seen("b", 3)) == ()
    assert floor.after(19.9) == ()
    assert kinds(floor.after(0.1)) == [EndWrapUp, MakeOffer]


def test_callers_who_left_while_we_were_dead() -> None:
    floor = Floor("101")
    floor.talk("x")
    floor.joins("a")
    floor.joins("b")
    floor.start()
    decided = floor.picture(floor.seen("b"))
    assert [(d.visit, d.outcome) for d in decided if isinstance(d, EndVisit)] == [("a/1", VisitOutcome.ABANDONED)]


def test_tickets_of_unknown_callers_keep_their_order() -> None:
    floor = Floor()
    floor.phone("101", DeviceState.BUSY)
    floor.t = 100 * SECOND
    floor.joins("new")
    floor.picture(floor.seen("b", 30), floor.seen("c", 10), floor.seen("a", 40), floor.seen("new"))
    assert [v.visit for v in floor.engine.in_queue(SERVICE)] == ["a/1", "b/1", "c/1", "new/1"]


def test_a_caller_who_joined_while_the_picture_was_taken_is_not_gone() -> None:
    floor = Floor("101")
    floor.talk("x")
    began = floor.t
    floor.t += 1000
    floor.joins("a")
    floor.phone("101", DeviceState.BUSY)
    floor.picture(began=began)
    assert floor.engine.visit(visit("a")) is not None
    assert floor.engine.agents()[0].device is DeviceState.BUSY


def test_a_caller_sent_back_whose_deed_was_lost() -> None:
    floor = Floor("101")
    floor.joins("a", TREASURY)
    floor.t += 1
    floor.start()
    assert floor.picture(floor.seen("a", queue=TREASURY)) == (
        SendBackAgain(visit=visit("a"), call=CallId("a"), queue=TREASURY, why="nobody there"),
    )


def test_two_people_whom_nobody_knows_go_on_talking() -> None:
    floor = Floor("101")
    assert floor.picture(legs={OfferId("of another life"): LegState.BRIDGED}) == ()
    assert floor.picture(legs={OfferId("of another life"): LegState.ANSWERED}) == (
        HangUpOrphan(offer=OfferId("of another life")),
    )


def test_a_cancelled_leg_that_still_rings_is_cancelled_again() -> None:
    floor = Floor("101")
    (made,) = floor.joins("a")
    floor.tell(CallerGone, visit=visit("a"), hung_up=True)
    floor.start()
    assert floor.picture(legs={made.offer: LegState.RINGING}) == (HangUpOrphan(offer=made.offer),)


# -- configuration


def test_a_checkpoint_loads_under_a_changed_configuration() -> None:
    floor = Floor("101", "102")
    offer = floor.talk("a")
    floor.joins("b")
    floor.joins("c")
    fewer = replace(SITE, queues=SITE.queues[1:], agents=SITE.agents[1:])
    floor.engine = Engine.restore(fewer, floor.engine.snapshot())
    floor.start()
    decided = floor.picture(floor.seen("b"), floor.seen("c"), legs={offer: LegState.BRIDGED})
    assert [(d.visit, d.why) for d in decided if isinstance(d, EndVisit)] == [("c/1", "nobody there")]
    assert [a.agent for a in floor.engine.agents()] == ["102", "201"]
    assert kinds(floor.tell(TalkEnded, offer=offer)) == [BeginWrapUp, EndWrapUp]


def test_a_checkpoint_of_another_version_is_refused() -> None:
    with pytest.raises(UnknownSnapshot, match="99"):
        Engine.restore(SITE, {"format": 99})


def test_a_checkpoint_of_an_older_version_may_lack_the_last_values() -> None:
    """Of a newer one there may be more: what it means is not known, so the journal is folded from its beginning."""
    floor = Floor("101")
    floor.tell(TalkEnded, offer=floor.talk("a"))
    stored = floor.engine.snapshot()
    ((key, *row),) = stored["ended_offers"]
    older = Engine.restore(SITE, {**stored, "ended_offers": [[key, *row[:-1]]]})
    assert older.snapshot() == stored
    with pytest.raises(UnknownSnapshot, match="EndedOffer of 7 values, this version knows 6"):
        Engine.restore(SITE, {**stored, "ended_offers": [[key, *row, True]]})


def test_configurations_that_cannot_be() -> None:
    agent = AgentConfig(id=AgentId("1"))
    with pytest.raises(ValueError, match="twice"):
        EngineConfig(queues=(), agents=(agent, agent))
    with pytest.raises(ValueError, match="nobody is agent '2'"):
        EngineConfig(queues=(QueueConfig(id=SERVICE, agents=(AgentId("2"),)),), agents=(agent,))
    with pytest.raises(ValueError, match="unknown strategy 'loudest'"):
        EngineConfig(queues=(QueueConfig(id=SERVICE, strategy="loudest"),), agents=(agent,))


def test_the_hash_tells_configurations_apart() -> None:
    assert SITE.hash == replace(SITE).hash
    assert SITE.hash != replace(SITE, doubt_us=4).hash

"""What is ruled of a talk, and in which words."""

from dataclasses import replace

import pytest

from acd.model import CallId
from ivr.call.calls import LiveCall
from ivr.exchange.recording.ruling import NOT, RECORDED, SILENT, fact_of, may_ever, rec_of, ruling_of, said_of
from ivr.site import Site
from ivr.testing.clock import ManualClock
from recordings.policy import Level, Rule, Ruling, Said, Why, Wish
from tests.unit.exchange.recording.house import CALL, LEG, House

SHARE = Rule(Wish.YES, 20)


def silent_site(**recordings: Rule) -> Site:
    """No queue says yes; these levels of recordings.yaml say something of `one`."""
    site = House().site
    levels = {level: {"one": rule} for level, rule in recordings.items()}
    return replace(site, recordings=replace(site.recordings, **levels))


def informed(**known: object) -> LiveCall:
    return LiveCall(CALL, **{"did": "6017436967", "notice": "v", **known})  # type: ignore[arg-type]


@pytest.mark.parametrize("wish", list(Wish))
def test_whether_any_talk_may_ever_be_recorded(wish: Wish) -> None:
    may = wish in (Wish.FORCE, Wish.YES, Wish.ON_DEMAND)
    assert may_ever(House(wish).site) is may
    for level in ("directions", "numbers", "agents"):
        assert may_ever(silent_site(**{level: Rule(wish)})) is may
    assert not may_ever(silent_site())


def test_each_level_says_its_own_of_a_talk() -> None:
    site = silent_site(numbers=SHARE, agents=Rule(Wish.FORCE), directions=Rule(Wish.NO))
    said = said_of(site, informed(did="one", wish=("on demand", "s")), "servicio", "one")
    assert said == {
        Level.NUMBER: Said(Level.NUMBER, "one", SHARE),
        Level.AGENT: Said(Level.AGENT, "one", Rule(Wish.FORCE)),
        Level.QUEUE: Said(Level.QUEUE, "servicio", Rule(Wish.NO)),
        Level.STEP: Said(Level.STEP, "s", Rule(Wish.ON_DEMAND)),
    }
    assert said_of(site, informed(), "no queue", "two") == {}


@pytest.mark.parametrize(("did", "direction"), [("6017436967", "inbound"), ("*71", "internal")])
def test_a_phone_of_the_house_that_calls_a_queue_is_internal(did: str, direction: str) -> None:
    site = silent_site()
    site = replace(site, recordings=replace(site.recordings, directions={direction: SHARE}))
    assert said_of(site, informed(did=did), "", "") == {Level.DIRECTION: Said(Level.DIRECTION, direction, SHARE)}


@pytest.mark.parametrize(
    ("known", "room", "why"),
    [
        ({}, True, Why.YES),
        ({"notice": None}, True, Why.NO_NOTICE),
        ({"declined": True}, True, Why.DECLINED),
        ({"wish": ("never", "s")}, True, Why.NEVER),
        ({}, False, Why.NO_ROOM),
    ],
)
def test_the_call_and_the_disk_decide_with_the_rules(known: dict[str, object], room: bool, why: Why) -> None:
    assert ruling_of(House(Wish.YES).site, informed(**known), "servicio", "101", room).why is why


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("room", [False, True])
@pytest.mark.parametrize("why", list(Why))
def test_what_the_leg_of_an_offer_is_told(why: Why, room: bool, inside: bool) -> None:
    rec = rec_of(Ruling(why), LiveCall(CallId("c"), did="*71" if inside else "6017436967"), room)
    if why in (Why.FORCED, Why.YES):
        assert rec == RECORDED
    elif room and (inside or why in (Why.ON_DEMAND, Why.NOT_DRAWN)):
        assert rec == SILENT
    else:
        assert rec == NOT


def test_the_journal_hears_who_decided_first_and_what_else_was_said() -> None:
    by, other = Said(Level.AGENT, "101", SHARE), Said(Level.QUEUE, "servicio", Rule(Wish.NO))
    fact = fact_of(Ruling(Why.NOT_DRAWN, by, (other,)), ManualClock().now(), informed(), LEG, "servicio", "101")
    assert fact.said == ("agent|101|yes|20 %", "queue|servicio|no") and not fact.record and fact.why == "not drawn"
    assert (fact.at, fact.call, fact.leg, fact.queue, fact.agent) == (ManualClock().now(), CALL, LEG, "servicio", "101")
    nobody = fact_of(Ruling(Why.DECLINED, None, (other,)), fact.at, informed(), LEG, "servicio", "101")
    assert nobody.said == ("queue|servicio|no",)

"""Queues and agents that change while callers wait and phones ring."""

from dataclasses import replace

from acd.codec import decode, encode
from acd.config import SECOND, AgentConfig, EngineConfig, Need
from acd.decisions import BeginWrapUp, Decision, EndVisit, MakeOffer
from acd.dispatcher import Dispatcher
from acd.engine import Engine
from acd.facts import CallerJoined, DeviceSeen, EngineStarted, OfferBridged, Reconfigured, TalkEnded
from acd.journal.memory import MemoryJournal
from acd.model import AgentId, CallId, DeviceState, SkillId, VisitId, VisitOutcome
from acd.testing import RememberingTelephone
from ivr.testing.clock import ManualClock
from tests.tools import run
from tests.unit.acd.floor import AT, SERVICE, SITE, TREASURY, Floor, offered, visit

WITH_301 = replace(SITE, agents=(*SITE.agents, AgentConfig(id=AgentId("301"), skills={SkillId("servicio"): 1})))
WITHOUT_101 = replace(SITE, agents=SITE.agents[1:])
WITHOUT_SERVICE = replace(SITE, queues=SITE.queues[1:])


def change(floor: Floor, config: EngineConfig, **devices: DeviceState) -> tuple[Decision, ...]:
    seen = tuple(DeviceSeen(agent=AgentId(name.removeprefix("a")), state=state) for name, state in devices.items())
    return floor.tell(Reconfigured, config=config.text, devices=seen)


def test_a_new_agent_gets_the_caller_who_waits() -> None:
    floor = Floor("101")
    floor.talk("one")
    assert offered(floor.joins("two")) == []
    assert offered(change(floor, WITH_301)) == [], "nobody has heard of the phone"
    floor.phone("301")
    assert [v.visit for v in floor.engine.waiting(SERVICE)] == []
    floor = Floor("101")
    floor.talk("one")
    floor.joins("two")
    assert offered(change(floor, WITH_301, a301=DeviceState.FREE)) == [("301", visit("two"))]


def test_an_agent_who_is_gone_finishes_the_talk_and_gets_nobody_after_it() -> None:
    floor = Floor("101", "102")
    floor.engine.agents()
    offer = floor.talk("one")
    talks = next(a.agent for a in floor.engine.agents() if a.offer == offer)
    gone = replace(SITE, agents=tuple(a for a in SITE.agents if a.id != talks))
    change(floor, gone)
    assert talks not in [a.agent for a in floor.engine.agents()]
    (wrap_up,) = floor.tell(TalkEnded, offer=offer)
    assert isinstance(wrap_up, BeginWrapUp) and wrap_up.agent == talks
    floor.after(60)
    (made,) = [d for d in floor.joins("two") if isinstance(d, MakeOffer)]
    assert made.agent != talks and all(other.who != talks for other in made.others)


def test_a_phone_that_rings_for_a_caller_may_answer_after_its_agent_is_gone() -> None:
    floor = Floor("101")
    (made,) = floor.joins("one")
    assert isinstance(made, MakeOffer)
    change(floor, WITHOUT_101)
    decided = floor.tell(OfferBridged, offer=made.offer)
    assert [d.outcome for d in decided if isinstance(d, EndVisit)] == [VisitOutcome.ANSWERED]


def test_who_waits_in_a_queue_that_is_gone_leaves_it_at_once() -> None:
    floor = Floor("101", "201")
    floor.talk("one")
    floor.joins("two")
    floor.talk("three", TREASURY)
    (ended,) = [d for d in change(floor, WITHOUT_SERVICE) if isinstance(d, EndVisit)]
    assert (ended.visit, ended.outcome, ended.why) == (visit("two"), VisitOutcome.OVERFLOWED, "nobody there")


def test_less_patience_counts_from_the_beginning_of_the_wait() -> None:
    floor = Floor("101")
    floor.talk("one")
    floor.joins("two")
    floor.after(30)
    impatient = replace(SITE, queues=(replace(SITE.queues[0], longest_wait_us=20 * SECOND), SITE.queues[1]))
    (ended,) = [d for d in change(floor, impatient) if isinstance(d, EndVisit)]
    assert (ended.visit, ended.why, ended.wait_us) == (visit("two"), "waited too long", 30 * SECOND)


def test_callers_keep_their_places_and_agents_their_order() -> None:
    floor = Floor("101", "102")
    floor.talk("x")
    floor.talk("y")
    for name in ("one", "two", "three"):
        floor.joins(name)
    change(floor, replace(SITE, queues=tuple(reversed(SITE.queues)), agents=tuple(reversed(SITE.agents))))
    assert [v.visit for v in floor.engine.waiting(SERVICE)] == [visit(name) for name in ("one", "two", "three")]


def test_skills_that_change_open_and_close_a_queue() -> None:
    floor = Floor("101")
    floor.joins("one", TREASURY)
    assert [d.why for d in floor.joins("two", TREASURY) if isinstance(d, EndVisit)] == ["nobody there"]
    able = replace(SITE.agents[0], skills={SkillId("servicio"): 5, SkillId("tesoreria"): 3})
    change(floor, replace(SITE, agents=(able, *SITE.agents[1:])))
    assert offered(floor.joins("three", TREASURY)) == [("101", visit("three"))]


def test_the_fact_goes_through_the_journal() -> None:
    seen = DeviceSeen(agent=AgentId("301"), state=DeviceState.FREE)
    fact = Reconfigured(at=AT, t=1, config=WITH_301.text, devices=(seen,))
    assert decode(encode(fact)) == fact
    assert EngineConfig.parse(WITH_301.text) == WITH_301


@run
async def test_each_entry_is_folded_under_what_was_in_force_then() -> None:
    """A journal of a day with changes gives the same engine back, whatever the next start is configured with."""
    journal, clock = MemoryJournal(), ManualClock()
    first = await started(journal, clock, SITE)
    first.tell(CallerJoined, visit=VisitId("one/1"), call=CallId("one"), queue=SERVICE)
    first.tell(Reconfigured, config=WITHOUT_SERVICE.text)
    first.tell(Reconfigured, config=WITH_301.text)
    await first.settled()
    state = first.engine.snapshot()
    again = Dispatcher(Engine(SITE), journal, RememberingTelephone(), clock, node="n1")
    entries = [entry async for entry in journal.read()]
    engine = Engine(EngineConfig(queues=(), agents=()))
    for entry in entries:
        engine.fold(decode(entry.event), [decode(d) for d in entry.decisions])
    assert engine.snapshot() == state and engine.config == WITH_301
    await again.recover()
    assert again.engine.config == SITE
    (start,) = [decode(entry.event) async for entry in journal.read(after=len(entries))]
    assert isinstance(start, EngineStarted) and EngineConfig.parse(start.config) == SITE
    await again.close()
    third = await started(journal, clock, WITHOUT_101)
    assert [a.agent for a in third.engine.agents()] == ["102", "201"]
    await third.close()


async def started(journal: MemoryJournal, clock: ManualClock, config: EngineConfig) -> Dispatcher:
    dispatcher = Dispatcher(Engine(config), journal, RememberingTelephone(), clock, node="n1")
    await dispatcher.recover()
    return dispatcher


def test_a_text_that_is_no_configuration() -> None:
    for text in ("", "{}", "[]", '{"queues": [1], "agents": []}', '{"queues": [{"id": "a"}], "agents": []}'):
        try:
            EngineConfig.parse(text)
        except ValueError:
            continue
        raise AssertionError(text)
    newer = SITE.text.replace('{"agents":[{', '{"a setting of tomorrow":1,"agents":[{"another":2,')
    assert newer != SITE.text
    assert EngineConfig.parse(newer) == SITE
    assert (Need(skill=SkillId("servicio")),) in EngineConfig.parse(SITE.text).queues[0].needs

"""The story of one call, and what would have answered it sooner."""

import dataclasses
from datetime import UTC, datetime, timedelta
from string import Formatter

import pytest

from acd import decisions, facts
from acd.config import SECOND, AgentConfig, EngineConfig, QueueConfig, Step
from acd.model import AgentId, CallId, QueueId
from ivr.call import facts as c
from ivr.explanation import Explanation
from ivr.explanation.told import _TOLD
from ivr.explanation.words import _TEXTS
from ivr.site.overrides import OverrideSet
from tests.property.days import START, Caller, Script, play

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CALL = CallId("n1-1.1")


def test_a_call_that_found_the_company_closed_by_somebody_says_by_whom() -> None:
    explanation = Explanation(CALL)
    entered = c.StepEntered(at=AT, call=CALL, flow="principal", step="horario", verb="hours")
    played = c.StepEntered(at=AT, call=CALL, flow="principal", step="cerrado", verb="play")
    closed = OverrideSet(at=AT - timedelta(hours=1), timetable="oficina", state="closed", by="cli", who="ana", why="x")
    other = OverrideSet(at=AT - timedelta(hours=1), timetable="bodega", state="open", by="telephone", who="101")
    ended = OverrideSet(at=AT, timetable="bodega", state="none", by="clock", who="")
    for event in (closed, other, ended, entered, played):
        explanation.take(event, ())
    told = [(line.depth, line.text) for line in explanation.lines]
    assert told == [
        (0, "step horario (hours)"),
        (2, "the timetable oficina was overridden: closed, by cli ana (x)"),
        (0, "step cerrado (play)"),
    ]


def test_other_calls_and_overrides_are_not_its_story() -> None:
    explanation = Explanation(CALL)
    explanation.take(OverrideSet(at=AT, timetable="oficina", state="closed", by="cli", who="ana"), ())
    other = CallId("n1-2.2")
    explanation.take(c.StepEntered(at=AT, call=other, flow="principal", step="horario", verb="hours"), ())
    assert explanation.lines == []


NESTED = {facts.CallerSeen, facts.LegSeen, facts.DeviceSeen, facts.Fact, decisions.PassedOver, c.CallFact}


def test_there_are_words_for_every_event_of_engine_and_calls() -> None:
    events = {
        kind
        for module in (facts, decisions, c)
        for kind in vars(module).values()
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == module.__name__
    }
    assert events - NESTED - _TOLD.keys() == set()


@pytest.mark.parametrize("key", _TEXTS)
def test_both_languages_tell_the_same(key: str) -> None:
    spanish, english = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in _TEXTS[key])
    assert spanish == english


def a_morning() -> Script:
    """101 is at lunch, 102 never answers, 103 serves another queue too; who waits for 30 s may have 201."""
    names = [AgentId(name) for name in ("101", "102", "103", "201")]
    servicio = QueueConfig(
        id=QueueId("servicio"),
        agents=tuple(names[:3]),
        steps=(Step(after_us=30 * SECOND, agents=(names[3],)),),
    )
    config = EngineConfig(
        queues=(servicio, QueueConfig(id=QueueId("cartera"), agents=(names[2],))),
        agents=tuple(AgentConfig(id=name) for name in names),
    )

    def told(seconds: int, kind: type[facts.Fact], agent: str, **more: str) -> tuple[int, facts.Fact]:
        t = seconds * SECOND
        return t, kind(at=START + timedelta(microseconds=t), t=t, agent=AgentId(agent), **more)  # type: ignore[call-arg]

    return Script(
        config=config,
        callers=(
            Caller(call="ana", t=10 * SECOND, queue="servicio"),
            Caller(call="eva", t=20 * SECOND + 7, queue="servicio", priority=1),
            Caller(call=CALL, t=24 * SECOND + 3, queue="servicio"),
        ),
        deeds=(
            told(5, facts.AgentPaused, "101", reason="Almuerzo", by="telephone"),
            told(6, facts.AgentLoggedOut, "201"),
            told(45, facts.AgentLoggedIn, "201", by="command"),
        ),
        silent=frozenset({"102"}),
        end=900 * SECOND,
    )


def explained(script: Script, call: str, language: str) -> Explanation:
    explanation = Explanation(call, language)
    for fact, made in play(script).journal:
        explanation.take(fact, made)
    return explanation


def test_the_whole_story_of_a_caller_who_waited() -> None:
    explanation = explained(a_morning(), CALL, "en")
    assert [(line.depth, line.text) for line in explanation.lines][:21] == [
        (0, "joined queue servicio"),
        (2, "place 1 of 1"),
        (2, "not 101 (Almuerzo): paused"),
        (2, "not 102, 103: reserved"),
        (2, "not 201: logged out"),
        (0, "in another call: the offer failed: no answer"),
        (1, "ring agent 102 for 15.0 s (offer ppppppppppppp00000003)"),
        (2, "rule: longest idle"),
        (2, "not 101 (Almuerzo): paused"),
        (2, "not 103: reserved"),
        (2, "not 201: logged out"),
        (2, "before ana/1, who refused or missed this caller"),
        (0, "the offer failed: no answer"),
        (1, "offer to agent 102: no answer"),
        (0, "agent 201 logged in (command)"),
        (0, "a time limit was reached"),
        (1, "the circle widened to step 1: 201 too"),
        (1, "ring agent 201 for 15.0 s (offer ppppppppppppp00000005)"),
        (2, "rule: longest idle"),
        (2, "circle widened to step 1"),
        (2, "not 101 (Almuerzo): paused"),
    ]
    told = [line.text for line in explanation.lines]
    assert "agent 102 is paused by rule (no answer) for 1:00 min" in told
    assert "visit of queue servicio answered after 36.0 s by agent 201" in told
    assert explanation.helped() == [
        "Queue servicio: waited 36.0 s, answered by agent 201. Offers: 102 no answer, 201 answered.",
        "What would have answered the caller sooner, one thing at a time:",
        "  without the pause of 101 (Almuerzo): 30.0 s sooner, after 6.0 s (101)",
        "  with one more agent in the queue: 30.0 s sooner, after 6.0 s (the additional agent)",
        "  with the circle widened at once: 9.0 s sooner, after 27.0 s (201)",
    ]


def test_the_same_in_spanish() -> None:
    explanation = explained(a_morning(), "ana", "es-CO")
    told = [line.text for line in explanation.lines]
    assert told[:5] == [
        "espera en la cola servicio",
        "timbra el teléfono de 102 hasta 15.0 s (oferta ppppppppppppp00000001)",
        "regla: el que lleva más tiempo libre",
        "también libres: 103",
        "no 101 (Almuerzo): en pausa",
    ]
    assert "no 101 (Almuerzo), 102 (no contestó): en pausa" in told
    assert explanation.helped()[1:3] == [
        "Qué la habría atendido antes, una sola cosa cada vez:",
        "  sin timbrar a 102, que no contestó: 1:36 min antes, a los 6.0 s (103)",
    ]


def test_who_was_answered_at_once_is_told_so() -> None:
    explanation = explained(a_morning(), "eva", "en")
    assert explanation.helped()[-1].startswith("Nothing single would have answered the caller sooner")


def test_holds_transfers_and_the_agents_work_are_part_of_it() -> None:
    script = a_morning()
    journal = play(script).journal
    offer = next(d.offer for _, made in journal for d in made if isinstance(d, decisions.MakeOffer) and d.call == "eva")
    explanation = Explanation("eva")
    for fact, made in journal:
        explanation.take(fact, made)
        if isinstance(fact, facts.OfferBridged) and fact.offer == offer:
            held = facts.TalkHeld(at=fact.at, t=fact.t, offer=offer)
            later = facts.TalkResumed(at=fact.at + timedelta(seconds=12), t=fact.t, offer=offer)
            handed = c.TalkTransferred(at=fact.at, call=CallId("eva"), offer=offer, by="103", how="blind", to="cartera")
            for event in (held, later, handed):
                explanation.take(event, ())
    told = [line.text for line in explanation.lines]
    assert "the hold is over, after 12.0 s" in told
    assert "103 transferred the caller to cartera (blind)" in told
    assert told[-1] == "agent 103 is free again"

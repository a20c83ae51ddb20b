"""The verb `say`: a value in words, cut by a key, in the call's language."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from acd.model import CallId
from ivr.call.effects import Complain, Compute, Computed, Done, Effect, Input, Play, Played, Remember, Tell
from ivr.call.facts import PromptMissing
from ivr.call.story import CallInfo, Story
from ivr.expression import evaluate
from ivr.language import load_site
from ivr.site.values import UNKNOWN, Type, Unknown, Value
from ivr.speech import KINDS
from ivr.verbs.say import Say
from tests.unit.language.fixtures import GOOD

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def say(value: str, kind: str) -> Say:
    """The step as a flow writes it."""
    return Say.model_validate({"say": value, "as": kind, "then": "menu"})


def performed(
    step: Say,
    known: Mapping[str, Value | Unknown],
    *,
    language: str = "es-CO",
    keys: Mapping[str, str] | None = None,
    missing: str = "",
) -> tuple[list[Effect], Story]:
    """What the step asks for, and the story afterwards. `keys`: pressed while a prompt is heard."""
    site = load_site(GOOD / "config", GOOD / "flows").site
    assert site is not None
    flow = site.default_flow
    story = Story(site=site, flow=flow, info=CallInfo(call=CallId("n1-1.1"), did=""), at=AT, language=language)
    story.step, story.steps = "saldo", 7
    script, asked = step.script(story), []
    effect = next(script)
    while True:
        asked.append(effect)
        try:
            effect = script.send(_answer(effect, known, keys or {}, missing))
        except StopIteration as end:
            assert end.value == "menu"
            return asked, story


def _answer(effect: Effect, known: Mapping[str, Value | Unknown], keys: Mapping[str, str], missing: str) -> Input:
    match effect:
        case Compute(expression=expression):
            value = evaluate(expression, lambda name: known[name]) if known else None
            return Computed(value)
        case Play(prompt=prompt):
            there = prompt != missing
            return Played(key=keys.get(prompt), complete=there and prompt not in keys, missing=not there)
    assert isinstance(effect, Complain | Tell | Remember), effect
    return Done()


def heard(asked: list[Effect]) -> list[tuple[str, str]]:
    return [(effect.prompt, effect.language) for effect in asked if isinstance(effect, Play)]


def test_a_value_is_said_word_by_word() -> None:
    asked, _ = performed(say("saldo * 2", "money"), {"saldo": Decimal(500_000)})
    assert heard(asked) == [("palabra_un_millon", "es-CO"), ("palabra_de", "es-CO"), ("palabra_pesos", "es-CO")]


def test_it_is_said_in_the_calls_language() -> None:
    asked, _ = performed(say("vence", "date"), {"vence": date(2026, 12, 1)}, language="en")
    assert heard(asked) == [(f"word_{word}", "en") for word in ("december", "first", "twenty", "twenty", "six")]


def test_a_key_cuts_it_and_counts_in_the_next_menu() -> None:
    asked, story = performed(say("saldo", "number"), {"saldo": Decimal(2003)}, keys={"palabra_mil": "4"})
    assert [name for name, _ in heard(asked)] == ["palabra_dos", "palabra_mil"]
    assert (story.key, story.steps) == ("4", 0)


def test_without_a_key_nothing_is_kept() -> None:
    _, story = performed(say("saldo", "number"), {"saldo": Decimal(1)})
    assert (story.key, story.steps) == ("", 7)


def test_half_an_amount_is_not_said_to_its_end() -> None:
    asked, _ = performed(say("saldo", "money"), {"saldo": Decimal(2003)}, missing="palabra_mil")
    assert [name for name, _ in heard(asked)] == ["palabra_dos", "palabra_mil"]
    told = [effect.fact for effect in asked if isinstance(effect, Tell)]
    assert [fact.prompt for fact in told if isinstance(fact, PromptMissing)] == ["(a recorded word)"]


def test_what_cannot_be_said_is_left_out_and_the_complaint_hides_it() -> None:
    asked, _ = performed(say("documento", "digits"), {"documento": "AB1234567"})
    assert heard(asked) == []
    (complaint,) = [effect for effect in asked if isinstance(effect, Complain)]
    assert complaint.problem == "cannot be said"
    assert complaint.detail.endswith("/saldo: only digits, * and # can be said one by one")


def test_a_value_that_cannot_be_computed_is_left_out() -> None:
    asked, _ = performed(say("saldo", "number"), {})
    assert heard(asked) == []
    assert [effect.problem for effect in asked if isinstance(effect, Complain)] == ["cannot be computed"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_proof_hears_something_for_what_nobody_knows(kind: str) -> None:
    asked, _ = performed(say("saldo", kind), {"saldo": UNKNOWN})
    assert heard(asked)


@pytest.mark.parametrize("kind", KINDS)
def test_the_expression_must_have_a_type_that_can_be_said_so(kind: str) -> None:
    (use,) = say("saldo", kind).uses()
    assert (use.path, use.wants) == (("say",), KINDS[kind])
    assert Type.YES_NO not in use.wants


@pytest.mark.parametrize("wrong", [{"as": "roman"}, {"as": ["number"]}, {"say": "saldo +"}, {}])
def test_what_is_written_wrong_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Say.model_validate({"say": "saldo", "then": "menu", **wrong})


def test_the_ways_are_listed_when_one_is_unknown() -> None:
    with pytest.raises(ValidationError, match="'roman' is no way to say something: write number, digits, date"):
        say("saldo", "roman")

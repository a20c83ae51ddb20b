"""The step `look up`: what it asks for, and each of its exits."""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from acd.model import CallId
from ivr.call.effects import Compute, Computed, Done, LookedUp, LookUp, Play, Played, Tell
from ivr.call.facts import SourceAsked
from ivr.call.story import CallInfo, Story
from ivr.language.load import load_site
from ivr.verbs.look_up import LookUpStep
from tests.unit.language.fixtures import GOOD

STEP = {
    "look up": "cartera",
    "with": {"documento": "cedula"},
    "answers": {"deuda": "saldo"},
    "found": "decir",
    "not found": "nadie",
    "too slow": "tarde",
    "failed": "mal",
}


def story() -> Story:
    site = load_site(GOOD / "config", GOOD / "flows").site
    assert site is not None
    flow = replace(site.flows["principal"])
    info = CallInfo(call=CallId("n1-1.1"), did="6017436967")
    return Story(
        site=site,
        flow=flow,
        info=info,
        at=datetime(2026, 11, 23, 15, tzinfo=UTC),
        language="es-CO",
        step="saldo",
        variables={"cedula": "900"},
    )


def ended(script: Generator[Any, Any, str], answer: Any) -> str:
    with pytest.raises(StopIteration) as end:
        script.send(answer)
    return str(end.value.value)


def asked(step: dict[str, Any], outcome: str, at: Story, values: dict[str, Any] | None = None) -> str:
    """Perform a step with this outcome; gives the next step."""
    script = LookUpStep.model_validate(step).script(at)
    compute = next(script)
    assert isinstance(compute, Compute) and str(compute.expression) == "cedula"
    assert script.send(Computed("900")) == LookUp("cartera", {"documento": "900"})
    told = script.send(LookedUp(outcome, values or {}))
    assert told == Tell(SourceAsked(at=at.at, call=at.info.call, step="saldo", source="cartera", outcome=outcome))
    return ended(script, Done())


@pytest.mark.parametrize(
    ("outcome", "then"), [("found", "decir"), ("not found", "nadie"), ("too slow", "tarde"), ("failed", "mal")]
)
def test_every_outcome_has_its_exit(outcome: str, then: str) -> None:
    at = story()
    assert asked(STEP, outcome, at, {"saldo": Decimal(5)}) == then
    assert at.variables.get("deuda") == (Decimal(5) if outcome == "found" else None)


def test_without_its_own_exit_too_slow_is_failed() -> None:
    assert asked({k: v for k, v in STEP.items() if k != "too slow"}, "too slow", story()) == "mal"


def test_a_key_pressed_in_the_prompt_meanwhile_is_kept_for_the_next_menu() -> None:
    at = story()
    script = LookUpStep.model_validate({**STEP, "meanwhile": "espera"}).script(at)
    assert isinstance(next(script), Play)
    assert isinstance(script.send(Played(key="3", complete=False)), Compute)
    assert at.key == "3"


def test_a_caller_who_has_gone_hears_no_prompt() -> None:
    at = story()
    at.hung_up = True
    assert isinstance(next(LookUpStep.model_validate({**STEP, "meanwhile": "espera"}).script(at)), Compute)

"""No exit of any verb without a caller who takes it: what the code has against what the live tests show.

The live tests (`tests/live/test_verbs_*.py`) declare the exits that they take, and prove each by the journal
(tests/live/evidence.py). Here the other half: read from the verbs themselves, everything is declared.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ivr.language.load import load_site
from ivr.site import Site
from ivr.site.targets import leaves
from ivr.verbs import VERBS
from ivr.verbs.ask import Ask
from ivr.verbs.goto import Goto
from ivr.verbs.play import Play
from ivr.verbs.step import Step
from ivr.verbs.words import Refers, Target
from tests.live.evidence import TARGETS, VERBS_SITE

LIVE = sorted((Path(__file__).parents[1] / "live").glob("test_verbs_*.py"))
SITES = (VERBS_SITE, Path(__file__).parents[2])

AT_ONCE = frozenset({"branch", "set", "language", "recording", "call", "goto", "hang up"})
"""Verbs in which no time passes: nobody can hang up in them. What they have `when hung up` is the same code."""

EVERYWHERE = "when hung up"


def settings(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The settings of a verb, as they are written."""
    return ((info.alias or name, info) for name, info in model.model_fields.items())


def refers(info: FieldInfo, kind: str) -> bool:
    """Whether a setting names something of this kind; also within what it is a list of (`branch`)."""
    if any(isinstance(mark, Refers) and mark.kind == kind for mark in info.metadata):
        return True
    inner = [part for part in get_args(info.annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
    return any(refers(field, kind) for part in inner for _, field in settings(part))


def exits_of(verb: type[Step]) -> set[str]:
    """Every way out of a step of this verb, read from its settings."""
    found = {setting for setting, info in settings(verb) if refers(info, "step") and setting != EVERYWHERE}
    for _, info in settings(verb):
        if get_origin(info.annotation) is Literal:
            found |= set(get_args(info.annotation))
    if verb.verb not in AT_ONCE:
        found.add(EVERYWHERE)
    if issubclass(verb, Goto):
        found.add("goto")
    if issubclass(verb, Ask):
        found |= {"back", "no key", "wrong key"}
    return {f"{verb.verb}: {way}" for way in found}


def to_be_heard(verb: type[Step]) -> set[str]:
    """Every prompt and every key of a step of this verb, and what `say` says."""
    found = {setting for setting, info in settings(verb) if refers(info, "prompt") or _is_key(info)}
    return {f"{verb.verb}: {setting}" for setting in found | ({"say"} & set(VERBS) & {verb.verb})}


def _is_key(info: FieldInfo) -> bool:
    """Whether a setting is one key of a telephone."""
    return any(getattr(mark, "pattern", None) == "[0-9*#]" for mark in info.metadata)


def declared(kind: str) -> set[str]:
    """What the live tests say that they take (`takes`) or hear (`heard`)."""
    modules = [importlib.import_module(f"tests.live.{path.stem}") for path in LIVE]
    tests = [test for module in modules for name, test in vars(module).items() if name.startswith("test_")]
    return {one for test in tests for one in getattr(test, kind, ())}


@pytest.fixture(scope="module")
def sites() -> list[Site]:
    """The tests' own site and the company's."""
    found = []
    for root in SITES:
        flows = root / "flows" if (root / "flows").is_dir() else root / "ivr" / "flows"
        checked = load_site(root / "config", flows)
        assert checked.site is not None, checked.problems
        found.append(checked.site)
    return found


def steps(sites: list[Site]) -> list[Step]:
    """All their steps."""
    return [step for site in sites for flow in site.flows.values() for step in flow.steps.values()]


def test_every_exit_of_every_verb_is_taken_by_a_caller() -> None:
    in_the_code = {way for verb in VERBS.values() for way in exits_of(verb)} | TARGETS
    assert declared("takes") - in_the_code == set(), "the code has no such exit"
    assert in_the_code - declared("takes") == set(), "no live test takes it; see tests/live/evidence.py"


def test_every_prompt_and_key_of_every_verb_is_heard_by_a_caller() -> None:
    in_the_code = {way for verb in VERBS.values() for way in to_be_heard(verb)}
    assert declared("heard") - in_the_code == set(), "no verb has such a prompt or key"
    assert in_the_code - declared("heard") == set(), "no live test hears it"


def test_every_setting_of_every_verb_stands_in_the_site_that_the_callers_call(sites: list[Site]) -> None:
    written = {(step.verb, name) for step in steps(sites[:1]) for name in step.model_fields_set}
    every = {(verb.verb, name) for verb in VERBS.values() for name in verb.model_fields}
    assert every - written - {(verb, "when_hung_up") for verb in AT_ONCE} == set()


def test_the_settings_tell_every_way_that_a_step_really_has(sites: list[Site]) -> None:
    for step in steps(sites):
        told = exits_of(type(step))
        assert {f"{step.verb}: {reference.path[0]}" for reference in step.exits()} <= told


def test_no_two_exits_of_a_step_lead_to_the_same_step(sites: list[Site]) -> None:
    for step in steps(sites[:1]):
        ways: dict[str, Any] = {}
        for reference in step.exits():
            if not leaves(reference.name):
                assert ways.setdefault(reference.name, reference.path[0]) == reference.path[0], step


def test_a_new_exit_without_a_caller_is_found() -> None:
    class Play2(Play):
        """With an exit that nobody takes."""

        again: Target = ""

    assert exits_of(Play2) - exits_of(Play) == {"play: again"}
    assert exits_of(Play2) - declared("takes") == {"play: again"}

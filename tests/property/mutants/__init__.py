"""Each rule of the engine taken out or bent, one at a time: what the invariants must notice.

A mutant is a function of pytest's monkeypatch. The modules of this folder register theirs in `MUTANTS` by name.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import acd.absorb
import acd.engine
import acd.rules
from acd.living import Agent, AgentStatus
from acd.state import State

Patch = Callable[[pytest.MonkeyPatch], None]
MUTANTS: dict[str, Patch] = {}
MOST_DECISIONS = 1_000


def mutant(patch: Patch) -> Patch:
    """Register a mutant under the name of its function."""
    MUTANTS[patch.__name__.replace("_", " ")] = patch
    return patch


def without(*kinds: type) -> Patch:
    """The engine never decides these."""
    return decided(lambda state, decision: None if isinstance(decision, kinds) else decision)


def decided(change: Callable[[State, Any], Any]) -> Patch:
    """Every decision is changed on its way, or left out when `change` gives None."""

    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = acd.rules.decide

        def decide(state: State) -> Iterator[Any]:
            for decision in bounded(real(state)):
                if (changed := change(state, decision)) is not None:
                    yield changed

        patcher.setattr(acd.engine, "decide", decide)

    return patch


def bounded(decisions: Iterator[Any]) -> Iterator[Any]:
    """A mutant may decide for ever: the invariants would notice at the first decision, if only they were asked."""
    for number, decision in enumerate(decisions):
        assert number < MOST_DECISIONS, "decides without end"
        yield decision


def deaf_to(kind: type) -> Patch:
    """The engine does not take in these facts."""
    return lambda patcher: patcher.setitem(acd.absorb._HANDLERS, kind, lambda state, fact: None)


def afterwards(kind: type, change: Callable[[State, Any], None]) -> Patch:
    """Something is done to the state after such a fact was taken in."""

    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = acd.absorb._HANDLERS[kind]

        def handler(state: State, fact: Any) -> None:
            real(state, fact)
            change(state, fact)

        patcher.setitem(acd.absorb._HANDLERS, kind, handler)

    return patch


def status(change: Callable[[State, Agent, AgentStatus], AgentStatus]) -> Patch:
    """Agents seem to do something else."""

    def patch(patcher: pytest.MonkeyPatch) -> None:
        real = State.status_of
        patcher.setattr(State, "status_of", lambda self, agent: change(self, agent, real(self, agent)))

    return patch


def available(*hidden: AgentStatus) -> Patch:
    """Who does this seems to be available."""
    return status(lambda state, agent, found: AgentStatus.AVAILABLE if found in hidden else found)

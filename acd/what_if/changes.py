"""One thing that might have been otherwise while a caller waited: what to try, and what it means for the engine."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from acd.config import AgentConfig, EngineConfig, QueueConfig
from acd.decisions import PauseAgent
from acd.facts import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentReady,
    CallerJoined,
    DeviceSeen,
    Fact,
    Reconfigured,
)
from acd.living import AgentStatus
from acd.model import AgentId, DeviceState, OfferResult, QueueId, VisitId
from acd.state import State
from acd.what_if.window import Window

NOT_PAUSED = "not paused"
LOGGED_IN = "logged in"
NO_WRAP_UP = "without wrap-up"
LOGGED_OUT = "logged out"  # a phone that nobody answers is not rung
ONE_MORE = "one more agent"
WIDENED = "widened at once"
NO_HEAD_START = "no head start of others"

KINDS = (NOT_PAUSED, LOGGED_IN, NO_WRAP_UP, LOGGED_OUT, ONE_MORE, WIDENED, NO_HEAD_START)

MOST_OF_A_KIND = 12
"""So many agents are tried for each kind of change; the first ones of the queue."""

NEWCOMER = AgentId("one more")
"""The agent whom nobody has hired."""

_MISSED = (OfferResult.NO_ANSWER, OfferResult.BUSY, OfferResult.REFUSED, OfferResult.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Change:
    """One of `KINDS`, from the caller's joining on; `agent` where the kind is about one."""

    kind: str
    agent: AgentId | None = None

    def config(self, config: EngineConfig, window: Window) -> EngineConfig:
        """The configuration with the change; the same object where it changes nothing."""
        match self.kind:
            case "one more agent":
                return _with_newcomer(config, window.queue)
            case "widened at once":
                return _each(config, lambda q: _widened(q) if q.id == window.queue else q)
            case "no head start of others":
                own = window.head_start(config)
                return _each(config, lambda q: replace(q, weight=min(q.weight, own)))
        return config

    def begin(self, state: State, config: EngineConfig, window: Window) -> Iterable[Fact]:
        """What the engine is told first."""
        if self.kind == NO_HEAD_START:
            for visit in state.visits.values():
                visit.priority = _capped(visit.priority, visit.queue, config, window)
        changed = self.config(config, window)
        if changed is not config or self.kind == NO_HEAD_START:
            devices = (DeviceSeen(agent=NEWCOMER, state=DeviceState.FREE),) if self.kind == ONE_MORE else ()
            yield Reconfigured(at=window.at, t=window.t, config=changed.text, devices=devices)

    def told(self, fact: Fact, config: EngineConfig, window: Window) -> Fact:
        """A recorded fact as it would have been."""
        if self.kind == NO_HEAD_START and isinstance(fact, CallerJoined) and fact.visit != window.visit:
            return replace(fact, priority=_capped(fact.priority, fact.queue, config, window))
        return fact

    def reflex(self, state: State) -> type[AgentReady] | type[AgentLoggedIn] | type[AgentLoggedOut] | None:
        """What the agent would do at once, as things stand; asked again until it is None."""
        agent = state.agents.get(self.agent) if self.agent is not None else None
        if agent is None:
            return None
        if self.kind == NOT_PAUSED and agent.status is AgentStatus.PAUSED:
            return AgentReady
        if self.kind == NO_WRAP_UP and agent.status is AgentStatus.WRAP_UP and not agent.paused:
            return AgentReady
        if self.kind == LOGGED_IN and not agent.logged_in:
            return AgentLoggedIn
        if self.kind == LOGGED_OUT and agent.logged_in:
            return AgentLoggedOut
        return None


def possible(window: Window, config: EngineConfig, missed: Sequence[AgentId]) -> list[Change]:
    """What could have helped this caller. `missed`: agents who did not take the offer of this caller."""
    queue = next((q for q in config.queues if q.id == window.queue), None)
    if queue is None:
        return []
    rings = config.rings(queue)
    order = sorted(rings, key=lambda name: rings[name])
    paused, away, wrapping = _kept_away(window)
    changes = [Change(NOT_PAUSED, name) for name in order if name in paused][:MOST_OF_A_KIND]
    changes += [Change(LOGGED_IN, name) for name in order if name in away][:MOST_OF_A_KIND]
    changes += [Change(NO_WRAP_UP, name) for name in order if name in wrapping][:MOST_OF_A_KIND]
    changes += [Change(LOGGED_OUT, name) for name in missed if name in rings][:MOST_OF_A_KIND]
    if window.only is None:
        changes.append(Change(ONE_MORE))
        if any(step.after_us or step.when for step in queue.steps):
            changes.append(Change(WIDENED))
        if _others_ahead(window, config):
            changes.append(Change(NO_HEAD_START))
    return changes


def _kept_away(window: Window) -> tuple[set[AgentId], set[AgentId], set[AgentId]]:
    """Who was paused, logged out or in wrap-up at some time while the caller waited."""
    paused = {one.agent for one in window.agents if one.reason}
    away = {one.agent for one in window.agents if not one.logged_in}
    wrapping = {one.agent for one in window.agents if one.status is AgentStatus.WRAP_UP}
    for fact, decisions in window.entries:
        if isinstance(fact, AgentPaused):
            paused.add(fact.agent)
        elif isinstance(fact, AgentLoggedOut):
            away.add(fact.agent)
        for decision in decisions:
            if isinstance(decision, PauseAgent):
                paused.add(decision.agent)
        wrapping.update(window.wrapping(decisions))
    return paused, away, wrapping


def _others_ahead(window: Window, config: EngineConfig) -> bool:
    """Whether anybody had a longer head start than this caller."""
    own = window.head_start(config)
    weights = {q.id: q.weight for q in config.queues}
    if any(one.priority + weights.get(one.queue, 0) > own for one in window.callers):
        return True
    return any(
        isinstance(fact, CallerJoined) and fact.priority + weights.get(fact.queue, 0) > own
        for fact, _ in window.entries
        if getattr(fact, "visit", VisitId("")) != window.visit
    )


def _capped(priority: int, queue: QueueId, config: EngineConfig, window: Window) -> int:
    own = window.head_start(config)
    weight = next((min(q.weight, own) for q in config.queues if q.id == queue), 0)
    return max(0, min(priority, own - weight))


def _each(config: EngineConfig, changed: Callable[[QueueConfig], QueueConfig]) -> EngineConfig:
    return replace(config, queues=tuple(changed(q) for q in config.queues))


def _widened(queue: QueueConfig) -> QueueConfig:
    return replace(queue, steps=tuple(replace(step, after_us=0, when=()) for step in queue.steps))


def _with_newcomer(config: EngineConfig, queue: QueueId) -> EngineConfig:
    if any(agent.id == NEWCOMER for agent in config.agents):
        return config
    queues = tuple(replace(q, agents=(*q.agents, NEWCOMER)) if q.id == queue else q for q in config.queues)
    return replace(config, queues=queues, agents=(*config.agents, AgentConfig(id=NEWCOMER)))

"""Who serves the queues of queues.yaml, found by skill: as `acd.config.EngineConfig.rings` does, for large files."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

from ivr.language.queue_words import as_needs
from ivr.language.queues import QueueFile, QueuesFile
from ivr.site import Need, Needs, Widening

T = TypeVar("T")


class Staff:
    """The agents of a file and the queues that they serve. What does not exist is left out everywhere."""

    def __init__(self, model: QueuesFile) -> None:
        self._model = model
        self._order = {extension: place for place, extension in enumerate(model.agents)}
        self._levels: dict[str, dict[str, int]] = {}  # skill -> agent -> level
        for extension, agent in model.agents.items():
            for skill, level in agent.skills.items():
                self._levels.setdefault(skill, {})[extension] = level

    @cached_property
    def best(self) -> Mapping[str, int]:
        """Each skill that somebody has, and the highest level of it."""
        return {skill: max(levels.values()) for skill, levels in self._levels.items()}

    def with_all(self, needs: Iterable[Need]) -> frozenset[str]:
        """The agents who have every one of these skills."""
        found: frozenset[str] | None = None
        for need in needs:
            levels = self._levels.get(need.skill, {})
            among = levels if found is None else found & levels.keys()
            found = frozenset(agent for agent in among if levels[agent] >= need.level)
        return found or frozenset()

    def with_any(self, needs: Needs) -> frozenset[str]:
        """The agents who meet one of the alternatives."""
        return frozenset().union(*map(self.with_all, needs))

    def widenings(self, queue: QueueFile) -> Iterator[Widening]:
        """The steps of a queue in the file's order, with everybody of the queues that they name."""
        for step in queue.widen:
            others = [self._model.queues[name] for name in step.also if name in self._model.queues]
            named = (*step.also, *(agent for other in others for agent in other.agents))
            yield Widening(
                after=step.after,
                needs=unique(as_needs(step.needs), *(as_needs(other.needs) for other in others)),
                agents=self.known(named),
                when=step.when,
            )

    def known(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those that are agents, each once."""
        return unique(name for name in names if name in self._order)

    @cached_property
    def rings(self) -> Mapping[str, Mapping[str, int]]:
        """Queue -> everybody who serves it at some time: 0 from the start, n from the nth step on; in the file's
        order."""
        return {name: self._rings(queue) for name, queue in self._model.queues.items()}

    def _rings(self, queue: QueueFile) -> Mapping[str, int]:
        circles = [(as_needs(queue.needs), self.known(queue.agents))]
        circles += [(step.needs, step.agents) for step in self.widenings(queue)]
        found: dict[str, int] = {}
        for number, (needs, named) in enumerate(circles):
            for agent in self.with_any(needs).union(named):
                found.setdefault(agent, number)
        return {agent: found[agent] for agent in sorted(found, key=self._order.__getitem__)}


def unique(*several: Iterable[T]) -> tuple[T, ...]:
    """Each once, in order."""
    return tuple(dict.fromkeys(one for items in several for one in items))

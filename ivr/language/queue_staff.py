"""Who serves the queues of queues.yaml, found by skill: as `acd.config.EngineConfig.rings` does, for large files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import TypeVar

from ivr.language.queue_words import as_needs
from ivr.language.queues import QueueFile, QueuesFile
from ivr.site import Need, Needs, Widening

T = TypeVar("T")
_NOBODY: frozenset[str] = frozenset()


class Staff:
    """The agents of a file and the queues that they serve. What does not exist is left out everywhere."""

    def __init__(self, model: QueuesFile) -> None:
        self._model = model
        self._order = {extension: place for place, extension in enumerate(model.agents)}
        has: dict[Need, set[str]] = {}
        self.best: dict[str, int] = {}
        """Each skill that somebody has, and the highest level of it."""
        for extension, agent in model.agents.items():
            for skill, level in agent.skills.items():
                self.best[skill] = max(level, self.best.get(skill, 0))
                for least in range(1, level + 1):
                    has.setdefault(Need(skill=skill, level=least), set()).add(extension)
        self._has = {need: frozenset(who) for need, who in has.items()}

    def with_all(self, needs: Sequence[Need]) -> frozenset[str]:
        """The agents who have every one of these skills."""
        first, *others = (self._has.get(need, _NOBODY) for need in needs)
        return first.intersection(*others)

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

    def rings(self, queue: QueueFile) -> Mapping[str, int]:
        """Everybody who serves a queue at some time: 0 from the start, n from the nth step on; in the file's order.
        Not kept: all of them would be large."""
        circles = [(as_needs(queue.needs), self.known(queue.agents))]
        circles += [(step.needs, step.agents) for step in self.widenings(queue)]
        found: dict[str, int] = {}
        for number, (needs, named) in reversed(list(enumerate(circles))):
            found.update(dict.fromkeys(self.with_any(needs).union(named), number))
        return {agent: found[agent] for agent in self._order if agent in found}

    @cached_property
    def queues_of(self) -> Mapping[str, int]:
        """Agent -> how many queues are served; who serves none is not there."""
        return Counter(chain.from_iterable(self.rings(queue) for queue in self._model.queues.values()))


def unique(*several: Iterable[T]) -> tuple[T, ...]:
    """Each once, in order."""
    return tuple(dict.fromkeys(one for items in several for one in items))

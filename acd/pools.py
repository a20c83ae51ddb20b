"""Agents who are available, in the order in which a queue's strategy takes them."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING
from zlib import crc32

from acd.config import LONGEST_IDLE, RANDOM, ROUND_ROBIN
from acd.model import AgentId

if TYPE_CHECKING:
    from acd.circles import Queue, Seat
    from acd.living import Agent

Key = tuple[int, ...]

CYCLIC = frozenset({ROUND_ROBIN, RANDOM})
"""Strategies that begin somewhere in the order and go round."""

_MASK = (1 << 64) - 1


class Pool:
    """The available agents of one ring of a queue, sorted by the strategy's key."""

    __slots__ = ("_keys", "items")

    def __init__(self) -> None:
        self.items: list[tuple[Key, AgentId]] = []
        self._keys: dict[AgentId, Key] = {}

    def add(self, agent: AgentId, key: Key) -> None:
        """An agent has become available."""
        self._keys[agent] = key
        insort(self.items, (key, agent))

    def discard(self, agent: AgentId) -> None:
        """An agent, perhaps one of these, is not available any more."""
        key = self._keys.pop(agent, None)
        if key is not None:
            del self.items[bisect_left(self.items, (key, agent))]

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, agent: object) -> bool:
        return agent in self._keys

    def pick(self, queue: "Queue", tried: Container[AgentId]) -> AgentId | None:
        """The first choice among those who have not tried. Not for an empty pool."""
        if not tried and queue.config.strategy not in CYCLIC:
            return self.items[0][1]
        return next((agent for agent in self._order(queue) if agent not in tried), None)

    def _order(self, queue: "Queue") -> Iterator[AgentId]:
        items, start = self.items, self._start(queue)
        for index in range(start, len(items)):
            yield items[index][1]
        for index in range(start):
            yield items[index][1]

    def _start(self, queue: "Queue") -> int:
        strategy = queue.config.strategy
        if strategy == ROUND_ROBIN:
            start = bisect_right(self.items, queue.last_position, key=lambda item: item[0][0])
            return start % len(self.items)
        if strategy == RANDOM:
            return splitmix64(crc32(queue.config.id.encode()) ^ queue.turns) % len(self.items)
        return 0


def key_of(seat: "Seat", agent: "Agent") -> Key:
    """Where an available agent stands in the pool of a queue's ring: smaller is taken first."""
    ready = agent.ready or 0
    strategy = seat.queue.config.strategy
    if strategy == LONGEST_IDLE:
        return (ready,)
    match strategy:
        case "fewest calls":
            return (agent.calls, ready)
        case "least talk time":
            return (agent.talk_us, ready)
        case "linear" | "round robin" | "random":
            return (seat.position,)
        case "best skill":
            return (-seat.level, ready)
        case "weighted":
            return ((agent.calls + 1) * 1_000_000 // seat.weight, ready)
    return (ready,)


def splitmix64(number: int) -> int:
    """A number that looks random and depends on nothing but the argument: 64 bits.

    Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
    """
    z = (number + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)

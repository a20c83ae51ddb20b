"""Who serves which queue from which step on, and what a queue counts."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acd.config import AgentConfig, Condition, EngineConfig, Needs, QueueConfig, meets
from acd.lanes import Lane, Place
from acd.model import AgentId, Doors, QueueId, VisitId
from acd.pools import Pool

if TYPE_CHECKING:
    from acd.living import Visit


NOBODY: "tuple[Place, Visit | None]" = ((1 << 62, 0), None)


@dataclass(slots=True, eq=False)
class Queue:
    """A configured queue with its indexes."""

    config: QueueConfig
    rings: dict[AgentId, int]  # everybody who serves the queue at some step, in the order of the configuration
    members: tuple[AgentId, ...]
    lanes: list[Lane]  # callers who wait, by the step of their circle
    pools: list[Pool]  # agents who are available, by ring
    awaiting: list[dict[VisitId, "Visit"]]  # callers whose time for the step n + 1 has come: its conditions lack
    first: "tuple[Place, Visit | None]"  # who waits at the earliest place
    kept: Lane = field(default_factory=Lane)  # callers who wait for the agent of last time
    living: dict[VisitId, "Visit"] = field(default_factory=dict)
    oldest: list[tuple[int, int, "Visit"]] = field(default_factory=list)  # heap, only where a condition asks for it
    parked: int = 0  # of the living ones
    standing: int = 0  # of the living ones: those with no phone ringing, who may be sent away
    idle: int = 0  # agents who are available, in all rings
    logged_in: int = 0
    there: int = 0
    nobody_since: int | None = None
    doors: Doors = Doors.OPEN
    turns: int = 0  # offers made
    last_offered: AgentId | None = None
    last_position: int = -1
    answered: int = 0  # today
    in_time: int = 0
    abandoned: int = 0

    @property
    def service_level(self) -> int:
        """Percent of today's callers, whole, who were answered in time; 100 before the first."""
        offered = self.answered + self.abandoned
        return 100 * self.in_time // offered if offered else 100

    @property
    def waiting(self) -> int:
        """How many callers wait or are offered."""
        return len(self.living) - self.parked

    def arrived(self, visit: "Visit") -> None:
        """A caller has joined."""
        self.living[visit.id] = visit
        self.parked += visit.parked
        if any(c.what == "longest wait" for step in self.config.steps for c in step.when):
            heapq.heappush(self.oldest, (visit.joined, visit.seq, visit))

    def left(self, visit: "Visit") -> None:
        """The caller has left."""
        del self.living[visit.id]
        self.parked -= visit.parked
        for waiting in self.awaiting:
            waiting.pop(visit.id, None)
        self._forget_who_left()

    def look_up_first(self) -> None:
        """Find the first caller who waits anew, after a change of the lanes."""
        self.first = NOBODY
        for lane in (*self.lanes, self.kept):
            if lane.items and lane.items[0][0] < self.first[0]:
                self.first = lane.items[0]

    def holds(self, condition: Condition, t: int) -> bool:
        """Whether a condition of a step holds at engine time `t`."""
        match condition.what:
            case "waiting":
                value = self.waiting
            case "longest wait":
                first = self._first_joined()
                value = t - first if first is not None else 0
            case "idle":
                value = self.idle
            case _:
                value = self.service_level
        return value <= condition.value if condition.most else value >= condition.value

    def next_longest_wait(self, t: int) -> int | None:
        """When a condition about the longest wait of those that callers await turns over, if nothing else happens."""
        first = self._first_joined()
        if first is None:
            return None
        wanted = [
            first + condition.value + condition.most
            for number, step in enumerate(self.config.steps)
            if self.awaiting[number]
            for condition in step.when
            if condition.what == "longest wait"
        ]
        return min((due for due in wanted if due > t), default=None)

    def _forget_who_left(self) -> None:
        while self.oldest and self.oldest[0][2].id not in self.living:
            heapq.heappop(self.oldest)

    def _first_joined(self) -> int | None:
        """When the one who waits longest has joined. Parked callers come back into question when they return."""
        if self.oldest and not self.oldest[0][2].parked:
            return self.oldest[0][0]
        return min((joined for joined, _, v in self.oldest if v.id in self.living and not v.parked), default=None)


@dataclass(frozen=True, slots=True, eq=False)
class Seat:
    """An agent's part in a queue: from which step on, and what the strategies ask."""

    queue: Queue
    ring: int
    level: int
    position: int
    weight: int


def circles(
    config: EngineConfig, known: Mapping[QueueId, Queue]
) -> tuple[dict[QueueId, Queue], dict[AgentId, tuple[Seat, ...]]]:
    """The queues of a configuration, empty but with what they counted so far, and the seats of every agent."""
    queues = {one.id: _queue(config, one, known.get(one.id)) for one in config.queues}
    serves = {}
    for position, agent in enumerate(config.agents):
        serves[agent.id] = tuple(
            Seat(queue, queue.rings[agent.id], _level(agent, queue), position, max(1, agent.weight))
            for queue in queues.values()
            if agent.id in queue.rings
        )
    for queue in queues.values():
        order = [agent.id for agent in config.agents]
        queue.last_position = order.index(queue.last_offered) if queue.last_offered in order else -1
    return queues, serves


def _queue(config: EngineConfig, one: QueueConfig, known: Queue | None) -> Queue:
    count = 1 + len(one.steps)
    rings = config.rings(one)
    queue = Queue(
        one,
        rings,
        tuple(rings),
        [Lane() for _ in range(count)],
        [Pool() for _ in range(count)],
        [{} for _ in one.steps],
        NOBODY,
    )
    if known is not None:
        queue.nobody_since, queue.doors = known.nobody_since, known.doors
        queue.turns, queue.last_offered = known.turns, known.last_offered
        queue.answered, queue.in_time, queue.abandoned = known.answered, known.in_time, known.abandoned
    return queue


def _level(agent: AgentConfig, queue: Queue) -> int:
    """The sum of the agent's levels in what the circle of his ring asks for: its best alternative for him."""
    ring = queue.rings[agent.id]
    needs: Needs = queue.config.needs if ring == 0 else queue.config.steps[ring - 1].needs
    sums = [sum(agent.skills.get(n.skill, 0) for n in one) for one in needs if meets(agent, (one,))]
    return max(sums, default=0)

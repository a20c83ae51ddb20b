"""The house as the second model sees it, and the questions that the rules ask. Slow and simple: nothing is indexed."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

from acd.config import AgentConfig, Condition, EngineConfig, Needs, QueueConfig, Step
from acd.model import DeviceState, Doors, OfferResult, VisitOutcome
from tests.property.shadow.people import Caller, Line, Phone, Worker

SEVERAL = ("ring all", "ring progressively")


@dataclass
class House:
    """Everything that was told and decided so far."""

    config: EngineConfig
    t: int = 0
    linked: bool = False
    facts: int = 0
    decisions: int = 0  # of the present fact
    workers: dict[str, Worker] = field(default_factory=dict)
    callers: dict[str, Caller] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)  # call -> its living visit
    phones: dict[str, Phone] = field(default_factory=dict)
    open_callers: list[Caller] = field(default_factory=list)  # of the callers, those who live
    open_phones: list[Phone] = field(default_factory=list)
    lines: dict[str, Line] = field(default_factory=dict)
    doors: dict[str, Doors] = field(default_factory=dict)
    day: str = ""
    idle: dict[str, tuple[int, int]] = field(default_factory=dict)  # available agent -> the moment of becoming so
    early: dict[str, str] = field(default_factory=dict)  # left before they were heard to join
    credit: dict[str, tuple[str, int, bool]] = field(default_factory=dict)  # call -> its latest: queue, since, answered
    regain: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)  # key, queue -> since, until
    ends: dict[str, tuple[VisitOutcome, str, int]] = field(default_factory=dict)
    results: dict[str, OfferResult] = field(default_factory=dict)
    # what the present fact asks for
    present: list[Caller] = field(default_factory=list)  # who lived when it was heard
    joining: str | None = None
    refused: str = ""  # why who joins may not wait
    orphans: list[str] = field(default_factory=list)
    stranded: dict[str, str] = field(default_factory=dict)
    displaced: list[str] = field(default_factory=list)
    swapped: str | None = None
    pauses: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    held: set[tuple[str, int]] = field(default_factory=set)  # steps whose conditions held all through this fact

    def __post_init__(self) -> None:
        self.reconfigure(self.config)

    def reconfigure(self, config: EngineConfig) -> None:
        """Who is new begins as the configuration says, who stays stays as they are."""
        before = [a.id for a in self.config.agents] if self.workers else []
        self.config = config
        self.of_name = {str(q.id): q for q in config.queues}
        self.people = {str(a.id): a for a in config.agents}
        self.rings: dict[tuple[str, str], int | None] = {}
        names = [a.id for a in config.agents]
        for name in before:
            if name not in names:
                self.workers[name].device, self.workers[name].heard = DeviceState.UNREACHABLE, -1
        for agent in config.agents:
            if agent.id not in self.workers:
                self.workers[agent.id] = Worker(agent.id, agent.logged_in)
        queues = [q.id for q in config.queues]
        self.lines = {str(name): self.lines.get(name) or Line() for name in queues}
        self.doors = {name: doors for name, doors in self.doors.items() if name in queues}
        for caller in self.callers.values():
            found = self.queue(caller.queue)
            if found is not None:
                caller.step = min(caller.step, len(found.steps))

    # -- configuration

    def queue(self, name: str) -> QueueConfig | None:
        return self.of_name.get(name)

    def agent(self, name: str) -> AgentConfig | None:
        return self.people.get(name)

    def ring(self, agent: str, queue: str) -> int | None:
        """The first circle that takes an agent."""
        if (agent, queue) not in self.rings:
            self.rings[agent, queue] = self._ring(agent, queue)
        return self.rings[agent, queue]

    def _ring(self, agent: str, queue: str) -> int | None:
        found, who = self.queue(queue), self.agent(agent)
        if found is None or who is None:
            return None
        circles: list[QueueConfig | Step] = [found, *found.steps]
        for number, circle in enumerate(circles):
            if agent in circle.agents or any(fulfils(who, circle.needs)):
                return number
        return None

    def position(self, agent: str | None) -> int:
        """In the configuration; -1 for nobody."""
        return next((n for n, a in enumerate(self.config.agents) if a.id == agent), -1)

    # -- agents

    def status(self, name: str) -> str:
        worker = self.workers[name]
        phone = self.phones[worker.phone] if worker.phone else None
        if phone is not None:
            if phone.phase == "talking":
                return "on hold" if phone.held else "talking"
            return "reserved" if phone.phase == "reserved" and phone.cancelled is None else "ringing"
        if not worker.logged_in:
            return "logged out"
        if worker.wrap_until is not None:
            return "wrap-up"
        if worker.paused is not None:
            return "paused"
        if worker.device is DeviceState.UNREACHABLE:
            return "unreachable"
        if worker.device is not DeviceState.FREE:
            return "on another call"
        return "resting" if worker.rest_until > self.t else "available"

    def available(self) -> list[str]:
        """In the order of the configuration."""
        return [str(a.id) for a in self.config.agents if self.status(a.id) == "available"]

    def settle_idle(self) -> None:
        """Also of those who are in no configuration: should they come back, they have been idle for long."""
        free = [name for name in self.workers if self.status(name) == "available"]
        self.idle = {name: self.idle.get(name, (self.facts, self.decisions)) for name in free}

    def there(self, queue: str) -> list[str]:
        """Logged in, with a phone that can be reached, at any ring."""
        who = [a.id for a in self.config.agents if self.ring(a.id, queue) is not None]
        return [
            name
            for name in who
            if self.workers[name].logged_in and self.workers[name].device is not DeviceState.UNREACHABLE
        ]

    def logged_in(self, queue: str) -> bool:
        return any(self.workers[a.id].logged_in for a in self.config.agents if self.ring(a.id, queue) is not None)

    def settle_nobody(self) -> None:
        for name, line in self.lines.items():
            if not self.linked or self.there(name):
                line.nobody_since = None
            elif line.nobody_since is None:
                line.nobody_since = self.t

    # -- callers

    def place(self, caller: Caller) -> tuple[int, int]:
        queue = self.queue(caller.queue)
        start = (caller.priority + (queue.weight if queue else 0)) * self.config.priority_us
        return caller.since - start, caller.number

    def living(self, queue: str | None = None) -> list[Caller]:
        self.open_callers = [c for c in self.open_callers if not c.ended]
        return [c for c in self.open_callers if queue is None or c.queue == queue]

    def ringing(self, caller: Caller) -> list[Phone]:
        return [p for p in self.living_phones() if p.visit == caller.visit and p.rings]

    def living_phones(self) -> list[Phone]:
        self.open_phones = [p for p in self.open_phones if not p.done]
        return self.open_phones

    def waits(self, caller: Caller) -> bool:
        """Lives, and nobody is being connected."""
        free = not (caller.ended or caller.parked or caller.gone) and caller.doubt is None
        return free and not self.ringing(caller)

    def offerable(self, caller: Caller) -> bool:
        """A further phone may ring."""
        if self.waits(caller):
            return True
        queue, phones = self.queue(caller.queue), self.ringing(caller)
        if caller.ended or caller.parked or caller.gone or caller.doubt is not None or queue is None:
            return False
        if queue.strategy not in SEVERAL or caller.only or not all(p.offers for p in phones):
            return False
        if self.kept_for(caller) is not None:
            return False  # one phone at a time
        if self.t >= caller.joined + queue.longest_wait_us or self.doors.get(queue.id, Doors.OPEN) is not Doors.OPEN:
            return False  # as soon as nobody rings, the caller has to leave
        latest = max(p.made for p in self.phones.values() if p.visit == caller.visit)
        return queue.strategy == "ring all" or self.t >= latest + queue.ring_another_us

    def keeps_until(self, caller: Caller) -> int:
        """How long who joins now is kept for the agent of last time, if the queue wants it so."""
        queue, name = self.queue(caller.queue), caller.last_agent
        if queue is None or name is None or caller.only or queue.last_agent == "off" or self.agent(name) is None:
            return 0
        if queue.last_agent == "members" and self.ring(name, caller.queue) is None:
            return 0
        return caller.joined + queue.last_agent_us

    def kept_for(self, caller: Caller) -> str | None:
        """The agent of last time, while there is hope."""
        if self.t >= caller.kept_until or caller.last_agent is None:
            return None
        worker = self.workers[caller.last_agent]
        hope = worker.logged_in and worker.paused is None and worker.device is not DeviceState.UNREACHABLE
        return caller.last_agent if hope else None

    def may(self, agent: str, caller: Caller) -> bool:
        """Whether an available agent may have this caller, as far as the two are concerned."""
        if caller.only or caller.tried.get(agent, 0) > self.t:
            return False
        if (kept := self.kept_for(caller)) is not None:
            return kept == agent
        ring = self.ring(agent, caller.queue)
        return ring is not None and ring <= caller.step

    def candidates(self, caller: Caller) -> list[str]:
        return [name for name in self.available() if self.may(name, caller)]

    def takes_transfer(self, caller: Caller) -> bool:
        """The one agent of a transfer can be rung at this moment."""
        worker = self.workers.get(caller.only or "")
        configured = worker is not None and self.agent(worker.name) is not None
        return bool(configured and worker and worker.phone is None and worker.device is DeviceState.FREE)

    # -- steps

    def counted(self, queue: str) -> list[Caller]:
        """Who waits or is offered."""
        return [c for c in self.living(queue) if not c.parked and not c.only]

    def value(self, queue: str, what: str) -> int:
        """Of a condition, at this moment."""
        if what == "waiting":
            return len(self.counted(queue))
        if what == "longest wait":
            return self.t - min((c.joined for c in self.counted(queue)), default=self.t)
        if what == "idle":
            return sum(self.ring(name, queue) is not None for name in self.available())
        line = self.lines[queue]
        calls = line.answered + line.abandoned
        return 100 * line.in_time // calls if calls else 100

    def holds(self, queue: str, condition: Condition, values: Callable[[str, str], int]) -> bool:
        value = values(queue, condition.what)
        return value <= condition.value if condition.most else value >= condition.value

    def could_open(self, caller: Caller, number: int, values: Callable[[str, str], int] | None = None) -> bool:
        """Time and conditions of step `number` hold; `values` as of this moment, where many are asked for at once."""
        value = values or self.value
        queue = self.queue(caller.queue)
        if queue is None or caller.only or caller.ended or number > len(queue.steps):
            return False
        step = queue.steps[number - 1]
        return self.t - caller.since >= step.after_us and all(self.holds(caller.queue, c, value) for c in step.when)

    def all_that_could_open(self) -> set[tuple[str, int]]:
        values = functools.cache(self.value)  # nothing happens meanwhile
        return {
            (c.visit, number)
            for c in self.living()
            if (queue := self.queue(c.queue)) is not None
            for number in range(1, len(queue.steps) + 1)
            if self.could_open(c, number, values)
        }

    def openable(self, caller: Caller) -> bool:
        return self.could_open(caller, caller.step + 1)


def fulfils(agent: AgentConfig, needs: Needs) -> list[int]:
    """The levels that an agent brings to each alternative that the agent fulfils; all are above 0."""
    return [
        sum(agent.skills[need.skill] for need in one)
        for one in needs
        if one and all(agent.skills.get(need.skill, 0) >= need.least for need in one)
    ]

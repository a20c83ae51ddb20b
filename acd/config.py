"""What the engine is configured with: queues, agents, and the times of its rules. All times are whole microseconds."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any, TypeVar

from acd.model import AgentId, QueueId, SkillId

T = TypeVar("T")
SECOND = 1_000_000
DAY = 86_400 * SECOND

LONGEST_IDLE = "longest idle"
ROUND_ROBIN = "round robin"
RANDOM = "random"
RING_ALL = "ring all"
RING_PROGRESSIVELY = "ring progressively"
STRATEGIES = (
    LONGEST_IDLE,
    "fewest calls",  # today, over all queues
    "least talk time",  # today, over all queues
    ROUND_ROBIN,  # the next one after whom this queue rang last, in the order of the configuration
    RANDOM,  # seeded by the queue's name: the same facts give the same choice
    "linear",  # in the order of the configuration
    "best skill",  # the highest level in what the queue needs
    "weighted",  # the fewest calls today for the agent's weight
    RING_ALL,
    RING_PROGRESSIVELY,  # longest idle first, one more phone each `ring_another_us`
)
SEVERAL = frozenset({RING_ALL, RING_PROGRESSIVELY})
"""Strategies that ring several phones for one caller."""

CONDITIONS = ("waiting", "longest wait", "idle", "service level")

MOST_PRIORITY = 9
"""The highest priority of a caller, and the highest weight of a queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A skill that a queue asks for, at `least` this level (1 to 5)."""

    skill: SkillId
    least: int = 1


Needs = tuple[tuple[Need, ...], ...]
"""Any of these: all the needs of one of them. Empty: nobody by skill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """An agent, the level of each skill, and what differs from the queues' times."""

    id: AgentId
    skills: Mapping[SkillId, int] = field(default_factory=dict)
    ring_us: int | None = None
    wrap_up_us: int | None = None
    weight: int = 1  # of the strategy "weighted": twice the weight, twice the calls
    logged_in: bool = True  # when the engine hears of this agent for the first time


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a widening step may ask of its queue at this moment.

    `what`: "waiting" (callers), "longest wait" (microseconds), "idle" (agents available), "service level" (percent,
    today; 100 before the first call). `most`: the value is at most, otherwise at least, `value`.
    """

    what: str
    value: int
    most: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An expansion step: who serves a caller in addition, once the caller has waited `after_us` and all of `when` held
    at one moment. What a step has given a caller is not taken back."""

    after_us: int
    needs: Needs = ()
    agents: tuple[AgentId, ...] = ()
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueConfig:
    """Who serves a queue, and how long things take. Who meets `needs` serves it, and `agents` by name; then `steps`."""

    id: QueueId
    needs: Needs = ()
    agents: tuple[AgentId, ...] = ()
    steps: tuple[Step, ...] = ()  # in the order of `after_us`
    strategy: str = LONGEST_IDLE
    weight: int = 0  # counts like a caller's priority
    ring_us: int = 15 * SECOND
    ring_another_us: int = 5 * SECOND  # of "ring progressively"
    wrap_up_us: int = 20 * SECOND
    most_callers: int = 0  # who would be one more leaves at "full"; 0 = no limit
    longest_wait_us: int = 600 * SECOND
    nobody_there_us: int = 15 * SECOND  # this long without one reachable phone ends the wait of all
    last_agent: str = "off"  # "members": if the agent serves this queue; "any"
    last_agent_us: int = 20 * SECOND  # so long the caller is kept for that agent, if there is hope
    regain_us: int = 0  # an abandoned caller who calls again within this time has the old place
    service_level_us: int = 20 * SECOND  # answered within this time is in time (condition "service level")

    @property
    def circles(self) -> "tuple[tuple[Needs, tuple[AgentId, ...]], ...]":
        """Whom the queue takes by skill and by name: from the start, and at each step."""
        return ((self.needs, self.agents), *((step.needs, step.agents) for step in self.steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRule:
    """What follows an offer that was not answered.

    The agent is not offered the same caller for `again_us`, nor anybody for `rest_us`. After `pause_after` such offers
    in a row (0 = never) the agent is paused, for `pause_us` or, with None, until the agent says ready.
    """

    again_us: int = 5 * SECOND
    rest_us: int = 0
    pause_after: int = 0
    pause_us: int | None = None


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """The whole configuration of one engine.

    Raises ValueError for an id that is given twice, an unknown strategy or condition, a step out of order, or an agent
    that a queue names and nobody is.
    """

    queues: tuple[QueueConfig, ...]
    agents: tuple[AgentConfig, ...]
    priority_us: int = 120 * SECOND  # a caller's head start for each step of priority, and of the queue's weight
    no_answer: OfferRule = OfferRule(pause_after=3, pause_us=60 * SECOND)
    busy: OfferRule = OfferRule(rest_us=5 * SECOND)
    refused: OfferRule = OfferRule(rest_us=5 * SECOND)
    unreachable: OfferRule = OfferRule(rest_us=10 * SECOND)  # a phone that could not be rung though it looked free
    unknown_rest_us: int = 2 * SECOND  # after an Originate that nobody can tell the end of
    doubt_us: int = 2 * SECOND  # a decided Originate without a channel, or a cancelled leg, is over after this
    ring_margin_us: int = 5 * SECOND  # no word this long after the ring time: the leg's end was missed
    whisper_us: int = 60 * SECOND  # from picking up to the bridge, at most

    def __post_init__(self) -> None:
        queues, agents = [q.id for q in self.queues], [a.id for a in self.agents]
        if len(dict.fromkeys(queues)) != len(queues) or len(dict.fromkeys(agents)) != len(agents):
            raise ValueError("a queue or an agent is given twice")
        known = frozenset(agents)
        for queue in self.queues:
            _check(queue, known)

    @property
    def overtaking_bound_us(self) -> int:
        """Nobody is overtaken by a caller of a queue with the same agents who joined later than this: the fairness
        bound. A caller's place is the time of joining less a head start, so it never changes while others age."""
        weights = [q.weight for q in self.queues]
        return self.priority_us * (MOST_PRIORITY + max(weights, default=0) - min(weights, default=0))

    @cached_property
    def text(self) -> str:
        """All of it as canonical JSON, as the journal keeps it: equal configurations have equal texts."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> "EngineConfig":
        """The configuration of a `text`. A setting that this version does not know is left out, one that the text does
        not have has its default. Raises ValueError for anything that is no configuration."""
        try:
            data = json.loads(text)
            queues = tuple(_queue(q) for q in data["queues"])
            agents = tuple(_made(AgentConfig, a) for a in data["agents"])
            names = ("no_answer", "busy", "refused", "unreachable")
            rules = {name: _made(OfferRule, data[name]) for name in names if name in data}
            return _made(cls, data, queues=queues, agents=agents, **rules)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not an engine's configuration: {error}") from None

    @property
    def hash(self) -> str:
        """Changes with every setting that may change a decision: 64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def members(self, queue: QueueConfig) -> tuple[AgentId, ...]:
        """The agents that serve a queue from the start, in the order of the configuration."""
        return tuple(name for name, ring in self.rings(queue).items() if ring == 0)

    def rings(self, queue: QueueConfig) -> dict[AgentId, int]:
        """Everybody who serves a queue at some step: 0 from the start, n from the nth step on. In the order of the
        configuration."""
        found: dict[AgentId, int] = {}
        for agent in self.agents:
            for number, (needs, names) in enumerate(queue.circles):
                if agent.id in names or meets(agent, needs):
                    found[agent.id] = number
                    break
        return found


def meets(agent: AgentConfig, needs: Needs) -> bool:
    """Whether an agent has every skill of one of the alternatives."""
    return any(one and all(agent.skills.get(n.skill, 0) >= n.least for n in one) for one in needs)


def _check(queue: QueueConfig, agents: frozenset[AgentId]) -> None:
    if queue.strategy not in STRATEGIES:
        raise ValueError(f"queue {queue.id}: unknown strategy {queue.strategy!r}")
    for _, names in queue.circles:
        for agent in names:
            if agent not in agents:
                raise ValueError(f"queue {queue.id}: nobody is agent {agent!r}")
    times = [step.after_us for step in queue.steps]
    if times != sorted(times):
        raise ValueError(f"queue {queue.id}: its steps are not in the order of their times")
    for condition in [c for step in queue.steps for c in step.when]:
        if condition.what not in CONDITIONS:
            raise ValueError(f"queue {queue.id}: unknown condition {condition.what!r}")
    if queue.last_agent not in ("off", "members", "any"):
        raise ValueError(f"queue {queue.id}: unknown preference {queue.last_agent!r}")


def _queue(data: Mapping[str, Any]) -> QueueConfig:
    steps = tuple(
        _made(
            Step,
            step,
            needs=_needs(step["needs"]),
            agents=tuple(step["agents"]),
            when=tuple(_made(Condition, c) for c in step["when"]),
        )
        for step in data.get("steps", ())
    )
    return _made(QueueConfig, data, needs=_needs(data["needs"]), agents=tuple(data["agents"]), steps=steps)


def _needs(data: Any) -> Needs:
    if data and isinstance(data[0], Mapping):  # until engine version 1: all of these
        return (tuple(_made(Need, n) for n in data),)
    return tuple(tuple(_made(Need, n) for n in one) for one in data)


def _made(kind: type[T], data: Mapping[str, Any], **given: Any) -> T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in data.items() if name in known} | given)

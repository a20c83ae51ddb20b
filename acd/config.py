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
LONGEST_IDLE = "longest idle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A skill that a queue asks for, at `least` this level (1 to 5)."""

    skill: SkillId
    least: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """An agent and the level of each skill."""

    id: AgentId
    skills: Mapping[SkillId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueConfig:
    """Who serves a queue, and how long things take. Whoever meets all `needs` serves it, and `agents` by name."""

    id: QueueId
    needs: tuple[Need, ...] = ()
    agents: tuple[AgentId, ...] = ()
    strategy: str = LONGEST_IDLE
    ring_us: int = 15 * SECOND
    wrap_up_us: int = 20 * SECOND
    longest_wait_us: int = 600 * SECOND
    nobody_there_us: int = 15 * SECOND  # this long without one reachable phone ends the wait of all


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """The whole configuration of one engine.

    Raises ValueError for an id that is given twice, an unknown strategy, or an agent that a queue names and nobody is.
    """

    queues: tuple[QueueConfig, ...]
    agents: tuple[AgentConfig, ...]
    again_us: int = 5 * SECOND  # after a refusal or a ring-out: the same agent is not offered the same caller before
    misses: int = 3  # ring-outs in a row after which a phone rests
    rest_us: int = 60 * SECOND
    refusal_rest_us: int = 5 * SECOND  # after a refusal (486, 603)
    unreachable_rest_us: int = 10 * SECOND  # after a phone that could not be rung though it looked free
    unknown_rest_us: int = 2 * SECOND  # after an Originate that nobody can tell the end of
    doubt_us: int = 2 * SECOND  # a decided Originate without a channel, or a cancelled leg, is over after this
    ring_margin_us: int = 5 * SECOND  # no word this long after the ring time: the leg's end was missed
    whisper_us: int = 60 * SECOND  # from picking up to the bridge, at most

    def __post_init__(self) -> None:
        queues, agents = [q.id for q in self.queues], [a.id for a in self.agents]
        if len(dict.fromkeys(queues)) != len(queues) or len(dict.fromkeys(agents)) != len(agents):
            raise ValueError("a queue or an agent is given twice")
        for queue in self.queues:
            if queue.strategy != LONGEST_IDLE:
                raise ValueError(f"queue {queue.id}: unknown strategy {queue.strategy!r}")
            for agent in queue.agents:
                if agent not in agents:
                    raise ValueError(f"queue {queue.id}: nobody is agent {agent!r}")

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
            queues = tuple(
                _made(QueueConfig, q, needs=tuple(_made(Need, n) for n in q["needs"]), agents=tuple(q["agents"]))
                for q in data["queues"]
            )
            agents = tuple(_made(AgentConfig, a) for a in data["agents"])
            return _made(cls, data, queues=queues, agents=agents)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not an engine's configuration: {error}") from None

    @property
    def hash(self) -> str:
        """Changes with every setting that may change a decision: 64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def members(self, queue: QueueConfig) -> tuple[AgentId, ...]:
        """The agents that serve a queue, in the order of the configuration."""
        return tuple(a.id for a in self.agents if a.id in queue.agents or _meets(a, queue.needs))


def _meets(agent: AgentConfig, needs: tuple[Need, ...]) -> bool:
    return bool(needs) and all(agent.skills.get(n.skill, 0) >= n.least for n in needs)


def _made(kind: type[T], data: Mapping[str, Any], **given: Any) -> T:
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in data.items() if name in known} | given)

"""A queue as a line of `ivr queues`, from the engine's views. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from acd.config import EngineConfig
from acd.living import AgentStatus, Phase
from acd.model import AgentId, QueueId
from acd.views import AgentView, OfferView, QueueView

_TALKING = frozenset({AgentStatus.TALKING, AgentStatus.ON_HOLD})
_OFFERED = frozenset({Phase.RESERVED, Phase.RINGING, Phase.ANSWERED})


class Engine(Protocol):
    """What is asked of the routing engine."""

    @property
    def linked(self) -> bool: ...
    @property
    def config(self) -> EngineConfig: ...
    def queues(self) -> tuple[QueueView, ...]: ...
    def agents(self) -> tuple[AgentView, ...]: ...
    def offers(self) -> tuple[OfferView, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """`waiting`: callers who wait or are offered; `offered`: those for whom phones ring now. The agents are those of
    all circles, whatever queue they serve at this moment. `service_level`: whole percent, since the site's midnight."""

    queue: str
    label: str
    doors: str
    waiting: int
    longest_wait_us: int
    offered: int
    available: int
    talking: int
    paused: int
    logged_in: int
    service_level: int
    fresh: bool


class QueueRows:
    """Makes the rows; who serves which queue is worked out once for each configuration."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._config: EngineConfig | None = None
        self._members: Mapping[QueueId, Sequence[AgentId]] = {}

    def rows(self, now_us: int, labels: Mapping[str, str]) -> list[QueueRow]:
        """Every queue in the order of queues.yaml; `now_us` in engine time."""
        engine = self._engine
        status = {view.agent: view for view in engine.agents()}
        offered = _offered(engine.offers())
        return [
            _row(view, self._of(view.queue), status, offered[view.queue], now_us, labels, engine.linked)
            for view in engine.queues()
        ]

    def _of(self, queue: QueueId) -> Sequence[AgentId]:
        config = self._engine.config
        if config is not self._config:
            self._config = config
            self._members = {one.id: tuple(config.rings(one)) for one in config.queues}
        return self._members.get(queue, ())


def _offered(offers: Iterable[OfferView]) -> Counter[QueueId]:
    callers = {offer.visit: offer.queue for offer in offers if offer.phase in _OFFERED}
    return Counter(callers.values())


def _row(
    view: QueueView,
    members: Sequence[AgentId],
    agents: Mapping[AgentId, AgentView],
    offered: int,
    now_us: int,
    labels: Mapping[str, str],
    fresh: bool,
) -> QueueRow:
    states = Counter(agents[name].status for name in members if name in agents)
    return QueueRow(
        queue=view.queue,
        label=labels.get(view.queue, ""),
        doors=view.doors.value,
        waiting=view.waiting,
        longest_wait_us=max(0, now_us - view.oldest_us) if view.oldest_us is not None else 0,
        offered=offered,
        available=view.available,
        talking=sum(states[one] for one in _TALKING),
        paused=states[AgentStatus.PAUSED],
        logged_in=view.logged_in,
        service_level=view.service_level,
        fresh=fresh,
    )

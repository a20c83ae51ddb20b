"""A small call centre for tests of the engine: words in, decisions out."""

from datetime import UTC, datetime, timedelta
from typing import Any

from acd.config import SECOND, AgentConfig, EngineConfig, Need, QueueConfig
from acd.decisions import Decision, MakeOffer
from acd.engine import Engine
from acd.facts import (
    CallerJoined,
    CallerSeen,
    DeviceChanged,
    DeviceSeen,
    EngineStarted,
    Fact,
    LegSeen,
    OfferBridged,
    Resynchronised,
    Tick,
)
from acd.model import AgentId, CallId, DeviceState, LegState, OfferId, QueueId, SkillId, VisitId

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
SERVICE, TREASURY = QueueId("servicio"), QueueId("tesoreria")
SITE = EngineConfig(
    queues=(
        QueueConfig(id=SERVICE, needs=((Need(skill=SkillId("servicio")),),), wrap_up_us=20 * SECOND),
        QueueConfig(id=TREASURY, needs=((Need(skill=SkillId("tesoreria"), least=2),),), wrap_up_us=5 * SECOND),
    ),
    agents=(
        AgentConfig(id=AgentId("101"), skills={SkillId("servicio"): 5}),
        AgentConfig(id=AgentId("102"), skills={SkillId("servicio"): 3, SkillId("tesoreria"): 2}),
        AgentConfig(id=AgentId("201"), skills={SkillId("tesoreria"): 5, SkillId("servicio"): 0}),
    ),
)


class Floor:
    """An engine with time that the test moves. Agents named in `free` have a phone that is free."""

    def __init__(self, *free: str, config: EngineConfig = SITE) -> None:
        self.engine = Engine(config)
        self.config = config
        self.t = 0
        self.free = free
        self.start()
        self.picture()

    def tell(self, kind: type[Fact], **fields: Any) -> tuple[Decision, ...]:
        at = AT + timedelta(microseconds=self.t)
        return self.engine.apply(kind(at=at, t=self.t, **fields))

    def start(self) -> tuple[Decision, ...]:
        return self.tell(EngineStarted, engine_version=1, config_hash="", prefix=f"{self.t:013x}", node="n1")

    def after(self, seconds: float) -> tuple[Decision, ...]:
        """Let time pass, with a tick at each deadline on the way."""
        end, decided = self.t + round(seconds * SECOND), ()
        while (due := self.engine.next_deadline()) is not None and due <= end:
            self.t = due
            decided += self.tell(Tick)
        self.t = end
        return decided + self.tell(Tick)

    def joins(self, name: str, queue: QueueId = SERVICE, priority: int = 0) -> tuple[Decision, ...]:
        return self.tell(CallerJoined, visit=visit(name), call=CallId(name), queue=queue, priority=priority)

    def phone(self, agent: str, state: DeviceState = DeviceState.FREE) -> tuple[Decision, ...]:
        return self.tell(DeviceChanged, agent=AgentId(agent), state=state)

    def talk(self, name: str, queue: QueueId = SERVICE) -> OfferId:
        """A caller joins, somebody free is offered and talks."""
        (made,) = self.joins(name, queue)
        self.tell(OfferBridged, offer=made.offer)  # type: ignore[union-attr]
        return made.offer  # type: ignore[union-attr]

    def picture(
        self, *callers: CallerSeen, legs: dict[OfferId, LegState] | None = None, began: int = -1
    ) -> tuple[Decision, ...]:
        """What Asterisk says of everything."""
        return self.tell(
            Resynchronised,
            callers=callers,
            legs=tuple(LegSeen(offer=o, state=s) for o, s in (legs or {}).items()),
            devices=tuple(DeviceSeen(agent=AgentId(a), state=DeviceState.FREE) for a in self.free),
            began=began,
        )

    def seen(self, name: str, ago: float = 0, queue: QueueId = SERVICE, parked: bool = False) -> CallerSeen:
        at = AT + timedelta(microseconds=self.t) - timedelta(seconds=ago)
        return CallerSeen(visit=visit(name), call=CallId(name), queue=queue, priority=0, joined_at=at, parked=parked)


def visit(name: str) -> VisitId:
    return VisitId(f"{name}/1")


def kinds(decisions: tuple[object, ...]) -> list[type]:
    return [type(d) for d in decisions]


def offered(decisions: tuple[object, ...]) -> list[tuple[str, str]]:
    return [(d.agent, d.visit) for d in decisions if isinstance(d, MakeOffer)]

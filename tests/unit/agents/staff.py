"""Agents on a real engine and dispatcher, with a journal in memory; no Asterisk. 301 and 302 serve cartera."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from acd.config import SECOND, AgentConfig, EngineConfig, QueueConfig
from acd.decisions import MakeOffer
from acd.dispatcher import Dispatcher
from acd.engine import Engine
from acd.facts import CallerJoined, DeviceSeen, OfferAnswered, OfferBridged, Resynchronised, TalkEnded
from acd.journal.memory import MemoryJournal
from acd.model import AgentId, CallId, DeviceState, OfferId, QueueId, VisitId
from ivr.agents import Agents
from ivr.call.calls import LiveCalls
from ivr.exchange.desk import Desk
from ivr.testing.clock import ManualClock

NAMES = ("301", "302")
CARTERA = QueueId("cartera")
REASONS = {1: "Almuerzo", 2: "Baño"}


def engine_config(*names: str) -> EngineConfig:
    """One queue that everybody serves."""
    agents = tuple(AgentId(name) for name in names)
    return EngineConfig(
        queues=(QueueConfig(id=CARTERA, agents=agents, wrap_up_us=20 * SECOND),),
        agents=tuple(AgentConfig(id=agent) for agent in agents),
    )


class Staff:
    """What a server knows of its agents. `deeds`: the offers that were rung."""

    def __init__(self, journal: MemoryJournal, clock: ManualClock, reasons: Mapping[int, str]) -> None:
        self.clock, self.journal = clock, journal
        self.site: Any = SimpleNamespace(
            agents={name: SimpleNamespace(label=f"Agent {name}") for name in NAMES}, pause_reasons=reasons
        )
        self.deeds: list[OfferId] = []
        self.lamps: list[tuple[str, str]] = []
        self.engine = Engine(engine_config(*NAMES))
        self.dispatcher = Dispatcher(self.engine, journal, self, clock, node="n1")
        self.desk = Desk(self.dispatcher, LiveCalls())
        self.agents = Agents(self.engine, self.desk, clock, lambda: self.site)

    async def open(self, state: DeviceState = DeviceState.FREE) -> None:
        await self.dispatcher.recover()
        self.dispatcher.on_entry(self.agents.heard)
        self.agents.on_lamp(lambda agent, shown: self.lamps.append((agent, shown)))
        devices = tuple(DeviceSeen(agent=AgentId(name), state=state) for name in NAMES)
        self.dispatcher.tell(Resynchronised, callers=(), legs=(), devices=devices)
        await self.dispatcher.settled()

    async def ring(self, offer: MakeOffer) -> None:
        self.deeds.append(offer.offer)

    async def cancel(self, offer: OfferId) -> None: ...

    async def send_back(self, visit: VisitId, call: CallId, exit: str) -> None: ...

    async def talk(self, call: str) -> OfferId:
        """A caller joins and talks to whoever is free."""
        self.dispatcher.tell(CallerJoined, visit=VisitId(f"{call}/1"), call=CallId(call), queue=CARTERA)
        await self.dispatcher.settled()
        offer = self.deeds[-1]
        self.dispatcher.tell(OfferAnswered, offer=offer)
        self.dispatcher.tell(OfferBridged, offer=offer)
        return offer

    def hangs_up(self, offer: OfferId) -> None:
        self.dispatcher.tell(TalkEnded, offer=offer)

    def state(self, agent: str = "301") -> str:
        view = self.agents.of(agent)
        assert view is not None
        return view.status.value


@asynccontextmanager
async def staff(
    journal: MemoryJournal | None = None, clock: ManualClock | None = None, reasons: Mapping[int, str] = REASONS
) -> AsyncIterator[Staff]:
    """Opened; `journal` and `clock` of another one that is over: the server after a restart."""
    made = Staff(journal or MemoryJournal(), clock or ManualClock(), reasons)
    await made.open()
    try:
        yield made
    finally:
        await made.dispatcher.close()

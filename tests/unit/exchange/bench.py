"""An exchange with everything real behind it (engine, dispatcher, a journal in memory), but no Asterisk."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from acd.codec import decode
from acd.config import AgentConfig, EngineConfig, QueueConfig
from acd.decisions import MakeOffer
from acd.dispatcher import Dispatcher
from acd.engine import Engine
from acd.facts import CallerJoined
from acd.journal.memory import MemoryJournal
from acd.model import AgentId, CallId, DeviceState, OfferId, QueueId, VisitId
from ivr.asterisk.agi.server import AgiServer
from ivr.asterisk.ami import Event
from ivr.asterisk.snapshot import ChannelSeen, Snapshot
from ivr.call import facts
from ivr.call.calls import LiveCalls
from ivr.clock import LoopClock
from ivr.exchange.desk import Desk
from ivr.exchange.house import House
from ivr.exchange.runner import CallRunner
from ivr.exchange.switchboard import Switchboard
from ivr.exchange.talks import House as Dialable
from ivr.exchange.visiting import Visiting
from ivr.exchange.visits import Visits
from ivr.language import load_site
from ivr.site import Site
from ivr.testing.asterisk_agi import ScriptedChannel
from ivr.testing.clock import ManualClock
from tests.unit.exchange.parts import (
    SEAL,
    NobodyBefore,
    NoLookUps,
    NoMessages,
    NoOverrides,
    NoRecordings,
    OneEdition,
    in_step,
)

ROOT = Path(__file__).parents[3]
CALL = CallId("n1-1795291423.0")
VISIT = VisitId(f"{CALL}/1")
CARTERA = QueueId("cartera")
ANNA = AgentId("301")


def event(text: str) -> Event:
    """An AMI event from its literal lines."""
    return Event(text.strip().replace("\n", "\r\n").encode())


class Names:
    """Every prompt has a file of its own name."""

    def path_of(self, name: str, language: str) -> str | None:
        return name

    def version_of(self, name: str, language: str) -> str | None:
        return "v1"


class Bench:
    """A switchboard with everything real behind it, but no Asterisk."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.calls = LiveCalls()
        self.deeds: list[tuple[str, str]] = []
        self.complaints: list[str] = []
        self.last_agents = NobodyBefore()
        self.catch_up: Callable[[], Awaitable[None]] = in_step
        self.site: Site | None = None
        """Instead of the company's."""
        self.journal = MemoryJournal()
        config = EngineConfig(
            queues=(QueueConfig(id=CARTERA, agents=(ANNA,), wrap_up_us=0),), agents=(AgentConfig(id=ANNA),)
        )
        self.dispatcher = Dispatcher(Engine(config), self.journal, self, self.clock, node="n1")
        self.desk = Desk(self.dispatcher, self.calls)
        self.switchboard = Switchboard(
            self.desk,
            self.calls,
            self.clock,
            lambda: frozenset({ANNA}),
            self.started,
            self.again,
            house=lambda: Dialable(extensions=("103", "301"), queues=("servicio",)),
            part=lambda call, channel, by: self.deeds.append(("part", f"{call} {channel} {by}")),
            anew=lambda live, leg: self.deeds.append(("anew", f"{live.call} {leg}")),
        )

    def started(self, call: CallId, did: str, number: str) -> facts.CallStarted:
        return facts.CallStarted(at=self.clock.now(), call=call, did=did, caller=f"key-{number}", flow="", config="c")

    def again(self, offer: OfferId) -> None:
        self.deeds.append(("cancel again", offer))

    async def ring(self, offer: MakeOffer) -> None:
        self.switchboard.on_offer(offer)
        self.deeds.append(("ring", offer.offer))

    async def cancel(self, offer: OfferId) -> None:
        self.switchboard.on_cancel(offer)
        self.deeds.append(("cancel", offer))

    async def send_back(self, visit: VisitId, call: CallId, exit: str) -> None:
        self.deeds.append(("send back", exit))

    async def login(self, *channels: ChannelSeen, state: DeviceState = DeviceState.FREE) -> int:
        async def snapshot() -> Snapshot:
            return Snapshot(channels=channels, devices={ANNA: state})

        async def gap() -> None: ...

        drift = await self.switchboard.logged_in(snapshot, gap)
        await self.dispatcher.settled()
        return drift

    async def starts(self) -> None:
        self.desk.record(
            facts.CallStarted(at=self.clock.now(), call=CALL, did="6017436967", caller="k", flow="f", config="c")
        )

    async def joins(self) -> OfferId:
        """The caller joins; the offer that follows."""
        await self.starts()
        joined = CallerJoined(at=self.clock.now(), t=0, visit=VISIT, call=CALL, queue=CARTERA)
        self.desk.submit(joined)
        await self.dispatcher.settled()
        return OfferId(self.deeds[-1][1])

    async def tell(self, *texts: str) -> None:
        for text in texts:
            self.switchboard.event(event(text))
        await self.dispatcher.settled()

    async def visits(self, channel: ScriptedChannel) -> dict[str, str]:
        """The channel visits the server; the variables that it carries afterwards."""
        site = self.site or load_site(ROOT / "config", ROOT / "ivr" / "flows").site
        assert site is not None
        house = House(
            sites=OneEdition(site, Names()),
            desk=self.desk,
            calls=self.calls,
            clock=self.clock,
            visiting=Visiting(self.clock),
            waiting=Visits(self.dispatcher.engine, self.dispatcher.now_us),
            last_agents=self.last_agents,
            messages=NoMessages(),
            file_of=lambda file: None,
            look_ups=NoLookUps(),
            overrides=NoOverrides(),
            seal=SEAL,
            legs=NoRecordings(),
            caller_key=lambda number, name: f"key-{number}",
            catch_up=self.catch_up,
            complain=lambda problem, detail: self.complaints.append(problem),
            trust_pretended_time=True,
        )
        server = AgiServer(CallRunner(house), clock=LoopClock())
        await server.start("127.0.0.1", 0)
        try:
            await channel.call("127.0.0.1", server.port)
        finally:
            await server.close()
        await self.dispatcher.settled()
        return dict(channel.variables)

    async def story(self, of: str = "") -> list[str]:
        """The journal in words: `event field -> decisions`."""
        told = []
        async for entry in self.journal.read(0):
            body = decode(entry.event)
            words = [entry.event["e"]]
            if hasattr(body, "result"):
                words.append(str(getattr(body.result, "value", body.result)))
            words += [f"by {body.by}"] if hasattr(body, "by") else []
            outcome = [d["outcome"] for d in entry.decisions if d["e"] == "visit ended"]
            told.append(" ".join(words) + (f" -> {outcome[0]}" if outcome else ""))
        return [line for line in told if of in line]


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    await made.dispatcher.recover()
    try:
        yield made
    finally:
        await made.dispatcher.close()

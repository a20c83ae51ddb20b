"""The server's stores and floor without Asterisk, and callers whose facts are told as the server tells them."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from acd import facts as f
from acd.decisions import MakeOffer
from acd.model import AgentId, CallId, DeviceState, OfferId, QueueId, VisitId
from ivr.app.closing import Closing
from ivr.app.floor import Floor, open_floor
from ivr.app.stores import Stores, open_stores
from ivr.asterisk.ami import AmiLink
from ivr.call import facts as c
from ivr.clock import LoopClock
from ivr.install import secrets
from ivr.install.paths import Paths
from ivr.language.load import load_site
from ivr.settings.environment import Environment
from ivr.site import Site

ROOT = Path(__file__).parents[1]
QUEUE, DID = QueueId("servicio"), "6010000001"


@dataclass(frozen=True)
class Shop:
    """An open floor. `tell` submits a fact to the engine, `record` an event of a call, both stamped now."""

    site: Site
    stores: Stores
    floor: Floor
    clock: LoopClock

    def tell(self, kind: type[f.Fact], **fields: Any) -> tuple[Any, ...]:
        return self.floor.desk.submit(kind(at=self.clock.now(), t=0, **fields))

    def record(self, kind: type[Any], call: CallId, **fields: Any) -> None:
        self.floor.desk.record(kind(at=self.clock.now(), call=call, **fields))

    def link(self, state: DeviceState) -> None:
        """As after a login to AMI: nobody calls, and every phone is in this state."""
        devices = tuple(f.DeviceSeen(agent=AgentId(name), state=state) for name in self.site.agents)
        self.tell(f.Resynchronised, callers=(), legs=(), devices=devices)

    def comes(self, number: int) -> tuple[Any, ...]:
        """A caller, until he waits; what was decided then."""
        call = CallId(f"n1-1795446000.{number}")
        key = self.stores.ledger.caller_key(f"30{number:08}")
        config = self.site.version
        self.record(c.CallStarted, call, did=DID, caller=key, flow="servicio_directo", config=config)
        live = self.floor.calls.meet(call)
        live.number, live.channel = f"30{number:08}", f"PJSIP/trunk-{number:08x}"
        for step, verb in (("bienvenida", "play"), ("aviso", "notice"), ("horario", "hours"), ("cola", "queue")):
            self.record(c.StepEntered, call, flow="servicio_directo", step=step, verb=verb)
            if verb == "notice":
                self.record(c.NoticeHeard, call, prompt="anuncio_grabacion", version="5d9dda17")
        return self.tell(f.CallerJoined, visit=VisitId(f"{call}/1"), call=call, queue=QUEUE, caller=key)

    def talks(self, offer: MakeOffer) -> None:
        """The agent's phone rings and is picked up, the two talk, and the call ends."""
        one = OfferId(offer.offer)
        self.tell(f.OfferRinging, offer=one)
        self.tell(f.DeviceChanged, agent=offer.agent, state=DeviceState.BUSY)
        self.tell(f.OfferAnswered, offer=one)
        self.tell(f.OfferBridged, offer=one)
        self.tell(f.TalkEnded, offer=one)
        self.record(c.CallEnded, offer.call, cause=16, by="agent", reason="after the talk")
        self.tell(f.DeviceChanged, agent=offer.agent, state=DeviceState.FREE)
        self.tell(f.AgentReady, agent=offer.agent)


def environment(folder: Path) -> Environment:
    """Of a server of the repository's site whose var is this folder."""
    root = os.environ.get("CENTRALITA_ASTERISK_ROOT", str(ROOT / "var/asterisk/root"))
    return Environment.from_environ(
        {
            "CENTRALITA_CONFIG": str(ROOT / "config"),
            "CENTRALITA_FLOWS": str(ROOT / "ivr" / "flows"),
            "CENTRALITA_VAR": str(folder),
            "CENTRALITA_ASTERISK_ROOT": root,
        }
    )


async def open_shop(folder: Path) -> Shop:
    """The stores in this folder and the floor, recovered from them."""
    settings, clock = environment(folder), LoopClock()
    site = load_site(settings.config, settings.flows, date(2026, 11, 23)).site
    assert site is not None
    kept = secrets.ensure(Paths.of(settings).secrets, site.extensions)
    closing = Closing()
    stores = await open_stores(settings, site, kept, clock, closing)
    link = AmiLink("127.0.0.1", 1, "nobody", "", clock=clock)
    whisper: Callable[[str], str | None] = lambda queue: None  # noqa: E731
    floor = await open_floor(lambda: site, link, stores, node="n1", clock=clock, whisper=whisper, closing=closing)
    return Shop(site, stores, floor, clock)

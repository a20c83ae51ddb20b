"""A phone on a FastAGI session of its own: real dialogs, a real inbox, real overrides, and a scripted channel."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from ivr.asterisk.agi.server import AgiServer
from ivr.clock import LoopClock
from ivr.features import FeatureFigures, Features
from ivr.features.features import Rooms
from ivr.install import secrets
from ivr.overrides import Overrides
from ivr.site import Extension, Site
from ivr.site.hours import OpeningHours
from ivr.speech import WORDS
from ivr.testing.asterisk_agi import ScriptedChannel
from tests.unit.agents.staff import Staff, staff
from tests.unit.voicemail.house import BOX, House, site_with

OFICINA = OpeningHours(label="Oficina", week=((),) * 7, holiday=None, code="1")
CARTERA = replace(BOX, name="cartera", extensions=("301",))
PINS = {("mailbox", "servicio"): "111222", ("mailbox", "cartera"): "333444", ("timetable", "oficina"): "555666"}


class Names:
    """Every prompt is there; its file has its name."""

    def path_of(self, name: str, language: str) -> str | None:
        return name


@dataclass
class Line:
    """What the phones of a test reach."""

    house: House
    overrides: Overrides
    staff: Staff
    features: Features
    registry: CollectorRegistry
    server: AgiServer

    async def dial(
        self, feature: str, *keys: str, extension: str = "101", about: str = "", hang_up_at: float | None = None
    ) -> "Heard":
        """A call: each of `keys` is pressed in one go, a second apart from the one before at the least. `-` waits."""
        channel = ScriptedChannel(
            path="feature",
            arguments=(feature, extension, about),
            keys=typed(keys),
            sounds=dict.fromkeys(WORDS, 0.2),
            hang_up_at=hang_up_at,
        )
        await channel.call("127.0.0.1", self.server.port)
        for _ in range(1000):
            if not self.server.sessions:  # who hung up is gone before the dialog knows
                break
            await asyncio.sleep(0.001)
        return Heard(channel)

    def count(self, name: str, **labels: str) -> float:
        """A figure."""
        return self.registry.get_sample_value(f"centralita_{name}_total", labels) or 0.0


class Heard:
    """What somebody heard, words left out, and how the dialplan goes on."""

    def __init__(self, channel: ScriptedChannel) -> None:
        sounds = [Path(sounded.sound).name if "/" in sounded.sound else sounded.sound for sounded in channel.heard]
        self.words = [sound for sound in sounds if sound in WORDS]
        self.sounds = [sound.removeprefix("phrase_") for sound in sounds if sound not in WORDS]
        self.done = channel.variables.get("DONE", "")


def typed(keys: Sequence[str]) -> list[tuple[float, str]]:
    """The keys with their times: one burst after the other."""
    found: list[tuple[float, str]] = []
    at = 0.5
    for burst in keys:
        for key in burst:
            if key == "-":
                at += 1.0
                continue
            found.append((at, key))
            at += 0.1
        at += 0.9
    return found


@contextlib.asynccontextmanager
async def line(folder: Path, **site: Any) -> AsyncIterator[Line]:
    """A house with the mailboxes servicio (101, 102) and cartera (301), the timetable oficina, agents 301 and 302."""
    phones = {number: Extension(label=number) for number in ("101", "102", "301", "302", "401")}
    whole: Site = replace(site_with(BOX, CARTERA), extensions=phones, hours={"oficina": OFICINA}, **site)
    house = House(folder, whole)
    inbox = await house.open()
    overrides = await Overrides.open(
        folder / "overrides", clock=house.clock, site=lambda: house.site, record=house.told.append
    )
    (folder / "secrets").mkdir()
    rows = "".join(f"{kind},{name},{pin}\n" for (kind, name), pin in PINS.items())
    (folder / "secrets" / "pins.csv").write_text(f"kind,name,pin\n{rows}")
    assert secrets.pins(folder / "secrets", PINS) == PINS
    registry = CollectorRegistry()
    agents = staff()
    people = await agents.__aenter__()
    rooms = Rooms(
        site=lambda: house.site,
        sounds=lambda site: Names(),
        clock=house.clock,
        inbox=inbox,
        overrides=overrides,
        agents=people.agents,
        secrets=folder / "secrets",
        figures=FeatureFigures(registry),
    )
    features = Features(rooms)
    server = AgiServer(features, clock=LoopClock())
    await server.start("127.0.0.1", 0)
    try:
        yield Line(house, overrides, people, features, registry, server)
    finally:
        await server.close()
        await agents.__aexit__(None, None, None)
        await overrides.close()
        await house.close()

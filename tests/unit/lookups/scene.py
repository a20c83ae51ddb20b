"""Look-ups as a site has them: the text of lookups.yaml, checked, and the server's object that asks."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from prometheus_client import CollectorRegistry

from ivr.call.effects import LookedUp
from ivr.clock import Clock, LoopClock
from ivr.language.lookups import LookUpsFile, look_ups
from ivr.language.reader import read_text
from ivr.lookups.figures import LookUpFigures
from ivr.lookups.look_ups import LookUps
from ivr.site.look_ups import LookUpSource
from ivr.site.values import Value


def sources(text: str) -> Mapping[str, LookUpSource]:
    """The sources of a lookups.yaml without faults."""
    document, problems = read_text(text.encode(), "lookups.yaml")
    assert document is not None, problems
    return look_ups(LookUpsFile.model_validate(document.data))


@dataclass
class Scene:
    """Folders, figures and sources of one test."""

    folder: Path
    registry: CollectorRegistry
    look_ups: LookUps
    sources: Mapping[str, LookUpSource]

    async def ask(self, source: str, **given: Value | int) -> LookedUp:
        """Ask; whole numbers become values."""
        values: dict[str, Value] = {
            name: Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
            for name, value in given.items()
        }
        return await self.look_ups.look_up(self.sources[source], values)

    def secret(self, name: str, text: str) -> None:
        """Write a secret's file."""
        (self.folder / "secrets" / f"{name}.secret").write_text(text + "\n")

    def figure(self, name: str, **labels: str) -> float | None:
        """A figure as Prometheus would see it."""
        return self.registry.get_sample_value(f"centralita_{name}", labels)


@asynccontextmanager
async def scene(folder: Path, text: str, clock: Clock | None = None) -> AsyncIterator[Scene]:
    """A scene, closed at the end. `config` and `secrets` are folders below `folder`."""
    for name in ("config", "secrets"):
        (folder / name).mkdir(exist_ok=True)
    registry = CollectorRegistry()
    asked = LookUps(folder / "config", folder / "secrets", clock or LoopClock(), LookUpFigures(registry))
    try:
        yield Scene(folder, registry, asked, sources(text))
    finally:
        await asked.close()

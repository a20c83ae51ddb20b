"""The repository's site in folders of a test, and what a test does with it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ivr.install.paths import Paths
from ivr.site import Site
from ivr.testing.clock import ManualClock
from ivr.testing.instance_site import copy_site, dump, read
from ivr.versions import Changes, Edition
from ivr.versions.copies import Copies
from ivr.versions.loading import Beginning, Folders, VersionRefused, begin

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


class Office:
    """Folders of a site, its kept versions, and a server's changes; the ground only remembers."""

    def __init__(self, folder: Path, changes: dict[str, Any] | None = None) -> None:
        config, flows = copy_site(ROOT, folder, changes or {})
        self.folders = Folders(config, flows)
        self.paths = Paths(folder / "var", folder / "root")
        self.paths.sounds.mkdir(parents=True)
        self.copies = Copies(folder / "var" / "versions")
        self.facts: list[Any] = []
        self.ground = Ground()
        self.clock = ManualClock(NOW)

    def begin(self) -> Beginning:
        """As a server starts."""
        return begin(self.copies, self.folders, self.paths)

    async def serve(self, *calls: str) -> Changes:
        """The changes of a server that has started; `calls`: versions that calls have from before."""
        changes = Changes(
            self.begin(), self.copies, self.folders, self.paths, clock=self.clock, record=self.facts.append
        )
        await changes.begin(self.ground, calls)
        return changes

    def say(self, words: str, language: str = "es-CO") -> None:
        """Another welcome, a second later."""
        self.clock.advance(1)
        file = self.folders.config / "prompts.yaml"
        data = read(file.read_text(encoding="utf-8"))
        data["prompts"]["bienvenida"][language] = words
        file.write_text(dump(data), encoding="utf-8")

    def break_flow(self) -> None:
        """A flow that leads to a step that is not there."""
        file = self.folders.flows / "linea_principal.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("then: aviso", "then: nirgends"), encoding="utf-8")

    def mend_flow(self) -> None:
        """As it was."""
        file = self.folders.flows / "linea_principal.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("then: nirgends", "then: aviso"), encoding="utf-8")


class Ground:
    """An `ivr.versions.changes.Ground` that remembers, or refuses while `refuses` says why."""

    def __init__(self) -> None:
        self.prepared: list[str] = []
        self.made: list[str] = []
        self.swaps: list[tuple[str, str]] = []
        self.refuses = ""

    async def make(self, edition: Edition) -> tuple[str, ...]:
        self.made.append(edition.name)
        return ()

    async def prepare(self, edition: Edition, before: Site) -> tuple[str, ...]:
        if self.refuses:
            raise VersionRefused(self.refuses)
        self.prepared.append(edition.name)
        return ("a remark",)

    def in_force(self, before: Site, edition: Edition) -> None:
        self.swaps.append((before.edition, edition.name))

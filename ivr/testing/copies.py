"""A backup and an archive in memory, for tests and experiments of retention.

copies = MemoryCopies("disco", "nube")
copies.take("2026/11/23/....cva")
copies.away["nube"] = "503; wait"        # it cannot be asked
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ivr.clock import Clock
from ivr.recordings.copies import ArchiveAway
from recordings.certificate import Place


class MemoryCopies:
    """`held`: the files of each target; `away`: why one cannot be asked."""

    def __init__(self, clock: Clock, *targets: str) -> None:
        self._clock = clock
        self.held: dict[str, set[str]] = {name: set() for name in targets}
        self.away: dict[str, str] = {}
        self.asked: list[tuple[str, ...]] = []

    def take(self, *files: str) -> None:
        """Every target has them."""
        for held in self.held.values():
            held.update(files)

    async def forget(self, files: Collection[str]) -> Sequence[Place]:
        self.asked.append(tuple(sorted(files)))
        return [self._forget(name, files) for name in self.held]

    def _forget(self, name: str, files: Collection[str]) -> Place:
        if name in self.away:
            return Place(name, False, self._clock.now(), self.away[name])
        self.held[name] -= set(files)
        return Place(name, True, self._clock.now(), "listed")


class MemoryArchive:
    """`files`: what lies there; `away`: why it cannot be asked; `spoil` changes what it is given."""

    def __init__(self, clock: Clock, name: str = "archivo") -> None:
        self._clock, self.name = clock, name
        self.files: dict[str, bytes] = {}
        self.away = ""
        self.spoil: Callable[[bytes], bytes] = lambda data: data

    async def put(self, file: str, path: Path, sha256: str) -> None:
        self._there()
        try:
            self.files[file] = self.spoil(path.read_bytes())
        except OSError as error:
            raise ArchiveAway(f"{path}: {error.strerror}") from None
        if hashlib.sha256(self.files[file]).hexdigest() != sha256:
            raise ArchiveAway(f"{self.name} did not give {file} back as it was sent")

    async def forget(self, files: Collection[str]) -> Place:
        if self.away:
            return Place(self.name, False, self._clock.now(), self.away)
        for file in files:
            self.files.pop(file, None)
        return Place(self.name, True, self._clock.now(), "listed")

    def _there(self) -> None:
        if self.away:
            raise ArchiveAway(self.away)

"""Where else recordings lie: what retention asks of the backup and of the archive. Fakes: `ivr.testing.copies`."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Protocol

from recordings.certificate import Place


class Copies(Protocol):
    """Every target of the backup."""

    async def forget(self, files: Collection[str]) -> Sequence[Place]:
        """Let every target forget these files of the vault (`2026/11/23/....cva`), whose keys are destroyed, and look
        whether they are gone; again is harmless. One place for each target: `gone` when it is sure that none of them is
        there, and neither is a key to one; otherwise `how` says why, and what is to be done. Never fails."""


class ArchiveAway(Exception):
    """The archive cannot be asked, or did not take a recording. The message says why, and what to do."""


class Archive(Protocol):
    """Where recordings go that leave the vault before they are deleted. Everything raises ArchiveAway."""

    @property
    def name(self) -> str:
        """What people call it."""

    async def put(self, file: str, path: Path, sha256: str) -> None:
        """Keep this file of the vault, which lies at `path`, whole or not at all, and read it back: when this returns
        the archive has it, and it is what its hash says. Again is harmless."""

    async def forget(self, files: Collection[str]) -> Place:
        """Remove these, and look whether they are gone; again is harmless. As of one target of `Copies`."""

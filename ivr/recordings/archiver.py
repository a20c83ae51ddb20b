"""Brings recordings from the vault into the archive. Each step may be the last one before a crash: the archive has it,
read back, before the row says so, and the vault's file goes after that."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import tzinfo
from pathlib import Path

from ivr import log as logs
from ivr.aside import aside
from ivr.clock import Clock
from ivr.recordings.copies import Archive, ArchiveAway
from ivr.recordings.open_work import ARCHIVING, Doomed, OpenWork
from ivr.recordings.remover import Ledger, Removed
from recordings.vault.folder import Vault

log = logs.get(__name__)


class Archiver:
    """Of one archive."""

    def __init__(
        self, archive: Archive, work: OpenWork, ledger: Ledger, clock: Clock, *, vault: Path, zone: Callable[[], tzinfo]
    ) -> None:
        self._archive, self._work, self._ledger, self._clock = archive, work, ledger, clock
        self._folder, self._vault, self._zone = vault, Vault(vault), zone
        self._one = asyncio.Lock()

    async def archive(self, doomed: Sequence[Doomed]) -> Removed:
        """Archive these; `gone` from the vault are those that were. Raises LedgerAway, OSError, SQLAlchemyError."""
        async with self._one:
            left: dict[str, str] = {}
            there = []
            for one in doomed:
                try:
                    await self._archive.put(one.file, self._folder / one.file, one.sha256)
                    there.append(one)
                except ArchiveAway as why:
                    left[one.recording] = str(why)
                    log.warning("a recording could not be archived; it stays in the vault", why=str(why))
            begun = await aside(self._work.archived, there, self._clock.now(), self._zone())
            gone = await self._finish(begun.open)
            return Removed(gone, begun.held, left)

    async def resume(self) -> Removed:
        """Finish what had begun. Raises as `archive`."""
        async with self._one:
            return Removed(await self._finish(await aside(self._work.archivings), again=True))

    async def _finish(self, begun: Sequence[Doomed], again: bool = False) -> tuple[str, ...]:
        for one in begun:
            await aside(self._vault.remove, one.file)
            if not again or not await self._ledger.written("archived", one.recording):
                due = one.due.isoformat(timespec="seconds")
                told = {"to": self._archive.name, "sha256": one.sha256, "rule": one.rule, "due": due, "by": one.by}
                await self._ledger.write("archived", {one.recording: {"call": one.call, **told}})
            await aside(self._work.close, ARCHIVING, [one.recording])
        return tuple(one.recording for one in begun)

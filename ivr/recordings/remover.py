"""Deletes recordings for ever, in all places, and proves it. Each step may be the last one before a crash; what was
done before is not done again.

1. the ledger says that it begins, under which rule, and since when it is due;
2. the key is destroyed, unless somebody holds the recording by then: from here on there is no way back;
3. the file leaves the vault, and what lies beside it as Asterisk has written it, in quarantine too;
4. every copy is forgotten;
5. somebody looks whether it is gone from each place;
6. the row says `deleted` (of what never came into the vault it says so since the second step: nobody brings it there);
7. the certificate goes into the ledger.

What cannot be finished (a disk that is away, a target that does not answer) stays open, and is taken up again.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Protocol

from ivr import log as logs
from ivr.aside import aside
from ivr.clock import Clock
from ivr.recordings.copies import Archive, ArchiveAway, Copies
from ivr.recordings.open_work import DELETING, Begun, Doomed, OpenWork
from ivr.recordings.put_aside import Lying, lying, overdue, talk_of
from recordings.catalogue import SqlCatalogue
from recordings.certificate import Certificate, Place
from recordings.intake import QUARANTINE
from recordings.retention import RetentionRule
from recordings.vault.folder import INCOMING, Vault

log = logs.get(__name__)

VAULT = "vault"
RETENTION = "retention"
"""By whom, where a rule decided."""


class LedgerAway(OSError):
    """The ledger cannot be written: what it would be about must not be done. The message says why."""


class Ledger(Protocol):
    """Where it is written what became of a recording. Raises LedgerAway."""

    async def write(self, what: str, told: Mapping[str, Mapping[str, object]]) -> None:
        """`what`: deleting, deleted, ...; `told`: details by recording. When this returns all of it is written, for
        ever; when it fails, some of it may be."""

    async def written(self, what: str, recording: str) -> bool:
        """Whether that was written of it before."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What became of recordings: gone for ever; held, by which holds (none: `Begun.held`); not finished, and why."""

    gone: tuple[str, ...] = ()
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)


class Remover:
    """Of one instance. One deletion at a time; several processes are no harm to each other."""

    def __init__(
        self,
        work: OpenWork,
        catalogue: SqlCatalogue,
        ledger: Ledger,
        clock: Clock,
        *,
        folder: Path,
        done: Path,
        vault: Path,
        zone: Callable[[], tzinfo],
        settle: Callable[[], None] = lambda: None,
        copies: Copies | None = None,
        archive: Archive | None = None,
    ) -> None:
        """`folder`: where recordings lie as Asterisk has written them, `done` their markers. `settle` lets nothing that
        was deleted from the database stand in one of its files; it blocks."""
        self._work, self._catalogue, self._ledger, self._clock = work, catalogue, ledger, clock
        self._folder, self._done, self._vault_folder, self._vault = folder, done, vault, Vault(vault)
        self._zone, self._settle, self._copies, self._archive = zone, settle, copies, archive
        self._one = asyncio.Lock()

    async def remove(self, doomed: Sequence[Doomed]) -> Removed:
        """Delete these. Raises LedgerAway, OSError or SQLAlchemyError: of what had begun then the rest follows."""
        begun = await self.begin(doomed)
        names = {*begun.busy, *(one.recording for one in begun.open)}
        if not names:
            return Removed((), begun.held)
        done = await self.finish()
        gone = tuple(name for name in done.gone if name in names)
        left = {name: why for name, why in {**begun.busy, **done.left}.items() if name in names and name not in gone}
        return Removed(gone, begun.held, left)

    async def begin(self, doomed: Sequence[Doomed]) -> Begun:
        """The first three steps: nobody can hear them any more. Raises as `remove`."""
        async with self._one:
            if not doomed:
                return Begun((), {})
            await aside(self._is_there, doomed)
            await self._ledger.write("deleting", {one.recording: _why(one) for one in doomed})
            begun = await aside(self._work.destroy, doomed, self._clock.now(), self._zone())
            await self._ledger.write("spared", {name: {"holds": list(over)} for name, over in begun.held.items()})
            await aside(self._files_gone, begun.open)
            return begun

    async def finish(self) -> Removed:
        """Everything that has begun, also before a crash. Each time copies are made anew, so it is better done for
        several together. Raises as `remove`."""
        async with self._one:
            begun = await aside(self._work.deletions)
            if not begun:
                return Removed()
            await aside(self._settle)
            left = await aside(self._files_gone, begun)
            found = {one.recording: one for one in begun if one.recording not in left}
            places = await self._forgotten(found.values())
            left |= await aside(self._still_there, [*found.values()])
            for recording in found:
                missing = next((place for place in places[recording] if not place.gone), None)
                if missing is not None:
                    left.setdefault(recording, f"{missing.name}: {missing.how}")
            gone = [one for name, one in found.items() if name not in left]
            names = [one.recording for one in gone]
            await aside(self._work.mark_deleted, names)
            await self._certify(gone, places)
            await aside(self._work.close, DELETING, names)
        for recording, why in left.items():
            log.warning("a recording is not deleted everywhere yet", recording=recording, why=why)
        return Removed(tuple(names), {}, left)

    async def overdue(self, rules: Sequence[RetentionRule], now: datetime) -> list[Doomed]:
        """What has lain in quarantine for too long (`ivr.recordings.put_aside`), and nobody holds. Raises OSError,
        SQLAlchemyError."""
        found = await aside(overdue, self._folder, self._catalogue, rules, now, RETENTION)
        held = await aside(self._work.held, found, self._zone())
        return [one for one in found if one.recording not in held]

    # ------------------------------------------------------------------ the steps
    async def _forgotten(self, gone: Collection[Doomed]) -> dict[str, list[Place]]:
        """The places beside the vault, by recording."""
        now = self._clock.now()
        files = [one.file for one in gone if one.file]
        copies = [*await self._copies.forget(files)] if self._copies is not None and files else []
        archived = [one.file for one in gone if one.archived and one.file]
        archive = await self._out_of_archive(archived, now) if archived else None
        return {
            one.recording: [
                *(copies if one.file else ()),
                *([archive] if archive is not None and one.archived else ()),
            ]
            for one in gone
        }

    async def _out_of_archive(self, files: list[str], now: datetime) -> Place:
        if self._archive is None:
            return Place("archive", False, now, "no archive is named any more; name it under `backup` again")
        try:
            return await self._archive.forget(files)
        except ArchiveAway as why:
            return Place(self._archive.name, False, now, str(why))

    async def _certify(self, gone: Sequence[Doomed], places: Mapping[str, list[Place]]) -> None:
        told: dict[str, Mapping[str, object]] = {}
        for one in gone:
            if not await self._ledger.written("deleted", one.recording):
                told[one.recording] = _certificate(one, places[one.recording], self._clock.now()).as_json()
        await self._ledger.write("deleted", told)

    # ------------------------------------------------------------------ in threads
    def _is_there(self, doomed: Iterable[Doomed]) -> None:
        """A folder whose disk is away is empty too: then nothing is gone."""
        if any(one.file for one in doomed) and not (self._vault_folder / INCOMING).is_dir():
            raise OSError(f"{self._vault_folder} does not look like the vault: is its disk there?")

    def _files_gone(self, begun: Sequence[Doomed]) -> dict[str, str]:
        """Remove the files; those that could not be, and why."""
        if not begun:
            return {}
        self._is_there(begun)
        left, there = {}, self._lying()
        for one in begun:
            try:
                if one.file:
                    self._vault.remove(one.file)
                for file in _beside(one, there):
                    file.unlink(missing_ok=True)
            except (OSError, ValueError) as error:
                left[one.recording] = str(error)
        return left

    def _still_there(self, gone: Sequence[Doomed]) -> dict[str, str]:
        """Those of which something is left here, and what."""
        self._is_there(gone)
        there = self._lying()
        return {one.recording: what for one in gone if (what := self._trace(one, there))}

    def _trace(self, one: Doomed, there: Lying) -> str:
        if self._catalogue.key_of(one.recording) is not None:
            return "its key is still in the catalogue"
        for file in _beside(one, there):
            return f"{file} is still there"
        try:
            if one.file:
                self._vault.open(one.file).close()
                return f"{one.file} is still in the vault"
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            return f"{one.file}: {error}"
        return ""

    def _lying(self) -> Lying:
        return lying((self._folder, self._folder / QUARANTINE, self._done))


def _beside(one: Doomed, there: Lying) -> list[Path]:
    """What Asterisk has written of it, every part, taken in or put aside, and the markers."""
    return [file for name in sorted({talk_of(name) for name in one.raw if name}) for file in there.get(name, ())]


def _why(one: Doomed) -> dict[str, object]:
    return {"call": one.call, "rule": one.rule, "due": one.due.isoformat(timespec="seconds"), "by": one.by}


def _certificate(one: Doomed, places: Iterable[Place], now: datetime) -> Certificate:
    return Certificate(
        recording=one.recording,
        call=one.call,
        ended=one.ended,
        bytes=one.bytes,
        sha256=one.sha256,
        audio_sha256=one.audio_sha256,
        rule=one.rule,
        due=one.due,
        deleted=now,
        by=one.by,
        key_destroyed=one.done,
        places=(Place(VAULT, True, now, "file and key"), *places),
    )

"""The way back: a backup's target to an empty folder, with nothing else at hand.

`<folder>/audio/...` and `<folder>/snapshots/<name>` (the newest generation that is whole). Every file is written aside
and takes its place only when its hash is right. What the manifest does not know and the target has all the same (its
run was cut) comes, too; without any readable manifest everything that is listed comes, and nobody can tell what is
missing.
"""

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from recordings.backup import manifest as manifests
from recordings.backup.manifest import SNAPSHOTS, Manifest, Numbered
from recordings.backup.outcome import FIRST, Limits, Names
from recordings.backup.pace import Gained, Rate, Stopped, in_parallel, tried
from recordings.backup.state import BATCH, batches
from recordings.backup.targets import (
    CHUNK,
    Entry,
    ObjectMissing,
    Pace,
    Target,
    TargetError,
    checked,
    unbounded,
    unsealed,
)

MARK = ".restoring"
"""Lies in the folder until a restore has ended well: with it, the next one goes on."""


class Altered(Exception):
    """What came is not what its name says."""


class NotEmpty(Exception):
    """The folder holds something else: a restore would mix with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came back. `restored`: files of audio and snapshots with the right hash, `fetched` of them now, the others
    were there; `missing` and `altered`: names; `unlisted`: came though the manifest does not know them; `older`:
    snapshots whose newest generation was not whole, so that an older one came; `refused`: manifests that are not what
    their seal says. `manifest` None: none could be read."""

    target: str
    manifest: str | None
    restored: int
    fetched: int
    bytes: int
    missing: Names
    altered: Names
    unlisted: int
    snapshots: tuple[str, ...]
    older: tuple[str, ...]
    refused: tuple[str, ...]
    stopped: TargetError | None

    @property
    def whole(self) -> bool:
        """Whether all that was backed up is back."""
        return (
            self.stopped is None
            and self.manifest is not None
            and not (self.missing.count or self.altered.count or self.older or self.refused)
        )


def restore(target: Target, into: Path, *, limits: Limits | None = None, rate: Rate | None = None) -> Restored:
    """Bring everything back. `NotEmpty`: another folder is needed. A restore that was cut goes on where it ended.
    Blocks for long."""
    return _Restore(target, into, limits or Limits(), rate).run()


class _Restore:
    def __init__(self, target: Target, into: Path, limits: Limits, rate: Rate | None) -> None:
        self._target, self._into, self._limits = target, into, limits
        self._rate = rate or Rate(limits.bytes_per_second)
        self._mark = into / MARK
        self._missing: list[str] = []
        self._altered: list[str] = []
        self._snapshots: list[str] = []
        self._older: list[str] = []
        self._restored = self._fetched = self._bytes = self._unlisted = 0
        self._manifest: Manifest | None = None
        self._refused: list[str] = []

    def run(self) -> Restored:
        self._into.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(self._into.iterdir()) and not self._mark.is_dir():
            raise NotEmpty(f"{self._into} is not empty: restore to a new folder, and move things yourself")
        self._mark.mkdir(mode=0o700, exist_ok=True)
        stopped = None
        try:
            self._all()
        except TargetError as error:
            stopped = error
        except Stopped:
            stopped = TargetError(self._target.name, "asked to stop", "restore again: it goes on", transient=True)
        result = Restored(
            target=self._target.name,
            manifest=self._manifest.object if self._manifest else None,
            restored=self._restored,
            fetched=self._fetched,
            bytes=self._bytes,
            missing=Names(len(self._missing), tuple(self._missing[:FIRST])),
            altered=Names(len(self._altered), tuple(self._altered[:FIRST])),
            unlisted=self._unlisted,
            snapshots=tuple(self._snapshots),
            older=tuple(self._older),
            refused=tuple(self._refused),
            stopped=stopped,
        )
        if result.whole:
            self._cleared()
            self._mark.rmdir()
        return result

    def _cleared(self) -> None:
        for left in self._mark.iterdir():
            left.unlink()

    def _all(self) -> None:
        self._cleared()
        self._manifest, self._refused = self._tried(lambda: manifests.fetch(self._target, self._mark))
        listed = self._tried(lambda: manifests.generations(self._target.list(SNAPSHOTS)))
        known = self._manifest.snapshots() if self._manifest else {}
        for name in sorted({*known, *listed}):
            self._snapshot(name, known.get(name, []), listed.get(name, []))
        with closing(self._plan()) as plan:
            for entry, fetched in in_parallel(self._audio, _planned(plan), self._limits.at_once):
                try:
                    new = fetched.result()
                except ObjectMissing:
                    self._missing.append(_name(entry))
                except Altered:
                    self._altered.append(_name(entry))
                else:
                    self._fetched += new
                    self._restored += 1
                    self._bytes += entry.bytes

    def _plan(self) -> sqlite3.Connection:
        """Every object once, however many there are: those of the manifest and those that are only listed."""
        plan = sqlite3.connect(self._mark / "plan.sqlite", isolation_level=None)
        plan.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE plan (object TEXT PRIMARY KEY, bytes INTEGER) WITHOUT ROWID;"
        )

        def note(entries: Iterator[Entry]) -> int:
            before = plan.total_changes
            for batch in batches(entries, BATCH):
                rows = [(entry.name, entry.bytes) for entry in batch if unsealed(entry.name)]
                plan.execute("BEGIN")
                plan.executemany("INSERT OR IGNORE INTO plan VALUES (?, ?)", rows)
                plan.execute("COMMIT")
            return plan.total_changes - before

        if self._manifest:
            note(self._manifest.audio())
        self._unlisted = self._tried(lambda: note(self._target.list("audio")))
        return plan

    def _audio(self, entry: Entry) -> bool:
        self._rate.go_on()
        told = unsealed(entry.name)
        assert told is not None  # the plan holds no other
        return self._brought(entry.name, self._into / told[0], told[1])

    def _snapshot(self, name: str, known: list[Numbered], listed: list[Numbered]) -> None:
        try:
            place = self._into / SNAPSHOTS / checked(name)
        except ValueError:
            return
        all_of_them = {one.object: one for one in chain(listed, known)}
        newest, *_ = generations = sorted(all_of_them.values(), reverse=True)
        for one in generations:
            try:
                self._fetched += self._brought(one.object, place, one.sha256)
            except ObjectMissing:
                if one in known:
                    self._missing.append(one.object)
                continue
            except Altered:
                self._altered.append(one.object)
                continue
            self._restored += 1
            self._bytes += one.bytes
            self._snapshots.append(one.object)
            if one != newest:
                self._older.append(one.object)
            return

    def _brought(self, object_: str, place: Path, sha256: str) -> bool:
        """Whether it had to be fetched: what is there already and right stays."""
        with suppress(OSError), place.open("rb") as there:
            if hashlib.file_digest(there, "sha256").hexdigest() == sha256:
                return False
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tried(partial(fetch, self._target, object_, sha256, place, self._mark, self._rate))
        return True

    def _tried(self, action: Callable[[], Gained]) -> Gained:
        return tried(action, self._limits.tries, self._rate, self._limits.first_pause)


def fetch(target: Target, object_: str, sha256: str, place: Path, aside: Path, pace: Pace = unbounded) -> int:
    """Bring one object to its place, or nothing. Its bytes. `ObjectMissing`, `Altered`."""
    digest, size = hashlib.sha256(), 0
    opened, name = tempfile.mkstemp(dir=aside)
    try:
        with os.fdopen(opened, "wb", buffering=CHUNK) as file:
            for chunk in target.get(object_):
                pace(len(chunk))
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            if digest.hexdigest() != sha256:
                raise Altered(object_)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return size


def _planned(plan: sqlite3.Connection) -> Iterator[Entry]:
    last = ""
    while rows := plan.execute("SELECT * FROM plan WHERE object > ? ORDER BY object LIMIT ?", (last, BATCH)).fetchall():
        last = rows[-1][0]
        yield from (Entry(*row) for row in rows)


def _name(entry: Entry) -> str:
    told = unsealed(entry.name)
    return told[0] if told else entry.name

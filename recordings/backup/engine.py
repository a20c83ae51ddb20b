"""The backup itself: what the source has is brought to the target, each piece read back, and a manifest laid beside.

A run may die at any step; the next one goes on. In this order:

1. look at the target, clear away what broken uploads left, compare its listing with what we know;
2. read back a sample of what has lain there;
3. note what the source has, then make and send the snapshots, then a manifest;
4. send the audio that the target lacks, then the last manifest;
5. only now remove what newer things replaced.

All of it blocks, for hours when there is much to send: run it off the loop, or in a process of its own.
"""

import hashlib
import os
import random
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

from recordings.backup import manifest as manifests
from recordings.backup.gate import Gate, only_one
from recordings.backup.manifest import MANIFESTS, SNAPSHOTS, Numbered
from recordings.backup.outcome import FIRST, Forgotten, Limits, Names, Outcome, SnapshotKept, Tally
from recordings.backup.pace import Gained, Rate, Stopped, in_parallel, tried
from recordings.backup.sources import Snapshot, Source
from recordings.backup.state import AUDIO, Item, State
from recordings.backup.targets import (
    Entry,
    ObjectMissing,
    SourceError,
    Target,
    TargetError,
    checked,
    sha256_of,
    unsealed,
)


class AlreadyRunning(Exception):
    """Another backup to this target runs already."""


class Backup:
    """A source, a target, and the folder of ours where the state lies."""

    def __init__(
        self,
        target: Target,
        source: Source,
        folder: Path,
        *,
        now: Callable[[], datetime],
        randomness: random.Random,
        limits: Limits | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """`folder` is this target's own. `now` gives an aware time. `stop`, once set, ends a run soon; what is
        done stays done."""
        self._target, self._source, self._folder, self._now = target, source, folder, now
        self._randomness, self._limits = randomness, limits or Limits()
        self._rate = Rate(self._limits.bytes_per_second, stop)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._state = State(folder / "state.sqlite")
        self._gate = Gate(folder)

    def close(self) -> None:
        """Let state and target go."""
        self._state.close()
        self._target.close()

    def run(self) -> Outcome:
        """One backup. It always returns, with what stopped it; only `AlreadyRunning` and trouble of our own disk are
        raised."""
        with only_one(self._folder / "run.lock") as alone:
            if not alone:
                raise AlreadyRunning(f"a backup to {self._target.name} runs already")
            tally = Tally(self._target.name, self._now())
            try:
                self._run(tally)
            except Stopped:
                tally.stopped = TargetError(
                    self._target.name, "asked to stop", "run it again: it goes on", transient=True
                )
            except TargetError as error:
                tally.stopped = error
            tally.items, tally.bytes = self._state.total()
            tally.lost = Names(*self._state.lost_names(FIRST))
            tally.source_lacks = self._state.source_lacks()
            return tally.done(self._now())

    def forget(self, names: Iterable[str]) -> Forgotten:
        """Retention deleted these recordings: remove them from the target, and make sure. Raises `TargetError` when it
        is not sure; again is harmless.

        Their data keys have to be destroyed before: the snapshots of one generation, so the keys', are made anew here.
        Waits for uploads that are under way."""
        wanted = {checked(name) for name in names}
        self._state.forget(wanted)
        with self._gate.alone():
            self._tried(self._target.check)
            if not self._state.compared():
                self._tried(lambda: self._state.compare(self._target.list(AUDIO.rstrip("/"))))
            gone = self._removed(wanted)
            self._state.gone_names(wanted)
            tally = Tally(self._target.name, self._now())
            with self._work() as work:
                single = [snapshot for snapshot in self._source.snapshots() if snapshot.keep == 1]
                self._snapshots(single, tally, work)
                written = self._manifest(tally, work)
            self._tidy(tally, manifests_kept=1)
        if tally.problems:
            first = tally.problems[0]
            raise TargetError(
                self._target.name, f"{first.name}: {first.what}", "forget them again: old keys may be left"
            )
        return Forgotten(self._target.name, tuple(sorted(wanted)), tuple(sorted(gone)), written)

    def _run(self, tally: Tally) -> None:
        with self._gate.alone():  # it clears away uploads that are under way, too
            self._tried(self._target.check)
        compared = self._tried(lambda: self._state.compare(self._target.list(AUDIO.rstrip("/"))))
        tally.adopted = compared.adopted
        if compared.leftovers:
            with self._gate.alone():
                self._delete(compared.leftovers)
        self._read_back(tally)
        for name in self._state.want(self._source.audio()):
            tally.problem(name, "this cannot be the name of an object")
        with self._gate.alone(), self._work() as work:
            self._snapshots(self._source.snapshots(), tally, work)
            self._manifest(tally, work)
        self._audio(tally)
        with self._gate.alone(), self._work() as work:
            replaced = [item.object for item in self._state.replaced()]
            self._state.gone(replaced)
            if tally.sent or replaced:
                self._manifest(tally, work)
            self._delete(replaced)
            self._tidy(tally, manifests_kept=self._limits.manifests)

    # Reading back.

    def _read_back(self, tally: Tally) -> None:
        left = self._limits.sample_bytes
        chosen: list[Item] = []
        for item in self._state.sample(self._limits.sample, self._randomness):
            left -= item.bytes
            if left < 0 and chosen:
                break
            chosen.append(item)
        for item, read in in_parallel(self._is_right, chosen, self._limits.at_once):
            try:
                right = read.result()
            except TargetError as error:
                tally.failed(item.name, error, self._limits.failures)
                continue
            tally.in_a_row = 0
            if right:
                self._state.kept(item)
                tally.read_back += 1
            else:
                self._state.lost(item)
                tally.damaged.append(item.name)

    def _is_right(self, item: Item) -> bool:
        with self._gate.together():
            if self._state.forgotten(item.name):
                return True
            return self._tried(lambda: self._has(item.object))

    def _has(self, object_: str) -> bool:
        """Whether what comes back is what the object's name says."""
        told = unsealed(object_)
        try:
            return told is not None and sha256_of(self._target.get(object_), self._rate) == told[1]
        except ObjectMissing:
            return False

    # Sending.

    def _audio(self, tally: Tally) -> None:
        for (item, path, _), sent in in_parallel(self._send, self._state.work(), self._limits.at_once):
            try:
                if sent.result():
                    tally.sent += 1
                    tally.sent_bytes += item.bytes
                tally.in_a_row = 0
            except SourceError as error:
                if not self._state.forgotten(item.name):
                    tally.problem(item.name, f"{path}: {error.what}")
            except TargetError as error:
                tally.failed(item.name, error, self._limits.failures)

    def _send(self, work: tuple[Item, Path, str]) -> bool:
        item, path, sha256 = work
        self._rate.go_on()
        with self._gate.together():
            if self._state.forgotten(item.name):
                return False
            self._deliver(item.object, path, sha256)
            self._state.kept(item)
        return True

    def _deliver(self, object_: str, source: Path, sha256: str) -> None:
        def once() -> None:
            self._target.put(object_, source, sha256, self._rate)
            if not self._has(object_):
                self._target.delete(object_)
                raise TargetError(
                    self._target.name,
                    f"{object_} did not come back as it was sent",
                    "this storage cannot be trusted: check its disks, its memory and the network, or use another",
                    transient=True,
                )

        self._tried(once)

    def _snapshots(self, wanted: Iterable[Snapshot], tally: Tally, work: Path) -> None:
        for snapshot in wanted:
            self._rate.go_on()
            try:
                tally.snapshots.append(self._snapshot(snapshot, work))
            except (TargetError, Stopped):
                raise
            except Exception as error:  # whatever a database or a disk of ours may say: the others go on
                tally.problem(snapshot.name, f"the snapshot could not be made: {error}")

    def _snapshot(self, snapshot: Snapshot, work: Path) -> SnapshotKept:
        above = f"{SNAPSHOTS}/{checked(snapshot.name)}"
        file = work / "snapshot"
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        try:
            snapshot.make(file)
            with file.open("rb") as made:
                sha256 = hashlib.file_digest(made, "sha256").hexdigest()
            size = file.stat().st_size
            have = self._numbered(above)
            newest = have[0] if have else None
            if newest and newest.sha256 == sha256 and self._tried(lambda: self._has(newest.object)):
                return SnapshotKept(snapshot, newest.object, size, sent=False)
            object_ = manifests.next_object(above, have, sha256)
            self._deliver(object_, file, sha256)
        finally:
            file.unlink(missing_ok=True)
        return SnapshotKept(snapshot, object_, size, sent=True)

    def _manifest(self, tally: Tally, work: Path) -> str:
        """Lay a new manifest beside. Nobody else changes anything meanwhile."""
        kept = self._staying(tally)
        file = work / "manifest"
        items = (Entry(item.object, item.bytes) for item in self._state.items())
        sha256 = manifests.write(
            file, self._now(), self._state.total(), chain((Entry(one.object, one.bytes) for one in kept), items)
        )
        have = self._numbered(MANIFESTS)
        tally.manifest = manifests.next_object(MANIFESTS, have, sha256)
        self._deliver(tally.manifest, file, sha256)
        file.unlink()
        return tally.manifest

    def _staying(self, tally: Tally) -> list[Numbered]:
        """The generations of all snapshots that will be there when we have tidied up."""
        keep = {one.snapshot.name: one.snapshot.keep for one in tally.snapshots}
        found = manifests.generations(self._tried(lambda: list(self._target.list(SNAPSHOTS))))
        return [one for name, have in found.items() for one in have[: keep.get(name, len(have))]]

    # Removing.

    def _tidy(self, tally: Tally, manifests_kept: int) -> None:
        """Remove the generations that newer ones replaced, once the manifest names the newer ones."""
        for one in tally.snapshots:
            above = f"{SNAPSHOTS}/{one.snapshot.name}"
            have = self._numbered(above)
            self._delete([old.object for old in have[one.snapshot.keep :]])
        have = self._numbered(MANIFESTS)
        self._delete([old.object for old in have[manifests_kept:]])

    def _removed(self, names: set[str]) -> list[str]:
        """Objects of these names that were at the target; they are no more."""
        folders = {(AUDIO + name).rpartition("/")[0] for name in names}
        there = [one for folder in sorted(folders) for one in self._of_names(folder, names)]
        self._delete(there)
        return there

    def _of_names(self, folder: str, names: set[str]) -> list[str]:
        def look() -> list[str]:
            entries = ((entry.name, unsealed(entry.name)) for entry in self._target.list(folder))
            return [one for one, told in entries if told and told[0].removeprefix(AUDIO) in names]

        return self._tried(look)

    def _delete(self, objects: Iterable[str]) -> None:
        """Remove them, and ask whether they are gone: one by one and by a listing."""
        doomed = set(objects)
        for one in sorted(doomed):
            self._tried(partial(self._target.delete, one))
        for folder in sorted({one.rpartition("/")[0] for one in doomed}):
            still = doomed & self._tried(partial(self._names_in, folder))
            if still:
                raise TargetError(
                    self._target.name,
                    f"{len(still)} deleted objects are still listed, the first: {min(still)}",
                    "look for versioning, snapshots or a lock of the storage",
                )

    def _names_in(self, folder: str) -> set[str]:
        return {entry.name for entry in self._target.list(folder)}

    def _numbered(self, folder: str) -> list[Numbered]:
        return self._tried(lambda: manifests.numbered(self._target.list(folder), folder))

    def _tried(self, action: Callable[[], Gained]) -> Gained:
        return tried(action, self._limits.tries, self._rate, self._limits.first_pause)

    @contextmanager
    def _work(self) -> Iterator[Path]:
        """A folder for what must not outlive us, for whoever is alone; what a killed run left goes away."""
        work = self._folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

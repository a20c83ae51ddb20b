"""A target as the place for recordings that leave the vault before they are deleted.

What is archived lies where the backup of that target has it already, under the same name: most often nothing has to be
sent, a restore brings it back, and `forget` removes it like any other copy.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from ivr.backup.backup import Backups
from ivr.backup.worker import Job
from recordings.backup.gate import Gate
from recordings.backup.state import AUDIO
from recordings.backup.targets import ObjectMissing, SourceError, Target, TargetError, sealed, sha256_of
from recordings.certificate import Place

T = TypeVar("T")


class TargetArchive:
    """An `ivr.recordings.copies.Archive`, on a target of the backup. `away(why)` makes what its users expect to be
    raised."""

    def __init__(self, backups: Backups, job: Callable[[], Job | None], away: Callable[[str], Exception]) -> None:
        """`job()`: the target that the site names now; None when it names none."""
        self._backups, self._job, self._away = backups, job, away
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="archive")

    @property
    def name(self) -> str:
        """The target's; empty when there is none."""
        job = self._job()
        return job.target.name if job is not None else ""

    async def put(self, file: str, path: Path, sha256: str) -> None:
        """Keep this file of the vault, whole or not at all, and read it back; again is harmless."""
        await self._done(_put, file, path, sha256)

    async def forget(self, files: Collection[str]) -> Place:
        """As a target of the backup does. Raises what `away` makes when there is none."""
        return await self._backups.forget_at(self._now().target, files)

    def close(self) -> None:
        """What is under way comes to its end."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _done(self, work: Callable[..., T], *given: object) -> T:
        job = self._now()

        def do() -> T:
            job.settle()
            with closing(job.open()) as target, Gate(job.folder).together():
                return work(target, *given)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, do)
        except (TargetError, SourceError, OSError, sqlite3.Error, ValueError) as error:
            raise self._away(str(error)) from None

    def _now(self) -> Job:
        job = self._job()
        if job is None:
            raise self._away("config/recordings.yaml names no archive: write `archive: TARGET` below `backup`")
        return job


def _put(target: Target, file: str, path: Path, sha256: str) -> None:
    if _has(target, file, sha256):
        return
    object_ = sealed(AUDIO + file, sha256)
    target.put(object_, path, sha256)
    if not _has(target, file, sha256):
        target.delete(object_)
        raise TargetError(target.name, f"{file} did not come back as it was sent", "this storage cannot be trusted")


def _has(target: Target, file: str, sha256: str) -> bool:
    try:
        return sha256_of(target.get(sealed(AUDIO + file, sha256))) == sha256
    except ObjectMissing:
        return False

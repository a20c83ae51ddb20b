"""Watches the disks of the raw recordings and of the vault, so that recording ends in good order before a full disk
hurts calls: first it is told, then no new talk begins recorded, and those that are recorded are ended as they are.

A folder that cannot be looked at changes nothing: what was known of it holds until it can be looked at again. One that
does not answer (a disk of the network that is away) holds up neither the others nor the start: its look goes on, and no
second one is begun beside it.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from ivr import log as logs
from ivr.aside import aside
from ivr.clock import Clock
from recordings.capacity import Alarm, Disk, Forecast, Limits, alarms

log = logs.get(__name__)

EVERY_SECONDS = 5.0
"""A hundred talks write 16 MB meanwhile."""
PATIENCE_SECONDS = 2.0
"""How long a look is waited for."""
WHY = "disk"

_NOTHING_FORESEEN = Forecast(None, None, None, 0)


class Room(StrEnum):
    """How much room there is."""

    OK = "ok"
    LOW = "low"
    STOP = "stop"


class Ledger(Protocol):
    """Where it is written that recording stopped and went on (ivr.recordings.keeper.Ledger)."""

    async def note(self, what: str, recording: str, **detail: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Volume:
    """What was seen of a folder's disk: bytes and files (0: it counts none) that it holds, and that are free."""

    size: int
    free: int
    files: int = 0
    files_free: int = 0
    writable: bool = True

    @property
    def free_percent(self) -> float:
        """Of bytes or files, whichever is scarcer; 0 where nothing can be written."""
        if not self.writable:
            return 0.0
        shares = [Disk(self.size, self.free).free_percent]
        if self.files:
            shares.append(100 * self.files_free / self.files)
        return min(shares)


def volume_of(folder: Path) -> Volume:
    """Blocking, for long where a disk of the network is away. Raises OSError."""
    seen = os.statvfs(folder)
    return Volume(
        size=seen.f_blocks * seen.f_frsize,
        free=seen.f_bavail * seen.f_frsize,
        files=seen.f_files,
        files_free=seen.f_favail,
        writable=not seen.f_flag & os.ST_RDONLY,
    )


class DiskGuard:
    """Of some folders, by the names that people know them by. `look` once before the first call, then `start`."""

    def __init__(
        self,
        folders: Mapping[str, Path],
        limits: Callable[[], Limits],
        clock: Clock,
        look_at: Callable[[Path], Volume] = volume_of,
    ) -> None:
        self._folders, self._limits, self._clock, self._look_at = dict(folders), limits, clock, look_at
        self.volumes: dict[str, Volume] = {}
        """As they were at the latest look that could be made."""
        self._looking: dict[str, asyncio.Task[Volume]] = {}
        self._looked = dict.fromkeys(folders, clock.engine_us())
        self._standing: dict[str, frozenset[Alarm]] = {name: frozenset() for name in folders}
        self._troubles: dict[str, str] = {}
        self._stop: Callable[[str], Awaitable[int]] | None = None
        self._ledger: Ledger | None = None
        self._task: asyncio.Task[None] | None = None

    def attach(self, stop: Callable[[str], Awaitable[int]], ledger: Ledger) -> None:
        """`stop(why)` ends what is being recorded (Recorder.stop_all)."""
        self._stop, self._ledger = stop, ledger

    def start(self) -> None:
        """Look every few seconds."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="guard of the disk")

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        for looking in self._looking.values():
            looking.cancel()

    def has_room(self) -> bool:
        """Whether another talk may begin recorded."""
        return self.room is not Room.STOP

    @property
    def folders(self) -> tuple[str, ...]:
        """By name."""
        return tuple(self._folders)

    @property
    def room(self) -> Room:
        """Of the fullest disk."""
        return max((self.room_of(name) for name in self._folders), key=list(Room).index, default=Room.OK)

    def room_of(self, name: str) -> Room:
        """Of one folder's disk."""
        standing = self._standing[name]
        if Alarm.STOP in standing:
            return Room.STOP
        return Room.LOW if Alarm.DISK_LOW in standing else Room.OK

    def unseen_seconds(self, name: str) -> float:
        """How long ago a folder could be looked at last; while it never could, since the beginning."""
        return (self._clock.engine_us() - self._looked[name]) / 1e6

    async def look(self) -> None:
        """Look at each disk; tell what has changed, and end what is recorded while there is no room."""
        for name, folder in self._folders.items():
            if name not in self._looking:
                self._looking[name] = asyncio.ensure_future(aside(self._look_at, folder))
        await asyncio.wait(self._looking.values(), timeout=PATIENCE_SECONDS)
        for name in self._folders:
            await self._seen(name)
        if not self.has_room() and self._stop is not None:
            ended = await self._stop(WHY)
            if ended:
                log.error("recordings were ended for want of room; the talks go on", ended=ended)

    async def _seen(self, name: str) -> None:
        if not self._looking[name].done():
            self._cannot(name, TimeoutError("it does not answer"))
            return
        try:
            self.volumes[name] = seen = self._looking.pop(name).result()
        except OSError as error:
            self._cannot(name, error)
            return
        self._troubles.pop(name, None)
        self._looked[name] = self._clock.engine_us()
        await self._judge(name, seen)

    async def _judge(self, name: str, seen: Volume) -> None:
        before, limits = self.room_of(name), self._limits()
        told = Disk(100_000, round(1000 * seen.free_percent))  # of bytes or of files: the judgement is one of per cent
        self._standing[name] = alarms(told, _NOTHING_FORESEEN, limits, self._standing[name])
        now = self.room_of(name)
        if now is before:
            return
        detail = {"folder": name, "free": seen.free, "percent": round(seen.free_percent, 1)}
        match now:
            case Room.OK:
                log.info("there is room for recordings again", **detail)
            case Room.LOW if before is Room.STOP:
                log.warning("there is room again, and little: talks are recorded", **detail)
            case Room.LOW:
                log.warning("there is little room for recordings", **detail)
            case Room.STOP:
                log.error("there is no room for recordings: calls go on, nobody is recorded", **detail)
        if self._ledger is not None:
            await self._ledger.note(f"room_{now}", "", **detail)

    def _cannot(self, name: str, error: OSError) -> None:
        why = error.strerror or str(error)
        if self._troubles.get(name) != why:
            log.error("a folder of recordings cannot be looked at", folder=name, why=why)
        self._troubles[name] = why

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:  # a guard that is gone is worse than one that fails
                log.exception("the guard of the disk could not do its work")
            await self._clock.sleep(EVERY_SECONDS)

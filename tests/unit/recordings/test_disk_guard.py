"""Recording ends before the disk is full, is told before that, and begins again when there is clearly room."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from ivr.recordings import disk_guard
from ivr.recordings.disk_guard import EVERY_SECONDS, DiskGuard, Room, Volume, volume_of
from ivr.testing.clock import ManualClock
from recordings.capacity import Limits
from tests.tools import run

RAW, VAULT = "recordings", "vault"


class Disks:
    """Two disks whose free space a test sets, and what the guard did."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.free: dict[str, Any] = {RAW: 50.0, VAULT: 50.0}
        self.looks = self.stops = 0
        self.noted: list[tuple[str, object]] = []
        self.guard = DiskGuard({RAW: Path(RAW), VAULT: Path(VAULT)}, Limits, self.clock, self.look_at)
        self.guard.attach(self.stop, self)

    def look_at(self, folder: Path) -> Volume:
        self.looks += 1
        free = self.free[folder.name]
        if isinstance(free, threading.Event):
            free.wait()
            return Volume(10**12, 10**10)
        if isinstance(free, OSError):
            raise free
        return free if isinstance(free, Volume) else Volume(10**12, round(10**10 * free))

    async def stop(self, why: str) -> int:
        assert why == "disk"
        self.stops += 1
        return 1

    async def note(self, what: str, recording: str, **detail: object) -> None:
        self.noted.append((what, detail["folder"]))

    async def at(self, percent: Any, folder: str = RAW) -> Room:
        self.free[folder] = percent
        await self.guard.look()
        return self.guard.room


@run
async def test_it_is_told_before_it_stops_and_each_change_once() -> None:
    disks = Disks()
    assert [await disks.at(percent) for percent in (10.0, 9.9, 9.5, 2.0, 1.9, 1.0)] == [
        Room.OK,
        Room.LOW,
        Room.LOW,
        Room.LOW,
        Room.STOP,
        Room.STOP,
    ]
    assert disks.noted == [("room_low", RAW), ("room_stop", RAW)]
    assert not disks.guard.has_room() and disks.stops == 2, "what has begun since is ended too"


@run
async def test_it_does_not_come_and_go() -> None:
    disks = Disks()
    await disks.at(1.9)
    seen = [await disks.at(percent) for percent in (2.05, 1.95, 2.19, 2.2, 2.0, 10.5, 10.9, 11.1, 10.0)]
    assert seen == [Room.STOP, Room.STOP, Room.STOP, Room.LOW, Room.LOW, Room.LOW, Room.LOW, Room.OK, Room.OK]
    assert [what for what, _ in disks.noted] == ["room_stop", "room_low", "room_ok"]


@run
async def test_the_fullest_disk_counts() -> None:
    disks = Disks()
    assert await disks.at(1.0, VAULT) is Room.STOP
    assert await disks.at(5.0, RAW) is Room.STOP
    assert (disks.guard.room_of(RAW), disks.guard.room_of(VAULT)) == (Room.LOW, Room.STOP)
    assert await disks.at(50.0, VAULT) is Room.LOW and disks.guard.has_room()


@pytest.mark.parametrize(
    ("volume", "room"),
    [
        (Volume(10**12, 10**12, files=1000, files_free=15), Room.STOP),
        (Volume(10**12, 10**12, files=1000, files_free=90), Room.LOW),
        (Volume(10**12, 10**12, files=0, files_free=0), Room.OK),
        (Volume(10**12, 10**12, writable=False), Room.STOP),
        (Volume(0, 0), Room.STOP),
    ],
)
@run
async def test_files_run_out_too_and_what_cannot_be_written_is_full(volume: Volume, room: Room) -> None:
    assert await Disks().at(volume) is room


@run
async def test_a_folder_that_is_away_changes_nothing() -> None:
    disks = Disks()
    assert await disks.at(OSError("away")) is Room.OK
    assert await disks.at(1.0) is Room.STOP
    assert await disks.at(OSError("away")) is Room.STOP
    assert await disks.at(50.0) is Room.OK


@run
async def test_it_looks_every_few_seconds_and_in_a_thread() -> None:
    disks = Disks()
    disks.guard.start()
    for looks in (2, 4, 6):
        for _ in range(200):
            if disks.looks == looks and disks.clock.pending:
                break
            await asyncio.sleep(0.01)
        assert disks.looks == looks and disks.clock.pending == 1
        disks.clock.advance(EVERY_SECONDS)
    await disks.guard.close()


@run
async def test_a_disk_that_does_not_answer_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_guard, "PATIENCE_SECONDS", 0.5)
    disks, answers = Disks(), threading.Event()
    try:
        assert await disks.at(answers, VAULT) is Room.OK
        disks.clock.advance(90)
        assert await disks.at(1.0) is Room.STOP and disks.stops == 1
        assert (disks.guard.unseen_seconds(VAULT), disks.guard.unseen_seconds(RAW)) == (90.0, 0.0)
        assert disks.looks == 3, "one look at a time waits for a disk that is away"
    finally:
        answers.set()
    disks.free[RAW] = 50.0
    while disks.guard.room_of(VAULT) is not Room.STOP:
        await disks.guard.look()
    assert disks.guard.unseen_seconds(VAULT) == 0.0 and disks.guard.room_of(RAW) is Room.OK
    await disks.guard.close()


def test_a_real_disk(tmp_path: Path) -> None:
    seen = volume_of(tmp_path)
    assert 0 < seen.free <= seen.size and 0 < seen.free_percent <= 100 and seen.writable

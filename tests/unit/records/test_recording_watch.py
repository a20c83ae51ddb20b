"""The watch over finished recordings: what is wrong with one is in no other one's way, and is told once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DataError
from structlog.testing import capture_logs

from ivr.records.recording_watch import EVERY_SECONDS, TOGETHER, RecordingWatch
from ivr.testing.clock import ManualClock
from recordings.catalogue import MemoryCatalogue, Recording
from recordings.intake import Intake, Refused, Talk
from tests.tools import run


class Folder:
    """Finished talks, and a database that refuses some of them."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.done, self.refuses, self.told = folder / "done", set[str](), list[str]()
        self.done.mkdir()
        for name in names:
            (folder / f"{name}.raw").write_bytes(bytes(32_000))
            (self.done / name).touch()
        self.intake = Intake(folder, self.done, MemoryCatalogue(), self.talk_of)
        self.clock = ManualClock()
        self.watch = RecordingWatch(self.intake, self.clock, lambda event, key: self.told.append(event.recording))

    def talk_of(self, call: str, leg: str) -> Talk:
        return Talk(call=call, queue="servicio", agent="101")

    def refuse(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        real = self.intake.take

        def take(name: str) -> Recording | Refused:
            if name in self.refuses:
                raise error
            return real(name)

        monkeypatch.setattr(self.intake, "take", take)


TOO_LONG = DataError("INSERT", {}, Exception("value too long for type character varying(32)"))


@run
async def test_one_that_the_database_refuses_is_in_no_other_ones_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"c{number}_1" for number in range(2 * TOGETHER + 1)]
    folder = Folder(tmp_path, *names)
    folder.refuses = {names[0]}
    folder.refuse(monkeypatch, TOO_LONG)
    for _ in range(2):
        with pytest.raises(DataError):
            await folder.watch.look()
    assert folder.told == names[1:]
    folder.refuses.clear()
    assert await folder.watch.look() == 1 and sorted(folder.told) == names


async def looked(folder: Folder, times: int) -> list[Any]:
    """What the log says while the watch looks so often."""
    with capture_logs() as lines:
        folder.watch.start()
        async with asyncio.timeout(10):
            for _ in range(times):
                while not folder.clock.pending:  # noqa: ASYNC110 (its work is done in threads)
                    await asyncio.sleep(0.001)
                folder.clock.advance(EVERY_SECONDS)
        await folder.watch.close()
    return [line["event"] for line in lines]


@run
async def test_trouble_is_told_once_and_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path, "c1_1")
    folder.refuses = {"c1_1"}
    folder.refuse(monkeypatch, TOO_LONG)
    assert await looked(folder, 5) == ["recordings cannot be taken in; they wait"]
    folder.refuses.clear()
    assert await looked(folder, 2) == ["recording finished", "recordings are taken in again"]


@run
async def test_whatever_happens_the_watch_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path, "c1_1")
    folder.refuses = {"c1_1"}
    folder.refuse(monkeypatch, KeyError("nobody expected this"))
    assert await looked(folder, 2)
    folder.refuses.clear()
    await looked(folder, 2)
    assert folder.told == ["c1_1"]

"""Recordings: when one may be made, and how a finished one gets into the catalogue."""

import os
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.call.facts import RecordingFinished
from ivr.clock import LoopClock
from ivr.records.recording_watch import RecordingWatch
from ivr.records.store import RecordStore
from recordings.catalogue import Catalogue, MemoryCatalogue, Recording, SqlCatalogue
from recordings.intake import Intake, Owner, Refused, length_us, parse_name
from recordings.policy import may_record
from tests.tools import run

NAME = "n1-1795291036.6_000000000002"


@pytest.mark.parametrize(
    ("policy", "notice", "recorded"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_nothing_is_recorded_without_policy_and_notice(policy: bool, notice: bool, recorded: bool) -> None:
    assert may_record(policy=policy, notice_heard=notice) is recorded


class Folder:
    def __init__(self, path: Path, catalogue: Catalogue | None = None) -> None:
        self.recordings, self.done = path, path / "done"
        self.done.mkdir(parents=True)
        self.catalogue = catalogue or MemoryCatalogue()
        self.intake = Intake(path, self.done, self.catalogue, {"000000000002": Owner("servicio", "101")}.get)

    def file(self, name: str = NAME, seconds: float = 2) -> Path:
        path = self.recordings / f"{name}.wav"
        with wave.open(str(path), "wb") as written:
            written.setnchannels(1)
            written.setsampwidth(2)
            written.setframerate(8000)
            written.writeframes(b"\1\2" * round(8000 * seconds))
        return path

    def mark(self, name: str = NAME) -> None:
        (self.done / name).touch()


def test_a_finished_recording_gets_a_row_with_its_length_and_its_owner(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.file(seconds=2.5)
    folder.mark()
    assert folder.intake.waiting() == [NAME]
    taken = folder.intake.take(NAME)
    assert isinstance(taken, Recording)
    assert (taken.call, taken.offer, taken.queue, taken.agent) == ("n1-1795291036.6", "000000000002", "servicio", "101")
    assert taken.length_us == 2_500_000 and taken.bytes == 44 + 40_000 and len(taken.sha256) == 64
    assert folder.intake.waiting() == [NAME]  # the marker stays until everybody knows
    folder.intake.settle(NAME)
    assert folder.intake.waiting() == [] and folder.catalogue.get(NAME) == taken


def test_a_file_whose_header_says_nothing_has_its_length_by_its_size(tmp_path: Path) -> None:
    """So Asterisk leaves it when it is killed."""
    path = Folder(tmp_path).file(seconds=3)
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = b"\0\0\0\0"
    assert length_us(bytes(data[:44]), len(data)) == 3_000_000
    assert length_us(b"", 44) == 0 and length_us(b"garbage" * 7, 16_044) == 1_000_000


@pytest.mark.parametrize("name", ["../../etc/passwd", "a_b_c/d", "", ".hidden", "no-offer", "x_" + "y" * 300, "a\n_b"])
def test_a_marker_with_a_strange_name_is_refused(name: str) -> None:
    assert parse_name(name) is None


def test_an_empty_recording_is_removed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = folder.file(seconds=0)
    folder.mark()
    refused = folder.intake.take(NAME)
    assert isinstance(refused, Refused) and refused.final and not path.exists()


def test_a_marker_without_a_file_is_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.mark()
    refused = folder.intake.take(NAME)
    assert isinstance(refused, Refused) and "No such file" in refused.why and refused.final


def test_a_recording_that_nobody_finished_is_an_orphan(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = folder.file()
    now = datetime.now(UTC)
    assert folder.intake.orphans(now) == []  # still being written
    old = (now - timedelta(minutes=10)).timestamp()
    os.utime(path, (old, old))
    assert folder.intake.orphans(now) == [NAME]
    folder.mark()
    assert folder.intake.orphans(now) == []
    folder.intake.take(NAME)
    folder.intake.settle(NAME)
    assert folder.intake.orphans(now) == []


def row(name: str, call: str, second: int) -> Recording:
    finished = datetime(2026, 11, 23, 15, 0, second, tzinfo=UTC)
    return Recording(
        recording=name,
        call=call,
        offer="1",
        queue="servicio",
        agent="101",
        finished=finished,
        length_us=1,
        bytes=2,
        sha256="0" * 64,
        file=f"{name}.wav",
    )


@pytest.fixture(params=["memory", "sqlite"])
def catalogue(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        return MemoryCatalogue()
    store = RecordStore.open(f"sqlite:///{tmp_path / 'records.sqlite'}")
    request.addfinalizer(store.close)
    return SqlCatalogue(store.engine)


def test_every_catalogue_finds_what_was_added(catalogue: Catalogue) -> None:
    second, first = row("c_2", "c", 2), row("c_1", "c", 1)
    catalogue.add(second)
    catalogue.add(first)
    catalogue.add(row("d_1", "d", 1))
    catalogue.add(first)
    assert catalogue.of_call("c") == [first, second]
    assert catalogue.get("c_1") == first and catalogue.get("none") is None
    assert catalogue.missing(["c_1", "x_1", "d_1"]) == {"x_1"}
    assert catalogue.missing(f"x_{i}" for i in range(2_000)) == {f"x_{i}" for i in range(2_000)}


@run
async def test_the_journal_is_told_before_the_marker_goes(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "r")
    folder.file()
    folder.mark()
    folder.mark("strange name")
    told: list[tuple[RecordingFinished, str]] = []

    def tell(event: RecordingFinished, key: str) -> None:
        assert folder.intake.waiting().count(NAME) == 1
        told.append((event, key))

    watch = RecordingWatch(folder.intake, LoopClock(), tell)
    assert await watch.look() == 1
    ((event, key),) = told
    assert (event.call, event.recording, event.seconds_us) == ("n1-1795291036.6", NAME, 2_000_000)
    assert key == f"recording:{NAME}"
    assert folder.intake.waiting() == [] and await watch.look() == 0


@run
async def test_the_watch_takes_what_finishes_while_it_runs(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "r")
    told: list[str] = []
    watch = RecordingWatch(folder.intake, LoopClock(), lambda event, key: told.append(event.recording))
    watch.start()
    folder.file()
    folder.mark()
    while not told:
        await LoopClock().sleep(0.02)
    await watch.close()
    assert told == [NAME]

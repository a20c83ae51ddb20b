"""How a recording of several files gets into the catalogue as one."""

import functools
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.records.recording_watch import AGAIN_SECONDS, EVERY_SECONDS, RecordingWatch
from ivr.testing.clock import ManualClock
from recordings import intake
from recordings.catalogue import Recording
from recordings.intake import QUARANTINE, Intake, Refused
from tests.tools import run
from tests.unit.recordings.taking import AT, LEG, NAME, SECOND, Folder


def test_a_recording_of_several_files_is_taken_as_one_when_all_are_complete(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for name, ended in ((NAME, AT), (f"{NAME}~2", AT + 3 * SECOND)):
        file = folder.file(name)
        os.utime(file, (ended.timestamp(), ended.timestamp()))
    folder.mark()
    assert folder.intake.waiting() == [], "Asterisk writes the second one"
    folder.mark(f"{NAME}~2")
    assert folder.intake.waiting() == [NAME]
    taken = folder.intake.take(NAME)
    assert isinstance(taken, Recording) and taken.recording == NAME and taken.file == f"{NAME}.raw"
    assert taken.length_us == 5_000_000 and taken.finished == AT + 3 * SECOND
    assert folder.intake.take(NAME) == taken
    folder.intake.settle(NAME)
    assert not list(folder.done.iterdir()) and [file.name for file in tmp_path.glob("*.raw")] == [f"{NAME}.raw"]


def test_between_two_files_nothing_is_taken(tmp_path: Path) -> None:
    folder, parts = Folder(tmp_path), {LEG: 2}
    folder.intake = Intake(
        tmp_path, folder.done, folder.catalogue, lambda call, leg: folder.talks.get(leg), lambda leg: parts.get(leg, 1)
    )
    folder.file()
    folder.mark()
    assert folder.intake.waiting() == [], "the second one is about to be begun"
    parts.clear()
    assert folder.intake.waiting() == [NAME], "they hung up before"


@run
async def test_parts_that_cannot_be_joined_yet_are_tried_again_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, clock, tried = Folder(tmp_path), ManualClock(), list[str]()
    watch = RecordingWatch(folder.intake, clock, lambda event, key: None)
    for name in (NAME, f"{NAME}~2"):
        folder.file(name)
        folder.mark(name)

    def full(where: Path, name: str, later: Sequence[Path]) -> None:
        tried.append(name)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(intake, "join", full)
        for _ in range(round(AGAIN_SECONDS / EVERY_SECONDS)):
            assert await watch.look() == 0
            clock.advance(EVERY_SECONDS)
        assert tried == [NAME], "and not twice a second"
        assert await watch.look() == 0 and tried == [NAME, NAME]
    folder.file("c_1")
    folder.mark("c_1")
    folder.talks["1"] = folder.talks[LEG]
    assert await watch.look() == 1, "the others do not wait"
    clock.advance(AGAIN_SECONDS)
    assert await watch.look() == 1 and folder.intake.waiting() == []


@run
async def test_the_folder_is_listed_once_however_many_recordings_have_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice as many may not need four times as long."""
    folder, listed = Folder(tmp_path), list[Path]()
    for number in range(20):
        for name in (f"c_{number}", f"c_{number}~2"):
            folder.file(name, seconds=0.1)
            folder.mark(name)
        folder.talks[str(number)] = folder.talks[LEG]
    looks = {name: getattr(Path, name) for name in ("iterdir", "glob", "rglob")}

    def counted(path: Path, *arguments: str, name: str) -> Any:
        if path == folder.recordings:
            listed.append(path)
        return looks[name](path, *arguments)

    for name in looks:
        monkeypatch.setattr(Path, name, functools.partialmethod(counted, name=name))
    assert await RecordingWatch(folder.intake, ManualClock(), lambda event, key: None).look() == 20
    assert len(listed) == 1


def test_parts_that_were_cut_off_are_adopted_and_joined(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for name, ended in ((NAME, AT), (f"{NAME}~2", AT + 3 * SECOND)):
        os.utime(folder.file(name), (ended.timestamp(), ended.timestamp()))
    folder.mark()
    assert folder.intake.adopt(AT + timedelta(minutes=9)) == [f"{NAME}~2"]
    assert folder.intake.waiting() == [NAME]
    taken = folder.intake.take(NAME)
    assert isinstance(taken, Recording) and taken.length_us == 5_000_000


def test_a_part_that_comes_when_its_recording_is_taken_is_not_thrown_away(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.file()
    folder.mark()
    folder.intake.take(NAME)
    folder.intake.settle(NAME)
    folder.file(f"{NAME}~2")
    folder.mark(f"{NAME}~2")
    assert folder.intake.waiting() == [], "the vault takes it over"
    (tmp_path / f"{NAME}.raw").unlink()
    assert folder.intake.waiting() == [NAME]
    folder.intake.take(NAME)
    assert [file.name for file in (tmp_path / QUARANTINE).iterdir()] == [f"{NAME}~2.raw"]


def test_nobody_demanded_any_of_its_parts(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.talks[LEG] = replace(folder.talks[LEG], wanted=False)
    for name in (NAME, f"{NAME}~2"):
        folder.file(name)
        folder.mark(name)
    assert isinstance(folder.intake.take(NAME), Refused)
    folder.intake.settle(NAME)
    assert not list(tmp_path.glob("*.raw")) and not list(folder.done.iterdir())

"""How a finished recording gets into the catalogue."""

import os
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.call.facts import RecordingFinished
from ivr.clock import LoopClock
from ivr.records.recording_watch import TOGETHER, RecordingWatch
from ivr.records.store import RecordStore
from recordings import parts
from recordings.catalogue import Gap, Recording, SqlCatalogue, State
from recordings.intake import QUARANTINE, SILENT, Intake, Refused, Talk, gaps_of, length_us, parse_name
from tests.records import fresh
from tests.tools import run
from tests.unit.recordings.taking import AT, CALL, LEG, NAME, SECOND, Folder, row


def test_a_finished_recording_gets_a_row_with_its_length_and_its_talk(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.file(seconds=2.5)
    folder.mark()
    assert folder.intake.waiting() == [NAME]
    taken = folder.intake.take(NAME)
    assert isinstance(taken, Recording)
    assert (taken.call, taken.leg, taken.queue, taken.agent) == (CALL, LEG, "servicio", "101")
    assert (taken.did, taken.notice, taken.state) == ("6017436967", "v7", State.TAKEN)
    assert taken.length_us == 2_500_000 and taken.bytes == 80_000 and len(taken.sha256) == 64
    assert folder.intake.waiting() == [NAME]  # the marker stays until everybody knows
    folder.intake.settle(NAME)
    assert folder.intake.waiting() == [] and folder.catalogue.get(NAME) == taken


def test_what_was_paused_is_noted_where_it_lies_in_the_audio(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = folder.file(seconds=10)
    os.utime(path, (AT.timestamp(), AT.timestamp()))
    began = AT - 10 * SECOND
    silences = ((began + 2 * SECOND, began + 5 * SECOND, "paused"), (began + 8 * SECOND, None, "paused"))
    folder.talks[LEG] = Talk(call=CALL, queue="servicio", agent="101", silences=silences)
    taken = folder.intake.take(NAME)
    assert isinstance(taken, Recording) and taken.began == began
    assert taken.gaps == (Gap(2_000_000, 5_000_000, "paused"), Gap(8_000_000, 10_000_000, "paused"))


@given(st.integers(-20, 20), st.integers(-20, 20) | st.none())
def test_a_gap_lies_within_the_recording(start: int, end: int | None) -> None:
    silences = ((AT + start * SECOND, None if end is None else AT + end * SECOND, "paused"),)
    for gap in gaps_of(AT, 10_000_000, silences):
        assert 0 <= gap.from_us < gap.to_us <= 10_000_000


def test_a_talk_that_another_call_was_handed_to_is_that_calls(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.file()
    folder.talks[LEG] = Talk(call="n1-1795291036.9", queue="servicio", agent="101")
    taken = folder.intake.take(NAME)
    assert isinstance(taken, Recording) and taken.call == "n1-1795291036.9"
    assert taken.recording == f"n1-1795291036.9_{LEG}" and taken.file == f"{NAME}.raw"
    assert folder.catalogue.of_call("n1-1795291036.9") == [taken]
    os.utime(tmp_path / taken.file, (AT.timestamp(), AT.timestamp()))
    assert folder.intake.adopt(AT + timedelta(hours=1)) == [], "it waits for the vault"


def test_a_talk_between_phones_that_nobody_came_to_is_removed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = folder.file(f"n1-1.2_n1-1.3{SILENT}")
    refused = folder.intake.take(path.stem)
    assert isinstance(refused, Refused) and refused.final and not path.exists()
    assert not (tmp_path / QUARANTINE).exists()


def test_a_caller_who_was_handed_to_a_talk_between_phones_has_its_recording(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = folder.file(f"n1-1.2_n1-1.3{SILENT}")
    folder.talks["n1-1.3"] = Talk(call=CALL, queue="", agent="103")
    taken = folder.intake.take(path.stem)
    assert isinstance(taken, Recording) and taken.recording == f"{CALL}_n1-1.3" and taken.file == path.name


def test_half_a_frame_at_the_end_does_not_count() -> None:
    assert length_us(32_000) == length_us(32_003) == 1_000_000 and length_us(3) == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "a_b_c/d", "", ".hidden", "no-offer", "x_" + "y" * 300, "a\n_b"])
def test_a_marker_with_a_strange_name_is_refused(name: str) -> None:
    assert parse_name(name) is None


@pytest.mark.parametrize("seconds", [0, 0.0001])
def test_an_empty_recording_is_removed(tmp_path: Path, seconds: float) -> None:
    folder = Folder(tmp_path)
    path = folder.file(seconds=0)
    folder.mark()
    refused = folder.intake.take(NAME)
    assert isinstance(refused, Refused) and refused.final and not path.exists()


def test_what_was_silent_all_the_time_is_removed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = folder.file()
    folder.talks[LEG] = Talk(call=CALL, queue="servicio", agent="101", wanted=False)
    refused = folder.intake.take(NAME)
    assert isinstance(refused, Refused) and refused.final and not path.exists()
    assert folder.catalogue.get(NAME) is None


def test_a_talk_of_which_nothing_is_known_is_put_into_quarantine(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = folder.file()
    folder.talks.clear()
    refused = folder.intake.take(NAME)
    assert isinstance(refused, Refused) and refused.final and not path.exists()
    assert (tmp_path / QUARANTINE / path.name).read_bytes().startswith(b"\1\0\2\0")


def test_a_marker_without_a_file_is_refused_unless_the_audio_has_moved_on(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.mark()
    refused = folder.intake.take(NAME)
    assert isinstance(refused, Refused) and "no file" in refused.why and refused.final
    folder.file()
    taken = folder.intake.take(NAME)
    assert isinstance(taken, Recording)
    kept = replace(taken, state=State.KEPT, file="2026/11/23/x.cva")
    folder.catalogue.keep(kept, b"wrapped")  # and the server was killed before it told the journal
    assert folder.intake.take(NAME) == kept
    assert not (tmp_path / f"{NAME}.raw").exists()
    assert folder.intake.take(NAME) == kept == folder.catalogue.get(NAME)


def test_what_lay_in_quarantine_and_was_put_back_is_taken_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = folder.file()
    taken = folder.intake.take(NAME)
    assert isinstance(taken, Recording)
    folder.catalogue.add(replace(taken, state=State.SPOILT))
    assert folder.intake.take(NAME) == taken == folder.catalogue.get(NAME) and path.exists()


@pytest.mark.parametrize("state", [State.KEPT, State.ARCHIVED, State.DELETED])
def test_what_has_gone_on_leaves_no_file_behind(tmp_path: Path, state: State) -> None:
    folder = Folder(tmp_path)
    path = folder.file()
    gone_on = row(NAME, CALL, 1, state=state, file="2026/11/23/x.cva")
    folder.catalogue.add(gone_on)
    assert folder.intake.take(NAME) == gone_on == folder.catalogue.get(NAME) and not path.exists()


def test_a_recording_that_was_cut_off_is_adopted(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    path = folder.file()
    now = datetime.now(UTC)
    assert folder.intake.adopt(now) == []  # still being written
    old = (now - timedelta(minutes=10)).timestamp()
    os.utime(path, (old, old))
    assert folder.intake.adopt(now) == [NAME] == folder.intake.waiting()
    assert folder.intake.adopt(now) == []  # it waits already
    folder.intake.take(NAME)
    folder.intake.settle(NAME)
    assert folder.intake.adopt(now) == []


def test_a_talk_that_goes_on_is_not_cut_when_nothing_is_written_for_a_while(tmp_path: Path) -> None:
    folder, living = Folder(tmp_path), {(CALL, LEG)}
    folder.intake = Intake(
        tmp_path, folder.done, folder.catalogue, lambda call, leg: folder.talks.get(leg),
        lives=lambda call, leg: (call, leg) in living,
    )  # fmt: skip
    for name in (NAME, f"{NAME}~2"):
        os.utime(folder.file(name), (AT.timestamp(), AT.timestamp()))
    assert folder.intake.adopt(AT + timedelta(hours=1)) == [] == folder.intake.waiting()
    living.clear()
    assert folder.intake.adopt(AT + timedelta(hours=1)) == [NAME, f"{NAME}~2"]


def test_what_nobody_has_written_to_for_days_is_over_whatever_the_records_say(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.intake = Intake(
        tmp_path, folder.done, folder.catalogue, lambda call, leg: folder.talks.get(leg), lives=lambda call, leg: True
    )
    os.utime(folder.file(), (AT.timestamp(), AT.timestamp()))
    assert folder.intake.adopt(AT + timedelta(hours=23)) == []
    assert folder.intake.adopt(AT + timedelta(hours=25)) == [NAME]


def test_files_of_other_names_are_put_aside_and_older_recordings_stay(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    strange, older = tmp_path / "notes.txt", tmp_path / f"{NAME}.wav"
    for path in (strange, older):
        path.write_bytes(b"x" * 50)
        os.utime(path, (AT.timestamp(), AT.timestamp()))
    folder.catalogue.add(row(NAME, CALL, 1, file=older.name))
    assert folder.intake.adopt(AT + timedelta(hours=1)) == []
    assert not strange.exists() and (tmp_path / QUARANTINE / "notes.txt").exists() and older.exists()


@run
async def test_the_watch_tells_the_journal_once_and_keeps_what_it_cannot_tell(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    told: list[tuple[RecordingFinished, str]] = []

    def tell(event: RecordingFinished, key: str) -> None:
        told.append((event, key))

    watch = RecordingWatch(folder.intake, LoopClock(), tell)
    folder.file(seconds=1.5)
    folder.mark()
    (folder.done / "strange name").touch()
    assert await watch.look() == 1 and await watch.look() == 0
    ((event, key),) = told
    assert (event.call, event.recording, event.queue, event.agent) == (CALL, NAME, "servicio", "101")
    assert event.seconds_us == 1_500_000 and key == f"recording:{NAME}"
    assert folder.intake.waiting() == []


@run
async def test_of_talks_that_end_at_once_some_are_taken_at_a_time(tmp_path: Path) -> None:
    store, some = RecordStore.open(fresh(tmp_path / "records.sqlite")), threading.Barrier(TOGETHER, timeout=5)
    done = tmp_path / "done"
    done.mkdir()
    told: list[str] = []

    def talk_of(call: str, leg: str) -> Talk:
        some.wait()
        return Talk(call=call, queue="servicio", agent="101")

    intake = Intake(tmp_path, done, SqlCatalogue(store.engine), talk_of)
    watch = RecordingWatch(intake, LoopClock(), lambda event, key: told.append(event.recording))
    for number in range(2 * TOGETHER):
        (tmp_path / f"c{number}_1.raw").write_bytes(bytes(32_000))
        (done / f"c{number}_1").touch()
        os.utime(done / f"c{number}_1", (number, number))
    assert await watch.look() == 2 * TOGETHER and told == [f"c{number}_1" for number in range(2 * TOGETHER)]
    assert all(map(SqlCatalogue(store.engine).get, told)) and intake.waiting() == []
    store.close()


def test_many_that_wait_are_looked_at_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, looked = Folder(tmp_path), list[str]()
    for number in range(200):
        for name in (f"c{number}_1", f"c{number}_1~2"):
            (tmp_path / f"{name}.raw").touch()
            folder.mark(name)
    whole = parts.whole_name

    def counted(name: str) -> str:
        looked.append(name)
        return whole(name)

    monkeypatch.setattr(parts, "whole_name", counted)
    waiting = folder.intake.waiting()
    for name in waiting:
        folder.intake.settle(name)
    assert len(waiting) == 200 and not list(folder.done.iterdir())
    assert len(looked) <= 4 * 400, "a few times for each file and each marker"


# ---- several files

"""Messages: left, heard, deleted, kept for a time, and never lost to a crash."""

import asyncio
import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from ivr.call.facts import MessageBegun, MessageDropped, MessageHandled, MessageLeft
from ivr.voicemail import files as message_files
from ivr.voicemail import inbox as message_inbox
from tests.tools import run
from tests.unit.voicemail.house import BOX, House, site_with


@run
async def test_what_a_caller_leaves_stands_in_the_box_with_whose_it_is_and_how_long(tmp_path: Path) -> None:
    house = House(tmp_path)
    inbox = await house.open()
    file = await house.leave(5, call="n1-7.1", caller="abc")
    (message,) = inbox.messages("servicio")
    assert (message.message, message.call, message.caller, message.seconds_us) == (file, "n1-7.1", "abc", 5_000_000)
    assert message.state == "new" and inbox.counts("servicio") == (1, 0)
    assert [type(fact) for fact in house.told] == [MessageBegun, MessageLeft]
    assert house.told[1].seconds_us == 5_000_000 and house.told[1].call == "n1-7.1"
    again = await house.open()
    assert again.messages("servicio") == [message]
    await house.close()


@run
async def test_listening_and_deleting_are_kept_told_and_undone(tmp_path: Path) -> None:
    house = House(tmp_path)
    inbox = await house.open()
    one, two = await house.leave(), await house.leave()
    assert await inbox.mark_heard(one, "telephone 101")
    assert await inbox.mark_heard(one, "telephone 102")
    assert [m.message for m in inbox.messages("servicio")] == [two, one]
    assert [m.message for m in inbox.messages("servicio", include_heard=False)] == [two]
    assert await inbox.delete(two, "telephone 101")
    assert not await inbox.delete(two, "telephone 101") and not await inbox.mark_heard(two, "cli")
    assert inbox.counts("servicio") == (0, 1)
    assert [(f.message, f.what, f.by) for f in house.of(MessageHandled)] == [
        (one, "heard", "telephone 101"),
        (two, "deleted", "telephone 101"),
    ]
    inbox = await house.open()
    assert inbox.counts("servicio") == (0, 1)
    assert await inbox.restore(two, "ana") and not await inbox.restore(two, "ana")
    assert inbox.counts("servicio") == (1, 1)
    assert not await inbox.delete("bbbbbbbbbb", "cli")
    await house.close()


@run
async def test_lamps_are_told_how_it_is_and_of_every_change(tmp_path: Path) -> None:
    house = House(tmp_path)
    inbox = await house.open()
    lamp: list[tuple[str, int, int]] = []
    inbox.on_change(lambda *state: lamp.append(state))
    file = await house.leave()
    await inbox.mark_heard(file, "cli")
    await inbox.delete(file, "cli")
    assert lamp == [("servicio", 0, 0), ("servicio", 1, 0), ("servicio", 0, 1), ("servicio", 0, 0)]
    await house.close()


@run
async def test_a_full_box_takes_no_more_also_while_somebody_speaks(tmp_path: Path) -> None:
    house = House(tmp_path, site_with(replace(BOX, most=2)))
    inbox = await house.open()
    first = await house.leave()
    speaking = await inbox.begin("servicio", "n1-2.1", "")
    assert speaking and await inbox.begin("servicio", "n1-3.1", "") == ""
    await inbox.drop("servicio", speaking)
    assert await inbox.begin("servicio", "n1-3.1", "")
    await inbox.delete(first, "cli")
    assert await inbox.begin("servicio", "n1-4.1", "")
    await house.close()


@run
async def test_what_is_dropped_leaves_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    inbox = await house.open()
    file = await inbox.begin("servicio", "n1-1.1", "")
    audio = house.speak(file, 1)
    assert await inbox.measured(file) == 1.0
    await inbox.drop("servicio", file)
    assert list(audio.parent.iterdir()) == [] and inbox.path_of(file) is None
    assert [type(fact) for fact in house.told] == [MessageBegun, MessageDropped]
    await house.close()


@run
async def test_a_full_disk_is_said_before_anybody_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(tmp_path)
    inbox = await house.open()
    monkeypatch.setattr(message_files, "SPARE_BYTES", 1 << 60)
    with pytest.raises(OSError, match="too little room"):
        await inbox.begin("servicio", "n1-1.1", "")
    assert house.told == [] and not list(tmp_path.glob("voicemail/*/*"))
    await house.close()


@run
async def test_after_a_crash_a_message_that_was_being_recorded_is_taken_in(tmp_path: Path) -> None:
    house = House(tmp_path)
    inbox = await house.open()
    file = await inbox.begin("servicio", "n1-9.1", "abc")
    audio = house.speak(file, 7, true_header=False)  # Asterisk was killed too
    house.alive = {"n1-9.1"}
    inbox = await house.open()
    assert inbox.messages("servicio") == [] and inbox.unfinished("servicio", "n1-9.1") == file
    house.clock.wall += timedelta(minutes=5)
    assert await inbox.adopt() == 0  # the caller still speaks
    house.alive = set()
    assert await inbox.adopt() == 1
    (message,) = inbox.messages("servicio")
    assert (message.message, message.call, message.caller, message.seconds_us) == (file, "n1-9.1", "abc", 7_000_000)
    content = audio.read_bytes()
    assert int.from_bytes(content[40:44], "little") == len(content) - 44
    assert int.from_bytes(content[4:8], "little") == len(content) - 8
    assert [f.message for f in house.of(MessageLeft)] == [file]
    assert await inbox.adopt() == 0
    await house.close()


@run
async def test_after_a_crash_what_is_too_short_is_dropped(tmp_path: Path) -> None:
    house = House(tmp_path)
    short = await (await house.open()).begin("servicio", "n1-9.1", "")
    audio = house.speak(short, 1.5)
    nothing = await house.inbox.begin("servicio", "n1-9.2", "")
    inbox = await house.open()
    house.clock.wall += timedelta(minutes=5)
    assert await inbox.adopt() == 0 and inbox.messages("servicio") == []
    assert list(audio.parent.iterdir()) == []
    assert {f.message for f in house.of(MessageDropped)} == {short, nothing}
    await house.close()


@run
async def test_a_file_that_is_still_written_is_left_alone(tmp_path: Path) -> None:
    house = House(tmp_path)
    file = await (await house.open()).begin("servicio", "n1-9.1", "")
    audio = house.speak(file, 7)
    inbox = await house.open()
    now = house.clock.now().timestamp()
    os.utime(audio, (now - 5, now - 5))
    assert await inbox.adopt() == 0
    os.utime(audio, (now - 11, now - 11))
    assert await inbox.adopt() == 1
    await house.close()


@run
async def test_a_crash_between_row_and_note_changes_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.open()
    file = await house.leave()
    note = tmp_path / "voicemail" / "servicio" / f"{file}.json"
    note.write_text(json.dumps({"call": "n1-1.1", "caller": "key", "begun": house.clock.now().isoformat()}))
    inbox = await house.open()
    assert inbox.counts("servicio") == (1, 0) and not note.exists()
    house.clock.wall += timedelta(minutes=5)
    assert await inbox.adopt() == 0 and inbox.counts("servicio") == (1, 0)
    await house.close()


@run
async def test_a_note_that_lost_power_in_the_middle_does_not_lose_the_message(tmp_path: Path) -> None:
    house = House(tmp_path)
    file = await (await house.open()).begin("servicio", "n1-9.1", "abc")
    house.speak(file, 4)
    (tmp_path / "voicemail" / "servicio" / f"{file}.json").write_bytes(b"\0\0\0")
    inbox = await house.open()
    house.clock.wall += timedelta(days=400)  # the note's own time counts, which is the machine's
    house.change(keep=timedelta(days=3650))
    assert await inbox.adopt() == 1
    assert inbox.messages("servicio")[0].call == ""
    await house.close()


@run
async def test_while_the_database_is_away_messages_wait_on_disk(tmp_path: Path) -> None:
    house = House(tmp_path)
    inbox = await house.open()
    house.rename_table("messages", "away")
    file = await inbox.begin("servicio", "n1-1.1", "key")
    audio = house.speak(file, 5)
    assert not await inbox.keep("servicio", file)
    assert [f.message for f in house.of(MessageLeft)] == [file]  # the figures know already
    house.rename_table("away", "messages")
    now = house.clock.now().timestamp()
    os.utime(audio, (now - 60, now - 60))
    assert await inbox.adopt() == 1
    assert inbox.counts("servicio") == (1, 0) and len(house.of(MessageLeft)) == 1
    await house.close()


@run
async def test_a_database_that_does_not_answer_holds_up_no_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_inbox, "KEEP_SECONDS", 1.0)
    house = House(tmp_path)
    inbox = await house.open()
    file = await inbox.begin("servicio", "n1-1.1", "")
    audio = house.speak(file, 5)
    with house.records.engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")  # writers wait for it, for seconds
        keeping = asyncio.ensure_future(inbox.keep("servicio", file))
        await asyncio.sleep(0.01)
        assert await inbox.begin("servicio", "n1-2.1", "") and not keeping.done(), "the next caller may speak"
        assert not await keeping
        other.rollback()
    long_ago = house.clock.now().timestamp() - 60
    os.utime(audio, (long_ago, long_ago))
    assert await inbox.adopt() == 1 and [m.message for m in inbox.messages("servicio")] == [file]
    await house.close()


@run
async def test_a_lost_database_loses_no_message_and_a_lost_disk_no_record(tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.open()
    kept, away = await house.leave(), await house.leave()
    with house.records.engine.begin() as connection:
        connection.execute(text("DELETE FROM messages"))
    inbox = await house.open()
    assert {m.message for m in inbox.messages("servicio")} == {kept, away}
    (tmp_path / "voicemail").rename(tmp_path / "unmounted")
    inbox = await house.open()
    (tmp_path / "unmounted").rename(tmp_path / "voicemail")
    inbox = await house.open()
    assert {m.message for m in inbox.messages("servicio")} == {kept, away}
    await house.close()


@run
async def test_deleted_ones_go_after_a_day_and_old_ones_in_their_time(tmp_path: Path) -> None:
    house = House(tmp_path)
    inbox = await house.open()
    deleted, old = await house.leave(), await house.leave()
    await inbox.delete(deleted, "cli")
    house.clock.wall += timedelta(hours=23)
    assert await inbox.tidy() == 0
    house.clock.wall += timedelta(hours=2)
    assert await inbox.tidy() == 1 and inbox.get(deleted) is None and inbox.get(old) is not None
    house.clock.wall += timedelta(days=30)
    assert await inbox.tidy() == 1
    assert not list(tmp_path.glob("voicemail/*/*")) and house.store.all() == []
    assert [f.message for f in house.of(MessageHandled) if f.what == "removed"] == [deleted, old]
    await house.close()


@run
async def test_messages_of_a_box_that_the_site_no_longer_has_stay_for_a_while(tmp_path: Path) -> None:
    house = House(tmp_path)
    inbox = await house.open()
    file = await house.leave()
    house.site = site_with()
    assert [m.message for m in inbox.messages("servicio")] == [file]
    with pytest.raises(OSError, match="no such mailbox"):
        await inbox.begin("servicio", "n1-1.1", "")
    house.clock.wall += timedelta(days=31)
    assert await inbox.tidy() == 1
    await house.close()


@run
async def test_what_the_records_believe_to_be_open_is_closed(tmp_path: Path) -> None:
    house = House(tmp_path)
    inbox = await house.open()
    file = await house.leave()
    speaking = await inbox.begin("servicio", "n1-3.1", "")
    house.told.clear()
    house.keys.clear()  # the journal was lost, the records were not
    inbox.settle([("n1-1.1", file), ("n1-2.1", "bbbbbbbbbb"), ("n1-3.1", speaking)])
    assert [(type(f), f.call, f.message) for f in house.told] == [
        (MessageLeft, "n1-1.1", file),
        (MessageDropped, "n1-2.1", "bbbbbbbbbb"),
    ]
    await house.close()


@pytest.mark.parametrize("name", ["../../etc", "a/b", "", "servicio\n", "Servicio"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    shelf = message_files.MessageFiles(tmp_path)
    with pytest.raises(ValueError, match="of ours"):
        shelf.path(name, "bbbbbbbbbb")
    with pytest.raises(ValueError, match="of ours"):
        shelf.path("servicio", name)


def test_strange_files_and_links_are_not_taken_for_messages(tmp_path: Path) -> None:
    box = tmp_path / "servicio"
    box.mkdir()
    (box / "notes.wav").write_bytes(b"x")
    (box / "bbbbbbbbbb.wav").symlink_to("/etc/passwd")
    (tmp_path / "elsewhere").symlink_to("/etc")
    assert message_files.MessageFiles(tmp_path).recorded() == {}

"""Hearing messages by telephone."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from ivr.call.facts import MessageHandled
from ivr.features.mailbox import as_dialled
from tests.tools import run
from tests.unit.features.line import Line, line

PIN = "111222"
HEAD = ["message_received", "at", "number_withheld"]


async def three(place: Line) -> list[str]:
    """Three messages, a minute apart."""
    found = []
    for number in range(3):
        found.append(await place.house.leave(seconds=4, call=f"n1-1.{number}"))
        place.house.clock.wall += timedelta(minutes=1)
    return found


@run
async def test_what_was_heard_is_no_longer_new_and_what_was_deleted_is_gone(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        first, second, third = await three(place)
        heard = await place.dial("mailbox", PIN, "-" * 8, "2", "-" * 8, "7", "-" * 8, "*")
        assert heard.sounds == [
            *["enter_pin", "you_have"],
            *[*HEAD, first, "message_menu"],
            *[*HEAD, second, "message_menu", "message_deleted"],
            *[*HEAD, third, "message_menu", "goodbye"],
        ]
        assert {"palabra_tres", "palabra_mensajes_nuevos"} <= set(heard.words)
        assert heard.done == "hangup"
        assert place.house.inbox.counts("servicio") == (0, 2)
        assert [(fact.what, fact.by) for fact in place.house.of(MessageHandled)] == [
            ("heard", "telephone 101"),
            ("heard", "telephone 101"),
            ("deleted", "telephone 101"),
            ("heard", "telephone 101"),
        ]
        assert place.count("feature_calls", feature="mailbox", result="done") == 1


@run
async def test_the_keys_of_the_menu_count_before_it_is_read(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        first, second, third = await three(place)
        # Each key comes while something else is said: in the head, in the message, in the menu.
        heard = await place.dial("mailbox", PIN, "-" * 3, "2", "-", "2", "-" * 8, "3", "-" * 8, "1", "-" * 8, "*")
        played = [sound for sound in heard.sounds if sound in (first, second, third)]
        assert played[-2:] == [second, second], "back, and once more"
        assert heard.sounds[-1] == "goodbye"


@run
async def test_nothing_new_nothing_old(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        heard = await place.dial("mailbox", PIN)
        assert heard.sounds == ["enter_pin", "no_messages", "goodbye"]


@run
async def test_the_last_message_ends_it(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        await place.house.leave()
        heard = await place.dial("mailbox", PIN, "-" * 8, "7")
        assert heard.sounds[-3:] == ["message_deleted", "no_more_messages", "goodbye"]
        heard = await place.dial("mailbox", PIN)
        assert heard.sounds == ["enter_pin", "no_messages", "goodbye"]


@run
async def test_who_hangs_up_in_the_middle_has_not_heard_it(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        message = await place.house.leave()
        cut = 0
        for tenths in range(20, 200):
            heard = await place.dial("mailbox", PIN, hang_up_at=tenths / 10)
            if place.house.inbox.counts("servicio") != (1, 0):
                break
            cut += message in heard.sounds
        assert 5 < cut < 12, "a second of audio, and it stayed new in each of its tenths"
        assert place.house.inbox.counts("servicio") == (0, 1)
        assert place.count("feature_calls", feature="mailbox", result="hung up") == tenths - 19


@run
async def test_who_presses_nothing_is_asked_three_times(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        await place.house.leave()
        heard = await place.dial("mailbox", PIN)
        assert heard.sounds.count("message_menu") == 3
        assert heard.sounds[-2:] == ["no_key", "goodbye"]
        assert place.house.inbox.counts("servicio") == (0, 1)


@run
async def test_a_message_without_its_file_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with line(tmp_path) as place:
        first, second, _ = await three(place)
        found = place.house.inbox.path_of
        monkeypatch.setattr(place.house.inbox, "path_of", lambda file: None if file == first else found(file))
        heard = await place.dial("mailbox", PIN, "-" * 20, "*")
        assert heard.sounds.index("failed") < heard.sounds.index(second)


@run
async def test_messages_are_heard_while_their_database_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*values: object) -> None:
        raise OperationalError("select", {}, Exception("away"))

    async with line(tmp_path) as place:
        message = await place.house.leave()
        monkeypatch.setattr(place.house.store, "numbers_of", away)
        monkeypatch.setattr(place.house.store, "set_times", away)
        heard = await place.dial("mailbox", PIN, "-" * 8, "7", "-" * 8, "*")
        assert heard.sounds == [
            *["enter_pin", "you_have"],
            *["message_received", "at", message, "message_menu", "failed"],
            *["message_received", "at", message, "message_menu", "goodbye"],
        ]
        assert place.house.inbox.counts("servicio") == (1, 0)


@run
async def test_another_mailbox_by_its_extension_or_its_place(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        for number in ("301#", "2#"):
            heard = await place.dial("mailboxes", number, "-", "333444", extension="101")
            assert heard.sounds == ["enter_mailbox", "enter_pin", "no_messages", "goodbye"]
        heard = await place.dial("mailboxes", "333444", about="cartera")
        assert heard.sounds == ["enter_pin", "no_messages", "goodbye"]
        for number in ("3#", "0#", "#"):
            heard = await place.dial("mailboxes", number)
            assert heard.sounds == ["enter_mailbox", "not_available", "goodbye"]


@run
async def test_a_phone_without_a_mailbox(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        heard = await place.dial("mailbox", extension="401")
        assert heard.sounds == ["not_available", "goodbye"]
        assert place.count("feature_calls", feature="mailbox", result="not available") == 1


@run
async def test_only_an_extension_of_the_house_is_served(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        for extension, feature in (("", "mailbox"), ("trunk-operador", "mailbox"), ("101", "nothing")):
            heard = await place.dial(feature, PIN, extension=extension)
            assert (heard.sounds, heard.done) == ([], "")


@pytest.mark.parametrize(
    ("number", "said"),
    [("573001234567", "3001234567"), ("+576010000001", "6010000001"), ("12025550123", "12025550123"), ("101", "101")],
)
def test_a_number_is_said_as_one_dials_it_here(number: str, said: str) -> None:
    assert as_dialled(number, "CO") == said

"""PINs at the telephone: wrong ones are counted, and nobody guesses one."""

import asyncio
from pathlib import Path

import pytest

from ivr.features.lockout import PHONE_TRIES, PIN_TRIES, Lockout
from tests.tools import run
from tests.unit.features.line import line

RIGHT, OTHER = "111222", "333444"


@run
async def test_the_second_try_is_as_good_as_the_first(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        heard = await place.dial("mailbox", "999999", "-", RIGHT)
        assert heard.sounds == ["enter_pin", "wrong_pin", "enter_pin", "no_messages", "goodbye"]
        assert place.count("feature_pins", kind="mailbox", result="wrong") == 1
        assert place.count("feature_pins", kind="mailbox", result="right") == 1


@run
async def test_three_wrong_ones_end_it_and_the_phone_must_wait(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        heard = await place.dial("mailbox", "999999", "-", OTHER, "-", "12#")
        assert heard.sounds == ["enter_pin", "wrong_pin"] * 3 + ["goodbye"]
        assert place.count("feature_calls", feature="mailbox", result="wrong pin") == 1
        heard = await place.dial("mailbox", RIGHT)
        assert heard.sounds == ["locked", "goodbye"]
        assert place.count("feature_calls", feature="mailbox", result="locked") == 1
        other = await place.dial("mailbox", RIGHT, extension="102")
        assert other.sounds[1] == "no_messages", "another phone of the same mailbox is not locked"
        place.house.clock.advance(61)
        assert (await place.dial("mailbox", RIGHT)).sounds[1] == "no_messages"


@run
async def test_a_pin_that_many_phones_try_is_locked_for_all(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        for extension in ("101", "301", "401"):
            await place.dial("mailboxes", "999999", "-", "999998", "-", "999997", extension=extension, about="servicio")
        assert (await place.dial("mailbox", RIGHT, extension="102")).sounds == ["locked", "goodbye"]
        assert (await place.dial("mailboxes", OTHER, extension="102", about="cartera")).sounds[1] == "no_messages"


@run
async def test_calls_at_the_same_time_have_no_more_tries_than_one_after_the_other(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        guesses = [f"{guess:06}" for guess in range(123450, 123462)]
        guesses[-1] = RIGHT
        heard = await asyncio.gather(*(place.dial("mailboxes", guess, about="servicio") for guess in guesses))
        assert not any("no_messages" in one.sounds for one in heard), "the twelfth guess at once was the right one"
        assert place.count("feature_pins", kind="mailbox", result="wrong") == PHONE_TRIES


@run
async def test_the_timetable_has_a_pin_of_its_own(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        heard = await place.dial("timetable", RIGHT, about="oficina")
        assert heard.sounds[:2] == ["enter_pin", "wrong_pin"]


@run
async def test_a_pin_that_was_changed_in_the_file_counts_at_once(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        file = tmp_path / "secrets" / "pins.csv"
        file.write_text(file.read_text().replace(RIGHT, "12345678"))
        assert (await place.dial("mailbox", "12345678")).sounds == ["enter_pin", "no_messages", "goodbye"]


@run
async def test_a_broken_file_of_pins_lets_nobody_in(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        (tmp_path / "secrets" / "pins.csv").write_text("")
        assert (await place.dial("mailbox", "#")).sounds == ["failed", "goodbye"]
        assert place.count("feature_calls", feature="mailbox", result="failed") == 1


def test_who_tries_again_and_again_waits_longer_and_longer() -> None:
    lockout = Lockout()
    now, tried, waits = 0.0, 0, []
    while len(waits) < 9:
        for _ in range(PIN_TRIES):
            assert not lockout.locked("x", now)
            lockout.failed("x", PIN_TRIES, now)
            tried += 1
        began = now
        while lockout.locked("x", now):
            now += 1.0
        waits.append(now - began)
    assert waits == pytest.approx([60, 120, 240, 480, 960, 1920, 3600, 3600, 3600])
    lockout.passed("x")
    lockout.failed("x", PIN_TRIES, now)
    assert not lockout.locked("x", now)

"""What the company's own phones dial and show: messages, overridden timetables, lamps; with real phones."""

import asyncio
import csv
from collections.abc import Callable

import pytest

from ivr.speech import words
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.phone import BLINKING, DARK, LIT, CallFailed, CallState, WatchRefused, watch
from tests.live.scenes import CALLER, CLOSED, MENU, OPEN, live, occupy, short

START = {"knows": bool}  # the server's own sentences and words too
CHANGES = short(site={"lines": "12"})
CHANGES["linea_principal.yaml"]["steps"] |= {
    "cerrado": {"then": "buzon"},
    "buzon": {"voicemail": "servicio", "review": "no", "then": "fin_cerrado"},
}
CHANGES["voicemail.yaml"] = {"mailboxes": {"servicio": {"silence": "2 s"}}}

MESSAGES = "message-summary"
ANNOUNCER = 1430.0
"""Hertz: the voice of who records an announcement."""


def pin(line: Instance, kind: str, name: str) -> str:
    with (line.paths.secrets / "pins.csv").open() as file:
        return next(row["pin"] for row in csv.DictReader(file) if (row["kind"], row["name"]) == (kind, name))


async def dials(line: Instance, extension: str, code: str) -> Person:
    """Somebody of the house dials a code."""
    phone = await line.phone(extension)
    call = await phone.call(code)
    person = Person(extension, call, line.ears)
    line.persons.append(person)
    await call.answered()
    return person


async def enters(line: Instance, person: Person, kind: str, name: str) -> None:
    """He hears the question and enters the PIN."""
    await person.hears("phrase_enter_pin")
    await person.press(pin(line, kind, name))


async def leaves_message(line: Instance, number: str) -> Person:
    """A caller outside business hours speaks after the tone and hangs up."""
    caller = await line.caller(number, at=CLOSED)
    await caller.hears_whole("phrase_leave_message", 30)
    await asyncio.sleep(1.0)
    caller.say(CALLER, 5)
    await asyncio.sleep(4)
    await caller.hang_up()
    return caller


async def until(condition: Callable[[], bool], seconds: float) -> None:
    for _ in range(round(seconds / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    assert condition()


async def calls_in(line: Instance, number: str, hears: str) -> Person:
    caller = await line.caller(number, at=OPEN)
    await caller.hears(hears, 30)
    return caller


@pytest.mark.soak
@live
async def test_a_message_lights_the_lamps_is_heard_and_deleted(line: Instance) -> None:
    phone = await line.phone("101")
    lamp, key = await watch(phone, MESSAGES, "101"), await watch(phone, "dialog", "*982")
    assert (lamp.seen, key.seen) == (["0/0"], [DARK])
    await leaves_message(line, "3000000701")
    await lamp.shows("1/0")
    await key.shows(LIT)
    person = await dials(line, "101", "*97")
    await enters(line, person, "mailbox", "servicio")
    await person.hears("phrase_you_have")
    await person.hears("phrase_message_from")
    await person.hears_tone(CALLER, 20, lasting=1.0)
    await person.hears("phrase_message_menu")
    await lamp.shows("0/1")
    await person.press("7")
    await person.hears("phrase_message_deleted")
    await person.call.ended(15)
    await lamp.shows("0/0")
    await key.shows(DARK)
    heard = person.story()
    number = heard[heard.index("phrase_message_from") + 1 : heard.index("phrase_message_menu!")]
    assert number == list(words("digits", "3000000701", "es-CO")), "as one dials it here"
    assert heard[-2] == "phrase_no_more_messages"


@pytest.mark.soak
@live
async def test_a_phone_that_asks_for_nothing_is_told_all_the_same(line: Instance) -> None:
    phone = await line.phone("102")
    await leaves_message(line, "3000000702")
    await until(lambda: bool(phone.told) and not phone.told[-1].startswith("0/"), 5)
    # 301 has no part in this mailbox
    other = await line.phone("301")
    await asyncio.sleep(0.5)
    assert set(other.told) <= {"0/0"}


@live
async def test_another_mailbox_from_any_phone(line: Instance) -> None:
    await leaves_message(line, "3000000703")
    person = await dials(line, "301", "*98")
    await person.hears("phrase_enter_mailbox")
    await person.press("103#")
    await enters(line, person, "mailbox", "servicio")
    await person.hears("phrase_you_have")
    await person.press("*")
    await person.call.ended(10)
    direct = await dials(line, "301", "*982")
    await enters(line, direct, "mailbox", "servicio")
    await direct.hears("phrase_you_have")


@pytest.mark.soak
@live
async def test_closing_and_opening_by_telephone_changes_the_line(line: Instance) -> None:
    lamp = await watch(await line.phone("100"), "dialog", "*281")
    assert lamp.seen == [DARK]
    person = await dials(line, "100", "*281")
    await enters(line, person, "timetable", "oficina")
    await person.hears("phrase_now_timetable")
    await person.hears("phrase_override_menu")
    await person.press("2")
    await person.hears("phrase_override_hours")
    await person.press("#")
    await person.hears("phrase_now_closed")
    await lamp.shows(LIT)
    caller = await calls_in(line, "3000000703", "cerrado")
    await caller.hang_up()
    assert await line.metric("centralita_override", timetable="oficina", state="closed") == 1
    back = await dials(line, "100", "*281")
    await enters(line, back, "timetable", "oficina")
    await back.hears("phrase_override_menu")
    await back.press("0")
    await back.hears("phrase_now_timetable")
    await lamp.shows(DARK)
    await calls_in(line, "3000000704", MENU)


@pytest.mark.soak
@live
async def test_an_emergency_is_announced_in_the_voice_that_recorded_it(line: Instance) -> None:
    lamp = await watch(await line.phone("100"), "dialog", "*281")
    person = await dials(line, "100", "*281")
    await enters(line, person, "timetable", "oficina")
    await person.hears("phrase_override_menu")
    await person.press("3")
    await person.hears_whole("phrase_record_emergency", 30)
    await asyncio.sleep(1.0)
    person.say(ANNOUNCER, 2.5)
    await asyncio.sleep(2.7)
    await person.press("#")
    await person.hears("phrase_record_review")
    await person.press("2")
    await person.hears_tone(ANNOUNCER, 10, lasting=1.0)
    await person.hears("phrase_record_review", after=person.now)
    await person.press("1")
    await person.hears("phrase_override_hours")
    await person.press("2#")
    await person.hears("phrase_now_emergency")
    await person.hears("phrase_override_until")
    await lamp.shows(BLINKING)
    caller = await line.caller("3000000705", at=OPEN)
    await caller.hears_tone(ANNOUNCER, 30, lasting=1.0)
    await caller.hears("cerrado")
    await caller.hang_up()
    await line.command("override", "oficina", "none")
    await lamp.shows(DARK)


@pytest.mark.soak
@live
async def test_wrong_pins_are_counted_and_lock_the_phone(line: Instance) -> None:
    wrong = await line.metric("centralita_feature_pins_total", kind="mailbox", result="wrong")
    person = await dials(line, "202", "*97")
    for _ in range(3):
        await person.hears("phrase_enter_pin", after=person.now)
        await person.press("000000")
        await person.hears("phrase_wrong_pin", after=person.now - 2)
    await person.call.ended(10)
    await line.until_metric("centralita_feature_pins_total", wrong + 3, kind="mailbox", result="wrong")
    again = await dials(line, "202", "*97")
    await again.hears("phrase_locked")
    await again.call.ended(10)
    assert pin(line, "mailbox", "tesoreria") not in line.logs(1000)


@live
async def test_nobody_outside_reaches_a_code(line: Instance) -> None:
    for code in ("*97", "*98", "*281", "*41", "*43", "*40301"):
        caller = await line.dial("3000000706", did=code)
        with pytest.raises(CallFailed) as failed:
            await caller.call.answered()
        assert failed.value.code == 404


@live
async def test_a_phone_sees_who_is_busy(line: Instance) -> None:
    lamp = await watch(await line.phone("301"), "dialog", "102")
    assert lamp.seen == [DARK]
    talk = await occupy(line, "1")
    await lamp.shows(LIT)
    await talk.hang_up()
    await lamp.shows(DARK)
    with pytest.raises(WatchRefused) as refused:
        await watch(await line.phone("301"), "dialog", "999")
    assert refused.value.code == 404


@pytest.mark.soak
@live
async def test_lamps_are_right_again_after_asterisk_and_the_server_died(line: Instance) -> None:
    await leaves_message(line, "3000000707")
    await line.command("override", "oficina", "closed")
    await line.stop_asterisk(kill=True)
    await line.kill_server()
    await line.start_asterisk()
    await line.start_server()
    await line.forget_phones()
    phone = await line.phone("101")
    lamp = await watch(phone, MESSAGES, "101")
    key = await watch(phone, "dialog", "*281")
    new = await line.metric("centralita_voicemail_messages", mailbox="servicio", state="new")
    assert new >= 1
    await until(lambda: bool(lamp.seen) and lamp.seen[-1].startswith(f"{new:g}/"), 5)
    await key.shows(LIT)
    await line.command("override", "oficina", "none")
    await key.shows(DARK)


@live
async def test_without_the_server_the_phone_hears_so(line: Instance) -> None:
    await line.kill_server()
    person = await dials(line, "101", "*97")
    await person.hears("recepcion_no_contesta")
    await person.call.ended(10)
    assert person.call.state is CallState.ENDED

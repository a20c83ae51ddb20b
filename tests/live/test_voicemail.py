"""Messages by real phones: left, reviewed, cut off by a hang-up, by a dead server and by a dead Asterisk; e-mailed."""

import asyncio
import io
import json
import wave
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import numpy as np
import pytest

from ivr.testing.ears import tones
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.ports import free_port
from tests.live.scenes import CALLER, CLOSED, DIRECT, NOTICE, calls, live, moved, short, sums_agree
from tests.unit.voicemail.smtp_server import Letters, server

SMTP_PORT = free_port()
GREETING, REVIEW, KEPT = "phrase_leave_message", "phrase_message_review", "phrase_message_kept"
NOTHING, FULL = "phrase_nothing_said", "phrase_mailbox_full"
TONE_SECONDS = 1.0
"""From the end of the greeting until the tone is over."""

START = {"knows": bool}  # the server's own sentences and words too
CHANGES = short()
CHANGES["voicemail.yaml"] = {
    "mail": {"server": f"127.0.0.1:{SMTP_PORT}", "encryption": "none", "from": "buzon@example.com"},
    "mailboxes": {
        "servicio": {"longest message": "20 s", "silence": "3 s", "e-mail": ["servicio@example.com"]},
        "cartera": {"most messages": "1", "longest message": "5 s"},
    },
}


def _closed_to(mailbox: str) -> dict[str, Any]:
    """A direct number that leads to a mailbox while it is closed."""
    return {
        "start": "aviso",
        "steps": {
            "bienvenida": None,
            "cerrado": None,
            "recepcion": {"for": "5 s"},
            "horario": {"closed": "buzon"},
            "buzon": {"voicemail": mailbox, "then": "fin_cerrado"},
        },
    }


CHANGES["servicio_directo.yaml"] = _closed_to("servicio")
CHANGES["cartera_directa.yaml"] = _closed_to("cartera")


@pytest.fixture
def letters() -> Iterator[Letters]:
    """The e-mail server, which is there from now on."""
    with server(SMTP_PORT) as taken:
        yield taken


async def at_the_tone(line: Instance, number: str, key: str = "1") -> Person:
    """A caller who may speak now."""
    caller = await line.caller(number, did=DIRECT[key], at=CLOSED)
    await caller.hears_whole(GREETING)
    await asyncio.sleep(TONE_SECONDS)
    return caller


async def speak(caller: Person, seconds: float) -> None:
    """Say something that can be known again."""
    caller.say(CALLER, seconds)
    await asyncio.sleep(seconds)


async def messages(line: Instance, mailbox: str = "servicio") -> list[dict[str, Any]]:
    """What `ivr voicemail` lists."""
    listed = await line.command("voicemail", mailbox, "--json", "--numbers")
    return [json.loads(row) for row in listed.splitlines()]


async def until_message(line: Instance, number: str, mailbox: str = "servicio", seconds: float = 10) -> dict[str, Any]:
    """The message of a caller, when it is there."""
    for _ in range(round(seconds / 0.25)):
        found = [m for m in await messages(line, mailbox) if m["number"].endswith(number)]
        if found:
            return found[0]
        await asyncio.sleep(0.25)
    raise AssertionError(f"no message of {number}: {await messages(line, mailbox)}")


def spoken(audio: bytes) -> tuple[float, float]:
    """Seconds of the whole, and of the caller's voice."""
    with wave.open(io.BytesIO(audio)) as opened:
        assert (opened.getframerate(), opened.getnchannels(), opened.getsampwidth()) == (8000, 1, 2)
        samples = np.frombuffer(opened.readframes(opened.getnframes()), "<i2")
    return len(samples) / 8000, tones(samples, [CALLER])[CALLER]


async def audio_of(line: Instance, message: str) -> bytes:
    """What `ivr voicemail save` writes."""
    file = line.folder / f"{message}.wav"
    await line.command("voicemail", "save", message, str(file))
    return file.read_bytes()


def attachment(letter: EmailMessage) -> bytes:
    """The audio of a letter."""
    (audio,) = letter.iter_attachments()
    content = audio.get_content()
    assert isinstance(content, bytes)
    return content


@live
async def test_a_message_is_left_reviewed_e_mailed_and_deleted(line: Instance, letters: Letters) -> None:
    async with moved(line, calls("voicemail"), ("centralita_messages_left_total", 1, {"mailbox": "servicio"})):
        caller = await at_the_tone(line, "3000000701")
        await speak(caller, 4)
        await caller.press("#")
        await caller.hears(REVIEW)
        before = caller.now
        await caller.press("2")
        await caller.hears_tone(CALLER, 8, lasting=3, after=before)  # he hears himself
        await caller.hears(REVIEW, after=before + 3)
        await caller.press("1")
        await caller.hears_whole(KEPT)
        await caller.call.ended()
    assert caller.story()[:2] == [NOTICE, GREETING]

    message = await until_message(line, "3000000701")
    assert message["state"] == "new" and 3 < message["seconds"] < 6
    seconds, voice = spoken(await audio_of(line, message["message"]))
    assert abs(seconds - message["seconds"]) < 0.1 and voice > 3

    for _ in range(100):
        if letters.taken:
            break
        await asyncio.sleep(0.1)
    letter = letters.taken[0]
    assert letter["To"] == "servicio@example.com" and "3000000701" in letter["Subject"]
    assert attachment(letter) == (line.folder / f"{message['message']}.wav").read_bytes()

    told = await line.command("explain", message["call"])
    assert f"deja el mensaje {message['message']} en el buzón servicio" in told
    await line.command("voicemail", "delete", message["message"])
    assert all(m["message"] != message["message"] for m in await messages(line))
    await sums_agree(line)


@pytest.mark.soak
@live
async def test_recording_again_leaves_only_the_last_one(line: Instance) -> None:
    caller = await at_the_tone(line, "3000000702")
    await speak(caller, 3)
    await caller.press("#")
    await caller.hears(REVIEW)
    await caller.press("3")
    await asyncio.sleep(TONE_SECONDS)
    await speak(caller, 5)
    await caller.hears(REVIEW, after=caller.now, seconds=10)  # silence ended it
    await caller.hears_whole(KEPT, seconds=20)  # and no key keeps it
    message = await until_message(line, "3000000702")
    assert 5 < message["seconds"] < 7.5
    folder = line.paths.var / "voicemail" / "servicio"
    names = {m["message"] for m in await messages(line)}
    assert {file.stem for file in folder.glob("*.wav")} >= names
    assert not list(folder.glob("*.json"))


@pytest.mark.soak
@live
async def test_who_hangs_up_has_left_the_message_and_who_says_nothing_has_not(line: Instance) -> None:
    async with moved(line, calls("voicemail")):
        caller = await at_the_tone(line, "3000000703")
        await speak(caller, 4)
        await caller.hang_up()
        message = await until_message(line, "3000000703")
    assert 3 < message["seconds"] < 6
    async with moved(line, calls("closed")):
        silent = await at_the_tone(line, "3000000704")
        await silent.hears_whole(NOTHING, seconds=15)
        await silent.call.ended()
    async with moved(line, calls("ended in IVR")):
        at_once = await at_the_tone(line, "3000000705")
        await at_once.hang_up()
    numbers = [m["number"] for m in await messages(line)]
    assert not any(number.endswith(("704", "705")) for number in numbers)
    await sums_agree(line)


@pytest.mark.soak
@live
async def test_a_dead_server_loses_no_message_and_asks_nobody_twice(line: Instance) -> None:
    hung_up, waits = await asyncio.gather(at_the_tone(line, "3000000706"), at_the_tone(line, "3000000707"))
    await asyncio.gather(speak(hung_up, 3), speak(waits, 3))
    await line.kill_server()
    await hung_up.hang_up()
    await asyncio.sleep(0.5)
    await line.start_server()
    after = waits.now
    await waits.hears(REVIEW, after=after, seconds=30)
    await waits.press("1")
    await waits.hears_whole(KEPT)
    assert waits.story().count(GREETING) == 1
    message = await until_message(line, "3000000707")
    assert message["seconds"] > 2.5
    message = await until_message(line, "3000000706", seconds=45)
    assert message["seconds"] > 2.5
    await sums_agree(line)


@live
async def test_a_dead_asterisk_leaves_what_was_said(line: Instance) -> None:
    caller = await at_the_tone(line, "3000000708")
    await speak(caller, 8)
    await line.stop_asterisk(kill=True)
    await line.start_asterisk()
    message = await until_message(line, "3000000708", seconds=60)
    seconds, voice = spoken(await audio_of(line, message["message"]))
    assert voice > 3 and abs(seconds - message["seconds"]) < 0.1
    await sums_agree(line)


@pytest.mark.soak
@live
async def test_a_full_mailbox_says_so(line: Instance) -> None:
    first = await at_the_tone(line, "3000000709", "3")
    first.say(CALLER, 8)
    await first.hears(REVIEW, seconds=15)  # the longest message is over
    await first.press("1")
    await first.hears_whole(KEPT)
    message = await until_message(line, "3000000709", "cartera")
    assert 4.5 < message["seconds"] < 5.5
    second = await line.caller("3000000710", did=DIRECT["3"], at=CLOSED)
    await second.hears_whole(FULL)
    await second.call.ended()
    assert len(await messages(line, "cartera")) == 1
    assert await line.metric("centralita_voicemail_room", mailbox="cartera") == 0

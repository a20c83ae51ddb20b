"""`collect`, by each of its exits: asked, confirmed, refused, kept over a crash, and never seen in clear."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from ivr.speech import words
from ivr.testing.instance import Instance
from tests.live import verbs_scenes
from tests.live.evidence import takes
from tests.live.verbs_scenes import (
    ASKED,
    DIGITS,
    Service,
    at_once,
    chooses,
    heard_by,
    running_service,
    to_the_end,
    types,
    until_noted,
)

START, CHANGES = verbs_scenes.START, verbs_scenes.CHANGES
DOCUMENT = "pida_documento"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """What flows look up."""
    with running_service() as running:
        yield running


def spoken(digits: str) -> tuple[str, ...]:
    """The digits as they are read out."""
    return words("digits", digits, "es-CO")


def number(value: int) -> tuple[str, ...]:
    """A number as it is said."""
    return words("number", Decimal(value), "es-CO")


@takes(
    "collect: then",
    "collect: gave up",
    heard=("collect: collect", "collect: confirm", "collect: not valid", "collect: no key", "collect: finish"),
)
async def test_digits_are_taken_confirmed_and_refused(line: Instance) -> None:
    async def is_sure() -> None:
        caller = await chooses(line, "3000000441", DIGITS, "1")
        await caller.hears(DOCUMENT)
        await types(caller, "2500*")
        await caller.hears_whole("confirme")
        await caller.press("1")
        await to_the_end(caller, DOCUMENT, *spoken("2500"), "confirme", *number(2501))

    async def is_not_sure() -> None:
        caller = await chooses(line, "3000000442", DIGITS, "1")
        await caller.hears(DOCUMENT)
        await types(caller, "2501")  # two seconds without a key end them
        await caller.hears_whole("confirme")
        await caller.press("2")
        await caller.hears(DOCUMENT, after=caller.now)
        await types(caller, "250000")  # the most that are possible
        await caller.hears("confirme", after=caller.now)
        await caller.press("1")
        again = (*spoken("250000"), "confirme")
        await to_the_end(caller, DOCUMENT, *spoken("2501"), "confirme", DOCUMENT, *again, *number(250_001))

    async def is_wrong() -> None:
        caller = await chooses(line, "3000000443", DIGITS, "1")
        await caller.hears(DOCUMENT)
        await types(caller, "1999*")
        await caller.hears_whole("no_sirve")
        await caller.hears(DOCUMENT, after=caller.now)
        await types(caller, "250*")
        await to_the_end(caller, DOCUMENT, "no_sirve", DOCUMENT, "no_sirve", "rendido")

    async def is_silent() -> None:
        caller = await line.caller("3000000444", did=DIGITS)
        await caller.hears(ASKED)
        await caller.press("1")
        await to_the_end(caller, DOCUMENT, "no_oigo", DOCUMENT, "no_oigo", "rendido")

    await at_once(is_sure(), is_not_sure(), is_wrong(), is_silent())


@takes("collect: when hung up")
async def test_what_is_undone_when_the_caller_hangs_up_in_the_digits(line: Instance, service: Service) -> None:
    before = len(service.notes)
    caller = await chooses(line, "3000000445", DIGITS, "1")
    await caller.hears(DOCUMENT)
    await types(caller, "25")
    await caller.hang_up()
    await until_noted(service, before, "collect")


@takes("collect: then", "set: then")
async def test_a_caller_is_not_asked_twice_when_the_server_is_killed(line: Instance) -> None:
    caller = await chooses(line, "3000000446", DIGITS, "3")
    await caller.hears(DOCUMENT)
    await types(caller, "48162")
    await caller.hears("discurso")
    await line.kill_server()
    await line.start_server()
    await caller.call.ended(40)
    expected = [ASKED, DOCUMENT, "discurso", *spoken("48162"), *number(5)]
    assert heard_by(caller, *expected) == expected


@takes("collect: then", "look up: found")
async def test_secret_digits_are_nowhere_in_clear(line: Instance, service: Service) -> None:
    digits = "".join(secrets.choice("123456789") for _ in range(8))
    before = len(service.notes)
    await line.cli("logger add channel full.log notice,warning,error,debug,verbose")
    await line.cli("core set verbose 5")
    await line.cli("core set debug 3")
    async with listening(line) as told:
        caller = await chooses(line, "3000000447", DIGITS, "2")
        await caller.hears("pida_clave")
        await types(caller, digits)
        await to_the_end(caller, "pida_clave", "recibido")
        await line.until_idle()
    assert service.notes[before:] == [digits], "they were entered, kept and computed with"
    events = bytes(told)
    log = (line.paths.log / "full.log").read_bytes()
    assert b"Variable: KEPT" in events and b"Event: AGIExecEnd" in events, "the listener hears every variable"
    assert b"AGI" in log and len(log) > 10_000
    files = [file for file in line.folder.rglob("*") if file.is_file()]
    assert any(file.name.startswith("journal") for file in files)
    found = [str(file) for file in files if digits.encode() in file.read_bytes()]
    leaks = [row for row in log.splitlines() if digits.encode() in row]
    assert not found and digits.encode() not in events, leaks
    # Single keys are told only to a manager with the class dtmf, which our only user has not.
    manager = (line.paths.etc / "manager.conf").read_text().partition("[listener]")[0]
    rights = [row for row in manager.splitlines() if row.startswith("read =")]
    assert rights == ["read = system,call,user"]


@asynccontextmanager
async def listening(line: Instance) -> AsyncIterator[bytearray]:
    """A second manager with every class of events; gives the bytes that it is told."""
    manager = line.paths.etc / "manager.conf"
    secret = secrets.token_hex(8)
    with manager.open("a") as file:
        file.write(f"\n[listener]\nsecret = {secret}\nread = all\nwrite =\n")
    await line.cli("manager reload")
    reader, writer = await asyncio.open_connection(*line.ami.target)
    told = bytearray()

    async def read() -> None:
        while data := await reader.read(65536):
            told.extend(data)

    reading = asyncio.ensure_future(read())
    writer.write(f"Action: Login\r\nUsername: listener\r\nSecret: {secret}\r\n\r\n".encode())
    try:
        yield told
    finally:
        await asyncio.sleep(0.3)
        writer.close()
        reading.cancel()

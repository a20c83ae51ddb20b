"""A key service whose identity has a passphrase: locked, unlocked, and tried by guessing."""

import asyncio
import base64
import threading
import time
from datetime import timedelta

import pytest

from recordings.vault.doorstep import listening
from recordings.vault.keyclient import KeysAway, KeysStatus
from recordings.vault.keyfiles import WrongPassphrase
from recordings.vault.keyholder import Bounds, KeyService
from recordings.vault.keyring import KeyRing, KeysLocked
from tests.tools import run
from tests.unit.recordings.vault.age_files import with_passphrase
from tests.unit.recordings.vault.keyholding import (
    IDENTITY,
    KEY,
    NAME,
    PASSPHRASE,
    SECONDS,
    SECRET,
    WRAPPED,
    Service,
    service_of,
)


@run
async def test_a_passphrase_unlocks_and_is_never_told_in_the_log(sealed: Service) -> None:
    process = sealed.start()
    client = sealed.client
    assert await client.status() == KeysStatus(False, True, ())
    with pytest.raises(KeysLocked, match="has to give the passphrase"):
        await client.open(NAME, WRAPPED)
    with pytest.raises(WrongPassphrase, match="does not open it"):
        await client.unlock("wrong horse battery")
    assert not (await client.status()).unlocked
    assert await client.unlock(PASSPHRASE) == KeysStatus(True, True, (IDENTITY.recipient.text,))
    assert await client.open(NAME, WRAPPED) == KEY
    assert (await client.unlock("is not tried any more")).unlocked
    assert not (await client.lock()).unlocked
    with pytest.raises(KeysLocked):
        await client.open(NAME, WRAPPED)
    await asyncio.to_thread(sealed.ask, b'{"do": "unlock", "passphrase": "a secret too", "x": "y"}\n')
    process.terminate()
    assert process.wait(SECONDS) == 0
    said = sealed.said()
    assert f"opened the key of '{NAME}'" in said and "unlocked for age1" in said and "Traceback" not in said
    for secret in ("horse", "a secret too", SECRET[16:], base64.b64encode(KEY).decode(), "not tried"):
        assert secret not in said


@run
async def test_a_file_that_holds_no_identity_is_told_when_it_is_unlocked() -> None:
    with service_of(with_passphrase(b"shopping list", PASSPHRASE)) as service:
        service.start()
        with pytest.raises(KeysAway, match="identity:1: not an age identity"):
            await service.client.unlock(PASSPHRASE)


@run
async def test_passphrases_are_tried_one_at_a_time(plain: Service) -> None:
    at_once: list[int] = []
    busy = threading.Semaphore(10)

    class Slow(KeyRing):
        """Tries a passphrase without the processor."""

        def unlock(self, passphrase: str) -> None:
            with busy:
                at_once.append(10 - busy._value)
                time.sleep(0.03)
            super().unlock(passphrase)

    ring = Slow(with_passphrase(SECRET.encode(), PASSPHRASE), "x")
    stop = asyncio.Event()
    with listening(plain.socket) as listener:
        served = asyncio.ensure_future(KeyService(ring, Bounds(32, timedelta(seconds=5))).serve(listener, stop))
        tried = [plain.client.unlock(f"wrong {n}") for n in range(4)]
        answers = await asyncio.gather(*tried, return_exceptions=True)
        assert [type(answer) for answer in answers] == [WrongPassphrase] * 4 and at_once == [1, 1, 1, 1]
        assert (await plain.client.unlock(PASSPHRASE)).unlocked
        stop.set()
        await served

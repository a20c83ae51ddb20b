"""Who asks the key service: it is away, it answers strangely, or there is none, as in a restore."""

import asyncio
import socket
from datetime import timedelta

import pytest

from recordings.vault import keyclient
from recordings.vault.keyclient import KeyClient, KeysAway
from tests.tools import run
from tests.unit.recordings.vault.keyholding import NAME, WRAPPED, Service


@run
async def test_a_service_that_is_away_is_told_with_what_to_do(plain: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = KeyClient(plain.socket, timedelta(seconds=0.1))
    with pytest.raises(KeysAway, match="does not run: start it"):
        await hasty.open(NAME, WRAPPED)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(plain.socket))
        silent.listen()
        with pytest.raises(KeysAway, match=r"did not answer within 0\.1 s: see its log"):
            await hasty.open(NAME, WRAPPED)
        monkeypatch.setattr(keyclient, "trusted", lambda peer, *also: False)
        with pytest.raises(KeysAway, match="another user listens there"):
            await hasty.open(NAME, WRAPPED)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "does not answer as it should"),
        (b"hello\n", "does not answer as it should"),
        (b"[]\n", "does not answer as it should"),
        (b'{"ok": true}\n', "does not answer as it should"),
        (b'{"ok": true, "key": "***"}\n', "does not answer as it should"),
        (b'{"ok": false}\n', "does not answer as it should"),
        (b'{"ok": false, "trouble": "new", "why": "of a later version"}\n', "refused: of a later version"),
        (b'{"ok": false, "trouble": "busy", "why": "try again"}\n', "refused: try again"),
        (b"x" * 70_000, "cannot be asked"),
    ],
)
@run
async def test_a_strange_answer_is_told_as_a_service_that_is_away(plain: Service, answer: bytes, said: str) -> None:
    async def strange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    async with await asyncio.start_unix_server(strange, plain.socket):
        with pytest.raises(KeysAway, match=said):
            await plain.client.open(NAME, WRAPPED)

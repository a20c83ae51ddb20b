"""The key service as a process of its own, on a real socket: what it answers, and whom it sends away."""

import asyncio
import base64
import contextlib
import ctypes
import json
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from recordings.vault.doorstep import trusted
from recordings.vault.keyclient import Keys, KeysStatus
from recordings.vault.keyring import NoPassphrase
from recordings.vault.keys import DamagedKey, Identity, OtherRecording, WrongKey, wrap
from tests.tools import run
from tests.unit.recordings.vault.keyholding import IDENTITY, KEY, NAME, OTHER, SECRET, WRAPPED, Service, service_of


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    """One whose identity has no passphrase, for all tests that leave it as it is."""
    with service_of(SECRET.encode()) as service:
        service.start()
        yield service


@run
async def test_a_key_is_opened_and_what_is_wrong_is_told_apart(running: Service) -> None:
    keys: Keys = running.client
    assert await keys.open(NAME, WRAPPED) == KEY
    with pytest.raises(OtherRecording, match="is another recording's"):
        await keys.open("another", WRAPPED)
    with pytest.raises(WrongKey, match="wrapped for others"):
        await keys.open(NAME, wrap(KEY, NAME, [OTHER.recipient]))
    with pytest.raises(DamagedKey, match="altered"):
        await keys.open(NAME, WRAPPED[:-1] + bytes([WRAPPED[-1] ^ 1]))
    assert await running.client.status() == KeysStatus(True, False, (IDENTITY.recipient.text,))
    with pytest.raises(NoPassphrase, match="has no passphrase"):
        await running.client.lock()
    assert await keys.open(NAME, WRAPPED) == KEY


@run
async def test_many_at_once_are_answered(running: Service) -> None:
    names = [f"call_{n}" for n in range(20)]
    keys = [bytes([n]) * 32 for n in range(20)]
    wrapped = [wrap(key, name, [IDENTITY.recipient]) for key, name in zip(keys, names, strict=True)]
    assert await asyncio.gather(*map(running.client.open, names, wrapped)) == keys


@run
async def test_the_longest_wrapped_key_passes(running: Service) -> None:
    many = [Identity(str(pyrage.x25519.Identity.generate())).recipient for _ in range(90)]
    wrapped = wrap(KEY, "n" * 255, [*many, IDENTITY.recipient])
    assert len(wrapped) > 9000 and await running.client.open("n" * 255, wrapped) == KEY


def test_one_connection_may_ask_often(running: Service) -> None:
    question = {"do": "open", "recording": NAME, "wrapped": base64.b64encode(WRAPPED).decode()}
    line = json.dumps(question).encode() + b"\n"
    answers = running.ask(line, b'{"do": "status"}\n', line)
    assert [answer["ok"] for answer in answers] == [True, True, True]
    assert base64.b64decode(answers[2]["key"]) == KEY


HOSTILE = [
    b"\n",
    b"hello\n",
    b"\xff\x00\n",
    b"[]\n",
    b"null\n",
    b"{}\n",
    b'{"do": "shutdown"}\n',
    b'{"do": ["open"]}\n',
    b'{"do": "open"}\n',
    b'{"do": "open", "recording": 7, "wrapped": "AAAA"}\n',
    b'{"do": "open", "recording": "a", "wrapped": "***"}\n',
    b'{"do": "open", "recording": "a", "wrapped": "\\u00f1"}\n',
    b'{"do": "status", "more": "x"}\n',
    b'{"do": "unlock", "passphrase": null}\n',
    b"[" * 60_000 + b"\n",
]


def test_what_is_no_question_is_answered_with_a_reason_and_harms_nobody(running: Service) -> None:
    answers = running.ask(*HOSTILE)
    assert [answer["trouble"] for answer in answers] == ["not understood"] * len(HOSTILE)
    assert running.ask(b'{"do": "open", "recording": "a", "wrapped": "AAAA"}\n')[0]["trouble"] == "damaged key"
    assert running.ask(b'{"do": "status"}\n')[0]["ok"]


def test_a_line_without_an_end_is_no_question_and_too_long_a_line_is_refused(running: Service) -> None:
    assert running.ask(b'{"do": "status"}') == []
    with running.connect() as connected, contextlib.suppress(ConnectionError):
        connected.sendall(b"x" * 65_537)
        answer = json.loads(connected.makefile("rb").readline())
        assert answer["trouble"] == "not understood" and "at most 65536 bytes" in answer["why"]
    assert running.ask(b'{"do": "status"}\n')[0]["ok"]


def test_the_socket_and_the_process_are_closed_to_others(running: Service) -> None:
    assert running.socket.stat().st_mode & 0o7777 == 0o600
    limits = Path(f"/proc/{running.processes[0].pid}/limits").read_text()
    assert any(line.split()[4:6] == ["0", "0"] for line in limits.splitlines() if line.startswith("Max core file size"))


def test_nobody_of_our_user_may_look_into_its_memory() -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            from recordings.vault.keyholder import protect

            protect()
            code = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def test_who_is_slow_is_sent_away_and_more_than_the_bound_too(plain: Service) -> None:
    plain.start("--idle", "0.5", "--clients", "2")
    with plain.connect() as half, plain.connect() as deaf:
        half.sendall(b'{"do": ')
        with plain.connect() as third:
            answer = json.loads(third.makefile("rb").readline())
            assert answer["trouble"] == "busy" and "which is the bound" in answer["why"]
        with pytest.raises(ConnectionError):
            deaf.sendall(b'{"do": "status"}\n' * 100_000)
        assert half.recv(10) == b""
    assert plain.ask(b'{"do": "status"}\n')[0]["ok"] and plain.said().count("\n") == 1


class Peer:
    """Says whose process it is, as the kernel does."""

    def __init__(self, uid: int) -> None:
        self._uid = uid

    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes:
        assert (level, optname) == (socket.SOL_SOCKET, socket.SO_PEERCRED)
        return struct.pack("3i", 1, self._uid, 7)[:buflen]


def test_only_our_user_and_root_are_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert [uid for uid in (0, 1, 999, 1000, 1001, 65534) if trusted(Peer(uid))] == [0, 1000]
    assert [uid for uid in (0, 1, 999, 1000, 1001) if trusted(Peer(uid), 999)] == [0, 999, 1000]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user for a moment")
def test_another_user_gets_no_answer_even_when_the_socket_lets_them_in(running: Service) -> None:
    child = os.fork()
    if child == 0:
        code = 9
        try:
            running.folder.chmod(0o755)
            running.socket.chmod(0o666)
            os.setuid(65534)
            try:
                code = 0 if running.ask(b'{"do": "status"}\n') == [] else 1
            except ConnectionError:
                code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    running.folder.chmod(0o700)
    running.socket.chmod(0o600)
    assert "another user asked" in running.said()

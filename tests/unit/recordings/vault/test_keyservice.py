"""The key service as a process of its own, on a real socket."""

import asyncio
import base64
import contextlib
import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest

from recordings.vault import keyclient
from recordings.vault.doorstep import Refused, listening, trusted
from recordings.vault.keyclient import KeyClient, Keys, KeysAway, KeysStatus, OwnKeys
from recordings.vault.keyfiles import WrongPassphrase
from recordings.vault.keyholder import Bounds, KeyService, identity_of
from recordings.vault.keyring import KeyRing, KeysLocked, NoPassphrase
from recordings.vault.keys import DamagedKey, Identity, KeyTrouble, OtherRecording, WrongKey, wrap
from tests.tools import run
from tests.unit.recordings.vault.age_files import with_passphrase

NAME = "n1-1795291036.6_000000000002"
SECRET = str(pyrage.x25519.Identity.generate())
IDENTITY, OTHER = Identity(SECRET), Identity(str(pyrage.x25519.Identity.generate()))
KEY = bytes(range(32))
WRAPPED = wrap(KEY, NAME, [IDENTITY.recipient])
PASSPHRASE = "correct horse ñandú battery"
SECONDS = 20


class Service:
    """A key service in a folder of its own (a short one: a socket's path has 107 bytes)."""

    def __init__(self, folder: Path, content: bytes) -> None:
        self.folder, self.socket, self.identity = folder, folder / "keys.sock", folder / "identity"
        self.log = folder / "log"
        self.identity.touch(0o600)
        self.identity.write_bytes(content)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.client = KeyClient(self.socket, timedelta(seconds=10))

    def begin(self, *options: str, source: tuple[str, ...] = (), **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "recordings.vault.keyholder", "--socket", str(self.socket)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*command, *(source or ("--identity", str(self.identity))), *options],
                stderr=log,
                env={**os.environ, **environment, "PYTHONPATH": str(Path(__file__).parents[4])},
            )
        self.processes.append(process)
        return process

    def start(self, *options: str, source: tuple[str, ...] = (), **environment: str) -> subprocess.Popen[bytes]:
        process = self.begin(*options, source=source, **environment)
        until = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError), self.connect():
                return process
            time.sleep(0.01)
        pytest.fail(f"the key service did not start: {self.said()}")

    def connect(self) -> socket.socket:
        connected = socket.socket(socket.AF_UNIX)
        try:
            connected.settimeout(SECONDS)
            connected.connect(str(self.socket))
        except BaseException:
            connected.close()
            raise
        return connected

    def ask(self, *lines: bytes) -> list[dict[str, Any]]:
        """Send lines as they are; the answers until the service closes."""
        with self.connect() as connected:
            connected.sendall(b"".join(lines))
            connected.shutdown(socket.SHUT_WR)
            with connected.makefile("rb") as answers:
                return [json.loads(line) for line in answers]

    def said(self) -> str:
        return self.log.read_text()

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(SECONDS)


@contextlib.contextmanager
def service_of(content: bytes) -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="keys") as folder:
        service = Service(Path(folder), content)
        try:
            yield service
        finally:
            service.end()


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    """One whose identity has no passphrase, for all tests that leave it as it is."""
    with service_of(SECRET.encode()) as service:
        service.start()
        yield service


@pytest.fixture
def plain() -> Iterator[Service]:
    with service_of(SECRET.encode()) as service:
        yield service


@pytest.fixture
def sealed() -> Iterator[Service]:
    with service_of(with_passphrase(SECRET.encode(), PASSPHRASE)) as service:
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


def test_it_ends_with_sigterm_and_leaves_nothing_even_with_clients(plain: Service) -> None:
    process = plain.start()
    with plain.connect() as idle, plain.connect() as asked:
        asked.sendall(b'{"do": "status"}\n')
        assert asked.recv(10)
        process.terminate()
        assert process.wait(SECONDS) == 0
        assert idle.recv(10) == b""
    assert plain.names() == ["identity", "log"]


@run
async def test_it_starts_once_and_takes_over_from_a_dead_one(plain: Service) -> None:
    first = plain.start()
    second = plain.begin()
    assert await asyncio.to_thread(second.wait, SECONDS) == 2
    assert f"another key service has {plain.socket}: stop it first" in plain.said()
    assert await plain.client.open(NAME, WRAPPED) == KEY
    first.send_signal(signal.SIGKILL)
    await asyncio.to_thread(first.wait, SECONDS)
    assert plain.socket.exists()
    with pytest.raises(KeysAway, match=r"keys\.sock does not run: start it"):
        await plain.client.status()
    third = plain.start()
    assert await plain.client.open(NAME, WRAPPED) == KEY
    third.terminate()
    assert await asyncio.to_thread(third.wait, SECONDS) == 0 and plain.names() == ["identity", "log"]


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


@run
async def test_the_identity_comes_from_a_credential_of_systemd(plain: Service) -> None:
    plain.identity.chmod(0o440)  # systemd's ACL looks like that
    plain.start(source=("--credential", "identity"), CREDENTIALS_DIRECTORY=str(plain.folder))
    assert await plain.client.open(NAME, WRAPPED) == KEY


@pytest.mark.parametrize(
    ("mode", "content", "said"),
    [
        (0o644, SECRET, "identity: others may read it"),
        (0o600, "nothing", "identity:1: not an age identity"),
        (0o600, "", "identity: no identity"),
    ],
    ids=["open to others", "no identity", "empty"],
)
def test_an_identity_that_cannot_be_used_is_told(plain: Service, mode: int, content: str, said: str) -> None:
    plain.identity.write_text(content)
    plain.identity.chmod(mode)
    with pytest.raises(ValueError, match=said) as told:
        identity_of(plain.identity, None)
    assert SECRET[16:] not in str(told.value)


def test_a_start_that_fails_says_why_in_a_line(plain: Service) -> None:
    plain.identity.unlink()
    assert plain.begin().wait(SECONDS) == 2
    assert plain.said().startswith("keyholder: [Errno 2] No such file") and plain.said().count("\n") == 1
    assert plain.names() == ["log"]


@pytest.mark.parametrize(
    ("folder", "name", "said"),
    [(None, "identity", "LoadCredential"), ("here", "../identity", "not a path"), ("here", "", "not a path")],
)
def test_a_credential_that_cannot_be_used_is_told(
    plain: Service, monkeypatch: pytest.MonkeyPatch, folder: str | None, name: str, said: str
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    if folder:
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(plain.folder))
    with pytest.raises(ValueError, match=said):
        identity_of(None, name)
    if folder:
        plain.identity.chmod(0o444)
        with pytest.raises(ValueError, match="others may read"):
            identity_of(None, "identity")


def test_a_folder_in_which_others_may_write_is_refused(plain: Service) -> None:
    plain.folder.chmod(0o770)
    with pytest.raises(Refused, match="chmod go-w"), listening(plain.socket):
        pass
    with pytest.raises(Refused, match="no such folder; make it"), listening(plain.folder / "no" / "keys.sock"):
        pass
    assert plain.names() == ["identity"]


def test_only_a_dead_socket_is_taken_over(plain: Service) -> None:
    plain.socket.write_text("somebody's")
    with pytest.raises(Refused, match="is no socket"), listening(plain.socket):
        pass
    assert plain.socket.read_text() == "somebody's"
    plain.socket.unlink()
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(plain.socket))
        stranger.listen()
        with pytest.raises(Refused, match="another program listens"), listening(plain.socket):
            pass
    with listening(plain.socket) as listener:
        assert listener.getsockname() == str(plain.socket) and plain.names() == [
            "identity",
            "keys.sock",
            "keys.sock.lock",
        ]
    assert plain.names() == ["identity"]


def test_a_socket_that_was_replaced_is_not_removed(plain: Service) -> None:
    with listening(plain.socket):
        plain.socket.unlink()
        plain.socket.write_text("another's")
    assert plain.socket.read_text() == "another's"


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


@run
async def test_a_restore_opens_keys_without_a_service() -> None:
    keys: Keys = OwnKeys([OTHER, IDENTITY])
    assert await keys.open(NAME, WRAPPED) == KEY
    with pytest.raises(KeysLocked):
        await OwnKeys([]).open(NAME, WRAPPED)
    with pytest.raises(KeyTrouble):
        await OwnKeys([OTHER]).open(NAME, WRAPPED)

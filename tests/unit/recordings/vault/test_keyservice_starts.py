"""How the key service starts and ends: once, with an identity and a socket that are closed to others."""

import asyncio
import signal
import socket

import pytest

from recordings.vault.doorstep import Refused, listening
from recordings.vault.keyclient import KeysAway
from recordings.vault.keyholder import identity_of
from tests.tools import run
from tests.unit.recordings.vault.keyholding import KEY, NAME, SECONDS, SECRET, WRAPPED, Service


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

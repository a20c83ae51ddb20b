"""Asks the key service, from any other process of ours."""

import asyncio
import base64
import contextlib
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from recordings.vault.doorstep import trusted
from recordings.vault.keyring import ERRORS, LINE_LIMIT
from recordings.vault.keys import KeyTrouble

PATIENCE = timedelta(seconds=3)
UNLOCK_PATIENCE = timedelta(seconds=60)
"""A passphrase takes about a second; others may be tried before it."""


class KeysAway(KeyTrouble):
    """The key service does not run, does not answer, or is not the one that is expected."""


class Keys(Protocol):
    """Who can open a recording's key."""

    async def open(self, recording: str, wrapped: bytes) -> bytes:
        """The data key. Raises KeysLocked, KeysAway, WrongKey, OtherRecording, DamagedKey: all are KeyTrouble."""


@dataclass(frozen=True, slots=True)
class KeysStatus:
    """`passphrase`: whether the identity has one; `recipients`: whose keys can be opened now, none while locked."""

    unlocked: bool
    passphrase: bool
    recipients: tuple[str, ...]


class KeyClient:
    """A connection for each question: a service that was started again is found again."""

    def __init__(self, socket: Path, patience: timedelta = PATIENCE) -> None:
        self._socket, self._patience = socket, patience

    async def open(self, recording: str, wrapped: bytes) -> bytes:
        """See `Keys`."""
        said = await self._ask({"do": "open", "recording": recording, "wrapped": base64.b64encode(wrapped).decode()})
        with self._expected():
            return base64.b64decode(said["key"], validate=True)

    async def status(self) -> KeysStatus:
        """Raises KeysAway."""
        return self._status(await self._ask({"do": "status"}))

    async def unlock(self, passphrase: str) -> KeysStatus:
        """Raises WrongPassphrase, KeysAway. Nothing happens when it is unlocked already."""
        return self._status(await self._ask({"do": "unlock", "passphrase": passphrase}, UNLOCK_PATIENCE))

    async def lock(self) -> KeysStatus:
        """Raises NoPassphrase when there is none, KeysAway."""
        return self._status(await self._ask({"do": "lock"}))

    def _status(self, said: dict[str, Any]) -> KeysStatus:
        with self._expected():
            return KeysStatus(bool(said["unlocked"]), bool(said["passphrase"]), tuple(map(str, said["recipients"])))

    async def _ask(self, question: dict[str, str], patience: timedelta | None = None) -> dict[str, Any]:
        seconds = (patience or self._patience).total_seconds()
        try:
            async with asyncio.timeout(seconds):
                line = await self._exchange(json.dumps(question).encode() + b"\n")
        except TimeoutError:
            raise self._away(f"did not answer within {seconds:g} s: see its log, and start it again") from None
        except (FileNotFoundError, ConnectionRefusedError):
            raise self._away("does not run: start it") from None
        except ConnectionError:
            raise self._away("broke off: too many ask at once, or it just ended; try again") from None
        except (OSError, ValueError) as error:
            raise self._away(f"cannot be asked ({error}): see its log") from None
        with self._expected():
            said: dict[str, Any] = json.loads(line)
            if said["ok"]:
                return said
            trouble, why = str(said["trouble"]), str(said["why"])
        raise ERRORS[trouble](why) if trouble in ERRORS else self._away(f"refused: {why}")

    async def _exchange(self, line: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self._socket, limit=LINE_LIMIT)
        try:
            # A passphrase is told to nobody else. The folder's owner decides anyway what lies there: so root may ask.
            if not trusted(writer.get_extra_info("socket"), self._socket.parent.stat().st_uid):
                raise ValueError("another user listens there")
            # A service that has too many clients says so and closes before it reads.
            with contextlib.suppress(ConnectionError):
                writer.write(line)
                await writer.drain()
            return await reader.readline()
        finally:
            writer.close()

    @contextlib.contextmanager
    def _expected(self) -> Any:
        """Whatever is no answer of the service is told as one error."""
        try:
            yield
        except (ValueError, KeyError, TypeError):
            raise self._away("does not answer as it should: is it of this version? See its log") from None

    def _away(self, what: str) -> KeysAway:
        return KeysAway(f"the key service on {self._socket} {what}")

"""The key service: the only process that has the identity, and so the only one that can open recordings.

    python -m recordings.vault.keyholder --socket PATH (--identity FILE | --credential NAME)

The identity comes from a file (mode 0600) or from a credential of systemd ($CREDENTIALS_DIRECTORY/NAME). One that is
sealed with a passphrase is locked until somebody gives it: `unlock`. What may be asked stands in `keyring`; only our
own user and root may ask. No key and no passphrase is ever logged. SIGTERM and SIGINT end it.
"""

import argparse
import asyncio
import base64
import contextlib
import ctypes
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from recordings.vault.doorstep import Refused, listening, trusted
from recordings.vault.keyfiles import KeyFileTrouble, read_private
from recordings.vault.keyring import (
    LINE_LIMIT,
    KeyRing,
    Trouble,
    answer,
    refusal,
    refusal_of,
    understood,
    wrapped_of,
)
from recordings.vault.keys import KeyTrouble

log = logging.getLogger("keyholder")

_PR_SET_DUMPABLE = 4  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Bounds:
    """`clients`: how many may be connected; `idle`: how long one may take for its next question, and for taking an
    answer."""

    clients: int
    idle: timedelta


class KeyService:
    """Answers who is connected."""

    def __init__(self, ring: KeyRing, bounds: Bounds) -> None:
        self._ring, self._bounds = ring, bounds
        self._clients: set[asyncio.Task[None]] = set()
        self._one_passphrase = asyncio.Lock()

    async def serve(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Answer until `stop`; who is connected then is cut off."""
        server = await asyncio.start_unix_server(self._connected, sock=listener, limit=LINE_LIMIT)
        await stop.wait()
        server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not trusted(writer.get_extra_info("socket")):
            log.warning("refused: another user asked")
            writer.close()
        elif len(self._clients) >= self._bounds.clients:
            writer.write(refusal(Trouble.BUSY, f"{self._bounds.clients} are connected, which is the bound: try again"))
            writer.close()
        else:
            client = asyncio.ensure_future(self._client(reader, writer))
            self._clients.add(client)
            client.add_done_callback(self._clients.discard)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it is closed on both sides: as long it counts."""
        try:
            await self._questions(reader, writer)
            writer.close()
            async with asyncio.timeout(self._bounds.idle.total_seconds()):
                await writer.wait_closed()
        except (TimeoutError, ConnectionError):
            pass
        finally:
            writer.transport.abort()  # an answer that nobody takes would keep it open

    async def _questions(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Raises TimeoutError, ConnectionError."""
        idle = self._bounds.idle.total_seconds()
        while True:
            try:
                async with asyncio.timeout(idle):
                    line = await reader.readline()
            except ValueError:  # the limit
                writer.write(refusal(Trouble.NOT_UNDERSTOOD, f"a question has at most {LINE_LIMIT} bytes"))
                return
            if not line.endswith(b"\n"):
                return
            writer.write(await self._answer(line))
            async with asyncio.timeout(idle):
                await writer.drain()

    async def _answer(self, line: bytes) -> bytes:
        try:
            return await self._done(understood(line))
        except KeyTrouble as error:
            log.warning("%s", error)
            return refusal_of(error)
        except KeyFileTrouble as error:
            log.error("%s", error)
            return refusal(Trouble.BROKEN, str(error))
        except Exception as error:  # its text may hold what was asked: only the kind is told
            log.error("failed: %s", type(error).__name__)
            return refusal(Trouble.BROKEN, f"the key service failed: {type(error).__name__}")

    async def _done(self, asked: dict[str, str]) -> bytes:
        match asked["do"]:
            case "open":
                key = self._ring.open(asked["recording"], wrapped_of(asked))
                log.info("opened the key of %r", asked["recording"])
                return answer(key=base64.b64encode(key).decode())
            case "unlock":
                await self._unlock(asked["passphrase"])
            case "lock":
                self._ring.lock()
                log.info("locked")
        return answer(**self._ring.status())

    async def _unlock(self, passphrase: str) -> None:
        """One passphrase at a time is tried, each for about a second: nobody tries many."""
        async with self._one_passphrase:
            if self._ring.unlocked:
                return
            await asyncio.to_thread(self._ring.unlock, passphrase)
            log.info("unlocked for %s", ", ".join(self._ring.status()["recipients"]))


async def run(ring: KeyRing, path: Path, bounds: Bounds) -> None:
    """Serve until SIGTERM or SIGINT. Raises Refused, OSError."""
    stop = asyncio.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    with listening(path) as listener:
        log.info("listening on %s, %s", path, "unlocked" if ring.unlocked else "locked until the passphrase is given")
        await KeyService(ring, bounds).serve(listener, stop)
    log.info("ended")


def protect() -> None:
    """No core dump, and no other process of our user looks into this one's memory. As far as the system allows it."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def identity_of(file: Path | None, credential: str | None) -> KeyRing:
    """Raises KeyFileTrouble, OSError."""
    if file is not None:
        return KeyRing(read_private(file), str(file))
    folder, name = os.environ.get("CREDENTIALS_DIRECTORY"), credential or ""
    if not folder:
        raise KeyFileTrouble("--credential: systemd gave none; put LoadCredential= into the unit, or use --identity")
    if not name or name != Path(name).name:
        raise KeyFileTrouble("--credential: the name of a credential, not a path")
    # systemd lets the unit's user read by an ACL, which looks like a group's permission.
    return KeyRing(read_private(Path(folder) / name, forbidden=0o007), f"credential {name}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The process. 0: ended by a signal; 2: could not start."""
    parser = argparse.ArgumentParser(prog="keyholder", description="Opens the keys of recordings for who may listen.")
    parser.add_argument("--socket", type=Path, required=True, metavar="PATH", help="where to listen")
    parser.add_argument("--clients", type=int, default=32, help="how many may be connected (%(default)s)")
    parser.add_argument("--idle", type=float, default=30.0, metavar="SECONDS", help="... and idle (%(default)s)")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--identity", type=Path, metavar="FILE", help="an age identity, with a passphrase or without")
    source.add_argument("--credential", metavar="NAME", help="the same from systemd")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="keyholder: %(message)s", stream=sys.stderr)
    protect()
    try:
        ring = identity_of(given.identity, given.credential)
        asyncio.run(run(ring, given.socket, Bounds(given.clients, timedelta(seconds=given.idle))))
    except (KeyFileTrouble, Refused, OSError) as error:
        log.error("%s", error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

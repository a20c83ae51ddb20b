"""A host reached by SSH as target: SFTP and nothing else, a known host key, a key file, no passwords.

The connection lives on an event loop and a thread of its own; whoever calls, waits. Every answer has a time limit.
SFTP cannot sync a folder: whether a rename outlives a power cut of that host is its file system's matter, and the next
run finds out.
"""

import asyncio
import errno
import os
import stat
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import asyncssh

from recordings.backup.targets import (
    CHUNK,
    MARKER,
    PARTS,
    Entry,
    ObjectMissing,
    Pace,
    TargetError,
    checked,
    new_part,
    only_ours,
    reading,
    unbounded,
)

Gained = TypeVar("Gained")
GRACE = 0.2
"""Seconds that an operation has to say itself that the connection is lost."""
PAGE = 500
"""Entries of a listing that are handed over at a time."""


class SshTarget:
    """A folder of a host."""

    def __init__(
        self,
        host: str,
        user: str,
        folder: str,
        *,
        key: Path,
        known_hosts: Path,
        port: int = 22,
        name: str = "ssh",
        seconds: float = 60.0,
    ) -> None:
        """`folder` on the host, absolute or below its user's home; `key` without a passphrase, readable by us only;
        `seconds`: the limit for each answer."""
        self._host, self._port, self._user, self._name = host, port, user, name
        self._folder, self._key, self._known_hosts, self._seconds = PurePosixPath(folder), key, known_hosts, seconds
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connecting: asyncio.Task[asyncssh.SFTPClient] | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._made: set[str] = set()

    @property
    def name(self) -> str:
        return self._name

    def prepare(self) -> None:
        async def mark() -> None:
            sftp = await self._connected()
            await sftp.makedirs(self._at(), exist_ok=True)
            async with sftp.open(self._at(MARKER), "ab"):
                pass

        self._done(mark())

    def check(self) -> None:
        async def look() -> None:
            sftp = await self._marked()
            await self._folders(sftp, PARTS)
            async for left in sftp.scandir(self._at(PARTS)):
                if left.filename not in (".", ".."):
                    await sftp.remove(self._at(PARTS, str(left.filename)))
            async with sftp.open(self._at(PARTS, "probe"), "wb") as probe:
                await probe.write(b"can this disk be written to?" * 1000)
            await sftp.remove(self._at(PARTS, "probe"))

        self._done(look())

    def put(self, name: str, source: Path | bytes, sha256: str, pace: Pace = unbounded) -> None:
        *above, _ = checked(name).split("/")
        part = self._at(PARTS, new_part())

        async def begin() -> tuple[asyncssh.SFTPClient, asyncssh.SFTPClientFile]:
            sftp = await self._marked()
            await self._folders(sftp, PARTS)
            return sftp, await sftp.open(part, "wb")

        sftp, file = self._done(begin())
        try:
            at = 0
            for chunk in reading(name, source, sha256, pace):
                self._done(self._written(file, chunk, at))
                at += len(chunk)

            async def end() -> None:
                with suppress(asyncssh.SFTPOpUnsupported):
                    await file.fsync()
                await file.close()
                await self._folders(sftp, *above)
                try:
                    await sftp.posix_rename(part, self._at(name))
                except asyncssh.SFTPNoSuchFile:
                    self._made.clear()
                    raise

            self._done(end())
        except BaseException:

            async def abandon() -> None:
                with suppress(asyncssh.Error, OSError):
                    await file.close()
                with suppress(asyncssh.Error, OSError):
                    await sftp.remove(part)

            with suppress(TargetError):
                self._done(abandon(), diagnose=False)
            raise

    async def _written(self, file: asyncssh.SFTPClientFile, chunk: bytes, at: int) -> None:
        await file.write(chunk, at)

    def get(self, name: str) -> Iterator[bytes]:
        async def begin() -> asyncssh.SFTPClientFile:
            return await (await self._marked()).open(self._at(checked(name)), "rb")

        async def more(at: int) -> bytes:
            read: bytes | str = await file.read(CHUNK, at)
            return read if isinstance(read, bytes) else read.encode()

        async def end() -> None:
            await file.close()

        file = self._done(begin(), missing=name)
        try:
            at = 0
            while chunk := self._done(more(at)):
                at += len(chunk)
                yield chunk
        finally:
            with suppress(TargetError):
                self._done(end(), diagnose=False)

    def stat(self, name: str) -> int | None:
        async def look() -> int | None:
            found = await (await self._marked()).lstat(self._at(checked(name)))
            regular = found.permissions is None or stat.S_ISREG(found.permissions)
            return found.size if regular else None

        with suppress(ObjectMissing):
            return self._done(look(), missing=name)
        return None

    def list(self, folder: str = "") -> Iterator[Entry]:
        walk = self._walk(checked(folder) if folder else "")

        async def page() -> "list[Entry]":
            found = []
            async for entry in walk:
                found.append(entry)
                if len(found) == PAGE:
                    break
            return found

        with suppress(ObjectMissing):
            while entries := self._done(page(), missing=folder):
                yield from entries

    async def _walk(self, folder: str) -> AsyncIterator[Entry]:
        sftp = await self._marked()
        below = [folder]
        while below:
            inside = below.pop()
            async for entry in sftp.scandir(self._at(inside)):
                name = f"{inside}/{entry.filename!s}" if inside else str(entry.filename)
                try:
                    checked(name)
                except ValueError:
                    continue
                mode = entry.attrs.permissions or 0
                if stat.S_ISDIR(mode):
                    below.append(name)
                elif stat.S_ISREG(mode) and name != MARKER:
                    yield Entry(name, entry.attrs.size or 0)

    def delete(self, name: str) -> None:
        async def remove() -> None:
            await (await self._marked()).remove(self._at(checked(name)))

        with suppress(ObjectMissing):
            self._done(remove(), missing=name)

    def close(self) -> None:
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._dropped(), loop).result(self._seconds)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _at(self, *steps: str) -> str:
        return str(self._folder.joinpath(*steps))

    async def _connected(self) -> asyncssh.SFTPClient:
        """The connection, common to all who ask at once."""
        if self._connecting is None:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())
            # Whoever waited may have given up before it failed.
            self._connecting.add_done_callback(lambda task: task.cancelled() or task.exception())
        connecting = self._connecting
        try:
            return await asyncio.shield(connecting)
        except BaseException:
            if self._connecting is connecting and connecting.done():
                self._connecting = None
            raise

    async def _connect(self) -> asyncssh.SFTPClient:
        only_ours(self._name, self._key)
        self._connection = await asyncssh.connect(
            self._host,
            self._port,
            username=self._user,
            known_hosts=str(self._known_hosts),
            client_keys=[str(self._key)],
            passphrase=None,
            password=None,
            agent_path=None,
            gss_host=None,
            preferred_auth=["publickey"],
            config=None,
            connect_timeout=self._seconds,
            login_timeout=self._seconds,
            keepalive_interval=max(1.0, self._seconds / 3),
            keepalive_count_max=3,
        )
        return await self._connection.start_sftp_client()

    async def _marked(self) -> asyncssh.SFTPClient:
        """The connection, when the folder is the prepared one."""
        sftp = await self._connected()
        if not await sftp.isfile(self._at(MARKER)):
            raise TargetError(
                self._name,
                f"{self._folder} on {self._host} is not a prepared backup folder",
                "mount the disk there; for a new one: ivr backup prepare",
            )
        return sftp

    async def _folders(self, sftp: asyncssh.SFTPClient, *way: str) -> None:
        for end in range(1, len(way) + 1):
            folder = "/".join(way[:end])
            if folder not in self._made:
                with suppress(asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
                    await sftp.mkdir(self._at(folder), asyncssh.SFTPAttrs(permissions=0o700))
                if not await sftp.isdir(self._at(folder)):
                    raise TargetError(self._name, f"{folder} cannot be made", "is something else there in its place?")
                self._made.add(folder)

    async def _dropped(self) -> None:
        connection, connecting = self._connection, self._connecting
        self._connection = self._connecting = None
        self._made.clear()
        if connecting is not None:
            connecting.cancel()
        if connection is not None:
            connection.abort()
            with suppress(asyncssh.Error, OSError, TimeoutError):
                await asyncio.wait_for(connection.wait_closed(), 1.0)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                # Of many writes at once only the first failure is asked for; the others are the same one.
                self._loop.set_exception_handler(lambda loop, context: None)
                self._thread = threading.Thread(target=self._loop.run_forever, name=f"backup {self._name}", daemon=True)
                self._thread.start()
            return self._loop

    def _done(self, work: Coroutine[Any, Any, Gained], *, missing: str | None = None, diagnose: bool = True) -> Gained:
        """Have it done on the loop. `missing`: the object that was asked for."""
        loop = self._started()

        with self._told(loop, missing, diagnose):
            future: Future[Gained] = asyncio.run_coroutine_threadsafe(self._limited(work), loop)
            return future.result()

    async def _limited(self, work: Coroutine[Any, Any, Gained]) -> Gained:
        """Do it until the time or the connection ends: asyncssh lets some of its waits outlive a lost connection."""
        task = asyncio.ensure_future(work)
        ends = [asyncio.ensure_future(self._connection.wait_closed())] if self._connection else []
        try:
            await asyncio.wait([task, *ends], timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and any(end.done() for end in ends):
                await asyncio.wait([task], timeout=GRACE)
                if not task.done():
                    raise asyncssh.ConnectionLost("the connection was lost")
            if not task.done():
                raise TimeoutError
            return task.result()
        finally:
            for one in (task, *ends):
                one.cancel()

    @contextmanager
    def _told(self, loop: asyncio.AbstractEventLoop, missing: str | None, diagnose: bool) -> Iterator[None]:
        try:
            yield
        except asyncssh.SFTPNoSuchFile as error:
            if missing is not None:
                raise ObjectMissing(self._name, missing) from None
            raise self._error("something vanished", "who else removes files there?", transient=True) from error
        except asyncssh.HostKeyNotVerifiable as error:
            raise self._error(
                "the host's key is not the known one",
                f"if the host was set up anew, put its key into {self._known_hosts}; otherwise somebody is in between",
            ) from error
        except asyncssh.PermissionDenied as error:
            raise self._error(
                "the host does not accept our key", f"add {self._key}.pub to authorized_keys of {self._user} there"
            ) from error
        except (asyncssh.KeyImportError, asyncssh.KeyExchangeFailed, asyncssh.ProtocolNotSupported) as error:
            raise self._error(str(error), f"check {self._key} and the host's algorithms") from error
        except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect) as error:
            raise self._error("access is denied", f"give the folder to {self._user} there, writable") from error
        except (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded) as error:
            raise self._error("the disk is full", "make room or give it a bigger disk") from error
        except (
            asyncssh.SFTPConnectionLost,
            asyncssh.SFTPNoConnection,
            asyncssh.DisconnectError,
            TimeoutError,
        ) as error:
            self._drop(loop)
            limit = f"no answer within {self._seconds:g} s" if isinstance(error, TimeoutError) else str(error)
            raise self._error(limit, "check the host and the network", transient=True) from error
        except asyncssh.SFTPError as error:
            # SFTP 3, which OpenSSH speaks, has one code for a full, a failing and a read-only disk.
            if diagnose:
                self._diagnosed()
            raise self._error(f"the host failed: {error.reason}", "look into its log", transient=True) from error
        except (asyncssh.Error, OSError) as error:
            self._drop(loop)
            unknown = isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.EACCES, errno.EPERM)
            raise self._error(
                str(error), "check its address, the network and our files", transient=not unknown
            ) from error

    def _drop(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._dropped(), loop).result(self._seconds)

    def _diagnosed(self) -> None:
        """Ask the disk itself what ails it."""

        async def ask() -> asyncssh.SFTPVFSAttrs:
            return await (await self._connected()).statvfs(self._at())

        try:
            disk = self._done(ask(), diagnose=False)
        except TargetError:
            return
        if (disk.flags or 0) & os.ST_RDONLY:
            raise self._error("the disk is read-only", "mount it for writing; look into the kernel's log there")
        if disk.bavail == 0 or (disk.files and disk.favail == 0):
            raise self._error("the disk is full", "make room or give it a bigger disk")

    def _error(self, what: str, remedy: str, *, transient: bool = False) -> TargetError:
        return TargetError(self._name, f"{self._host}: {what}", remedy, transient=transient)

"""The unix socket of the key service: where it may lie, who may ask, and that only one service has it."""

import contextlib
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

BACKLOG = 64
_CREDENTIALS = struct.Struct("3i")  # struct ucred of unix(7): pid, uid, gid


class Refused(Exception):
    """The service cannot start there. The message says what to do."""


class Peer(Protocol):
    """A connected unix socket, or asyncio's picture of one."""

    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes:
        """As of a socket."""


def trusted(peer: Peer, *also: int) -> bool:
    """Whether the other end runs as our user, as root or as one of `also`: the kernel's word (SO_PEERCRED)."""
    _, uid, _ = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return uid in (0, os.geteuid(), *also)


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket that listens, for our user alone (mode 0600), and is removed at the end. One that a dead service left is
    taken over. Raises Refused, OSError."""
    _check_folder(path.parent)
    with _alone(path), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        _take_over(path)
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        made = path.lstat().st_ino
        try:
            listener.listen(BACKLOG)
            yield listener
        finally:
            with contextlib.suppress(FileNotFoundError):
                if path.lstat().st_ino == made:
                    path.unlink()


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise Refused(f"{folder}: there is no such folder; make it, for the service's user alone (mode 0700)")
    found = folder.stat()
    if found.st_uid not in (0, os.geteuid()):
        raise Refused(f"{folder} belongs to another user, who could replace the socket; take another")
    if found.st_mode & 0o022:
        raise Refused(f"{folder}: others may replace the socket there; chmod go-w, or take another folder")


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock beside the socket: the kernel frees it when its holder dies."""
    lock = path.with_name(path.name + ".lock")
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            if not _held(descriptor):
                raise Refused(f"another key service has {path}: stop it first, or give this one another socket")
            if os.fstat(descriptor).st_nlink:  # else whoever just ended removed it: a lock that nobody else meets
                try:
                    yield
                finally:
                    lock.unlink(missing_ok=True)
                return
        finally:
            os.close(descriptor)


def _held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _take_over(path: Path) -> None:
    """Remove what a dead service left."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise Refused(f"{path} is no socket; remove it when nobody needs it, or give another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        try:
            knock.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise Refused(f"another program listens on {path}: stop it first, or give another path")

"""Where a backup lies: the port, its errors, its names.

Objects are immutable, and each carries the SHA-256 of its bytes as the last part of its name: a listing alone tells
what is there and what it must be. All of it blocks: call it off the loop.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import uuid4

CHUNK = 1 << 20
"""How much is read and sent at a time, in bytes."""
MARKER = "centralita-backup"
"""The file that `prepare` leaves in a folder: without it the disk is not mounted, or the folder is another one."""
PARTS = ".parts"
"""Where uploads lie until they are complete. Never listed: no name begins with a dot."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=-]{0,254}(?:/[A-Za-z0-9_][A-Za-z0-9_.=-]{0,254}){0,15}")
_SEALED = re.compile(r"(?P<name>.+)\.(?P<sha256>[0-9a-f]{64})")

Pace = Callable[[int], None]
"""Called with a number of bytes before they are moved; it returns when they may be."""


def unbounded(count: int) -> None:
    """The pace of a target that may take the whole line."""


class TargetError(Exception):
    """Something is wrong with a target. `transient`: trying again may help; otherwise somebody has to do `remedy`."""

    def __init__(self, target: str, what: str, remedy: str, *, transient: bool = False) -> None:
        super().__init__(f"{target}: {what}; {remedy}")
        self.target, self.what, self.remedy, self.transient = target, what, remedy, transient


class ObjectMissing(TargetError):
    """The object that was asked for is not there."""

    def __init__(self, target: str, name: str) -> None:
        super().__init__(target, f"{name} is missing", "run the backup again: it sends what is missing")
        self.name = name


class SourceError(Exception):
    """A file of ours cannot be backed up as it is: gone, unreadable, or not what its hash says."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}")
        self.name, self.what = name, what


@dataclass(frozen=True, slots=True)
class Entry:
    """An object of a listing."""

    name: str
    bytes: int


class Target(Protocol):
    """Storage of objects by name. Several threads may use one at once. Everything raises `TargetError`."""

    @property
    def name(self) -> str:
        """What people call it."""

    def prepare(self) -> None:
        """Set it up, once, by hand. Again is harmless."""

    def check(self) -> None:
        """Find out whether a backup can be kept here, and clear away what broken uploads left."""

    def put(self, name: str, source: Path | bytes, sha256: str, pace: Pace = unbounded) -> None:
        """Keep an object, whole or not at all; one of that name is replaced. `SourceError`: the source is not what
        the hash says, and nothing was kept."""

    def get(self, name: str) -> Iterator[bytes]:
        """Its bytes in chunks, from the storage itself. `ObjectMissing`: not there."""

    def stat(self, name: str) -> int | None:
        """Its size in bytes; None: not there."""

    def list(self, folder: str = "") -> Iterator[Entry]:
        """What lies below a folder, in any order, little by little."""

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is no error."""

    def close(self) -> None:
        """Let connections go. The next call opens them again."""


def checked(name: str) -> str:
    """The name, when it can be an object's: relative, without dots that climb, safe for every kind of storage."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of an object")
    return name


def sealed(name: str, sha256: str) -> str:
    """The object of these bytes.

    >>> sealed("audio/a", "0" * 64) == "audio/a." + "0" * 64
    True
    """
    return checked(f"{name}.{sha256}")


def unsealed(name: str) -> tuple[str, str] | None:
    """Name and SHA-256 that an object's name tells; None: it is none of ours."""
    match = _SEALED.fullmatch(name)
    return (match["name"], match["sha256"]) if match and _NAME.fullmatch(name) else None


def new_part() -> str:
    """Where an upload lies until it is complete: each in a place of its own, for a backup and an archiving may send the
    same recording at the same moment. What a broken one leaves goes at the next `check`."""
    return uuid4().hex


def reading(name: str, source: Path | bytes, sha256: str, pace: Pace = unbounded) -> Iterator[bytes]:
    """The source in chunks. The last one is held back until the hash of all is right: a file that is not what it
    should be never arrives complete."""
    digest = hashlib.sha256()
    held = b""
    for chunk in _chunks(name, source):
        digest.update(chunk)
        if held:
            pace(len(held))
            yield held
        held = chunk
    if digest.hexdigest() != sha256:
        raise SourceError(name, "the file is not what its hash says: it was altered")
    if held:
        pace(len(held))
        yield held


def _chunks(name: str, source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield from (source[start : start + CHUNK] for start in range(0, len(source), CHUNK))
        return
    with _readable(name), source.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(name, f"the file cannot be read: {error.strerror}") from error


def size_of(source: Path | bytes) -> int:
    """Bytes of a source; 0 when it cannot be told (reading it says why)."""
    if isinstance(source, bytes):
        return len(source)
    try:
        return source.stat().st_size
    except OSError:
        return 0


def only_ours(target: str, file: Path) -> None:
    """Refuse a file of secrets that others can read."""
    try:
        mode = file.stat().st_mode
    except OSError as error:
        raise TargetError(
            target, f"{file} cannot be read: {error.strerror}", "check the path and its rights"
        ) from error
    if mode & 0o077:
        raise TargetError(target, f"{file} is open to others", f"chmod 600 {file}")


def sha256_of(chunks: Iterable[bytes], pace: Pace = unbounded) -> str:
    """The hash of what comes."""
    digest = hashlib.sha256()
    for chunk in chunks:
        pace(len(chunk))
        digest.update(chunk)
    return digest.hexdigest()

"""Makes a number unreadable in a text file that somebody else goes on writing. Blocking.

In place and in the same length: lines stay lines, so that the channel events are read on from the same byte and count
as before, and who writes the file (Asterisk, logrotate) notices nothing.
"""

import contextlib
import errno
import gzip
import os
import secrets
from pathlib import Path

from ivr.erasure.number import LONGEST_PREFIX, Number

CHUNK_BYTES = 256 * 1024
OVERLAP = 64
PACKED = ".gz"
UNREADABLE = frozenset({".xz", ".zst", ".bz2", ".zip"})
"""Packed in a way in which nothing can be found."""

BLANK, STAR = b" ", b"*"
"""In channel events a withheld number (ivr.records.callers), in a log what a person understands."""


def count(path: Path, number: Number) -> int:
    """How often the number stands in a file. Raises OSError, EOFError, zlib.error (for a damaged packed one)."""
    return len(_places(path, number))


def blank(path: Path, number: Number, filler: bytes) -> int:
    """Overwrite it everywhere; returns how often. Raises OSError, EOFError, zlib.error."""
    before = path.stat()
    places = _places(path, number)
    if not places:
        return 0
    if path.suffix == PACKED:
        _repack(path, places, filler, before)
        return len(places)
    done = 0
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        for offset, length in places:
            # Emptied or replaced meanwhile (logrotate): what stands there now is looked at again, not overwritten.
            if any(span == (0, length) for span in number.spans(os.pread(descriptor, length, offset))):
                os.pwrite(descriptor, filler * length, offset)
                done += 1
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    # Rotated files are read in the order of their times (ivr.exchange.cel_import).
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return done


def _places(path: Path, number: Number) -> list[tuple[int, int]]:
    """Offset and length of each, in what a packed file holds too; a part of it is in memory at a time."""
    found: dict[int, int] = {}
    offset, data = 0, b""
    with gzip.open(path, "rb") if path.suffix == PACKED else path.open("rb") as stream:
        while True:
            offset += max(0, len(data) - OVERLAP)
            data = data[-OVERLAP:]
            wanted = CHUNK_BYTES - len(data)
            more = stream.read(wanted)
            data, last = data + more, len(more) < wanted
            for begin, end in number.spans(data):
                # At a chunk's edge a part of a longer number looks like ours: the next chunk sees it whole.
                whole = (offset == 0 or begin > LONGEST_PREFIX) and (last or end < len(data) - 1)
                if whole:
                    found.setdefault(offset + begin, end - begin)
            if last:
                return sorted(found.items())


def _repack(path: Path, places: list[tuple[int, int]], filler: bytes, before: os.stat_result) -> None:
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, before.st_mode & 0o777)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            mtime = int(before.st_mtime)
            with gzip.open(path, "rb") as old, gzip.GzipFile("", "wb", fileobj=stream, mtime=mtime) as packed:
                for offset, length in places:
                    _copy(old, packed, offset - old.tell())
                    packed.write(filler * len(old.read(length)))
                _copy(old, packed)
            stream.flush()
            with contextlib.suppress(PermissionError):  # only root gives files away
                os.fchown(stream.fileno(), before.st_uid, before.st_gid)
            os.fsync(stream.fileno())
        os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
        _same(path, before)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _same(path: Path, before: os.stat_result) -> None:
    """Raises OSError when another file has its name now: logs are renamed."""
    now = path.stat()
    if (now.st_dev, now.st_ino) != (before.st_dev, before.st_ino):
        raise OSError(errno.ESTALE, "it was renamed meanwhile; erase again", str(path))


def _copy(old: gzip.GzipFile, new: gzip.GzipFile, length: int | None = None) -> None:
    """So many bytes, or all that are left."""
    while length is None or length > 0:
        some = old.read(CHUNK_BYTES if length is None else min(CHUNK_BYTES, length))
        if not some:
            return
        new.write(some)
        length = None if length is None else length - len(some)

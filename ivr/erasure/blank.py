"""Makes a number unreadable in a text file that somebody else goes on writing. Blocking.

In place and in the same length: lines stay lines, so that the channel events are read on from the same byte and count
as before, and who writes the file (Asterisk, logrotate) notices nothing.
"""

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
    """How often the number stands in a file. Raises OSError, EOFError for a packed one that is damaged."""
    if path.suffix == PACKED:
        return sum(1 for _ in number.spans(gzip.decompress(path.read_bytes())))
    return len(_places(path, number))


def blank(path: Path, number: Number, filler: bytes) -> int:
    """Overwrite it everywhere; returns how often. Raises OSError, EOFError."""
    before = path.stat()
    if path.suffix == PACKED:
        return _repacked(path, number, filler, before)
    places = _places(path, number)
    if not places:
        return 0
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
    """Offset and length of each."""
    found: dict[int, int] = {}
    offset = 0
    with path.open("rb") as stream:
        while True:
            stream.seek(offset)
            data = stream.read(CHUNK_BYTES)
            last = len(data) < CHUNK_BYTES
            for begin, end in number.spans(data):
                # At a chunk's edge a part of a longer number looks like ours: the next chunk sees it whole.
                whole = (offset == 0 or begin > LONGEST_PREFIX) and (last or end < len(data) - 1)
                if whole:
                    found.setdefault(offset + begin, end - begin)
            if last:
                return sorted(found.items())
            offset += len(data) - OVERLAP


def _repacked(path: Path, number: Number, filler: bytes, before: os.stat_result) -> int:
    data = bytearray(gzip.decompress(path.read_bytes()))
    spans = list(number.spans(bytes(data)))
    if not spans:
        return 0
    for begin, end in spans:
        data[begin:end] = filler * (end - begin)
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, before.st_mode & 0o777)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(gzip.compress(bytes(data), mtime=int(before.st_mtime)))
            stream.flush()
            os.fsync(stream.fileno())
        os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    return len(spans)

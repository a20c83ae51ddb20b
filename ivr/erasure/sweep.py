"""Looks through every file of the instance for a number, byte by byte: the proof that nothing was forgotten.

A process of its own does it. It holds up no call, and it may open SQLite's files: closing one within the server would
take away the locks that the server's own connections hold on it (fcntl(2) locks belong to the process).

In text a longer number that holds this one is another one; in a database numbers stand beside each other without a
gap, so there every place counts.

`python -m ivr.erasure.sweep` is asked `{"folder", "leave", "number"}` and answers `{"files", "bytes", "found": {path:
how often}, "unread": [path]}` (ivr.apart).
"""

import gzip
import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ivr.apart import NotAnswered, TookTooLong, answered, answers
from ivr.erasure.number import LONGEST_PREFIX, Number

AUDIO = frozenset({".wav", ".ulaw", ".alaw", ".gsm", ".sln", ".flac", ".ogg", ".mp3"})
"""Sound: a number that is spoken in it is found by its call, not by its digits."""
CHUNK_BYTES = 1 << 20
OVERLAP = 64
AT_MOST_SECONDS = 1_800


class NotSwept(Exception):
    """The files could not be looked through. The message says why."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many files of how many bytes were looked through; `found`: those that hold the number, and how often."""

    files: int = 0
    bytes: int = 0
    found: Mapping[str, int] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


def elsewhere(folder: Path, number: Number, leave: Iterable[Path] = ()) -> Swept:
    """Look through `folder` in a process of its own. Blocking. Raises NotSwept."""
    told_apart = [number.code, number.national, number.home]
    asked = {"folder": str(folder), "number": told_apart, "leave": [str(path) for path in leave]}
    try:
        told: dict[str, Any] = answered("ivr.erasure.sweep", asked, AT_MOST_SECONDS)
    except TookTooLong:
        raise NotSwept(f"the instance's files are many: they were looked through for {AT_MOST_SECONDS} s") from None
    except NotAnswered as why:
        raise NotSwept(str(why)) from None
    return Swept(told["files"], told["bytes"], told["found"], tuple(told["unread"]))


def here(folder: Path, number: Number, leave: Iterable[Path] = ()) -> Swept:
    """The same in this process, for one that holds no SQLite file open."""
    files = total = 0
    found: dict[str, int] = {}
    unread: list[str] = []
    for path in files_of(folder, frozenset(leave)):
        name = str(path.relative_to(folder))
        try:
            times, size = _times(path, number)
        except FileNotFoundError:
            continue  # it went while we looked
        except (OSError, EOFError, zlib.error):
            unread.append(name)
            continue
        files, total = files + 1, total + size
        if times:
            found[name] = times
    return Swept(files, total, found, tuple(unread))


def files_of(folder: Path, leave: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Regular files below a folder that may hold text; links are not followed, each file comes once."""
    seen: set[tuple[int, int]] = set()
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if Path(where, name) not in leave)
        for name in sorted(names):
            path = Path(where, name)
            if path.suffix.lower() in AUDIO:
                continue
            try:
                status = path.lstat()
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode) and (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                yield path


def _times(path: Path, number: Number) -> tuple[int, int]:
    """How often, and in how many bytes."""
    times = size = counted = 0  # `counted`: up to where
    data, text = b"", True
    with _opened(path) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            text = b"\0" not in chunk if size == 0 else text
            data, start = data[-OVERLAP:] + chunk, size - len(data[-OVERLAP:])
            size += len(chunk)
            for begin, end in number.spans(data) if text else number.everywhere(data):
                # At an edge a part of a longer number looks like ours: there the next part sees it whole.
                whole = (start == 0 or begin > LONGEST_PREFIX) and (end < len(data) or len(chunk) < CHUNK_BYTES)
                if whole and start + end > counted:
                    times, counted = times + 1, start + end
    return times, size


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    swept = here(Path(asked["folder"]), Number(*asked["number"]), [Path(path) for path in asked["leave"]])
    return {"files": swept.files, "bytes": swept.bytes, "found": dict(swept.found), "unread": list(swept.unread)}


if __name__ == "__main__":
    answers(_answer)

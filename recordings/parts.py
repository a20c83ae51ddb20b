"""The files of one recording: Asterisk begins another one when it would lose a voice in the present one (ADR 24).

The first file of `NAME` is `NAME.raw`, the others are `NAME~2.raw`, `NAME~3.raw`, ... They are joined into `NAME.raw`,
each where it belongs in time. `NAME~joined.raw` is there only while that happens: from its rename on it alone counts,
so that a crash in between takes nothing away and doubles nothing.
"""

import errno
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

ENDING = ".raw"
FRAMES_A_SECOND = 8_000
FRAME_BYTES = 4
LONGEST_GAP = timedelta(minutes=1)
"""Between two files lies a twentieth of a second. What is longer is a clock that was set, not silence."""

LEFT_FREE = 0.01
"""Of the disk, when parts are joined: before that they wait, so that those who talk can be recorded."""

_JOINING, _JOINED = "~joining", "~joined"
_COPIED = 1 << 20
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Part:
    """One file: how many frames it has, and when the last of them was written."""

    file: Path
    frames: int
    ended: datetime

    @property
    def began(self) -> datetime:
        """When its first frame was heard."""
        return self.ended - timedelta(microseconds=self.frames * 1_000_000 // FRAMES_A_SECOND)


def whole_name(name: str) -> str:
    """The name of the recording to which a file or a marker of this name belongs."""
    return name.partition("~")[0]


def part_name(name: str, number: int) -> str:
    """The name of a recording's first, second, ... part."""
    return name if number == 1 else f"{name}~{number}"


def number_of(name: str) -> int:
    """Which part it is, by its name; 0 for what is being joined."""
    _, tilde, number = name.partition("~")
    return 1 if not tilde else int(number) if number.isdecimal() else 0


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """Names of files or markers by the recording to which they belong, in their order."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(whole_name(name), []).append(name)
    return found


def complete(name: str, files: Collection[str], markers: Collection[str], expected: int = 1) -> bool:
    """Whether nobody writes to this recording any more: each of its files has its marker, and of several parts the one
    that was begun last (`expected`) has left something."""
    own = {file for file in files if whole_name(file) == name and number_of(file)}
    marked = {marker for marker in markers if whole_name(marker) == name}
    return own <= marked and (expected == 1 or part_name(name, expected) in own | marked)


def gaps_between(parts: Sequence[Part]) -> Iterator[int]:
    """Frames of silence before each part. Parts that seem to overlap lie one behind the other."""
    ended = parts[0].began if parts else None
    for part in parts:
        gap = part.began - ended if ended is not None else timedelta()
        yield 0 if gap > LONGEST_GAP else max(0, round(gap / _MICROSECOND * FRAMES_A_SECOND / 1_000_000))
        ended = part.ended


def join(folder: Path, name: str, later: Sequence[Path]) -> None:
    """Make one file of the parts of a recording that is complete; nothing is to do where there is one already. `later`:
    its second part and those behind it. What a crash has left half done is finished. Raises OSError, for want of room
    before a byte is written: what there was is there still."""
    joined, joining = (folder / f"{name}{what}{ENDING}" for what in (_JOINED, _JOINING))
    if not joined.exists():
        joining.unlink(missing_ok=True)
        if not later:
            return
        first = folder / f"{name}{ENDING}"
        parts = [_measured(file) for file in ([first] if first.exists() else []) + list(later)]
        _want_room(folder, parts)
        try:
            _write(joining, parts)
            joining.rename(joined)
        finally:
            joining.unlink(missing_ok=True)
    for file in later:
        file.unlink()
    joined.rename(folder / f"{name}{ENDING}")


def later_parts(folder: Path, names: Iterable[str]) -> list[Path]:
    """Of a recording's files, which had these names, those of its second part and behind it that are there still."""
    later = sorted((name for name in names if number_of(name) > 1), key=number_of)
    return [file for file in (folder / f"{name}{ENDING}" for name in later) if file.exists()]


def _measured(file: Path) -> Part:
    stat = file.stat()
    ended = datetime.fromtimestamp(stat.st_mtime).astimezone()
    return Part(file, stat.st_size // FRAME_BYTES, ended)


def _want_room(folder: Path, parts: Sequence[Part]) -> None:
    """Raises OSError when the whole would leave less than `LEFT_FREE`."""
    disk = os.statvfs(folder)
    needed = FRAME_BYTES * (sum(part.frames for part in parts) + sum(gaps_between(parts)))
    if disk.f_bavail * disk.f_frsize - needed < LEFT_FREE * disk.f_blocks * disk.f_frsize:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _write(into: Path, parts: Sequence[Part]) -> None:
    heard = [part for part in parts if part.frames] or list(parts)
    with into.open("wb") as written:
        for part, silent in zip(heard, gaps_between(heard), strict=True):
            for block in range(0, silent * FRAME_BYTES, _COPIED):
                written.write(bytes(min(_COPIED, silent * FRAME_BYTES - block)))
            with part.file.open("rb") as read:
                shutil.copyfileobj(read, written, _COPIED)
            written.truncate(written.tell() - written.tell() % FRAME_BYTES)  # a kill may leave half a frame
            written.seek(0, os.SEEK_END)
        written.flush()
        os.fsync(written.fileno())
    shutil.copymode(heard[0].file, into)
    ended = heard[-1].file.stat()
    os.utime(into, ns=(ended.st_atime_ns, ended.st_mtime_ns))

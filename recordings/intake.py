"""Takes finished recordings into the catalogue, as Asterisk has written them.

Asterisk touches a marker when a recording's file is complete: the only reliable sign (`MixMonitorStop` does not come
when the call ends by a hang-up). The marker's name is the file's name. A marker is removed only after the row stands
and the journal was told, so that a crash in between repeats the step, which changes nothing.

The file is raw: 8,000 frames a second of two 16-bit samples, the agent's side first. It has no header that a kill of
Asterisk could leave untrue. A recording of several files (recordings.parts) is taken when each has its marker, as one.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recordings.catalogue import Catalogue, Gap, Recording, State
from recordings.parts import ENDING, FRAME_BYTES, FRAMES_A_SECOND, complete, grouped, join, later_parts

ABANDONED_AFTER = timedelta(minutes=2)
ABANDONED_FOR_SURE = timedelta(days=1)
"""Nothing is written while one of the two is nowhere to be heard; no talk is so for a day."""
SILENT = "_s"
"""Ends the name of a talk between phones: it began silent, and is nobody's unless a caller is handed over in it."""
MOST_WAITING = 100_000
QUARANTINE = "quarantine"
"""The folder of what nobody can make sense of: files of other names, and talks of which nothing is known."""

GONE_ON = (State.KEPT, State.ARCHIVED, State.DELETED)
"""What lies in the folder still is of no use any more."""

_NAME = re.compile(
    r"(?P<call>[A-Za-z0-9][A-Za-z0-9.-]{0,62})_(?P<leg>[A-Za-z0-9][A-Za-z0-9.-]{0,62})(?P<silent>_s)?"
    r"(?P<part>~(?:\d{1,4}|joining|joined))?"
)


Silence = tuple[datetime, datetime | None, str]
"""From when until when, and why (recordings.catalogue.Gap); without an end until the talk's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What is known of a talk. `call` may be another one than the recording's name says: a colleague was asked first,
    and then the caller was handed to him. `wanted`: it is to be kept; what began silent and was never let hear, is not.
    `silences`: where it was to hear nobody."""

    call: str
    queue: str
    agent: str
    did: str = ""
    direction: str = ""
    notice: str = ""
    wanted: bool = True
    silences: tuple[Silence, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A marker that gives no recording, and why. Not `final`: try again later."""

    name: str
    why: str
    final: bool = True


def parse_name(name: str) -> tuple[str, str] | None:
    """Call and leg of a recording's name, `<call>_<leg>`, or with `_s` behind it when it began silent, and then perhaps
    the number of a part; None for a name that is not ours."""
    match = _NAME.fullmatch(name)
    return (match["call"], match["leg"]) if match else None


def legible(name: str) -> str:
    """A file's name as it can be written down: bytes that are no UTF-8 are spelled out."""
    return name.encode(errors="backslashreplace").decode()


def length_us(size: int) -> int:
    """The length in microseconds of a raw file of so many bytes; the half of a frame at its end does not count."""
    return size // FRAME_BYTES * 1_000_000 // FRAMES_A_SECOND


def gaps_of(began: datetime, length: int, silences: tuple[Silence, ...]) -> Iterator[Gap]:
    """Where in a recording that began at `began` the silences are; what lies outside of it is left out."""
    for start, end, why in silences:
        first = max(0, (start - began) // timedelta(microseconds=1))
        last = length if end is None else min(length, (end - began) // timedelta(microseconds=1))
        if first < last:
            yield Gap(first, last, why)


class Intake:
    """One folder of recordings and its markers. Blocking: call it off the loop."""

    def __init__(
        self,
        recordings: Path,
        done: Path,
        catalogue: Catalogue,
        talk_of: Callable[[str, str], Talk | None],
        parts_of: Callable[[str], int] = lambda leg: 1,
        lives: Callable[[str, str], bool] = lambda call, leg: False,
    ) -> None:
        """`talk_of(call, leg)` tells what is known of a talk; None = nothing. `parts_of(leg)`: how many parts the
        recording of a talk has that goes on. `lives(call, leg)`: whether the talk may go on."""
        self._recordings, self._done, self._catalogue, self._talk_of = recordings, done, catalogue, talk_of
        self._parts_of, self._lives = parts_of, lives
        self._marked: dict[str, list[str]] = {}
        self._files: dict[str, list[str]] = {}  # as they lay there when it was looked for markers

    def waiting(self) -> list[str]:
        """Names of the recordings to which nobody writes any more, the oldest first."""
        self._marked = grouped(self._markers())
        if not self._marked:
            return []
        expected = {name: self._expected(name) for name in self._marked}  # asked before it is looked
        self._files = files = self._listed()
        return [
            name for name, parts in expected.items() if complete(name, files.get(name, ()), self._marked[name], parts)
        ]

    def _listed(self) -> dict[str, list[str]]:
        return grouped(entry.name.removesuffix(ENDING) for entry in _files(self._recordings))

    def _expected(self, name: str) -> int:
        parsed = parse_name(name)
        return self._parts_of(parsed[1]) if parsed is not None else 1

    def _markers(self) -> list[str]:
        """Oldest first."""
        found = []
        for entry in _files(self._done):
            try:
                found.append((entry.stat().st_mtime_ns, entry.name))
            except FileNotFoundError:
                continue  # somebody erased the caller
        return [name for _, name in sorted(found)]

    def take(self, name: str) -> Recording | Refused:
        """Put one finished recording into the catalogue. The marker stays until `settle`. Raises OSError for a folder
        that cannot be written. What lay in quarantine and was put back is taken again."""
        parsed = parse_name(name)
        if parsed is None:
            return Refused(name, "not a name of ours")
        call, leg = parsed
        file, talk = self._recordings / (name + ENDING), self._talk_of(call, leg)
        recording = f"{talk.call if talk is not None else call}_{leg}"
        known = self._catalogue.get(recording)
        if known is not None and known.state in GONE_ON:
            file.unlink(missing_ok=True)  # it has gone on, and the server was killed before everybody knew
            self._too_late(name)
            return known
        try:
            if known is not None and known.state is State.TAKEN:
                self._too_late(name)
            join(self._recordings, name, self._later(name))
            with file.open("rb") as opened:
                stat = file.stat()
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
        except FileNotFoundError:
            return Refused(name, "there is no file of that name")
        except OSError as error:
            return Refused(name, f"the file cannot be read: {error.strerror}", final=False)
        if talk is None or not talk.wanted or stat.st_size < FRAME_BYTES:
            return self._nothing(file, talk, stat.st_size)
        length, finished = length_us(stat.st_size), datetime.fromtimestamp(stat.st_mtime, UTC)
        taken = Recording(
            recording=recording,
            call=talk.call,
            leg=leg,
            queue=talk.queue,
            agent=talk.agent,
            finished=finished,
            length_us=length,
            bytes=stat.st_size,
            sha256=digest,
            file=file.name,
            did=talk.did,
            direction=talk.direction,
            notice=talk.notice,
            gaps=tuple(gaps_of(finished - timedelta(microseconds=length), length, talk.silences)),
        )
        if not self._catalogue.add(taken):  # it has gone on, or was deleted, while it was read
            return self._catalogue.get(recording) or taken
        return taken

    def _nothing(self, file: Path, talk: Talk | None, size: int) -> Refused:
        """A file that gives no recording."""
        name = file.name.removesuffix(ENDING)
        if talk is None and size >= FRAME_BYTES and not name.endswith(SILENT):
            self._aside(file)
            return Refused(name, "nothing is known of this talk: the file lies in quarantine")
        file.unlink(missing_ok=True)
        empty = size < FRAME_BYTES
        return Refused(name, "empty: the two were never in a bridge" if empty else "silent: nobody asked for it")

    def _too_late(self, name: str) -> None:
        """Parts that are found when their recording is in the catalogue."""
        for part in self._later(name):
            self._aside(part)

    def _later(self, name: str) -> list[Path]:
        """Its later parts. The folder is not looked through for each recording: it may hold very many."""
        files = self._files if name in self._marked else self._listed()
        return later_parts(self._recordings, files.get(name, ()))

    def settle(self, name: str) -> None:
        """Remove the markers: everybody knows of the recording now. One that has come since is of a part that comes too
        late."""
        for marker in self._marked.pop(name, None) or grouped(self._markers()).get(name, []):
            (self._done / marker).unlink(missing_ok=True)

    def adopt(self, now: datetime) -> list[str]:
        """Give a marker to each file that was left behind (Asterisk was killed in the middle of it, or the server while
        it was taken on): none yet, not waiting for the vault, nobody has written to it lately, and the talk is over.
        What it holds can be heard. Files of other names are put into quarantine."""
        old, for_sure = (now - ABANDONED_AFTER).timestamp(), (now - ABANDONED_FOR_SURE).timestamp()
        marked, names = set(self._markers()), set[str]()
        taken = {recording.file for recording in self._catalogue.in_state(State.TAKEN, MOST_WAITING)}
        for entry in _files(self._recordings):
            try:
                written = entry.stat().st_mtime
            except FileNotFoundError:
                continue
            if written >= old:
                continue
            name = entry.name.removesuffix(ENDING)
            parsed = parse_name(name)
            if name == entry.name or parsed is None:
                self._other(entry)
            elif name not in marked and entry.name not in taken and (written < for_sure or not self._lives(*parsed)):
                names.add(name)
        for name in names:
            (self._done / name).touch()
        return sorted(names)

    def _other(self, file: Path) -> None:
        """A file of another name: nobody's, or of a version that recorded otherwise."""
        known = self._catalogue.get(file.stem) if parse_name(file.stem) is not None else None
        if known is not None and known.state in GONE_ON and file.suffix == ".wav":
            file.unlink(missing_ok=True)  # it has gone on, and the server was killed before this was done
        elif known is None or known.file != file.name:
            self._aside(file)

    def _aside(self, file: Path) -> None:
        folder = self._recordings / QUARANTINE
        folder.mkdir(mode=0o700, exist_ok=True)
        file.rename(folder / legible(file.name))


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (entry for entry in folder.iterdir() if entry.is_file() and not entry.is_symlink())

"""Takes finished recordings into the catalogue.

Asterisk touches a marker when a recording's file is complete: the only reliable sign (`MixMonitorStop` does not come
when the call ends by a hang-up). The marker's name is the file's name. A marker is removed only after the row stands
and the journal was told, so that a crash in between repeats the step, which changes nothing.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recordings.catalogue import Catalogue, Recording

ENDING = ".wav"
HEADER_BYTES = 44
"""A canonical RIFF/WAVE header, as Asterisk's format_wav.c writes it; the byte rate stands at offset 28."""
BYTE_RATE = 16_000  # 8 kHz, mono, 16 bit
ABANDONED_AFTER = timedelta(minutes=2)

_NAME = re.compile(r"(?P<call>[A-Za-z0-9][A-Za-z0-9.-]{0,62})_(?P<offer>[A-Za-z0-9][A-Za-z0-9-]{0,62})")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose talk a recording holds."""

    queue: str
    agent: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A marker that gives no recording, and why. Not `final`: try again later."""

    name: str
    why: str
    final: bool = True


def parse_name(name: str) -> tuple[str, str] | None:
    """Call and offer of a recording's name; None for a name that is not ours."""
    match = _NAME.fullmatch(name)
    return (match["call"], match["offer"]) if match else None


def length_us(header: bytes, size: int) -> int:
    """The audio's length in microseconds, from the file's size: the header says 0 when Asterisk was killed."""
    rate = int.from_bytes(header[28:32], "little") if len(header) >= 32 and header[:4] == b"RIFF" else 0
    rate = rate if 1_000 <= rate <= 400_000 else BYTE_RATE
    return max(0, size - HEADER_BYTES) * 1_000_000 // rate


class Intake:
    """One folder of recordings and its markers. Blocking: call it off the loop."""

    def __init__(
        self, recordings: Path, done: Path, catalogue: Catalogue, owner_of: Callable[[str], Owner | None]
    ) -> None:
        """`owner_of(offer)` tells queue and agent."""
        self._recordings, self._done, self._catalogue, self._owner_of = recordings, done, catalogue, owner_of

    def waiting(self) -> list[str]:
        """Names of the markers, oldest first."""
        if not self._done.is_dir():
            return []
        found = [(entry.stat().st_mtime_ns, entry.name) for entry in self._files(self._done)]
        return [name for _, name in sorted(found)]

    def take(self, name: str) -> Recording | Refused:
        """Put one finished recording into the catalogue. The marker stays until `settle`."""
        parsed = parse_name(name)
        if parsed is None:
            return Refused(name, "not a name of ours")
        call, offer = parsed
        file = self._recordings / (name + ENDING)
        try:
            with file.open("rb") as opened:
                header = opened.read(HEADER_BYTES)
                size = file.stat().st_size
                opened.seek(0)
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            return Refused(
                name, f"the file cannot be read: {error.strerror}", final=isinstance(error, FileNotFoundError)
            )
        if size <= HEADER_BYTES:
            file.unlink(missing_ok=True)
            return Refused(name, "empty: the two were never in a bridge")
        owner = self._owner_of(offer) or Owner("", "")
        recording = Recording(
            recording=name,
            call=call,
            offer=offer,
            queue=owner.queue,
            agent=owner.agent,
            finished=datetime.fromtimestamp(file.stat().st_mtime, UTC),
            length_us=length_us(header, size),
            bytes=size,
            sha256=digest,
            file=file.name,
        )
        self._catalogue.add(recording)
        return recording

    def settle(self, name: str) -> None:
        """Remove the marker: everybody knows of the recording now."""
        (self._done / name).unlink(missing_ok=True)

    def orphans(self, now: datetime) -> list[str]:
        """Names of files without marker and without row that nobody has written to lately.

        Asterisk was killed in the middle of them: what they hold is playable (see `length_us`).
        """
        old = (now - ABANDONED_AFTER).timestamp()
        names = {
            entry.name.removesuffix(ENDING)
            for entry in self._files(self._recordings)
            if entry.name.endswith(ENDING) and entry.stat().st_mtime < old
        }
        marked = set(self.waiting())
        return sorted(self._catalogue.missing(name for name in names - marked if parse_name(name)))

    @staticmethod
    def _files(folder: Path) -> Iterator[Path]:
        if folder.is_dir():
            yield from (entry for entry in folder.iterdir() if entry.is_file() and not entry.is_symlink())

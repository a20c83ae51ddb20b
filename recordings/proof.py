"""Whether recordings are what is written about them: files against the catalogue, the catalogue against the ledger, and
talks against recordings. Pure; whoever reads gives it what was found, sorted or not.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

SHORTEST_US = 1_000_000
TOLERANCE_US = 2_000_000
TOLERANCE_SHARE = 0.02
"""A recording may be this much longer or shorter than the talk, whichever is more: it begins with the bridge, and the
clocks of audio are not those of the wall."""


class Fault(StrEnum):
    """What can be wrong."""

    MISSING = "missing"
    """The catalogue has it, the vault does not; nor, before it comes there, the folder where it was recorded."""
    ALTERED = "altered"
    """The file is not the one that was written."""
    UNREADABLE = "unreadable"
    """The file is there, and cannot be read."""
    STRAY = "stray"
    """A file that nothing in the catalogue knows."""
    KEYLESS = "keyless"
    """The audio is there, and its key is not: nobody can hear it."""
    SPOILT = "spoilt"
    """Nothing could be made of what was recorded."""
    UNWRITTEN = "unwritten"
    """The ledger does not know that it was made."""
    OTHER_HASH = "other hash"
    """The ledger knows another file of this name."""
    VANISHED = "vanished"
    """The ledger knows it, the catalogue does not, and no deletion is written."""
    UNCERTIFIED = "uncertified"
    """The catalogue says that it is deleted, and the ledger has no certificate of it."""
    UNRECORDED = "unrecorded"
    """They talked, it was to be recorded, and there is no recording."""
    LENGTH = "length"
    """The recording is much longer or shorter than the talk."""
    UNCALLED = "uncalled"
    """There is a recording, and the records know of no such talk."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, about a recording, a file or a talk."""

    fault: Fault
    about: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """Of the catalogue: `there`, the audio has to lie in the vault; `deleted`, it is gone for ever; `length_us`, of the
    caller's talk, pauses and all, in microseconds."""

    recording: str
    file: str
    sha256: str
    there: bool
    length_us: int
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """That was to be recorded, under this name, and how long the two were in the bridge, in microseconds."""

    recording: str
    talk_us: int


def against_ledger(rows: Iterable[Row], made: Mapping[str, str], deleted: Collection[str]) -> Iterator[Finding]:
    """`made`: recording -> hash, as the ledger has it; `deleted`: those of which a deletion is written."""
    known = set()
    for row in rows:
        known.add(row.recording)
        if row.deleted and row.recording not in deleted:
            yield Finding(Fault.UNCERTIFIED, row.recording, "its row says deleted, and the ledger knows of no deletion")
        if not row.there:
            continue
        if row.recording not in made:
            yield Finding(Fault.UNWRITTEN, row.recording, "the ledger does not say that it was made")
        elif made[row.recording] != row.sha256:
            yield Finding(Fault.OTHER_HASH, row.recording, "the ledger has another hash of it than the catalogue")
    for recording in sorted(made.keys() - known - set(deleted)):
        yield Finding(Fault.VANISHED, recording, "the ledger says that it was made, and no deletion is written")


def against_talks(talks: Iterable[Talk], rows: Mapping[str, Row], known: Collection[str]) -> Iterator[Finding]:
    """`known`: names of all talks that the records have, whether they were to be recorded or not."""
    for talk in talks:
        row = rows.get(talk.recording)
        if row is None:
            if talk.talk_us >= SHORTEST_US:
                why = f"they talked for {talk.talk_us / 1e6:.1f} s, and there is no recording"
                yield Finding(Fault.UNRECORDED, talk.recording, why)
        elif abs(row.length_us - talk.talk_us) > max(TOLERANCE_US, TOLERANCE_SHARE * talk.talk_us):
            why = f"{row.length_us / 1e6:.1f} s are recorded of {talk.talk_us / 1e6:.1f} s"
            yield Finding(Fault.LENGTH, talk.recording, why)
    for recording in sorted(rows.keys() - set(known)):
        yield Finding(Fault.UNCALLED, recording, "the records know of no such talk")

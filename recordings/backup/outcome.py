"""What a backup, a deletion from it, may take, and what it tells afterwards."""

from dataclasses import dataclass, field
from datetime import datetime

from recordings.backup.sources import Snapshot
from recordings.backup.targets import TargetError

FIRST = 100
"""So many names are told; of the others how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`at_once` uploads at a time; an operation is tried `tries` times, `first_pause` seconds apart, then twice that;
    after `failures` items in a row that failed the run ends; each run reads back `sample` old items of at most
    `sample_bytes` together; the newest `manifests` stay. `bytes_per_second`, up and down together; None: no bound."""

    bytes_per_second: float | None = None
    at_once: int = 4
    tries: int = 4
    first_pause: float = 1.0
    failures: int = 3
    sample: int = 50
    sample_bytes: int = 256 << 20
    manifests: int = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of ours, or one object, that could not be backed up, and why."""

    name: str
    what: str


@dataclass(frozen=True, slots=True)
class Names:
    """How many, and the first of them."""

    count: int = 0
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SnapshotKept:
    """A snapshot that is at the target now; not `sent`: its newest generation there was the same."""

    snapshot: Snapshot
    object: str
    bytes: int
    sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did. Times are wall times, for people.

    `items` and `bytes` of audio in the backup; `sent` in this run; `adopted`: were there, unknown to us; `read_back`:
    old ones that proved right; `damaged`: old ones that did not; `lost`: damaged or missing at the target and not to be
    mended, as the source has them no more; `source_lacks`: in the backup only. `manifest`: the newest one's object.
    """

    target: str
    began: datetime
    ended: datetime
    items: int
    bytes: int
    sent: int
    sent_bytes: int
    adopted: int
    read_back: int
    damaged: Names
    lost: Names
    source_lacks: int
    snapshots: tuple[SnapshotKept, ...]
    problems: tuple[Problem, ...]
    problems_count: int
    manifest: str | None
    stopped: TargetError | None

    @property
    def whole(self) -> bool:
        """Whether everything that the source has is at the target, and nothing there is damaged."""
        return self.stopped is None and not self.problems_count and not self.lost.count


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Recordings that are gone from a target for sure: asked for, removed objects, and the manifest without them."""

    target: str
    names: tuple[str, ...]
    objects: tuple[str, ...]
    manifest: str


@dataclass(slots=True)
class Tally:
    """An outcome while it comes about."""

    target: str
    began: datetime
    items: int = 0
    bytes: int = 0
    sent: int = 0
    sent_bytes: int = 0
    adopted: int = 0
    read_back: int = 0
    damaged: list[str] = field(default_factory=list)
    lost: Names = field(default_factory=Names)
    source_lacks: int = 0
    snapshots: list[SnapshotKept] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    problems_count: int = 0
    manifest: str | None = None
    stopped: TargetError | None = None
    in_a_row: int = 0

    def failed(self, name: str, error: TargetError, limit: int) -> None:
        """One object failed: a problem of its own, or, when many do in a row, of the target; then it is raised."""
        self.in_a_row += 1
        if not error.transient or self.in_a_row >= limit:
            raise error
        self.problem(name, error.what)

    def problem(self, name: str, what: str) -> None:
        """Note it; of very many only the first."""
        self.problems_count += 1
        if len(self.problems) < FIRST:
            self.problems.append(Problem(name, what))

    def done(self, ended: datetime) -> Outcome:
        """The outcome."""
        return Outcome(
            target=self.target,
            began=self.began,
            ended=ended,
            items=self.items,
            bytes=self.bytes,
            sent=self.sent,
            sent_bytes=self.sent_bytes,
            adopted=self.adopted,
            read_back=self.read_back,
            damaged=Names(len(self.damaged), tuple(self.damaged[:FIRST])),
            lost=self.lost,
            source_lacks=self.source_lacks,
            snapshots=tuple(self.snapshots),
            problems=tuple(self.problems),
            problems_count=self.problems_count,
            manifest=self.manifest,
            stopped=self.stopped,
        )

"""How long recordings are kept, by rules of which the first that matches decides. Pure.

Three things are stronger than the rules: a hold, under which nothing happens to a recording; the absence of a rule,
which keeps it; and doubt about the time. A deletion cannot be taken back, so a clock that may be wrong deletes nothing:

- a clock that went back finds less to be due, never more;
- a clock that leapt ahead is refused (`trusted`): `now` may lie at most `LEAP` after the latest moment that an earlier
  run trusted, until a person says that it is right;
- what seems to have ended before `EARLIEST` was recorded under a wrong clock, and is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import product
from math import prod

from recordings.periods import DAY, Period

LEAP = timedelta(days=3)
"""A long weekend without the server raises no question."""

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""No recording of this server is older; a machine without a clock begins in 1970, or on the day of its firmware."""

LONGEST_DISPOSITION = 64
"""Characters."""

MOST_COMBINATIONS = 20_000
"""Of values of one rule that `unreachable` looks at."""

_FIELDS = ("queue", "direction", "disposition", "segment")


class State(StrEnum):
    """Where a recording is."""

    KEPT = "kept"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A recording, as far as the rules look at it. What it has not (a queue, a disposition) is empty.

    `ended` is aware, and its zone's calendar is the one in which months and years are counted. `caller`: the opaque
    key. `holds`: the holds over it (`recordings.holds.Holds.of`).
    """

    recording: str
    call: str
    ended: datetime
    bytes: int
    queue: str = ""
    agent: str = ""
    direction: str = ""
    disposition: str = ""
    segment: str = ""
    caller: str = ""
    holds: tuple[str, ...] = ()
    state: State = State.KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """Recordings that match are kept so long. Of `queue`, `direction`, `disposition` and `segment` each names some
    values, or none: then any value matches. `keep` None: for ever. `archive_after` None: they stay where they are."""

    keep: Period | None
    archive_after: Period | None = None
    queue: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    disposition: tuple[str, ...] = ()
    segment: tuple[str, ...] = ()

    def matches(self, kept: Kept) -> bool:
        """Whether this rule speaks of a recording."""
        return all(not named or value in named for named, value in zip(self._named, _key(kept), strict=True))

    @property
    def matches_everything(self) -> bool:
        """Whether no recording is left for a rule after this one."""
        return not any(self._named)

    @property
    def _named(self) -> tuple[tuple[str, ...], ...]:
        return self.queue, self.direction, self.disposition, self.segment

    def __str__(self) -> str:
        """The rule in words, as reports and certificates have it: `queue cartera: 5 years`."""
        named = zip(_FIELDS, self._named, strict=True)
        whom = ", ".join(f"{name} {' or '.join(values)}" for name, values in named if values)
        return f"{whom or 'everything else'}: {self.keep or 'for ever'}"


class Verdict(StrEnum):
    """What is to be done with a recording now."""

    KEEP = "keep"
    ARCHIVE = "archive"
    DELETE = "delete"
    HELD = "held"


class Why(StrEnum):
    """The reason of a verdict."""

    DUE = "due"
    NOT_YET = "not yet"
    FOR_EVER = "for ever"
    HOLD = "hold"
    NO_RULE = "no rule"
    DOUBTFUL = "its time is doubtful"
    UNKNOWN = "its disposition is not known"


@dataclass(frozen=True, slots=True)
class Fate:
    """A verdict and its reason. `rule`: the one that matched. `at`, in UTC: of a deletion or archiving, since when it
    is due; of what is kept, when something will be; of what is held, when it would be deleted. None: never."""

    verdict: Verdict
    why: Why
    rule: RetentionRule | None = None
    at: datetime | None = None


class ClockLeapt(Exception):
    """The clock may be wrong, so nothing is deleted. The message says how far it leapt."""


def trusted(now: datetime, known: datetime | None, most: timedelta = LEAP) -> datetime:
    """`now`, if it may be believed. `known`: the latest moment that was trusted before, None at the first run. The
    caller keeps the later of both as the next `known`. Raises ClockLeapt when now lies too far ahead."""
    if known is not None and now - known > most:
        days = (now - known) // DAY
        raise ClockLeapt(
            f"the clock says {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {days} days after the last time that was sure "
            f"({known.astimezone(UTC):%Y-%m-%d %H:%M}); nothing is deleted until somebody says that it is right"
        )
    return now


class Rulebook:
    """The rules in their order, with what was found out about them: a million recordings are of few kinds."""

    def __init__(self, rules: Sequence[RetentionRule]) -> None:
        self.rules = tuple(rules)
        self._found: dict[tuple[str, ...], RetentionRule | None] = {}

    def rule_for(self, kept: Kept) -> RetentionRule | None:
        """The first rule that matches."""
        key = _key(kept)
        try:
            return self._found[key]
        except KeyError:
            found = self._found[key] = next((rule for rule in self.rules if rule.matches(kept)), None)
            return found

    def fate(self, kept: Kept, now: datetime) -> Fate:
        """What is to be done with a recording at an aware moment."""
        rule = self.rule_for(kept)
        if kept.holds:
            at = rule.keep.after(kept.ended) if rule is not None and rule.keep is not None else None
            return Fate(Verdict.HELD, Why.HOLD, rule, at)
        if rule is None:
            return _NO_RULE
        if kept.ended < EARLIEST:
            return Fate(Verdict.KEEP, Why.DOUBTFUL, rule)
        delete = rule.keep.after(kept.ended) if rule.keep is not None else None
        if delete is not None and delete <= now:
            return Fate(Verdict.DELETE, Why.DUE, rule, delete)
        archive = None
        if rule.archive_after is not None and kept.state is State.KEPT:
            archive = rule.archive_after.after(kept.ended)
            if archive is not None and archive <= now:
                return Fate(Verdict.ARCHIVE, Why.DUE, rule, archive)
        if archive is None and delete is None:
            return Fate(Verdict.KEEP, Why.FOR_EVER, rule)
        return Fate(Verdict.KEEP, Why.NOT_YET, rule, min(at for at in (archive, delete) if at is not None))


@dataclass(frozen=True, slots=True)
class Planned:
    """Something to be done: an archiving or a deletion, and since when it is due."""

    kept: Kept
    fate: Fate


@dataclass(slots=True)
class Sum:
    """So many recordings, and their bytes."""

    count: int = 0
    bytes: int = 0

    def add(self, kept: Kept) -> None:
        """One more."""
        self.count += 1
        self.bytes += kept.bytes


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a run would do, and has not. `by_rule`: in the order of the rules. `first`: the first things to be done."""

    deletions: Sum
    archivings: Sum
    held: Sum
    """Would be deleted if nobody held them."""
    by_rule: Mapping[RetentionRule, Mapping[Verdict, Sum]]
    first: tuple[Planned, ...]


def unreachable(rules: Sequence[RetentionRule]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Rules that never decide, and the earlier ones that match everything that they match; both count from 0."""
    for number, rule in enumerate(rules):
        # "" is a value that no rule names: who matches it names none, and so matches every other.
        values = [getattr(rule, name) or ("",) for name in _FIELDS]
        if prod(map(len, values)) > MOST_COMBINATIONS:
            continue
        by = set()
        for one in product(*values):
            kept = Kept(recording="", call="", ended=EARLIEST, bytes=0, **dict(zip(_FIELDS, one, strict=True)))
            by.add(next(place for place, earlier in enumerate(rules) if earlier.matches(kept)))
            if number in by:
                break
        else:
            yield number, tuple(sorted(by))


def _key(kept: Kept) -> tuple[str, ...]:
    return kept.queue, kept.direction, kept.disposition, kept.segment


_NO_RULE = Fate(Verdict.KEEP, Why.NO_RULE)

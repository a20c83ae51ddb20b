"""A dry run of retention over a million rows, in seconds: what is due for sure is counted by the database; only the
rest, what somebody may hold, and the first of all are looked at. Blocking: call it off the loop. Raises
SQLAlchemyError.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, product

from sqlalchemy import ColumnElement, Engine, and_, case, false, func, not_, or_, select

from ivr.recordings.due import Due, Looked, bound
from ivr.recordings.hold_store import standing, under
from recordings.catalogue import table
from recordings.holds import Hold
from recordings.judge import OTHER, Border, Judge
from recordings.retention import EARLIEST, DryRun, Fate, Kept, Planned, RetentionRule, State, Sum, Verdict

MOST_HOLDS = 400
"""In one question; with more of them, or where a rule asks for segments, every row is looked at."""
MOST_KINDS = 300
"""Likewise, of queues, directions and dispositions together: SQLite bounds the depth of a condition (1,000)."""


def dry_run(due: Due, judge: Judge, limit: int = 100) -> DryRun:
    """The sums of everything that is due at the judge's moment, and the first `limit` of it."""
    with due.engine.connect() as connection:
        holds = standing(connection)
    counted = _Counted(judge, limit)
    for state in State:
        if judge.asks_segments or len(holds) > MOST_HOLDS or _too_many(judge):
            for one in due.rows(judge, state):
                counted.add(one)
        else:
            _count(due, judge, state, holds, counted)
    return counted.told()


@dataclass(frozen=True, slots=True)
class _Kind:
    """Recordings of which the same is sure: which they are, and since when."""

    which: ColumnElement[bool]
    border: Border

    def sure(self, verdict: Verdict) -> ColumnElement[bool]:
        """Those of which this is sure."""
        f, border = table.c.finished, self.border
        if verdict is Verdict.DELETE:
            return and_(self.which, f <= bound(border.deleted))
        return and_(self.which, _between(border.lives, border.archived))

    def looked(self) -> ColumnElement[bool]:
        """Those of which nothing is sure."""
        border = self.border
        if border.archived <= border.lives:
            return and_(self.which, _between(border.deleted, border.stays))
        return and_(self.which, or_(_between(border.deleted, border.lives), _between(border.archived, border.stays)))


def _count(due: Due, judge: Judge, state: State, holds: Sequence[Hold], counted: "_Counted") -> None:
    kinds = [kind for kind in _kinds(judge, state) if bound(kind.border.stays) > EARLIEST]
    if not kinds:
        return
    touched = or_(false(), *(under(hold.over, due.zone) for hold in holds))
    for one in due.rows(judge, state, touched):
        counted.add(one)
    for one in due.rows(judge, state, or_(*(kind.looked() for kind in kinds)), not_(touched)):
        counted.add(one)
    asked = [(kind, verdict) for kind in kinds for verdict in (Verdict.DELETE, Verdict.ARCHIVE)]
    sums = _sums(due.engine, state, [kind.sure(verdict) for kind, verdict in asked], not_(touched))
    for (kind, verdict), told in zip(asked, sums, strict=True):
        if told.count and kind.border.rule is not None:
            counted.sure(kind.border.rule, verdict, told)
            found = due.rows(judge, state, kind.sure(verdict), not_(touched), read=counted.limit)
            for one in islice(found, counted.limit):
                counted.first(one.kept())


def _sums(
    engine: Engine, state: State, several: Sequence[ColumnElement[bool]], free: ColumnElement[bool]
) -> Iterator[Sum]:
    """How many, and how many bytes, of each: in one walk through the rows."""
    r = table.c
    parts = [part for one in several for part in (func.sum(case((one, 1))), func.sum(case((one, r.bytes))))]
    asked = select(*parts).where(r.state == state.value, r.finished >= EARLIEST, or_(*several), free)
    with engine.connect() as connection:
        row = connection.execute(asked).one()
    for start in range(0, len(row), 2):
        yield Sum(int(row[start] or 0), int(row[start + 1] or 0))


def _kinds(judge: Judge, state: State) -> Iterator[_Kind]:
    r, queues, directions = table.c, *_told_apart(judge)
    for queue, direction, disposition in product(("", *queues), ("", *directions), judge.dispositions):
        which = and_(_named(r.queue, queue, queues), _named(r.direction, direction, directions))
        if judge.asks_dispositions:
            known = [one for one in judge.dispositions if one != OTHER]
            which = and_(which, r.disposition.not_in(known) if disposition == OTHER else r.disposition == disposition)
        yield _Kind(which, judge.border(queue, direction, "", state, disposition))


def _too_many(judge: Judge) -> bool:
    """Whether there are more kinds than one question may tell apart."""
    queues, directions = _told_apart(judge)
    return (len(queues) + 1) * (len(directions) + 1) * len(judge.dispositions) > MOST_KINDS


def _told_apart(judge: Judge) -> tuple[list[str], list[str]]:
    """Queues and directions that rules name."""
    queues = sorted({queue for rule in judge.rules for queue in rule.queue})
    return queues, sorted({direction for rule in judge.rules for direction in rule.direction})


def _named(column: ColumnElement[str], value: str, named: Sequence[str]) -> ColumnElement[bool]:
    """Of this value; empty: of none that a rule names."""
    return column == value if value else column.not_in(named)


def _between(after: datetime, until: datetime) -> ColumnElement[bool]:
    f = table.c.finished
    return and_(f > bound(after), f <= bound(until))


class _Counted:
    """A dry run while it comes about. Of what is due for sure the first are enough: they come in the order of their
    end, and under one rule who ends later is due later."""

    def __init__(self, judge: Judge, limit: int) -> None:
        self._judge, self.limit = judge, limit
        self._by_rule: dict[RetentionRule, dict[Verdict, Sum]] = {rule: {} for rule in judge.rules}
        self._first: list[tuple[datetime, str, Planned]] = []

    def sure(self, rule: RetentionRule, verdict: Verdict, told: Sum) -> None:
        """So many more that are due for sure."""
        found = self._by_rule[rule].setdefault(verdict, Sum())
        found.count += told.count
        found.bytes += told.bytes

    def first(self, kept: Kept) -> None:
        """One of these that may be one of the first."""
        self._planned(kept, self._judge.fate(kept))

    def add(self, one: Looked) -> None:
        """One by itself."""
        if one.sure is Verdict.KEEP:
            return
        kept = one.kept()
        fate = self._judge.fate(kept)
        if fate.verdict is Verdict.KEEP or fate.rule is None or fate.at is None or fate.at > self._judge.now:
            return
        self._by_rule[fate.rule].setdefault(fate.verdict, Sum()).add(kept)
        if fate.verdict is not Verdict.HELD:
            self._planned(kept, fate)

    def _planned(self, kept: Kept, fate: Fate) -> None:
        assert fate.at is not None, "what is due has a time"
        self._first.append((fate.at, kept.recording, Planned(kept, fate)))
        if len(self._first) > 20 * self.limit:
            self._first = self._nearest()

    def _nearest(self) -> list[tuple[datetime, str, Planned]]:
        return heapq.nsmallest(self.limit, self._first, key=lambda one: one[:2])

    def told(self) -> DryRun:
        """What was counted."""
        sums = {verdict: Sum() for verdict in (Verdict.DELETE, Verdict.ARCHIVE, Verdict.HELD)}
        for found in self._by_rule.values():
            for verdict, one in found.items():
                sums[verdict].count += one.count
                sums[verdict].bytes += one.bytes
        first = tuple(planned for _, _, planned in self._nearest())
        return DryRun(sums[Verdict.DELETE], sums[Verdict.ARCHIVE], sums[Verdict.HELD], self._by_rule, first)

"""What the rules of retention have to look at, from the catalogue of a million rows, a page at a time. Blocking: call
it off the loop. Raises SQLAlchemyError.

Only what may be due comes out of the database (`recordings.judge`), by the index on state and time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, or_, select

from ivr.recordings.hold_store import callers_of, standing
from ivr.records import tables
from recordings.catalogue import State as Where
from recordings.catalogue import table
from recordings.holds import Hold, Holds, OverCall, OverQueue, OverRecording
from recordings.judge import NEVER, Judge
from recordings.retention import EARLIEST, Kept, Planned, RetentionRule, State, Verdict

PAGE = 2_000
READ = 20_000
"""Rows that are read at once where they are only counted."""

SegmentOf = Callable[[str, date], str]
"""A caller's number (empty: withheld or not known any more) and the day of the call -> segment by the site's lists."""

_DEEDS = (Verdict.ARCHIVE, Verdict.DELETE)


@dataclass(frozen=True, slots=True)
class After:
    """Where a page begins: after this row."""

    finished: datetime
    recording: str


@dataclass(frozen=True, slots=True)
class Page:
    """What is to be done among some rows, and where the next ones begin; None: these were the last."""

    planned: tuple[Planned, ...]
    next: After | None


@dataclass(frozen=True, slots=True)
class Looked:
    """A row that may be due. `sure`: the verdict, where nobody has to look at it; `rule`: the one that decides then."""

    sure: Verdict | None
    rule: RetentionRule | None
    bytes: int
    kept: Callable[[], Kept]


@dataclass(slots=True)
class _Over:
    """The holds that stand, and what they are over, for a quick look."""

    holds: Holds
    callers: dict[str, str] = field(default_factory=dict)
    recordings: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    queues: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, standing_: Sequence[Hold], callers: dict[str, str], zone: tzinfo) -> "_Over":
        found = cls(Holds(standing_, zone), callers, calls=set(callers))
        for hold in standing_:
            match hold.over:
                case OverRecording(recording):
                    found.recordings.add(recording)
                case OverCall(call):
                    found.calls.add(call)
                case OverQueue(queue):
                    found.queues.add(queue)
        return found

    def may_hold(self, recording: str, call: str, queue: str) -> bool:
        return recording in self.recordings or call in self.calls or queue in self.queues


class Due:
    """Reads one database for one site. `zone`: the site's; `segment_of`: by its lists."""

    def __init__(self, engine: Engine, zone: tzinfo, segment_of: SegmentOf) -> None:
        self.engine, self.zone, self._segment_of = engine, zone, segment_of

    def page(self, judge: Judge, state: State, after: After | None) -> Page:
        """What is to be done among the next rows of a state, by the end of the talk."""
        with self.engine.connect() as connection:
            over = self._over(connection)
            rows = list(connection.execute(self._asked(judge, state, after, PAGE)))
        planned = []
        for looked in (self._looked(judge, state, row, over) for row in rows):
            if looked.sure is not Verdict.KEEP:
                kept = looked.kept()
                fate = judge.fate(kept)
                if fate.verdict in _DEEDS:
                    planned.append(Planned(kept, fate))
        last = After(rows[-1].finished, rows[-1].recording) if len(rows) == PAGE else None
        return Page(tuple(planned), last)

    def rows(self, judge: Judge, state: State, *more: ColumnElement[bool], read: int | None = None) -> Iterator[Looked]:
        """Of what may be due, everything of which more is true, by the end of the talk; so many are read at once."""
        read = read or READ
        after: After | None = None
        while True:
            with self.engine.connect() as connection:
                over = self._over(connection)
                rows = connection.execute(self._asked(judge, state, after, read).where(*more)).all()
            for row in rows:
                yield self._looked(judge, state, row, over)
            if len(rows) < read:
                return
            after = After(rows[-1].finished, rows[-1].recording)

    # ------------------------------------------------------------------ within
    def _asked(self, judge: Judge, state: State, after: After | None, limit: int) -> Select[Any]:
        r, c, n = table.c, tables.calls.c, tables.callers.c
        wanted: list[Any] = [r.recording, r.call, r.finished, r.bytes, r.queue, r.direction, r.disposition]
        asked = select(*wanted)
        if judge.asks_segments:
            asked = select(*wanted, n.number).select_from(
                table.outerjoin(tables.calls, r.call == c.call).outerjoin(tables.callers, c.caller == n.caller)
            )
        asked = asked.where(r.state == Where(state.value).value, *_ended(judge))
        if after is not None:
            later = or_(r.finished > after.finished, and_(r.finished == after.finished, r.recording > after.recording))
            asked = asked.where(r.finished >= after.finished, later)  # the first alone lets the index be used
        return asked.order_by(r.finished, r.recording).limit(limit)

    def _over(self, connection: Connection) -> _Over:
        found = standing(connection)
        return _Over.of(found, callers_of(connection, found), self.zone)

    def _looked(self, judge: Judge, state: State, row: Any, over: _Over) -> Looked:
        ended, segment = row.finished, ""
        if judge.asks_segments:
            segment = self._segment_of(row.number or "", ended.astimezone(self.zone).date())
        border = judge.border(row.queue, row.direction, segment, state, row.disposition)
        touched = over.may_hold(row.recording, row.call, row.queue)
        sure = None if touched and ended <= border.stays else border.verdict(ended)
        return Looked(sure, border.rule, row.bytes, partial(self._kept, row, state, over, segment))

    def _kept(self, row: Any, state: State, over: _Over, segment: str) -> Kept:
        kept = Kept(
            recording=row.recording,
            call=row.call,
            ended=row.finished.astimezone(self.zone),
            bytes=row.bytes,
            queue=row.queue,
            direction=row.direction,
            disposition=row.disposition,
            segment=segment,
            caller=over.callers.get(row.call, ""),
            state=state,
        )
        held = over.may_hold(row.recording, row.call, row.queue)
        return replace(kept, holds=over.holds.of(kept)) if held else kept


def _ended(judge: Judge) -> Iterator[ColumnElement[bool]]:
    """Rows that may be due at all."""
    queues, others = judge.ends()
    r, last = table.c, max([others, *queues.values()])
    yield r.finished >= EARLIEST
    yield r.finished <= bound(last)
    if any(end != last for end in (others, *queues.values())):
        rest = r.finished <= bound(others)
        if queues:
            rest = and_(r.queue.not_in(sorted(queues)), rest)
        yield or_(rest, *(and_(r.queue == queue, r.finished <= bound(end)) for queue, end in queues.items()))


def bound(moment: datetime) -> datetime:
    """A moment for a question: no database has to know the year 1."""
    return max(moment, NEVER.replace(year=2))

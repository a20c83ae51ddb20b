"""Looks for recordings in the catalogue of a million rows, newest first, a page at a time. Blocking: call it off the
loop.

What few rows have is asked for first, and only these are looked at (`_rare`). When there is nothing of that kind, the
newest rows are looked at until a page is full, which is soon: many match. A database cannot know which of the two it
is, so it is told: a condition that it shall not follow by an index stands in a CASE (`_looked_at`).

No index answers what a note holds. Without something that few have, the newest rows with a note are read, `LOOKED` of
them for a page at most: then the page ends, be it short or empty, and the next one goes on from there. What a note
holds is compared here, for the databases do not agree on which letters are the same ("RECLAMACIÓN").
"""

import heapq
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from ivr.access.limits import Limits
from ivr.figures.call_record import CallOutcome
from ivr.records import tables
from ivr.web.api.paging import After
from recordings.catalogue import Recording, State, columns, recording_of, table

MOST = 500
"""Recordings in a page."""
FEW = 5_000
"""Rows that are looked at one and all in some hundredths of a second. Of what more have, one row in 200 of a million is
one of them."""
LOOKED = 5_000
"""Rows with a note that are read for one page: each lies behind its waveform, and half of them on a page of their
own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which recordings; what is left out does not count. `begin` and `end` are aware: ended from `begin` on, before
    `end`. `callers` are opaque keys of one caller; `shortest` and `longest` are microseconds; `outcome` is the
    call's; `note` is a part of the note, in small or capital letters."""

    begin: datetime | None = None
    end: datetime | None = None
    callers: frozenset[str] = frozenset()
    call: str = ""
    did: str = ""
    direction: str = ""
    queue: str = ""
    agent: str = ""
    state: State | None = None
    outcome: CallOutcome | None = None
    shortest: int = 0
    longest: int | None = None
    disposition: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Recordings, newest first, without their waveforms, and where the next page begins; None: this is the last one.
    Where a note is looked for, a page may be short, or empty, and not be the last one."""

    recordings: tuple[Recording, ...]
    next: After | None


def search(engine: Engine, wanted: Wanted, within: Limits, after: After | None, limit: int) -> Page:
    """At most `limit` recordings within reach. Raises SQLAlchemyError."""
    seen_to = None
    with engine.connect() as connection:
        question = _Question(wanted, within, after, limit + 1)
        if wanted.note:
            found, seen_to = _by_note(connection, question)
        else:
            found = _found(connection, question)
        rows = list(islice(found, limit + 1))
    page = [recording_of(dict(row)) for row in rows[:limit]]
    last = After(page[-1].finished, page[-1].recording) if page and len(rows) > limit else seen_to
    return Page(tuple(page), last)


def find(engine: Engine, recording: str, within: Limits) -> Recording | None:
    """One recording with its waveform; None when there is none of this name within reach. Raises SQLAlchemyError."""
    asked = select(table).where(table.c.recording == recording, *_within(within))
    with engine.connect() as connection:
        row = connection.execute(asked).mappings().first()
    return recording_of(dict(row)) if row is not None else None


def callers_of(engine: Engine, calls: Collection[str]) -> dict[str, str]:
    """Call -> the caller's opaque key."""
    c = tables.calls.c
    with engine.connect() as connection:
        return {row.call: row.caller for row in connection.execute(select(c.call, c.caller).where(c.call.in_(calls)))}


@dataclass(frozen=True, slots=True)
class _Question:
    """What is looked for, by whom, and how much of it."""

    wanted: Wanted
    within: Limits
    after: After | None
    most: int

    def indexed(self) -> Iterator[tuple[bool, Select[Any], ColumnElement[bool]]]:
        """Conditions that an index answers: whether the newest come first in it, what is counted to know how many have
        it, and the condition."""
        r, c, wanted = table.c, tables.calls.c, self.wanted
        called: list[ColumnElement[bool]] = [c.caller.in_(sorted(wanted.callers))] if wanted.callers else []
        called += [c.outcome == wanted.outcome.value] if wanted.outcome is not None else []
        span = [and_(*self.time())] if wanted.begin is not None else []
        for in_order, several in (
            (False, [r.call == wanted.call] if wanted.call else []),
            (True, [*self.columns(), *span]),
            (False, [*self.length()]),
        ):
            for one in several:
                yield in_order, select(literal(1)).select_from(table).where(one), one
        for one in called:
            yield False, select(literal(1)).select_from(tables.calls).where(one), r.call.in_(select(c.call).where(one))

    def columns(self) -> Iterator[ColumnElement[bool]]:
        """Those that one column answers, and for which the newest rows come first in their index."""
        r, wanted = table.c, self.wanted
        state = wanted.state.value if wanted.state is not None else ""
        for column, value in (
            (r.agent, wanted.agent),
            (r.did, wanted.did),
            (r.queue, wanted.queue),
            (r.direction, wanted.direction),
            (r.state, state),
            (r.disposition, wanted.disposition),
        ):
            if value:
                yield column == value

    def length(self) -> Iterator[ColumnElement[bool]]:
        if self.wanted.shortest:
            yield table.c.length_us >= self.wanted.shortest
        if self.wanted.longest is not None:
            yield table.c.length_us <= self.wanted.longest

    def time(self) -> Iterator[ColumnElement[bool]]:
        """Of the talk's end; also where this page begins."""
        r, wanted, after = table.c, self.wanted, self.after
        if wanted.begin is not None:
            yield r.finished >= wanted.begin
        if wanted.end is not None:
            yield r.finished < wanted.end
        if after is not None:
            # The first condition alone lets the index on `finished` be used.
            yield r.finished <= after.at
            yield or_(r.finished < after.at, and_(r.finished == after.at, r.recording < after.id))

    def of_call(self) -> Iterator[ColumnElement[bool]]:
        """What only the call's record tells, asked of one row."""
        c, wanted = tables.calls.c, self.wanted
        if wanted.call:
            yield table.c.call == wanted.call
        if wanted.callers or wanted.outcome is not None:
            told = [c.call == table.c.call]
            if wanted.callers:
                told.append(c.caller.in_(sorted(wanted.callers)))
            if wanted.outcome is not None:
                told.append(c.outcome == wanted.outcome.value)
            yield exists().where(*told)

    def rest(self) -> Iterator[ColumnElement[bool]]:
        """Everything that is wanted but the time, to be looked at in each row."""
        return map(_looked_at, (*self.columns(), *self.length(), *self.of_call()))

    def page(self, *more: ColumnElement[bool]) -> Select[Any]:
        """The newest of these."""
        return _newest(*columns()).where(*more).limit(self.most)


def _found(connection: Connection, question: _Question) -> Iterator[Any]:
    """Rows, newest first; `most` at least, if there are."""
    rare = _rare(connection, question)
    if rare is not None:
        reach = map(_looked_at, _within(question.within))
        yield from connection.execute(question.page(*rare, *question.rest(), *reach)).mappings()
        return
    first = next(question.columns(), None)
    by = (first,) if first is not None else ()
    if question.within.everything:
        yield from connection.execute(question.page(*by, *question.time(), *question.rest())).mappings()
        return
    # Of several queues each has its own order by time.
    asked = question.wanted.queue
    queues = question.within.queues & ({asked} if asked else question.within.queues)
    found = [
        connection.execute(question.page(table.c.queue == queue, *question.time(), *question.rest())).mappings().all()
        for queue in sorted(queues)
    ]
    yield from heapq.merge(*found, key=lambda row: (row["finished"], row["recording"]), reverse=True)


def _by_note(connection: Connection, question: _Question) -> tuple[Iterator[Any], After | None]:
    """Likewise, of those whose note holds the words; and the last row that was looked at, if there are more."""
    rare, last = _rare(connection, question), None
    if rare is not None:
        some = (*rare, _looked_at(_NOTED))
    else:
        some = (_NOTED, *question.time())
        last = _place(connection, some, LOOKED)
        some += () if last is None else (_not_after(last),)
    r, reach, words = table.c, map(_looked_at, _within(question.within)), _alike(question.wanted.note)
    asked = _newest(r.recording, r.note).where(*some, *question.rest(), *reach).execution_options(yield_per=200)
    with connection.execute(asked) as noted:
        names = list(islice((row.recording for row in noted if words in _alike(row.note)), question.most))
    rows = connection.execute(_newest(*columns()).where(r.recording.in_(names))).mappings()
    return iter(rows), last


def _place(connection: Connection, some: tuple[ColumnElement[bool], ...], number: int) -> After | None:
    """The row of this number among these, the newest first, if there is one after it."""
    r = table.c
    asked = _newest(r.finished, r.recording).where(*some).offset(number - 1).limit(2)
    found = connection.execute(asked).all()
    if len(found) < 2:
        return None
    moment: datetime = found[0].finished
    return After(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment, found[0].recording)


def _not_after(last: After) -> ColumnElement[bool]:
    """This row and those before which it comes in the pages are looked at, and no older one."""
    r = table.c
    return and_(r.finished >= last.at, or_(r.finished > last.at, r.recording >= last.id))


def _newest(*wanted: Any) -> Select[Any]:
    r = table.c
    return select(*wanted).order_by(r.finished.desc(), r.recording.desc())


def _alike(words: str) -> str:
    """The same for small and capital letters, however an accent is written."""
    return unicodedata.normalize("NFC", words).casefold()


_NOTED = table.c.note != literal_column("''")
"""Written out, for its index holds no other row."""


def _rare(connection: Connection, question: _Question) -> tuple[ColumnElement[bool], ...] | None:
    """What only few rows have, of everything that is wanted; with the time."""
    for in_order, counted, one in question.indexed():
        many = connection.execute(select(func.count()).select_from(counted.limit(FEW + 1).subquery())).scalar_one()
        if many > FEW:
            continue
        if in_order:
            return (one, *question.time())
        some = select(table.c.recording).where(one).cte("some").prefix_with("MATERIALIZED")
        return (table.c.recording.in_(select(some.c.recording)), *map(_looked_at, question.time()))
    return None


def _looked_at(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same, and no index is followed for it."""
    return case((condition, 1), else_=0) == 1


def _within(within: Limits) -> list[ColumnElement[bool]]:
    """A supervisor hears the talks of the own queues, not all of a call that was in one of them."""
    if within.everything:
        return []
    own = [table.c.queue.in_(sorted(within.queues))] if within.queues else []
    return [or_(*own) if own else false()]

"""Looks for calls in the records, newest first, a page at a time. Blocking: call it off the loop."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, select

from ivr.access.limits import Limits
from ivr.figures.call_record import CallOutcome, CallRecord
from ivr.records import tables
from ivr.records.rows import call_of
from ivr.records.store import RecordStore
from ivr.web.api.paging import After

MOST = 500
"""Calls in a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which calls; what is left out does not count. `begin` and `end` are aware: begun from `begin` on, before `end`.

    `caller` is an opaque key. `queue`: was in it; `agent`: talked, an extension that a flow dialled too. `text`: a part
    of the call's id.
    """

    begin: datetime | None = None
    end: datetime | None = None
    caller: str = ""
    did: str = ""
    queue: str = ""
    agent: str = ""
    outcome: CallOutcome | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Calls, newest first, and where the next page begins; None: this is the last one."""

    calls: tuple[CallRecord, ...]
    next: After | None


def search(store: RecordStore, wanted: Wanted, within: Limits, after: After | None, limit: int) -> Page:
    """At most `limit` calls within reach. Raises SQLAlchemyError."""
    calls = tables.calls.c
    asked = select(tables.calls).where(*_conditions(wanted, within))
    if after is not None:
        # The first condition alone lets the index on `started` be used.
        earlier = or_(calls.started < after.at, and_(calls.started == after.at, calls.call < after.id))
        asked = asked.where(calls.started <= after.at, earlier)
    asked = asked.order_by(calls.started.desc(), calls.call.desc()).limit(limit + 1)
    found = _records(store, asked)
    page = found[:limit]
    last = After(page[-1].started, page[-1].call) if page and len(found) > limit else None
    return Page(tuple(page), last)


def find(store: RecordStore, call: str, within: Limits) -> CallRecord | None:
    """One call; None when there is none of this id within reach. Raises SQLAlchemyError."""
    asked = select(tables.calls).where(tables.calls.c.call == call, *_conditions(Wanted(), within))
    return next(iter(_records(store, asked)), None)


def _records(store: RecordStore, asked: Any) -> list[CallRecord]:
    with store.engine.connect() as connection:
        return [call_of(dict(row)) for row in connection.execute(asked).mappings()]


def _conditions(wanted: Wanted, within: Limits) -> list[ColumnElement[bool]]:
    calls = tables.calls.c
    found: list[ColumnElement[bool]] = []
    if wanted.begin is not None:
        found.append(calls.started >= wanted.begin)
    if wanted.end is not None:
        found.append(calls.started < wanted.end)
    if wanted.caller:
        found.append(calls.caller == wanted.caller)
    if wanted.did:
        found.append(calls.did == wanted.did)
    if wanted.outcome is not None:
        found.append(calls.outcome == wanted.outcome.value)
    if wanted.text:
        found.append(calls.call.contains(wanted.text, autoescape=True))
    if wanted.queue:
        found.append(_visited([wanted.queue]))
    if wanted.agent:
        found.append(_talked(wanted.agent))
    if not within.everything:
        own = [_visited(within.visited)] if within.visited else []
        own += [_talked(within.talked)] if within.talked else []
        found.append(or_(*own) if own else false())
    return found


def _visited(queues: Iterable[str]) -> ColumnElement[bool]:
    visits = tables.visits.c
    return exists().where(visits.call == tables.calls.c.call, visits.queue.in_(sorted(queues)))


def _talked(extension: str) -> ColumnElement[bool]:
    legs = tables.legs.c
    return exists().where(legs.call == tables.calls.c.call, legs.agent == extension, legs.answered.is_not(None))

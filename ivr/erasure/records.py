"""The records: the one table with callers' numbers, and the calls, which stay without them."""

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Engine, select, text

from ivr.aside import aside
from ivr.erasure.number import NotANumber, Number, number_of
from ivr.erasure.stores import Caller, Erased, Held, Left, Place, listed
from ivr.records import tables
from ivr.records.callers import CallerKeys, normalised
from ivr.records.ledger import Ledger

SOME = 500
"""Names in one question: SQLite bounds them."""
SETTLE_SECONDS, AGAIN_SECONDS = 10.0, 0.2


class NumberStore:
    """The row with number and name."""

    place = Place.NUMBER

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def find(self, caller: Caller) -> Held:
        """When the number was seen last, and whether a name is kept with it."""
        rows = await aside(_of_callers, self._ledger.store.engine, caller.keys)
        things = [{"caller": r.caller, "seen": r.seen.isoformat(), "name": bool(r.name)} for r in rows]
        return Held(place=self.place, count=len(rows), things=listed([*things]))

    async def erase(self, caller: Caller) -> Erased:
        """Also what waits to be written, and the pages of the database in which it stood."""
        erased = await self._ledger.forget(caller.keys)
        await aside(settle, self._ledger.store.engine)
        return Erased(erased=erased)


class CallStore:
    """The calls: what the caller may ask to see. They stay, for the figures, with a key that leads to nobody."""

    place = Place.CALLS

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def find(self, caller: Caller) -> Held:
        """The calls, oldest first."""
        things = await aside(self._things, caller.calls)
        return Held(place=self.place, count=len(caller.calls), things=listed(things), stays=Left.FIGURES)

    async def erase(self, caller: Caller) -> Erased:
        """Nothing: they hold no number."""
        return Erased(left=len(caller.calls), why=Left.FIGURES if caller.calls else Left.NOTHING)

    def _things(self, calls: tuple[str, ...]) -> list[Any]:
        c = tables.calls.c
        columns = (c.call, c.started, c.ended, c.did, c.outcome, c.queue, c.agent, c.notice, c.recordings, c.messages)
        rows = [row for some in _parts(calls) for row in _rows(self._engine, select(*columns).where(c.call.in_(some)))]
        return [
            {
                "call": row.call,
                "started": row.started.isoformat(),
                "ended": row.ended.isoformat() if row.ended else None,
                "did": row.did,
                "outcome": row.outcome,
                "queue": row.queue,
                "agent": row.agent,
                "notice": row.notice,
                "recordings": len(row.recordings),
                "messages": len(row.messages),
            }
            for row in sorted(rows, key=lambda row: row.started)
        ]


def identified(number: Number, keys: CallerKeys, engine: Engine) -> Caller:
    """The caller of a number, by every way in which a trunk may have sent it. Blocking. Raises SQLAlchemyError."""
    c = tables.calls.c
    wanted = _keys_of(number, keys, engine)
    calls = [row.call for row in _rows(engine, select(c.call).where(c.caller.in_(sorted(wanted))).order_by(c.started))]
    return Caller(number=number, keys=wanted, calls=tuple(calls))


def keys_of_number(text: str, country: str, keys: CallerKeys, engine: Engine) -> frozenset[str]:
    """Every key of the number that a person typed, also of one of the house; none for an empty text. Blocking. Raises
    SQLAlchemyError."""
    try:
        return _keys_of(number_of(text, country), keys, engine)
    except NotANumber:
        return frozenset({keys.key_of(text)} - {""})


def _keys_of(number: Number, keys: CallerKeys, engine: Engine) -> frozenset[str]:
    spelled = {*number.spellings, *(normalised(way) for way in number.spellings)}
    found = {keys.key_of(way) for way in number.spellings}
    stored = select(tables.callers.c.caller).where(tables.callers.c.number.in_(sorted(spelled)))
    found |= {row.caller for row in _rows(engine, stored)}
    return frozenset(found - {""})


def talks_of(engine: Engine, calls: Iterable[str]) -> dict[str, str]:
    """Leg -> call, of the talks of these calls; of one to which the caller was handed only the leg tells whose it is.
    Blocking. Raises SQLAlchemyError."""
    c = tables.calls.c
    parts = _parts(tuple(sorted(calls)))
    rows = [row for some in parts for row in _rows(engine, select(c.call, c.rulings).where(c.call.in_(some)))]
    return {ruling["leg"]: row.call for row in rows for ruling in row.rulings}


def settle(engine: Engine) -> None:
    """Let nothing that was deleted stand in a file beside the database any more. Blocking, for about SETTLE_SECONDS
    at most while another writer copies the WAL (SQLite waits for readers, not for that)."""
    if engine.dialect.name != "sqlite":
        alone(engine, "VACUUM callers")
        return
    end, never = time.monotonic() + SETTLE_SECONDS, threading.Event()
    while alone(engine, "PRAGMA wal_checkpoint(TRUNCATE)")[0] and time.monotonic() < end:
        never.wait(AGAIN_SECONDS)


def renew(engine: Engine) -> None:
    """Write the one table with numbers anew. Where rows grow, SQLite moves others to the next page, and what stood
    there before stays behind in the page, also with `secure_delete`: it overwrites what is deleted, not what is moved.
    Measured: the numbers of 10 callers of 27,000. Blocking; others who write wait for it, 0.7 s for 200,000 callers.
    Raises SQLAlchemyError."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("BEGIN IMMEDIATE"))
        try:
            for statement in _ANEW:
                connection.execute(text(statement))
            connection.execute(text("COMMIT"))
        except BaseException:
            connection.execute(text("ROLLBACK"))
            raise
    settle(engine)


_ANEW = (
    "CREATE TABLE callers_anew AS SELECT * FROM callers",
    "DELETE FROM callers",
    "INSERT INTO callers SELECT * FROM callers_anew ORDER BY rowid",
    "DROP TABLE callers_anew",
)
"""A page that is given back is overwritten (secure_delete), and what is written to empty pages moves nowhere."""


def alone(engine: Engine, statement: str) -> tuple[Any, ...]:
    """A statement outside of every transaction; returns the first row that it answers. Blocking. Raises
    SQLAlchemyError."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        answer = connection.execute(text(statement))
        row = answer.first() if answer.returns_rows else None
        return () if row is None else tuple(row)


def _of_callers(engine: Engine, keys: Iterable[str]) -> list[Any]:
    c = tables.callers.c
    return _rows(engine, select(c.caller, c.name, c.seen).where(c.caller.in_(sorted(keys))).order_by(c.seen))


def _rows(engine: Engine, asked: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(asked))


def _parts(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(names), SOME):
        yield names[start : start + SOME]

"""The records: the one table with callers' numbers, and the calls, which stay without them."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Engine, select, text

from ivr.aside import aside
from ivr.erasure.number import Number
from ivr.erasure.stores import Caller, Erased, Held, Left, Place, listed
from ivr.records import tables
from ivr.records.callers import CallerKeys, normalised
from ivr.records.ledger import Ledger

SOME = 500
"""Names in one question: SQLite bounds them."""


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
    spelled = {*number.spellings, *(normalised(way) for way in number.spellings)}
    found = {keys.key_of(way) for way in number.spellings}
    stored = select(tables.callers.c.caller).where(tables.callers.c.number.in_(sorted(spelled)))
    found |= {row.caller for row in _rows(engine, stored)}
    c = tables.calls.c
    wanted = frozenset(found - {""})
    calls = [row.call for row in _rows(engine, select(c.call).where(c.caller.in_(sorted(wanted))).order_by(c.started))]
    return Caller(number=number, keys=wanted, calls=tuple(calls))


def settle(engine: Engine) -> None:
    """Let nothing that was deleted stand in a file beside the database any more. Blocking."""
    if engine.dialect.name == "sqlite":
        _alone(engine, "PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        _alone(engine, "VACUUM callers")


def rewrite(engine: Engine) -> None:
    """Write the database anew, without what older versions of its pages may still hold. Blocking, for seconds."""
    _alone(engine, "VACUUM")
    settle(engine)


def _alone(engine: Engine, statement: str) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


def _of_callers(engine: Engine, keys: Iterable[str]) -> list[Any]:
    c = tables.callers.c
    return _rows(engine, select(c.caller, c.name, c.seen).where(c.caller.in_(sorted(keys))).order_by(c.seen))


def _rows(engine: Engine, asked: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(asked))


def _parts(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(names), SOME):
        yield names[start : start + SOME]

"""The rows of the audit in their database. Blocking: call it off the loop. SQLAlchemyError = nothing was done.

Writing has connections of its own, on which a transaction begins as a writer's and is on the disk when it ends
(synchronous=FULL): an answer that went out is in the audit also after a power cut. Several nodes on one PostgreSQL
write one chain: each transaction holds the table while it looks at the last hash and adds to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, create_engine, event, insert, select, text
from sqlalchemy.engine import make_url

from ivr.audit.chain import GENESIS, Entry, Row, moment, seal, values_of
from ivr.audit.tables import COPIES, audit
from ivr.records.patience import Patience

BUSY_SECONDS = 5.0
MOST_FOUND = 1_000
PAGE = 200
"""Rows that are read at once where a whole chain is walked: a few milliseconds of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; empty texts are no condition. `action` and `object` may end with `*`. `before`: a number in
    the chain, for the page after one that ended there."""

    who: str = ""
    action: str = ""
    object: str = ""
    address: str = ""
    result: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int = 0


EVERYTHING = Wanted()


class AuditStore:
    """One audit. `reading` is an engine of the same database that other parts read with, `patience` that of who writes
    into it."""

    def __init__(self, writing: Engine | None, reading: Engine, patience: Patience | None = None) -> None:
        self._writing, self._reading = writing, reading
        self.patience = patience or Patience(BUSY_SECONDS)
        if writing is not None:
            self.patience.of(writing)

    @classmethod
    def open(cls, url: str, reading: Engine, patience: Patience | None = None) -> "AuditStore":
        """On a database whose tables are up to date (ivr.records.migrate). Connects when it is used first."""
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return cls(create_engine(parsed, pool_pre_ping=True, pool_size=1), reading, patience)
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})

        @event.listens_for(engine, "connect")
        def _set_up(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # BEGIN is said below
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        return cls(engine, reading, patience)

    def close(self) -> None:
        """Give the connections back."""
        if self._writing is not None:
            self._writing.dispose()

    # ------------------------------------------------------------------ writing
    def append(self, entries: Sequence[Entry]) -> list[Row]:
        """Add entries to the chain's end, in their order, in one transaction."""
        assert self._writing is not None, "this audit is only read"
        with self._writing.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
            last = connection.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
            seq, before = (last.seq, last.hash) if last is not None else (0, GENESIS)
            rows = []
            for entry in entries:
                row = seal(entry, seq + 1, before)
                seq, before = row.seq, row.hash
                rows.append(row)
            if rows:
                connection.execute(insert(audit), [{**_copies(row.text), **_stored(row)} for row in rows])
        return rows

    # ------------------------------------------------------------------ reading
    def last(self) -> tuple[int, str]:
        """Number and hash of the last entry; (0, GENESIS) in the beginning."""
        rows = self._rows(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1))
        return (rows[0]["seq"], rows[0]["hash"]) if rows else (0, GENESIS)

    def hash_of(self, seq: int) -> str:
        """The stored hash of an entry; empty when it is not there."""
        rows = self._rows(select(audit.c.hash).where(audit.c.seq == seq))
        return str(rows[0]["hash"]) if rows else ""

    def find(self, wanted: Wanted, limit: int) -> list[dict[str, Any]]:
        """Entries with their `hash`, the newest first."""
        asked = _conditions(select(audit.c.entry, audit.c.hash), wanted)
        rows = self._rows(asked.order_by(audit.c.seq.desc()).limit(min(limit, MOST_FOUND)))
        return [{**values_of(row["entry"]), "hash": row["hash"]} for row in rows]

    def page(self, after: int, upto: int | None = None, wanted: Wanted = EVERYTHING) -> list[tuple[Row, list[str]]]:
        """Rows in the order of the chain, each with the columns that disagree with it, for `Verification.feed`."""
        rows = self._rows(_page(select(audit), after, upto, wanted))
        return [(Row(r["seq"], r["entry"], r["hash"]), _disagreeing(r)) for r in rows]

    def rows(self, after: int, upto: int | None = None, wanted: Wanted = EVERYTHING) -> list[Row]:
        """As `page`, for who only hands them on: no entry is looked into."""
        rows = self._rows(_page(select(audit.c.seq, audit.c.entry, audit.c.hash), after, upto, wanted))
        return [Row(r["seq"], r["entry"], r["hash"]) for r in rows]

    def walk(self, upto: int | None = None) -> Iterator[tuple[Row, list[str]]]:
        """All rows, page by page."""
        after = -1
        while found := self.page(after, upto):
            yield from found
            after = found[-1][0].seq

    def _rows(self, asked: Any) -> list[Mapping[str, Any]]:
        with self._reading.connect() as connection:
            return [dict(row) for row in connection.execute(asked).mappings()]


def _copies(canonical: str) -> dict[str, str]:
    values = values_of(canonical)
    return {name: _copy(values.get(name), longest) for name, longest in COPIES.items()}


def _copy(value: Any, longest: int) -> str:
    """As a column holds it: PostgreSQL takes neither zero bytes nor half of a surrogate pair."""
    return str(value or "").replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:longest]


def _stored(row: Row) -> dict[str, Any]:
    return {"seq": row.seq, "entry": row.text, "hash": row.hash}


def _disagreeing(row: Mapping[str, Any]) -> list[str]:
    try:
        told = _copies(row["entry"])
    except ValueError:
        return []  # the entry itself is at fault
    return [name for name in COPIES if row[name] != told[name]]


def _page(asked: Select[Any], after: int, upto: int | None, wanted: Wanted) -> Select[Any]:
    asked = asked.where(audit.c.seq > after).order_by(audit.c.seq).limit(PAGE)
    return _conditions(asked if upto is None else asked.where(audit.c.seq <= upto), wanted)


def _conditions(asked: Select[Any], wanted: Wanted) -> Select[Any]:
    for column, value in ((audit.c.action, wanted.action), (audit.c.object, wanted.object)):
        if value.endswith("*"):
            asked = asked.where(column.startswith(value[:-1], autoescape=True))
        elif value:
            asked = asked.where(column == value)
    for column, value in (
        (audit.c.who, wanted.who),
        (audit.c.address, wanted.address),
        (audit.c.result, wanted.result),
    ):
        if value:
            asked = asked.where(column == value)
    if wanted.since is not None:
        asked = asked.where(audit.c.at >= moment(wanted.since))
    if wanted.until is not None:
        asked = asked.where(audit.c.at < moment(wanted.until))
    return asked.where(audit.c.seq < wanted.before) if wanted.before else asked

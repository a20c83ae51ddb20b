"""The records in their database: SQLite embedded, PostgreSQL for large sites. Blocking: call it off the loop."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.figures.call_record import CallRecord, LegRecord, OfferRecord, Record, VisitRecord
from ivr.records import tables
from ivr.records.migrate import migrate
from ivr.records.patience import Patience
from ivr.records.rows import TABLE_OF, call_of, leg_of, offer_of, row_of, visit_of

FOLD = "records"
"""The name under which the fold's position stands in `standing`."""
BUSY_MS = 5_000
MOST_ASKED = 10_000
"""Names in one question: SQLite takes 32,766 values."""


class RecordsUnavailable(Exception):
    """The records cannot be opened. The message says what to do."""


class RecordStore:
    """One database of records. Every method is one transaction; SQLAlchemyError says that it failed as a whole."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.patience = Patience(BUSY_MS / 1000)
        self.patience.of(engine)

    @classmethod
    def open(cls, url: str) -> "RecordStore":
        """Open for writing: create the database or bring its tables up to date. Raises RecordsUnavailable."""
        try:
            engine = _engine(url, read_only=False)
            migrate(engine)
        except (SQLAlchemyError, OSError) as error:
            raise RecordsUnavailable(
                f"the records at {make_url(url)!r} cannot be opened: {logs.first_line(error)}"
            ) from error
        return cls(engine)

    @classmethod
    def read_only(cls, url: str) -> "RecordStore":
        """Open what the server wrote, also while it runs. Raises RecordsUnavailable when there is nothing yet."""
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
            raise RecordsUnavailable(f"there are no records at {parsed.database} yet: start the server with `make run`")
        return cls(_engine(url, read_only=True))

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    # ------------------------------------------------------------------ writing
    def save(self, position: int, records: Iterable[Record], states: Mapping[str, Any]) -> None:
        """Write records, states and the fold's position in one transaction; again is harmless."""
        grouped: dict[type, list[dict[str, Any]]] = {}
        for record in records:
            grouped.setdefault(type(record), []).append(row_of(record))
        with self._begin() as connection:
            for kind, rows in grouped.items():
                self._upsert(connection, TABLE_OF[kind], rows)
            standing = [{"name": FOLD, "position": position, "state": "{}"}]
            standing += [{"name": k, "position": position, "state": json.dumps(v)} for k, v in states.items()]
            self._upsert(connection, tables.standing, standing)

    def keep_state(self, name: str, state: Any) -> None:
        """Write one state of its own, without a position."""
        with self._begin() as connection:
            self._upsert(connection, tables.standing, [{"name": name, "position": 0, "state": json.dumps(state)}])

    def keep_callers(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write callers: `caller` (key), `number`, `name`, `seen`."""
        with self._begin() as connection:
            self._upsert(connection, tables.callers, [dict(row) for row in rows])

    def erase_caller(self, caller: str) -> bool:
        """Forget a caller's number and name for ever; the call records stay, with a key that nobody can resolve."""
        with self._begin() as connection:
            return connection.execute(delete(tables.callers).where(tables.callers.c.caller == caller)).rowcount > 0

    # ------------------------------------------------------------------ reading
    def position(self) -> int:
        """Up to which entry of the journal the records tell; 0 in the beginning."""
        return self._standing(FOLD)[0]

    def state(self, name: str) -> Any:
        """A stored state; an empty dict when there is none."""
        return json.loads(self._standing(name)[1])

    def known(self, latest: int) -> list[Record]:
        """What a fold needs to go on: everything that is open, and the `latest` calls with their parts."""
        calls, visits, offers = tables.calls.c, tables.visits.c, tables.offers.c
        recent = select(calls.call).order_by(calls.started.desc()).limit(latest).scalar_subquery()
        still = offers.result.is_(None) | (offers.bridged.is_not(None) & offers.talk_ended.is_(None))
        still |= offers.wrap_began.is_not(None) & offers.wrap_us.is_(None)
        records: list[Record] = []
        for table, wanted, record_of in (
            (tables.calls, calls.complete.is_(False) | calls.call.in_(recent), call_of),
            (tables.visits, visits.outcome.is_(None) | visits.call.in_(recent), visit_of),
            (tables.offers, still | offers.call.in_(recent), offer_of),
        ):
            asked = select(table).where(wanted).order_by(*table.primary_key)
            records += [record_of(row) for row in self._rows(asked)]
        return records

    def calls(self, limit: int, since: datetime | None = None, call: str | None = None) -> list[CallRecord]:
        """The latest calls, newest first."""
        asked = select(tables.calls).order_by(tables.calls.c.started.desc()).limit(limit)
        if since is not None:
            asked = asked.where(tables.calls.c.started >= since)
        if call is not None:
            asked = asked.where(tables.calls.c.call == call)
        return [call_of(row) for row in self._rows(asked)]

    def visits_of(self, call: str) -> list[VisitRecord]:
        """A call's queue visits, in order."""
        table = tables.visits
        return [visit_of(r) for r in self._rows(select(table).where(table.c.call == call).order_by(table.c.joined))]

    def offers_of(self, call: str) -> list[OfferRecord]:
        """A call's offers, in order."""
        table = tables.offers
        return [offer_of(r) for r in self._rows(select(table).where(table.c.call == call).order_by(table.c.made))]

    def legs_of(self, calls: Iterable[str]) -> list[LegRecord]:
        """Every phone that was rung for these calls, in order."""
        table, wanted, found = tables.legs, sorted(set(calls)), []
        for start in range(0, len(wanted), MOST_ASKED):
            some = table.c.call.in_(wanted[start : start + MOST_ASKED])
            found += self._rows(select(table).where(some).order_by(table.c.call, table.c.n))
        return [leg_of(row) for row in found]

    def number_of(self, caller: str) -> str:
        """A caller's number; empty when withheld, unknown or erased."""
        rows = self._rows(select(tables.callers.c.number).where(tables.callers.c.caller == caller))
        return str(rows[0]["number"]) if rows else ""

    def numbers_of(self, keys: Iterable[str]) -> dict[str, str]:
        """The numbers of several callers, by key."""
        asked = select(tables.callers).where(tables.callers.c.caller.in_(sorted(set(keys))))
        return {row["caller"]: row["number"] for row in self._rows(asked)}

    # ------------------------------------------------------------------ inside
    def _standing(self, name: str) -> tuple[int, str]:
        rows = self._rows(select(tables.standing).where(tables.standing.c.name == name))
        return (int(rows[0]["position"]), str(rows[0]["state"])) if rows else (0, "{}")

    def _rows(self, asked: Any) -> list[Mapping[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(asked).mappings()]

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection

    def _upsert(self, connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        insert: Any = postgresql.insert if self.engine.dialect.name == "postgresql" else sqlite.insert
        statement = insert(table)
        changed = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def _engine(url: str, *, read_only: bool) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    path = Path(parsed.database or "")
    if read_only:
        parsed = parsed.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"})
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_MS / 1000})
    if not read_only:

        @event.listens_for(engine, "connect")
        def _pragmas(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.execute("PRAGMA secure_delete=ON")  # an erased number does not stay behind in a free page
            cursor.close()

    return engine

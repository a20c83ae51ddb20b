"""The catalogue: one row for each recording, with what ties it to its call."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import BigInteger, Column, DateTime, Engine, MetaData, String, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One file. `recording` is `<call>_<offer>`, also the file's name without its ending; `length_us` is the audio's
    length in microseconds, `sha256` of the whole file, `file` relative to the recordings' folder."""

    recording: str
    call: str
    offer: str
    queue: str
    agent: str
    finished: datetime
    length_us: int
    bytes: int
    sha256: str
    file: str


class Catalogue(Protocol):
    """Where recordings are found again. Adding one twice changes nothing but its values."""

    def add(self, recording: Recording) -> None:
        """Keep a row."""

    def get(self, recording: str) -> Recording | None:
        """The row of that name."""

    def of_call(self, call: str) -> list[Recording]:
        """A call's recordings, by time."""

    def missing(self, names: Iterable[str]) -> set[str]:
        """Which of these names have no row."""

    def remove(self, names: Iterable[str]) -> None:
        """Forget these rows; again is harmless."""


class MemoryCatalogue:
    """A catalogue for tests and experiments."""

    def __init__(self) -> None:
        self._rows: dict[str, Recording] = {}

    def add(self, recording: Recording) -> None:
        self._rows[recording.recording] = recording

    def get(self, recording: str) -> Recording | None:
        return self._rows.get(recording)

    def of_call(self, call: str) -> list[Recording]:
        return sorted((r for r in self._rows.values() if r.call == call), key=lambda r: (r.finished, r.recording))

    def missing(self, names: Iterable[str]) -> set[str]:
        return set(names) - self._rows.keys()

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            self._rows.pop(name, None)


metadata = MetaData()
# Created by the migrations of the database that it shares with the call records.
table = Table(
    "recordings",
    metadata,
    Column("recording", String(128), primary_key=True),
    Column("call", String(64), nullable=False, index=True),
    Column("offer", String(64), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("agent", String(32), nullable=False),
    Column("finished", DateTime(timezone=True), nullable=False),
    Column("length_us", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("file", String(255), nullable=False),
)


class SqlCatalogue:
    """The catalogue in the records' database. Blocking: call it off the loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, recording: Recording) -> None:
        insert: Any = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        values = {**asdict(recording), "finished": recording.finished.astimezone(UTC)}
        changed = {key: value for key, value in values.items() if key != "recording"}
        with self._engine.begin() as connection:
            connection.execute(
                insert(table).values(**values).on_conflict_do_update(index_elements=["recording"], set_=changed)
            )

    def get(self, recording: str) -> Recording | None:
        found = self._found(select(table).where(table.c.recording == recording))
        return found[0] if found else None

    def of_call(self, call: str) -> list[Recording]:
        return self._found(select(table).where(table.c.call == call).order_by(table.c.finished, table.c.recording))

    def missing(self, names: Iterable[str]) -> set[str]:
        wanted = sorted(set(names))
        known: set[str] = set()
        with self._engine.connect() as connection:
            for start in range(0, len(wanted), 500):  # SQLite bounds the values of one statement
                asked = select(table.c.recording).where(table.c.recording.in_(wanted[start : start + 500]))
                known.update(connection.execute(asked).scalars())
        return set(wanted) - known

    def remove(self, names: Iterable[str]) -> None:
        gone = sorted(set(names))
        with self._engine.begin() as connection:
            for start in range(0, len(gone), 500):
                connection.execute(delete(table).where(table.c.recording.in_(gone[start : start + 500])))

    def _found(self, asked: Any) -> list[Recording]:
        with self._engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(asked).mappings()]
        for row in rows:
            moment: datetime = row["finished"]
            row["finished"] = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return [Recording(**row) for row in rows]

"""The catalogue: one row for each recording, with what ties it to its call."""

import builtins
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from recordings.moments import UtcTime
from recordings.retention import LONGEST_DISPOSITION


class State(StrEnum):
    """Where a recording is on its way."""

    TAKEN = "taken"
    """Complete, as Asterisk has written it."""
    KEPT = "kept"
    """Compressed and encrypted, in the vault."""
    ARCHIVED = "archived"
    """In the archive alone."""
    SPOILT = "spoilt"
    """Nothing could be made of the file: it lies in quarantine."""
    DELETED = "deleted"
    """The audio and its key are gone; the row tells that it was there."""


def gives_way(known: State, to: State) -> bool:
    """Whether a row may be written over: never one that says `deleted`; and what is in the vault or in the archive is
    neither taken nor spoilt once more, whoever was slow."""
    if to in (State.TAKEN, State.SPOILT):
        return known in (State.TAKEN, State.SPOILT)
    return known is not State.DELETED


PAUSED, NOT_BEGUN, BEFORE_THE_CALLER = "paused", "not begun", "before the caller"
"""Why a recording holds silence: it was paused; nobody had demanded it yet; two of the house talked, to whom the caller
was handed over afterwards."""


LONGEST_NOTE = 2_000
"""Characters."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Silence that was asked for, in microseconds from the recording's beginning, and why."""

    from_us: int
    to_us: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One talk. `recording` is `<call>_<leg>`; `finished` is the audio's end and `length_us` its length in
    microseconds. `bytes` and `sha256` are of the file as it lies, `audio_bytes` and `audio_sha256` of what a listener
    gets; `file` is relative to the folder of its `state`. `notice`: version of the notice that the caller heard.
    `disposition` and `note`: what became of the talk and what somebody remarked; a deleted recording has neither."""

    recording: str
    call: str
    leg: str
    queue: str
    agent: str
    finished: datetime
    length_us: int
    bytes: int
    sha256: str
    file: str
    did: str = ""
    direction: str = ""
    notice: str = ""
    gaps: tuple[Gap, ...] = ()
    codec: str = "raw"
    state: State = State.TAKEN
    audio_bytes: int = 0
    audio_sha256: str = ""
    disposition: str = ""
    note: str = ""
    peaks: "builtins.bytes | None" = None

    @property
    def began(self) -> datetime:
        """The audio's beginning."""
        return self.finished - timedelta(microseconds=self.length_us)


class Catalogue(Protocol):
    """Where recordings are found again. Adding one twice changes nothing but its values; a row that does not give way
    (`gives_way`) stays as it is, whoever was at work on the recording when it went on. Disposition and note of a row
    that is there are changed by `remark` alone: who adds it once more may have read it before they were set."""

    def add(self, recording: Recording) -> bool:
        """Keep a row. False: it has gone on or was deleted meanwhile, and nothing is changed."""

    def get(self, recording: str) -> Recording | None:
        """The row of that name."""

    def of_call(self, call: str) -> list[Recording]:
        """A call's recordings, by time."""

    def in_state(self, state: State, limit: int) -> list[Recording]:
        """Some of those in a state, the oldest first."""

    def named(self, files: Iterable[str]) -> set[str]:
        """Which of these files a row names. Reads the whole catalogue."""

    def keep(self, recording: Recording, wrapped: bytes) -> bool:
        """The row with its key, in one transaction: the audio lies in the vault now. False as of `add`."""

    def key_of(self, recording: str) -> bytes | None:
        """The wrapped key, or None."""

    def remark(self, recording: str, *, disposition: str | None = None, note: str | None = None) -> bool:
        """Set the disposition, the note, or both; None leaves it, "" removes it. False: there is no such row, or it is
        deleted, and nothing is changed."""


class MemoryCatalogue:
    """A catalogue for tests and experiments."""

    def __init__(self) -> None:
        self._rows: dict[str, Recording] = {}
        self._keys: dict[str, bytes] = {}

    def add(self, recording: Recording) -> bool:
        known = self._rows.get(recording.recording)
        if known is not None and not gives_way(known.state, recording.state):
            return False
        if known is not None:
            recording = replace(recording, disposition=known.disposition, note=known.note)
        self._rows[recording.recording] = recording
        return True

    def get(self, recording: str) -> Recording | None:
        return self._rows.get(recording)

    def of_call(self, call: str) -> list[Recording]:
        return sorted((r for r in self._rows.values() if r.call == call), key=lambda r: (r.finished, r.recording))

    def in_state(self, state: State, limit: int) -> list[Recording]:
        found = sorted((r for r in self._rows.values() if r.state is state), key=lambda r: (r.finished, r.recording))
        return found[:limit]

    def named(self, files: Iterable[str]) -> set[str]:
        return set(files) & {row.file for row in self._rows.values()}

    def keep(self, recording: Recording, wrapped: bytes) -> bool:
        if not self.add(recording):
            return False
        self._keys[recording.recording] = wrapped
        return True

    def key_of(self, recording: str) -> bytes | None:
        return self._keys.get(recording)

    def remark(self, recording: str, *, disposition: str | None = None, note: str | None = None) -> bool:
        known = self._rows.get(recording)
        if known is None or known.state is State.DELETED:
            return False
        disposition = known.disposition if disposition is None else disposition
        self._rows[recording] = replace(known, disposition=disposition, note=known.note if note is None else note)
        return True


metadata = MetaData()
_NOTED = text("note <> ''")
# Created by the migrations of the database that it shares with the call records.
table = Table(
    "recordings",
    metadata,
    Column("recording", String(128), primary_key=True),
    Column("call", String(64), nullable=False, index=True),
    Column("leg", String(64), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("agent", String(32), nullable=False),
    Column("finished", UtcTime, nullable=False),
    Column("length_us", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("file", String(255), nullable=False),
    Column("did", String(32), nullable=False),
    Column("direction", String(16), nullable=False),
    Column("notice", String(64), nullable=False),
    Column("gaps", JSON, nullable=False),
    Column("codec", String(8), nullable=False),
    Column("state", String(16), nullable=False),
    Column("audio_sha256", String(64), nullable=False),
    Column("audio_bytes", BigInteger, nullable=False),
    Column("peaks", LargeBinary),
    Column("disposition", String(LONGEST_DISPOSITION), nullable=False, server_default=""),
    Column("note", String(LONGEST_NOTE), nullable=False, server_default=""),
    Index("recordings_finished", "finished", "recording"),
    Index("recordings_queue", "queue", "finished"),
    Index("recordings_agent", "agent", "finished"),
    Index("recordings_did", "did", "finished"),
    Index("recordings_direction", "direction", "finished"),
    Index("recordings_length", "length_us"),
    Index("recordings_disposition", "disposition", "finished"),
    # Those alone that have a note.
    Index("recordings_noted", "finished", "recording", sqlite_where=_NOTED, postgresql_where=_NOTED),
    # Everything that retention looks at: it walks through all rows, and each waveform is as large as a page.
    Index("recordings_state", "state", "finished", "recording", "queue", "direction", "bytes", "call", "disposition"),
)
keys = Table(
    "recording_keys",
    metadata,
    Column("recording", String(128), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
"""The data keys, each wrapped for the public recipients: a recording whose key is gone can be heard by nobody, in no
copy of its audio. No backup of the database holds this table; the keys have one of their own, of one generation."""
holds = Table(
    "recording_holds",
    metadata,
    # `about`: what it is over (recordings.holds), and `lifted_why` once it was lifted.
    Column("hold", String(32), primary_key=True),
    Column("about", JSON, nullable=False),
    Column("why", String(200), nullable=False),
    Column("who", String(64), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("lifted", UtcTime),
    Column("lifted_by", String(64), nullable=False),
)


class SqlCatalogue:
    """The catalogue in the records' database. Blocking: call it off the loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, recording: Recording) -> bool:
        with self._engine.begin() as connection:
            return self._put(connection, table, _row(recording), _gives_way(recording.state))

    def keep(self, recording: Recording, wrapped: bytes) -> bool:
        with self._engine.begin() as connection:
            if not self._put(connection, table, _row(recording), _gives_way(recording.state)):
                return False
            self._put(connection, keys, {"recording": recording.recording, "wrapped": wrapped})
        return True

    def remark(self, recording: str, *, disposition: str | None = None, note: str | None = None) -> bool:
        there = update(table).where(table.c.recording == recording, table.c.state != State.DELETED.value)
        both = {"disposition": disposition, "note": note}
        given = {name: value for name, value in both.items() if value is not None} or {"recording": recording}
        with self._engine.begin() as connection:
            return connection.execute(there.values(**given)).rowcount > 0

    def key_of(self, recording: str) -> bytes | None:
        with self._engine.connect() as connection:
            return connection.execute(select(keys.c.wrapped).where(keys.c.recording == recording)).scalar()

    def in_state(self, state: State, limit: int) -> list[Recording]:
        asked = select(table).where(table.c.state == state.value)
        return self._found(asked.order_by(table.c.finished, table.c.recording).limit(limit))

    def named(self, files: Iterable[str]) -> set[str]:
        with self._engine.connect() as connection:
            return set(connection.execute(select(table.c.file).where(table.c.file.in_(sorted(set(files))))).scalars())

    def _put(
        self, connection: Connection, into: Table, values: dict[str, Any], where: ColumnElement[bool] | None = None
    ) -> bool:
        """Whether it was written: not, over a row that is not as `where` says."""
        insert: Any = postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        changed = {key: value for key, value in values.items() if key not in _LASTING}
        wanted = insert(into).values(**values)
        wanted = wanted.on_conflict_do_update(index_elements=["recording"], set_=changed, where=where)
        return connection.execute(wanted.returning(into.c.recording)).first() is not None

    def get(self, recording: str) -> Recording | None:
        found = self._found(select(table).where(table.c.recording == recording))
        return found[0] if found else None

    def of_call(self, call: str) -> list[Recording]:
        return self._found(select(table).where(table.c.call == call).order_by(table.c.finished, table.c.recording))

    def _found(self, asked: Any) -> list[Recording]:
        with self._engine.connect() as connection:
            return [recording_of(dict(row)) for row in connection.execute(asked).mappings()]


_LASTING = frozenset({"recording", "disposition", "note"})
"""Columns that no second row of a recording writes over."""

UNREMARKED: Mapping[str, str] = {"disposition": "", "note": ""}
"""What a deletion makes of both."""


def _gives_way(to: State) -> ColumnElement[bool]:
    return table.c.state.in_([known.value for known in State if gives_way(known, to)])


def _row(recording: Recording) -> dict[str, Any]:
    values = {**asdict(recording), "state": recording.state.value}
    return {name: _text(value, name) if isinstance(value, str) else value for name, value in values.items()}


def _text(value: str, column: str) -> str:
    """Cut to what its column holds, without zero bytes: PostgreSQL would refuse the recording for what a caller has
    dialled."""
    longest: int | None = getattr(table.c[column].type, "length", None)
    return value.replace("\0", "")[:longest]


def columns() -> list[Any]:
    """Of a list: everything but the waveform."""
    return [column for column in table.c if column.name != "peaks"]


def recording_of(row: dict[str, Any]) -> Recording:
    """A row of the catalogue."""
    row["gaps"] = tuple(Gap(**gap) for gap in row["gaps"])
    row["state"] = State(row["state"])
    return Recording(**row)

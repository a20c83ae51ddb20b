"""Deletions and archivings that have begun and are not finished, in the records' database: what a crash ended in the
middle is known at the next start. Blocking: call it off the loop. SQLAlchemyError = nothing was done.

Each kind is one row of the table `standing`, which is there only while there is something in it. All changes are made
by one writer at a time (`ivr.recordings.hold_store.alone`).
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, insert, select, update

from ivr.recordings.hold_store import alone, callers_of, standing
from ivr.records import tables
from recordings.catalogue import UNREMARKED, Recording, State, columns, keys, recording_of, table
from recordings.holds import Holds, OverQueue
from recordings.parts import ENDING
from recordings.retention import Kept

DELETING, ARCHIVING = "recordings.deleting", "recordings.archiving"
"""Names of the rows."""
_BUSY = {DELETING: "its deletion has begun already", ARCHIVING: "it is just being archived"}

IN_VAULT = (State.KEPT, State.ARCHIVED)
_MOMENTS = ("ended", "due", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """A recording that is to go, or to be archived. `file`: in the vault, empty = it never came there; `raw`: names
    that it may have in the folder of recordings. `rule` in words, `due` since when, `by` whom; `judged_as`: the
    disposition by which a rule decided, None: none was asked. `done`: when its key was destroyed, or its row said that
    it is archived: from then on there is no way back."""

    recording: str
    call: str
    queue: str
    ended: datetime
    bytes: int
    sha256: str
    audio_sha256: str
    file: str
    raw: tuple[str, ...]
    archived: bool
    rule: str
    due: datetime
    by: str
    judged_as: str | None = None
    done: datetime | None = None

    @classmethod
    def of(cls, row: Recording, *, rule: str, due: datetime, by: str, judged_as: str | None = None) -> "Doomed":
        """A row of the catalogue."""
        in_vault, raw = row.state in IN_VAULT, row.recording + ENDING
        return cls(
            recording=row.recording,
            call=row.call,
            queue=row.queue,
            ended=row.finished,
            bytes=row.bytes,
            sha256=row.sha256,
            audio_sha256=row.audio_sha256,
            file=row.file if in_vault else "",
            raw=(raw,) if in_vault or row.file == raw else (raw, row.file),
            archived=row.state is State.ARCHIVED,
            rule=rule,
            due=due,
            by=by,
            judged_as=judged_as,
        )

    def as_of(self, row: Recording) -> "Doomed":
        """The same by its row of now: it may have come into the vault, or into the archive."""
        now = Doomed.of(row, rule=self.rule, due=self.due, by=self.by, judged_as=self.judged_as)
        return replace(now, raw=self.raw)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        plain = {name: value.isoformat() for name in _MOMENTS if (value := getattr(self, name)) is not None}
        return {**asdict(self), "raw": list(self.raw), **plain}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Doomed":
        """What `as_json` gave."""
        moments = {name: datetime.fromisoformat(told[name]) for name in _MOMENTS if told[name] is not None}
        return cls(**{**told, "raw": tuple(told["raw"]), **moments})


@dataclass(frozen=True, slots=True)
class Begun:
    """What there is no way back from now, and what is spared: recording -> holds over it; without a hold: its
    disposition is another one by now, and the rules have to be asked again. `busy`: those with which other work has
    begun that is not finished, and which."""

    open: tuple[Doomed, ...]
    held: Mapping[str, tuple[str, ...]]
    busy: Mapping[str, str] = field(default_factory=dict)


class OpenWork:
    """Of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def deletions(self) -> list[Doomed]:
        """Whose keys are destroyed, and the rest not."""
        return self._all(DELETING)

    def archivings(self) -> list[Doomed]:
        """Whose rows say `archived`, and the file is in the vault still."""
        return self._all(ARCHIVING)

    def destroy(self, doomed: Sequence[Doomed], now: datetime, zone: tzinfo) -> Begun:
        """Destroy the keys of those that nobody holds, in one transaction in which nobody can set a hold; disposition
        and note go with them. What is deleted or begun already is left out. What is not in the vault yet says at once
        that it is deleted: then nobody can bring it there any more."""
        with self._engine.begin() as connection:
            wanted, held, busy = self._free(connection, doomed, zone)
            begun = {one.recording: replace(one, done=now) for one in wanted}
            for some in _parts(begun):
                taken = update(table).where(table.c.recording.in_(some), table.c.state == State.TAKEN.value)
                connection.execute(taken.values(state=State.DELETED.value))
                connection.execute(update(table).where(table.c.recording.in_(some)).values(**UNREMARKED))
                connection.execute(delete(keys).where(keys.c.recording.in_(some)))
            self._add(connection, DELETING, begun)
        return Begun(tuple(begun.values()), held, busy)

    def archived(self, doomed: Sequence[Doomed], now: datetime, zone: tzinfo) -> Begun:
        """Say of those that nobody holds that they are in the archive; likewise."""
        with self._engine.begin() as connection:
            wanted, held, busy = self._free(connection, doomed, zone)
            begun = {one.recording: replace(one, done=now) for one in wanted}
            for some in _parts(begun):
                moved = update(table).where(table.c.recording.in_(some), table.c.state == State.KEPT.value)
                connection.execute(moved.values(state=State.ARCHIVED.value))
            self._add(connection, ARCHIVING, begun)
        return Begun(tuple(begun.values()), held, busy)

    def mark_deleted(self, names: Iterable[str]) -> None:
        """Their audio is gone; the rows stay, without the pictures of it, and without what somebody remarked while the
        rest was done."""
        with self._engine.begin() as connection:
            for some in _parts(names):
                gone = update(table).where(table.c.recording.in_(some))
                connection.execute(gone.values(state=State.DELETED.value, peaks=None, **UNREMARKED))

    def held(self, doomed: Sequence[Doomed], zone: tzinfo) -> dict[str, tuple[str, ...]]:
        """Which of these somebody holds now: recording -> holds over it."""
        with self._engine.connect() as connection:
            known = {row.recording for row in _found(connection, select(*columns()), [one.recording for one in doomed])}
            return _held(connection, doomed, known, zone)

    def close(self, kind: str, names: Iterable[str]) -> None:
        """These are finished."""
        finished = set(names)
        with self._engine.begin() as connection:
            alone(connection)
            left = {name: told for name, told in _read(connection, kind).items() if name not in finished}
            _write(connection, kind, left)

    def rows(self, names: Iterable[str]) -> list[Recording]:
        """Rows of the catalogue, without the waveforms."""
        with self._engine.connect() as connection:
            return _found(connection, select(*columns()), names)

    def _all(self, kind: str) -> list[Doomed]:
        with self._engine.connect() as connection:
            return [Doomed.from_json(told) for _, told in sorted(_read(connection, kind).items())]

    def _free(
        self, connection: Connection, doomed: Sequence[Doomed], zone: tzinfo
    ) -> tuple[list[Doomed], dict[str, tuple[str, ...]], dict[str, str]]:
        """Those that may go, as their rows say now, those that are spared, and those with which other work goes on.
        Nobody else writes these rows until the end of the transaction."""
        alone(connection)
        open_ = {name: why for kind, why in _BUSY.items() for name in _read(connection, kind)}
        asked = select(*columns()).with_for_update()  # SQLite has one writer at a time, and knows no such words
        rows = {row.recording: row for row in _found(connection, asked, [one.recording for one in doomed])}
        there = [one for one in doomed if one.recording not in open_]
        there = [one for one in there if (row := rows.get(one.recording)) is None or row.state is not State.DELETED]
        now = [one.as_of(rows[one.recording]) if one.recording in rows else one for one in there]
        held = {**_changed(now, rows), **_held(connection, now, rows, zone)}
        busy = {one.recording: open_[one.recording] for one in doomed if one.recording in open_}
        return [one for one in now if one.recording not in held], held, busy

    def _add(self, connection: Connection, kind: str, begun: Mapping[str, Doomed]) -> None:
        if begun:
            added = {name: one.as_json() for name, one in begun.items()}
            _write(connection, kind, {**_read(connection, kind), **added})


def open_files(connection: Connection) -> dict[str, str]:
    """Recording -> file of the vault, of everything that has begun: nobody has to wonder that it is there, or is
    not."""
    return {name: told["file"] for kind in (DELETING, ARCHIVING) for name, told in _read(connection, kind).items()}


def _found(connection: Connection, asked: Select[Any], names: Iterable[str]) -> list[Recording]:
    """The rows of these names."""
    found: list[Recording] = []
    for some in _parts(names):
        rows = connection.execute(asked.where(table.c.recording.in_(some))).mappings()
        found += [recording_of(dict(row)) for row in rows]
    return found


def _changed(doomed: Iterable[Doomed], rows: Mapping[str, Recording]) -> dict[str, tuple[str, ...]]:
    """Those whose disposition is not the one any more by which a rule decided."""
    judged = ((one, rows.get(one.recording)) for one in doomed if one.judged_as is not None)
    return {one.recording: () for one, row in judged if row is not None and row.disposition != one.judged_as}


def _held(
    connection: Connection, doomed: Iterable[Doomed], known: Collection[str], zone: tzinfo
) -> dict[str, tuple[str, ...]]:
    """Recording -> holds over it. Of those that are not `known` to the catalogue nobody can say of which queue they
    are: every one in which the call was counts, and when nothing is known of the call, every one."""
    standing_ = standing(connection)
    holds, callers = Holds(standing_, zone), callers_of(connection, standing_)
    every = {hold.over.queue for hold in standing_ if isinstance(hold.over, OverQueue)}
    doomed = list(doomed)
    strangers = {one.call for one in doomed if one.recording not in known} if every else set()
    been = _queues(connection, strangers)
    found = {}
    for one in doomed:
        queues = {one.queue} if one.recording in known or not every else been.get(one.call, every)
        kept = _kept(one, callers.get(one.call, ""), zone)
        over = {name for queue in queues for name in holds.of(replace(kept, queue=queue))}
        if over:
            found[one.recording] = tuple(sorted(over))
    return found


def _queues(connection: Connection, calls: Iterable[str]) -> dict[str, set[str]]:
    """Call -> queues in which it was; those of which nothing is known are left out."""
    c, v = tables.calls.c, tables.visits.c
    found: dict[str, set[str]] = {}
    for some in _parts(calls):
        for call in connection.execute(select(c.call, c.queue, c.rulings).where(c.call.in_(some))):
            found[call.call] = {call.queue, *(ruling["queue"] for ruling in call.rulings)}
        for visit in connection.execute(select(v.call, v.queue).where(v.call.in_(some))):
            found.setdefault(visit.call, set()).add(visit.queue)
    return found


def _kept(one: Doomed, caller: str, zone: tzinfo) -> Kept:
    ended = one.ended.astimezone(zone)
    return Kept(recording=one.recording, call=one.call, ended=ended, bytes=0, caller=caller)


def _read(connection: Connection, kind: str) -> dict[str, Any]:
    s = tables.standing.c
    text = connection.execute(select(s.state).where(s.name == kind)).scalar()
    return dict(json.loads(text)) if text else {}


def _write(connection: Connection, kind: str, values: Mapping[str, Any]) -> None:
    connection.execute(delete(tables.standing).where(tables.standing.c.name == kind))
    if values:
        connection.execute(insert(tables.standing).values(name=kind, position=0, state=json.dumps(values)))


def _parts(names: Iterable[str]) -> list[list[str]]:
    wanted = sorted(set(names))
    return [wanted[start : start + 500] for start in range(0, len(wanted), 500)]  # SQLite bounds the values

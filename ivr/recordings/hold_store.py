"""Legal holds in the records' database. Blocking: call it off the loop. SQLAlchemyError = nothing was done.

A hold and the destruction of a key never cross: whoever destroys keys first makes sure that nobody else writes, then
asks which holds stand (`alone`, `standing`).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    select,
    text,
    update,
)

from ivr.records import tables
from recordings.catalogue import State, holds, keys, table
from recordings.holds import Hold, Lifted, Over, OverCall, OverCaller, OverQueue, OverRecording, over_of

LONGEST_WHY, LONGEST_WHO = 200, 64
_LIFTED_WHY = "lifted_why"


class HoldStore:
    """All holds, those that were lifted too."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def set(self, hold: Hold) -> None:
        """Keep a new one. When this returns nobody destroys a key of what it is over."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(holds).values(
                    hold=hold.hold,
                    about=hold.as_json()["over"],
                    why=hold.why[:LONGEST_WHY],
                    who=hold.who[:LONGEST_WHO],
                    since=hold.since,
                    lifted=None,
                    lifted_by="",
                )
            )

    def lift(self, name: str, lifted: Lifted) -> Hold | None:
        """End one that stands; the hold as it is then. One that was lifted before stays as it is; None: there is none
        of this name."""
        with self._engine.begin() as connection:
            alone(connection)
            row = connection.execute(select(holds).where(holds.c.hold == name)).mappings().first()
            if row is None:
                return None
            found = _hold(row)
            if found.lifted is not None:
                return found
            connection.execute(
                update(holds)
                .where(holds.c.hold == name)
                .values(
                    lifted=lifted.at,
                    lifted_by=lifted.who[:LONGEST_WHO],
                    about={**row["about"], _LIFTED_WHY: lifted.why[:LONGEST_WHY]},
                )
            )
        return self.get(name)

    def get(self, name: str) -> Hold | None:
        """The hold of that name."""
        with self._engine.connect() as connection:
            row = connection.execute(select(holds).where(holds.c.hold == name)).mappings().first()
        return _hold(row) if row is not None else None

    def all(self) -> list[Hold]:
        """Those that were lifted too, the newest first."""
        with self._engine.connect() as connection:
            found = connection.execute(select(holds).order_by(holds.c.since.desc(), holds.c.hold))
            return [_hold(row) for row in found.mappings()]

    def standing(self) -> list[Hold]:
        """Those that nobody has lifted."""
        with self._engine.connect() as connection:
            return standing(connection)

    def covered(self, over: Over, zone: tzinfo) -> Mapping[State, int]:
        """How many recordings lie under it, by their state. What lies in the vault without its key is as good as
        deleted: its deletion has begun, and nothing brings it back. `zone`: the site's, for a queue's days."""
        keyless = ~exists().where(keys.c.recording == table.c.recording)
        lost = and_(table.c.state.in_([State.KEPT.value, State.ARCHIVED.value]), keyless)
        state = case((lost, State.DELETED.value), else_=table.c.state).label("as_it_is")
        asked = select(state, func.count()).where(under(over, zone)).group_by(state)
        with self._engine.connect() as connection:
            return {State(state): count for state, count in connection.execute(asked)}


def alone(connection: Connection) -> None:
    """From now on until this transaction ends nobody else sets a hold, lifts one, or destroys keys."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE recording_holds IN SHARE ROW EXCLUSIVE MODE"))
    else:  # SQLite has one writer at a time: whoever has begun to write, and be it nothing
        connection.execute(update(holds).where(false()).values(who=""))


def standing(connection: Connection) -> list[Hold]:
    """The holds that stand, as this transaction sees them."""
    found = connection.execute(select(holds).where(holds.c.lifted.is_(None)))
    return [_hold(row) for row in found.mappings()]


def callers_of(connection: Connection, standing_: Iterable[Hold]) -> dict[str, str]:
    """The calls of callers over whom one of these holds is, each with its caller's key."""
    c = tables.calls.c
    over = [hold.over for hold in standing_ if isinstance(hold.over, OverCaller)]
    wanted = sorted({key for one in over for key in one.keys})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 500):
        asked = select(c.call, c.caller).where(c.caller.in_(wanted[start : start + 500]))
        found |= {row.call: row.caller for row in connection.execute(asked)}
    return found


def under(over: Over, zone: tzinfo) -> ColumnElement[bool]:
    """The recordings that it is over. `zone`: the site's, for a queue's days."""
    r, c = table.c, tables.calls.c
    match over:
        case OverRecording(recording):
            return r.recording == recording
        case OverCall(call):
            return r.call == call
        case OverCaller() as caller:
            return r.call.in_(select(c.call).where(c.caller.in_(caller.keys)))
        case OverQueue(queue, first, last):
            begun = and_(r.queue == queue, r.finished >= _midnight(first, zone))
            return begun if last is None else and_(begun, r.finished < _midnight(last + timedelta(days=1), zone))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _hold(row: RowMapping) -> Hold:
    about = dict(row["about"])
    lifted_why = str(about.pop(_LIFTED_WHY, ""))
    lifted = Lifted(row["lifted_by"], row["lifted"], lifted_why) if row["lifted"] is not None else None
    return Hold(
        hold=row["hold"],
        who=row["who"],
        why=row["why"],
        since=row["since"],
        over=over_of(about),
        lifted=lifted,
    )

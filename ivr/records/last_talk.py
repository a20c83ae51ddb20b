"""Who answered a caller last, as the records tell. Blocking: not on the loop's thread."""

from datetime import datetime

from sqlalchemy import Engine, select

from ivr.records import tables


def last_talk(engine: Engine, caller: str) -> tuple[str, datetime] | None:
    """The agent who answered this caller (opaque key) last in a queue, and when the caller had joined that queue.
    Raises what the database raises."""
    calls, visits = tables.calls.c, tables.visits.c
    asked = (
        select(visits.agent, visits.joined)
        .join_from(tables.visits, tables.calls, visits.call == calls.call)
        .where(calls.caller == caller, visits.agent != "")
        .order_by(visits.joined.desc())
        .limit(1)
    )
    with engine.connect() as connection:
        row = connection.execute(asked).first()
    return (str(row[0]), row[1]) if row is not None else None

"""Who answered a caller last, as the records tell. Blocking: not on the loop's thread."""

from datetime import datetime

from sqlalchemy import Engine, select

from ivr.records import tables


def last_talk(engine: Engine, caller: str) -> tuple[str, datetime] | None:
    """The agent of the latest call of this caller (opaque key) that an agent answered, and when that call began.
    Raises what the database raises."""
    calls = tables.calls.c
    asked = (
        select(calls.agent, calls.started)
        .where(calls.caller == caller, calls.agent != "")
        .order_by(calls.started.desc())
        .limit(1)
    )
    with engine.connect() as connection:
        row = connection.execute(asked).first()
    return (str(row[0]), row[1]) if row is not None else None

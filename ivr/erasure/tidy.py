"""Writes the records' database anew, without what may still stand in its free parts: rows that an older version
deleted without overwriting them.

Nobody else writes meanwhile (SQLite's VACUUM); everybody reads. So it is done at the wish of an administrator, at a
quiet hour, and no longer than he says: who writes has the patience to wait so long, and nothing is refused. Calls go
on: their journal is another file.

A process of its own does it, which can be ended: the database is as before then. `python -m ivr.erasure.tidy` is asked
`{"database"}` and answers `{}` or `{"error"}` (ivr.apart). PostgreSQL does it beside everything else.
"""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from ivr.apart import NotAnswered, TookTooLong, answered, answers
from ivr.erasure.records import alone, settle
from ivr.records.store import RecordStore

COPIES = 2
"""Of the database, beside it: one that is put together, and one in the WAL until it is copied back (sqlite.org,
"How VACUUM works")."""
SPARE_BYTES = 64 * 2**20
"""That the rest of the server still has then."""
TO_BEGIN_SECONDS = 10.0
"""For the process to start, to wait for who writes now, and to end."""


class NotTidied(Exception):
    """The database is as it was. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """`before` and `after`: its bytes."""

    before: int
    after: int
    seconds: float = 0.0


def tidied(store: RecordStore, seconds: float) -> Tidied:
    """Do it, within so many seconds. Blocking. Raises NotTidied or SQLAlchemyError."""
    before = _size(store.engine)
    if store.engine.dialect.name == "sqlite":
        database = Path(str(store.engine.url.database))
        _room(database, before)
        with store.patience.longer(seconds + TO_BEGIN_SECONDS):
            try:
                _apart(database, seconds)
            finally:
                settle(store.engine)  # the WAL is as long as the database, also after one that was ended in the middle
    else:
        alone(store.engine, "VACUUM")
    return Tidied(before=before, after=_size(store.engine))


def _room(database: Path, size: int) -> None:
    free, wanted = shutil.disk_usage(database.parent).free, COPIES * size + SPARE_BYTES
    if free < wanted:
        raise NotTidied(
            f"{wanted / 1e6:.0f} MB have to be free at {database.parent} for it, and {free / 1e6:.0f} MB are; "
            "make room, and do it again"
        )


def _apart(database: Path, seconds: float) -> None:
    try:
        # What is put together holds numbers: it lies in our folder, and has no name.
        room = {"SQLITE_TMPDIR": str(database.parent)}
        told = answered("ivr.erasure.tidy", {"database": str(database)}, seconds, room)
    except TookTooLong:
        raise NotTidied(
            f"it was not done within {seconds:g} s, and the database is as before; allow it more time, at an hour "
            "when nobody calls"
        ) from None
    except NotAnswered as why:
        raise NotTidied(str(why)) from None
    if "error" in told:
        raise NotTidied(f"the database is as before: {told['error']}")


def _size(engine: Engine) -> int:
    if engine.dialect.name != "sqlite":
        with engine.connect() as connection:
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    database = Path(str(engine.url.database))
    files = (database, database.with_name(database.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        with closing(sqlite3.connect(asked["database"], isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("VACUUM")
    except sqlite3.Error as error:
        return {"error": str(error)}
    return {}


if __name__ == "__main__":
    answers(_answer)

"""The embedded journal: one SQLite file, one writer thread, group commit.

WAL with synchronous=NORMAL: an entry survives the death of the process at once, and a power cut up to the last
checkpoint of the WAL; a power cut ends the calls too. Times are microseconds since 1970, UTC.
"""

import asyncio
import fcntl
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TypeVar

from acd.journal.port import Entry, JournalUnavailable, Json
from acd.journal.writer import Draft, OrderedWriter, draft, entry, to_text
from acd.ports import Clock

T = TypeVar("T")
_log = logging.getLogger(__name__)
_PAGE = 2000
_TIDY_EVERY = 2000
"""Entries after which the WAL is copied into the file, beside the writer: done by the writer, its two fsyncs would hold
up one decision in a hundred at 1,000 facts a second."""

_WAL_LIMIT = 64 * 2**20
"""Bytes of WAL after which the writer itself copies what came while the copying ran beside it: only when nothing is
left to copy does the next write start the WAL over, and a writer that never pauses always leaves something."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
  position INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  key TEXT,
  event TEXT NOT NULL,
  decisions TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS entries_by_key ON entries (key) WHERE key IS NOT NULL;
CREATE TABLE IF NOT EXISTS checkpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  position INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT;
"""
_COPY_WAL = "PRAGMA wal_checkpoint(PASSIVE)"
_INSERT = "INSERT INTO entries (at, key, event, decisions) VALUES (?, ?, ?, ?)"


class SqliteJournal:
    """Make one with `open`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._writer = OrderedWriter(self._store, clock, name=f"journal {path.name}")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="journal-read")
        self._since_tidy = 0
        self._connection: sqlite3.Connection | None = None
        self._lock: IO[bytes] | None = None

    @classmethod
    async def open(cls, path: Path, clock: Clock, *, writing: bool = True) -> "SqliteJournal":
        """Open or make the file. Raises JournalUnavailable, also when another server writes it."""
        journal = cls(path, clock)
        try:
            await journal._run(journal._thread, lambda: journal._open(writing))
        except JournalUnavailable:
            await journal.close()
            raise
        return journal

    def _open(self, writing: bool) -> None:
        if not writing:
            self._connection = self._connect_to_read()
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = self._path.with_name(self._path.name + ".lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalUnavailable(f"{self._path}: another server writes this journal; stop it first") from error
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=5)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.executescript(_SCHEMA)
        self._connection = connection

    def _connect_to_read(self) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False, timeout=5
        )

    @property
    def available(self) -> bool:
        return self._writer.available

    def append(
        self, at: datetime, event: Json, decisions: Sequence[Json] = (), key: str | None = None
    ) -> "asyncio.Future[int]":
        return self._writer.append(draft(at, event, decisions, key))

    def _store(self, drafts: Sequence[Draft]) -> "asyncio.Future[list[int]]":
        return self._run(self._thread, lambda: self._write(drafts))

    def _tidy(self) -> None:
        """On the reader's thread, with a connection of its own. PASSIVE waits for nobody, and nobody waits for it."""
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None, timeout=5)) as connection:
                _, pages, _ = connection.execute(_COPY_WAL).fetchone()
                (size,) = connection.execute("PRAGMA page_size").fetchone()
            if pages * size > _WAL_LIMIT:
                self._thread.submit(self._tidy_the_rest)
        except (sqlite3.Error, RuntimeError) as error:  # RuntimeError: closed meanwhile
            _log.warning("the WAL of %s was not copied, it is tried again: %s", self._path.name, error)

    def _tidy_the_rest(self) -> None:
        """Between two writes: with nothing left to copy, the next one starts the WAL over."""
        try:
            self._open_connection().execute(_COPY_WAL)
        except (sqlite3.Error, JournalUnavailable) as error:
            _log.warning("the WAL of %s was not started over, it is tried again: %s", self._path.name, error)

    def _write(self, drafts: Sequence[Draft]) -> list[int]:
        connection = self._open_connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            positions = [_insert(connection, one) for one in drafts]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._since_tidy += len(drafts)
        if self._since_tidy >= _TIDY_EVERY:
            self._since_tidy = 0
            self._reader.submit(self._tidy)
        return positions

    async def read(self, after: int = 0) -> AsyncIterator[Entry]:
        connection = await self._run(self._reader, self._connect_to_read)
        try:
            while rows := await self._run(self._reader, lambda last=after: _page(connection, last)):  # type: ignore[misc]
                for row in rows:
                    yield entry(*row)
                after = rows[-1][0]
        finally:
            connection.close()

    async def save_checkpoint(self, position: int, state: Json) -> None:
        def save() -> None:
            sql = "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)"
            self._open_connection().execute(sql, (position, to_text(state)))

        await self._run(self._thread, save)

    async def latest_checkpoint(self) -> tuple[int, dict[str, Any]] | None:
        def load() -> Any:
            return self._open_connection().execute("SELECT position, state FROM checkpoint").fetchone()

        row = await self._run(self._thread, load)
        return (row[0], json.loads(row[1])) if row else None

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise JournalUnavailable(f"{self._path} is closed")
        return self._connection

    def _run(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> "asyncio.Future[T]":
        """The thread has it when this returns."""

        def done() -> T:
            try:
                return work()
            except (sqlite3.Error, OSError) as error:
                raise JournalUnavailable(
                    f"{self._path}: {error}; see that the disk has room and the file is ours"
                ) from error

        return asyncio.get_running_loop().run_in_executor(thread, done)

    async def close(self) -> None:
        await self._writer.close()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._release)
        self._thread.shutdown(wait=False)
        self._reader.shutdown(wait=False)

    def _release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _insert(connection: sqlite3.Connection, one: Draft) -> int:
    if one.key is not None:
        found = connection.execute("SELECT position FROM entries WHERE key = ?", (one.key,)).fetchone()
        if found:
            return int(found[0])
    return int(connection.execute(_INSERT, (one.at_us, one.key, one.event, one.decisions)).lastrowid or 0)


def _page(connection: sqlite3.Connection, after: int) -> list[tuple[int, int, str, str]]:
    sql = "SELECT position, at, event, decisions FROM entries WHERE position > ? ORDER BY position LIMIT ?"
    return connection.execute(sql, (after, _PAGE)).fetchall()

"""What we know of a target, beside it in a small SQLite file: no truth of its own.

Each run compares it with the target's listing, so a lost file is made anew. Only `forgotten` outlives nothing: it keeps
an upload that runs at the same time from bringing back what retention deleted.
"""

import os
import random
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from recordings.backup.sources import Audio
from recordings.backup.targets import Entry, sealed, unsealed

AUDIO = "audio/"
BATCH = 1000
_TABLES = """
-- One row for each object of audio that is, or should be, at the target. `proved`: we read it back whole. `lost`: it is
-- missing or altered there.
CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY, object TEXT NOT NULL UNIQUE, name TEXT NOT NULL, bytes INTEGER NOT NULL,
    proved INTEGER NOT NULL, lost INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS items_by_name ON items (name);
-- What the source has, in this run.
CREATE TABLE IF NOT EXISTS wanted (
    object TEXT PRIMARY KEY, name TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS wanted_by_name ON wanted (name);
-- What the target lists, in this run.
CREATE TABLE IF NOT EXISTS listed (object TEXT PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forgotten (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (fact TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Item:
    """An object of audio at the target."""

    object: str
    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Compared:
    """What a listing told: how many objects nobody knew; how many that should be there are not, or have another size;
    objects that are there though they are forgotten."""

    adopted: int
    lost: int
    leftovers: tuple[str, ...]


class State:
    """The file. Several threads may use it; a second process too."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        try:
            self._open(file)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            # Not a database any more: the target's listing gives all of it again.
            for ending in ("", "-wal", "-shm"):
                file.with_name(file.name + ending).unlink(missing_ok=True)
            self._open(file)

    def _open(self, file: Path) -> None:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._base = sqlite3.connect(file, timeout=60, check_same_thread=False, isolation_level=None)
        try:
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            self._base.executescript(_TABLES)
            self._base.execute("SELECT count(*) FROM facts").fetchone()
        except sqlite3.Error:
            self._base.close()
            raise

    def close(self) -> None:
        with self._lock:
            self._base.close()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                with suppress(sqlite3.Error):
                    self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    # What the target has.

    def compare(self, listing: Iterable[Entry]) -> Compared:
        """Take a whole listing of the target's audio."""
        with self._changing() as base:
            base.execute("DELETE FROM listed")
        for batch in batches(listing, BATCH):
            rows = [
                (entry.name, told[0].removeprefix(AUDIO), entry.bytes)
                for entry in batch
                if (told := unsealed(entry.name)) and told[0].startswith(AUDIO)
            ]
            with self._changing() as base:
                base.executemany("INSERT OR REPLACE INTO listed VALUES (?, ?, ?)", rows)
        with self._changing() as base:
            base.execute(
                "UPDATE items SET lost = 0, proved = 0 WHERE lost AND EXISTS"
                " (SELECT 1 FROM listed WHERE listed.object = items.object AND listed.bytes = items.bytes)"
            )
            lost = base.execute(
                "UPDATE items SET lost = 1 WHERE NOT EXISTS"
                " (SELECT 1 FROM listed WHERE listed.object = items.object AND listed.bytes = items.bytes)"
            ).rowcount
            adopted = base.execute(
                "INSERT INTO items (object, name, bytes, proved, lost) SELECT object, name, bytes, 0, 0 FROM listed"
                " WHERE object NOT IN (SELECT object FROM items) AND name NOT IN (SELECT name FROM forgotten)"
            ).rowcount
            leftovers = base.execute("SELECT object FROM listed WHERE name IN (SELECT name FROM forgotten)").fetchall()
            base.execute("DELETE FROM listed")
            base.execute("INSERT OR REPLACE INTO facts VALUES ('compared', 'yes')")
        return Compared(adopted, lost, tuple(row[0] for row in leftovers))

    def compared(self) -> bool:
        """Whether this file was ever compared with the target: before, it knows nothing."""
        with self._lock:
            return self._base.execute("SELECT 1 FROM facts WHERE fact = 'compared'").fetchone() is not None

    def kept(self, item: Item) -> None:
        """It is there and was read back."""
        with self._changing() as base:
            base.execute(
                "INSERT INTO items (object, name, bytes, proved, lost) VALUES (?, ?, ?, 1, 0)"
                " ON CONFLICT (object) DO UPDATE SET bytes = excluded.bytes, proved = 1, lost = 0",
                (item.object, item.name, item.bytes),
            )

    def lost(self, item: Item) -> None:
        """It is missing or altered at the target."""
        with self._changing() as base:
            base.execute("UPDATE items SET lost = 1 WHERE object = ?", (item.object,))

    def sample(self, count: int, randomness: random.Random) -> list[Item]:
        """Some items to be read back: first those that never were, then by lot."""
        columns = "SELECT object, name, bytes FROM items WHERE NOT lost AND"
        with self._lock:
            found = {
                row[0]: Item(*row) for row in self._base.execute(f"{columns} NOT proved ORDER BY id LIMIT ?", (count,))
            }
            last = self._base.execute("SELECT max(id) FROM items").fetchone()[0] or 0
            for _ in range(count - len(found) if last else 0):
                lot = randomness.randint(1, last)
                row = self._base.execute(f"{columns} id >= ? ORDER BY id LIMIT 1", (lot,)).fetchone()
                if row:
                    found[row[0]] = Item(*row)
        return list(found.values())

    def items(self) -> Iterator[Item]:
        """All, by object; with those that are lost."""
        last = ""
        while True:
            with self._lock:
                rows = self._base.execute(
                    "SELECT object, name, bytes FROM items WHERE object > ? ORDER BY object LIMIT ?", (last, BATCH)
                ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield from (Item(*row) for row in rows)

    def total(self) -> tuple[int, int]:
        """How many items, how many bytes."""
        with self._lock:
            count, size = self._base.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM items").fetchone()
        return count, size

    def lost_names(self, limit: int) -> tuple[int, tuple[str, ...]]:
        """How many items are lost, and the first names."""
        with self._lock:
            count = self._base.execute("SELECT count(*) FROM items WHERE lost").fetchone()[0]
            rows = self._base.execute("SELECT name FROM items WHERE lost ORDER BY name LIMIT ?", (limit,)).fetchall()
        return count, tuple(row[0] for row in rows)

    # What the source has.

    def want(self, audio: Iterable[Audio]) -> Iterator[str]:
        """Note all of it; what comes out are names that no object can have."""
        with self._changing() as base:
            base.execute("DELETE FROM wanted")
        for batch in batches(audio, BATCH):
            rows = []
            for one in batch:
                try:
                    row = (sealed(AUDIO + one.name, one.sha256), one.name, str(one.path), one.sha256, one.bytes)
                except ValueError:
                    yield one.name
                    continue
                rows.append(row)
            with self._changing() as base:
                base.executemany("INSERT OR REPLACE INTO wanted VALUES (?, ?, ?, ?, ?)", rows)
        with self._changing() as base:
            # A listing knows only the size at the target; ours is the right one.
            base.execute(
                "UPDATE items SET lost = 1, bytes = wanted.bytes FROM wanted"
                " WHERE wanted.object = items.object AND wanted.bytes != items.bytes"
            )

    def work(self) -> Iterator[tuple[Item, Path, str]]:
        """What the target lacks: item, file, SHA-256."""
        last = ""
        while True:
            with self._lock:
                rows = self._base.execute(
                    "SELECT w.object, w.name, w.bytes, w.path, w.sha256 FROM wanted w LEFT JOIN items i USING (object)"
                    " WHERE w.object > ? AND (i.object IS NULL OR i.lost)"
                    " AND w.name NOT IN (SELECT name FROM forgotten) ORDER BY w.object LIMIT ?",
                    (last, BATCH),
                ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield from ((Item(*row[:3]), Path(row[3]), row[4]) for row in rows)

    def replaced(self) -> list[Item]:
        """Objects whose recording lies at the target with newer bytes."""
        with self._lock:
            rows = self._base.execute(
                "SELECT old.object, old.name, old.bytes FROM wanted w JOIN items new USING (object)"
                " JOIN items old ON old.name = w.name WHERE NOT new.lost AND old.object != new.object"
                " AND old.object NOT IN (SELECT object FROM wanted)"
            ).fetchall()
        return [Item(*row) for row in rows]

    def source_lacks(self) -> int:
        """How many items of the target the source no longer has: they stay until retention forgets them."""
        with self._lock:
            row = self._base.execute("SELECT count(*) FROM items WHERE object NOT IN (SELECT object FROM wanted)")
            return int(row.fetchone()[0])

    # What is to be forgotten.

    def forget(self, names: Iterable[str]) -> None:
        """From now on nothing of these names is sent."""
        for batch in batches(names, BATCH):
            with self._changing() as base:
                base.executemany("INSERT OR IGNORE INTO forgotten VALUES (?)", [(name,) for name in batch])

    def forgotten(self, name: str) -> bool:
        with self._lock:
            return self._base.execute("SELECT 1 FROM forgotten WHERE name = ?", (name,)).fetchone() is not None

    def gone(self, objects: Iterable[str]) -> None:
        """These objects are at the target no more."""
        for batch in batches(objects, BATCH):
            with self._changing() as base:
                base.executemany("DELETE FROM items WHERE object = ?", [(one,) for one in batch])

    def gone_names(self, names: Iterable[str]) -> None:
        """Nothing of these names is at the target any more."""
        for batch in batches(names, BATCH):
            with self._changing() as base:
                base.executemany("DELETE FROM items WHERE name = ?", [(one,) for one in batch])


def batches(items: Iterable, size: int) -> Iterator[list]:  # type: ignore[type-arg]
    """The items, so many at a time."""
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch

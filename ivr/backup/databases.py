"""Copies of the databases as they are at one moment, while others write. Blocking.

No copy of the records holds wrapped keys: neither as rows nor in pages that are free. They have a snapshot of their
own, so that a destroyed key is destroyed everywhere.
"""

import os
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from ivr.install.asterisk import tied
from recordings.catalogue import keys

BUSY_SECONDS = 30.0
KEYS = keys.name


class NotDumped(Exception):
    """PostgreSQL's program did not do it. The message says why."""


def copy_sqlite(source: Path, into: Path) -> None:
    """SQLite's online backup, in one go: a writer goes on meanwhile. Raises sqlite3.Error."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as old,
        closing(sqlite3.connect(into, isolation_level=None)) as new,
    ):
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself


def copy_records(source: Path, into: Path, aside: Path) -> None:
    """As `copy_sqlite`, without the wrapped keys and without free pages. `aside`: a file for the time between; keys in
    it are overwritten before it goes. Raises sqlite3.Error."""
    try:
        copy_sqlite(source, aside)
        with closing(sqlite3.connect(aside, isolation_level=None)) as base:
            base.execute("PRAGMA journal_mode=OFF")  # else they would stand in the journal
            base.execute("PRAGMA secure_delete=ON")
            if base.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (KEYS,)).fetchone():
                base.execute(f"DELETE FROM {KEYS}")
            base.execute("VACUUM INTO ?", (str(into),))
    finally:
        aside.unlink(missing_ok=True)


def dump_postgres(url: str, into: Path) -> None:
    """PostgreSQL's own dump, in its own form, of one moment. Raises NotDumped."""
    _run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--exclude-table-data=*.{KEYS}",
          f"--file={into}"], url)  # fmt: skip


def restore_postgres(url: str, dump: Path) -> None:
    """Into an empty database, all or nothing. Raises NotDumped."""
    _restore(url, dump)


def restore_postgres_again(url: str, dump: Path) -> None:
    """Into a database that has it already, or some of it, in place of what is there. Raises NotDumped."""
    _restore(url, dump, "--clean", "--if-exists")


def _restore(url: str, dump: Path, *more: str) -> None:
    name = make_url(url).database or ""
    _run(["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", *more,
          f"--dbname={name}", str(dump)], url)  # fmt: skip


def _run(command: Sequence[str], url: str) -> None:
    """With the database in the environment: a command line is seen by everybody."""
    try:
        done = subprocess.run(
            tied(list(command), "KILL"),
            env={**os.environ, **place_of(url)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        raise NotDumped(f"{command[0]}: {error.strerror}; install postgresql-client") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        why = next((line for line in said if "error:" in line), said[-1])  # after it come the statements of it
        raise NotDumped(why if why.startswith(command[0]) else f"{command[0]}: {why}"[:300])


def place_of(url: str) -> dict[str, str]:
    """The variables of libpq for an address of SQLAlchemy."""
    parsed = make_url(url)
    asked = {name: value for name, value in parsed.query.items() if isinstance(value, str)}
    found = {
        "PGHOST": parsed.host or asked.get("host"),
        "PGPORT": str(parsed.port) if parsed.port else asked.get("port"),
        "PGUSER": parsed.username or asked.get("user"),
        "PGPASSWORD": parsed.password or asked.get("password"),
        "PGDATABASE": parsed.database,
        "PGSSLMODE": asked.get("sslmode"),
        "PGSSLROOTCERT": asked.get("sslrootcert"),
    }
    return {name: str(value) for name, value in found.items() if value}

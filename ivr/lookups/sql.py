"""Asks a database by one SELECT with bound parameters, in threads, for reading only."""

import asyncio
import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ivr.clock import Clock
from ivr.lookups.answers import MISSING, values_of
from ivr.lookups.askers import Given, SecretFiles
from ivr.lookups.errors import LookUpFailed
from ivr.lookups.threads import Places
from ivr.settings.environment import with_driver
from ivr.site.look_ups import SqlSource, sql_parameters
from ivr.site.values import Value

MARGIN_SECONDS = 0.25
"""The database's own limit is later by this much: the look-up is over by then, and has been told as too slow."""

_STEPS_BETWEEN_LOOKS = 1_000
"""SQLite's virtual machine asks us so often whether to go on."""


class SqlAsker:
    """One database. The time limit is also told to the database, so that it does not go on working for nobody."""

    def __init__(self, source: SqlSource, folder: Path, secrets: SecretFiles, clock: Clock) -> None:
        self._source, self._folder, self._secrets, self._clock = source, folder, secrets, clock
        self._opening = asyncio.Lock()
        self._select = text(source.select)
        self._asked = sql_parameters(source.select)
        self._places = Places(source.places)
        self._engine: Engine | None = None

    async def close(self) -> None:
        """Close the connections that are free; those in use close with their question."""
        if self._engine is not None:
            await asyncio.to_thread(self._engine.dispose)

    async def ask(self, given: Given) -> Mapping[str, Value] | None:
        """The first row of the SELECT."""
        async with self._opening:
            if self._engine is None:
                self._engine = await self._places.run(self._opened)
        bound = {name: _bindable(given[name]) for name in self._asked}
        row = await self._places.run(partial(self._first_row, self._engine, bound))
        if row is None:
            return None
        return values_of(self._source.answers, lambda column: row.get(column, MISSING))

    def _opened(self) -> Engine:
        """The pool. No connection is made yet."""
        source = self._source
        try:
            url = make_url(with_driver(source.database))
            if source.password:
                url = url.set(password=self._secrets.of(source.password))
            if url.get_backend_name() == "sqlite":
                url = self._read_only_file(url)
            return create_engine(
                url,
                hide_parameters=True,
                pool_size=source.places,
                max_overflow=0,
                pool_timeout=source.at_most.total_seconds(),
                pool_pre_ping=True,
                pool_recycle=300,
            )
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, TypeError) as error:
            raise LookUpFailed(
                f"this kind of database cannot be used ({type(error).__name__}): install its driver, "
                "for example: .venv/bin/pip install psycopg[binary]",
                away=True,
            ) from None

    def _read_only_file(self, url: URL) -> URL:
        """A file of SQLite is opened for reading, and never made."""
        file = (self._folder / (url.database or "")).absolute()
        return url.set(database=file.as_uri(), query={"mode": "ro", "uri": "true"})

    def _first_row(self, engine: Engine, bound: Mapping[str, Any]) -> Mapping[str, Any] | None:
        try:
            with engine.connect() as connection:
                self._limit(connection)
                try:
                    row = connection.execute(self._select, bound).mappings().fetchmany(1)
                finally:
                    connection.rollback()
                return dict(row[0]) if row else None
        except DBAPIError as error:
            # Its text may hold values; its kind does not.
            kind = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None) or ""
            raise LookUpFailed(f"the database refused: {type(error.orig).__name__} {kind}".strip(), away=True) from None
        except PoolTimeout:
            raise LookUpFailed("all connections to the database are busy", away=True) from None
        except SQLAlchemyError as error:
            raise LookUpFailed(f"the database cannot be asked ({type(error).__name__})") from None

    def _limit(self, connection: Connection) -> None:
        """No longer than the look-up, and nothing written, as far as this kind of database can be told so."""
        milliseconds = round((self._source.at_most.total_seconds() + MARGIN_SECONDS) * 1000)
        match connection.dialect.name:
            case "sqlite":
                _interrupt_late(connection, self._clock, milliseconds)
            case "postgresql":
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds}")
            case "mysql" | "mariadb":
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def _interrupt_late(connection: Connection, clock: Clock, milliseconds: int) -> None:
    """SQLite has no time limit: it is stopped by a call-back that it makes while it works."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    deadline = clock.engine_us() + milliseconds * 1000
    raw.set_progress_handler(lambda: int(clock.engine_us() > deadline), _STEPS_BETWEEN_LOOKS)


def _bindable(value: Value) -> Any:
    """A value as drivers take it. Whole numbers are whole; SQLite's driver takes no Decimal."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value

"""Databases: a real SQLite file, asked with hostile values, locked, slow, missing."""

import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path

from ivr.call.effects import LookedUp
from tests.tools import run
from tests.unit.lookups.scene import scene

BASE = """
look-ups:
  facturas:
    label: Invoices
    parameters: {documento: text}
    database: DATABASE
    select: SELECT
    answers:
      saldo: number from saldo else 0
      fecha: date from fecha
    at most: 1 s
    at the same time: 2
"""
SELECT = "SELECT sum(saldo) AS saldo, max(fecha) AS fecha FROM facturas WHERE cliente = :documento GROUP BY cliente"


def text(select: str = SELECT, database: str = "sqlite:///ventas.sqlite") -> str:
    """A lookups.yaml."""
    return BASE.replace("SELECT", select).replace("DATABASE", database)


def fill(folder: Path) -> Path:
    """A database of three invoices."""
    (folder / "config").mkdir(exist_ok=True)
    file = folder / "config" / "ventas.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE facturas (cliente TEXT, saldo REAL, fecha TEXT)")
        rows = [("900", 10.25, "2026-10-31"), ("900", 5, "2026-11-02"), ("800", None, "2026-01-01")]
        connection.executemany("INSERT INTO facturas VALUES (?, ?, ?)", rows)
    connection.close()
    return file


@run
async def test_the_first_row_answers(tmp_path: Path) -> None:
    fill(tmp_path)
    async with scene(tmp_path, text()) as look:
        answer = await look.ask("facturas", documento="900")
        assert answer == LookedUp("found", {"saldo": Decimal("15.25"), "fecha": date(2026, 11, 2)})
        assert (await look.ask("facturas", documento="800")).values["saldo"] == 0
        assert (await look.ask("facturas", documento="700")).outcome == "not found"


@run
async def test_what_a_caller_enters_is_never_sql(tmp_path: Path) -> None:
    file = fill(tmp_path)
    async with scene(tmp_path, text()) as look:
        for value in ("' OR 1=1 --", "900'; DROP TABLE facturas; --", ":documento", "%", "\x00", "é\ud800"):
            assert (await look.ask("facturas", documento=value)).outcome in ("not found", "failed")
        assert (await look.ask("facturas", documento="900")).outcome == "found"
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM facturas").fetchone() == (3,)


@run
async def test_nothing_can_be_written_and_no_file_is_made(tmp_path: Path) -> None:
    file = fill(tmp_path)
    writing = "WITH x AS (SELECT :documento AS d) INSERT INTO facturas SELECT d, 1, 1 FROM x RETURNING saldo, fecha"
    async with scene(tmp_path, text(writing)) as look:
        assert (await look.ask("facturas", documento="900")).outcome == "failed"
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM facturas").fetchone() == (3,)
    async with scene(tmp_path, text(database="sqlite:///other.sqlite")) as look:
        assert (await look.ask("facturas", documento="900")).outcome == "failed"
    assert not (tmp_path / "config" / "other.sqlite").exists()


@run
async def test_a_slow_select_is_too_slow_and_is_stopped(tmp_path: Path) -> None:
    import asyncio

    fill(tmp_path)
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT count(*) AS saldo, :documento AS fecha FROM n"
    )
    async with scene(tmp_path, text(endless)) as look:
        answers = await asyncio.gather(*(look.ask("facturas", documento=str(n)) for n in range(4)))
        assert {answer.outcome for answer in answers} == {"too slow"}
        import threading

        for _ in range(100):
            if not any(thread.name == "look-up" for thread in threading.enumerate()):
                break
            await asyncio.sleep(0.1)
        assert not any(thread.name == "look-up" for thread in threading.enumerate())


@run
async def test_a_table_that_is_not_there_or_a_driver_that_is_not_installed_fails(tmp_path: Path) -> None:
    fill(tmp_path)
    async with scene(tmp_path, text(SELECT.replace("FROM facturas", "FROM nada"))) as look:
        assert (await look.ask("facturas", documento="900")).outcome == "failed"
    async with scene(tmp_path, text(database="oracle://x@127.0.0.1/y")) as look:
        assert (await look.ask("facturas", documento="900")).outcome == "failed"

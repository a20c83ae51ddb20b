"""One write of the records at a time: what fails takes nothing with it."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from ivr.clock import LoopClock
from ivr.records.store import RecordStore
from tests.tools import run
from tests.unit.records.test_ledger import a_days_calls, opened, rows


class Failing:
    """A store whose first write fails, when it is told to; nothing is written meanwhile."""

    def __init__(self, store: RecordStore) -> None:
        self._store, self._inside = store, store.save
        self.begun, self.go, self.left = threading.Event(), threading.Event(), 1
        store.save = self._save  # type: ignore[method-assign]

    def _save(self, *values: Any) -> None:
        self.left -= 1
        if self.left == 0:
            self.begun.set()
            assert self.go.wait(10)
            raise OperationalError("INSERT", {}, Exception("disk I/O error"))
        self._inside(*values)


@run
async def test_a_write_that_fails_takes_no_records_with_it(tmp_path: Path) -> None:
    """A flush (an erasure asks for one) fails, while the timer wants to write what came after."""
    path, journal = tmp_path / "r.sqlite", a_days_calls(4)
    ledger, clock = await opened(path), LoopClock()
    failing = Failing(ledger.store)
    await journal.tell(ledger, upto=9)
    flushing = asyncio.ensure_future(ledger.flush())
    await asyncio.to_thread(failing.begun.wait, 10)
    for entry in journal.entries[9:]:
        ledger.on_entry(entry)
    await clock.sleep(0.3)  # the timer was due
    failing.go.set()
    with pytest.raises(OperationalError):
        await flushing
    while ledger.behind:
        await clock.sleep(0.02)
    # It dies here. What the database says of its position is in it, too.
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT position FROM standing WHERE name = 'records'").fetchone() == (
            ledger.position,
        )
    assert len(rows(path, "calls")) == 4
    await ledger.close()


@run
async def test_a_number_is_erased_also_while_it_is_being_written_in_vain(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    ledger, clock = await opened(path), LoopClock()
    key = ledger.caller_key("300 000 0001", "Eva")
    await ledger.flush()
    failing = Failing(ledger.store)
    failing.left = 2  # the second is the timer's

    inside = ledger._write

    async def write() -> None:
        ledger._write = inside  # type: ignore[method-assign]
        writing = asyncio.ensure_future(inside())
        await clock.sleep(0)
        ledger.caller_key("300 000 0001", "Eva")  # she calls while the erasure flushes, and the timer is due
        ledger._begin()
        await clock.sleep(0)
        await writing

    ledger._write = write  # type: ignore[method-assign]
    forgetting = asyncio.ensure_future(ledger.forget([key]))
    await asyncio.to_thread(failing.begun.wait, 10)
    failing.go.set()
    assert await forgetting == 1
    await clock.sleep(0.8)  # the timer tries again
    assert rows(path, "callers") == []
    await ledger.close()
    assert rows(path, "callers") == []

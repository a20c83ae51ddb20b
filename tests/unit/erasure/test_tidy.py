"""What the records' database still holds of who was erased: in the table of numbers, in free pages, in the WAL."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ivr.access.model import Role
from ivr.apart import answered
from ivr.audit.chain import Entry
from ivr.erasure import records, tidy
from ivr.erasure.erasure import Busy
from ivr.records.callers import CallerKeys
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from tests.tools import run
from tests.unit.erasure.house import ANA, EVA, SPELLINGS, Instance, busy


@contextmanager
def older(house: Instance) -> Iterator[sqlite3.Connection]:
    """The database, as a server that overwrites nothing writes it."""
    with closing(sqlite3.connect(house.var / "records.sqlite", isolation_level=None)) as old:
        old.execute("PRAGMA secure_delete=OFF")
        yield old
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def with_free_pages(house: Instance) -> None:
    with older(house) as old:
        old.execute("CREATE TABLE older (number TEXT)")
        old.executemany("INSERT INTO older VALUES (?)", [(f"+57{ANA}",)] * 5_000)  # more than certificates take
        old.execute("DROP TABLE older")


@run
async def test_what_pages_of_the_table_of_numbers_still_hold_goes_with_the_erasure(tmp_path: Path) -> None:
    """Where rows grow others are moved, and their old place is not overwritten: then the table is written anew."""
    house = await busy(tmp_path)
    with older(house) as old:
        rows = [(f"{n:032x}", f"+57{ANA}", "Ana", "2026-11-23 15:00:00.000000") for n in range(20)]
        old.executemany("INSERT INTO callers VALUES (?, ?, ?, ?)", rows)
        old.execute("DELETE FROM callers WHERE caller GLOB '000000*'")
    assert house.holding(ANA)["records.sqlite"] > 20, "within a page that is in use"
    before, evas = house.figures(), house.ledger.store.numbers_of([house.ledger.caller_key(EVA)])
    report = await house.erasure.erase(house.erasure.number(ANA), "ana")
    assert report.complete and not report.untidy and house.holding(ANA) == {} and house.figures() == before
    assert house.ledger.store.numbers_of(evas) == evas != {}
    await house.close()


@run
async def test_a_number_has_all_the_keys_under_which_it_was_ever_written(tmp_path: Path) -> None:
    house = await busy(tmp_path)
    keys, engine = CallerKeys(house.kept.caller_key), house.ledger.store.engine
    written = {keys.key_of(way) for way in SPELLINGS}
    with older(house) as old:
        old.execute("INSERT INTO callers VALUES ('of home', ?, 'Ana', '2026-11-23 15:00:00.000000')", [f"0057{ANA}"])
    for way in ("300 123 4567", *SPELLINGS):
        found = records.keys_of_number(way, "CO", keys, engine)
        assert written | {"of home"} <= found
    assert records.keys_of_number("101", "CO", keys, engine) == {keys.key_of("101")}
    assert records.keys_of_number("", "CO", keys, engine) == frozenset()
    await house.close()


@run
async def test_free_pages_of_an_older_version_are_told_and_tidied_on_demand(tmp_path: Path) -> None:
    house = await busy(tmp_path)
    with_free_pages(house)
    assert house.holding(ANA)["records.sqlite"] > 100
    before, api = house.figures(), Api([house.routes])
    wanted = {"number": ANA, "sure": True, "language": "en"}
    report = await api.told(ADMIN, "POST", "/callers/erase", wanted)
    assert report["untidy"] and not report["complete"] and "`ivr callers tidy`" in report["text"]
    assert "records.sqlite" in report["swept"]["found"]
    for who in (AUDITOR, MONITOR, principal(Role.ADMIN, scopes=["callers:read"])):
        assert await api.status(who, "POST", "/callers/tidy", {}) == 403
    told_ = await api.told(ADMIN, "POST", "/callers/tidy", {})
    assert told_["before"] > told_["after"] > 10_000
    noted = api.door.noted[-1].note
    assert (noted.action, noted.before, noted.after) == ("callers.tidy", told_["before"], told_["after"])
    assert house.holding(ANA) == {} and house.figures() == before
    again = await api.told(ADMIN, "POST", "/callers/erase", wanted)
    assert again["complete"] and not again["untidy"] and "tidy" not in again["text"]
    await house.close()


@run
async def test_while_the_database_is_tidied_who_writes_waits_and_nothing_fails(
    tmp_path: Path, monkeypatch: Any
) -> None:
    house = await busy(tmp_path)
    patience = house.ledger.store.patience
    patience.usual = patience.seconds = 0.2
    locked, go = threading.Event(), threading.Event()

    def long(*values: Any) -> Any:
        with closing(sqlite3.connect(house.var / "records.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            locked.set()
            assert go.wait(20)
            other.execute("ROLLBACK")
        return answered(*values)

    monkeypatch.setattr(tidy, "answered", long)
    tidying = asyncio.ensure_future(house.erasure.tidy(30))
    await asyncio.to_thread(locked.wait, 20)
    house.ledger.caller_key("3201112233", "Luz")
    store = house.ledger.store
    writing = [
        asyncio.ensure_future(one)
        for one in (
            house.audit.append(Entry(at=house.clock.now(), action="session.login", who="ana")),
            house.ledger.flush(),
            asyncio.to_thread(store.keep_state, "cel", {"a": 1}),
        )
    ]
    assert await asyncio.to_thread(store.state, "none") == {}  # everybody reads
    with pytest.raises(Busy, match="a tidying runs since"):
        await house.erasure.erase(house.erasure.number(ANA), "ana")
    with pytest.raises(Busy, match="a tidying runs since"):
        await house.erasure.tidy(30)
    await asyncio.wait(writing, timeout=1.5)
    assert not any(one.done() for one in writing)
    go.set()
    assert (await tidying).after > 0
    await asyncio.gather(*writing)
    assert not house.ledger.trouble and not house.audit.trouble and patience.more == 0
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 200
    assert (await house.audit.verify()).sound
    await house.close()


@run
async def test_what_was_deleted_leaves_the_wal_also_while_another_writer_copies_it(tmp_path: Path) -> None:
    """SQLite refuses a second one at once. Two of them, as after every tidying and sometimes after an erasure."""
    house = await busy(tmp_path)
    engine, wal = house.ledger.store.engine, house.var / "records.sqlite-wal"
    with closing(sqlite3.connect(house.var / "records.sqlite", isolation_level=None)) as other:
        other.execute("CREATE TABLE other (x)")
        other.execute("BEGIN")
        other.execute("SELECT * FROM other").fetchall()  # who reads holds the first one up
        house.ledger.store.keep_state("cel", {})
        first = asyncio.ensure_future(asyncio.to_thread(records.settle, engine))
        await asyncio.sleep(0.2)
        second = asyncio.ensure_future(asyncio.to_thread(records.settle, engine))
        await asyncio.sleep(0.2)
        assert not first.done() and not second.done() and wal.stat().st_size
        other.execute("COMMIT")
    await asyncio.gather(first, second)
    assert wal.stat().st_size == 0
    await house.close()


@run
async def test_a_tidying_that_cannot_be_done_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: Any) -> None:
    house = await busy(tmp_path)
    with_free_pages(house)
    monkeypatch.setattr(records, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(tidy, "TO_BEGIN_SECONDS", 0)
    house.ledger.store.patience.usual = 0.2  # whoever waits for the writer below waits for nothing
    api, before = Api([house.routes]), house.tables()
    with older(house) as other:
        other.execute("BEGIN IMMEDIATE")
        slow = await api.ask(ADMIN, "POST", "/callers/tidy", {"seconds": 1})
        other.execute("ROLLBACK")
    assert slow.status_code == 409 and "not done within 1 s" in slow.json()["error"]
    monkeypatch.setattr(tidy, "SPARE_BYTES", 10**18)
    full = await api.ask(ADMIN, "POST", "/callers/tidy", {})
    assert full.status_code == 409 and "MB have to be free" in full.json()["error"]
    monkeypatch.setattr(tidy, "SPARE_BYTES", 0)
    monkeypatch.setattr(tidy, "answered", lambda *values: {"error": "database or disk is full"})
    torn = await api.ask(ADMIN, "POST", "/callers/tidy", {})
    assert torn.status_code == 409 and "disk is full" in torn.json()["error"]
    assert house.tables() == before and house.holding(ANA)["records.sqlite"] > 100
    await house.close()

"""Appending: awaited, in order, append-only, whole after kill -9; and what verification says of a real database."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ivr.access.anchor import AuditAnchored
from ivr.audit.anchors import AnchorFiles
from ivr.audit.audit import AGAIN_SECONDS, ANCHOR_EVERY_SECONDS, Audit, AuditUnavailable
from ivr.audit.chain import Anchor, Entry
from ivr.audit.store import AuditStore, Wanted
from ivr.testing.clock import ManualClock
from tests.tools import run
from tests.unit.audit.house import opened, store

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def entry(n: int, **more: Any) -> Entry:
    return Entry(**{"at": AT, "action": "agent.pause", "who": "ana", "object": str(n), **more})


def tampered(folder: Path, *statements: str) -> None:
    """What somebody does who has the file and takes the triggers away first."""
    with sqlite3.connect(folder / "records.sqlite") as connection:
        for name in ("audit_update", "audit_delete", "audit_replace"):
            connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


async def faults(audit: Audit) -> list[tuple[int, str]]:
    return [(fault.seq, fault.kind) for fault in (await audit.verify()).faults]


@run
async def test_entries_of_many_at_once_stand_in_the_order_of_asking(tmp_path: Path) -> None:
    audit = await opened(tmp_path, ManualClock())
    numbers = await asyncio.gather(*(audit.append(entry(n)) for n in range(1200)))
    assert numbers == list(range(1, 1201))
    assert [values["object"] for values in audit.store.find(Wanted(), 1000)] == [str(n) for n in range(1199, 199, -1)]
    walked = await audit.verify()
    assert walked.sound and (walked.entries, walked.last) == (1200, 1200)
    await audit.close()
    with pytest.raises(AuditUnavailable, match="closed"):
        await audit.append(entry(1))


@run
async def test_it_is_on_the_disk_when_the_answer_goes_out_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    audit = await opened(tmp_path, ManualClock())
    assert await audit.append(entry(1)) == 1
    with sqlite3.connect(tmp_path / "records.sqlite") as other:
        assert other.execute("SELECT seq, object FROM audit").fetchall() == [(1, "1")]
    other.close()
    await audit.close()
    again = await opened(tmp_path, ManualClock())
    assert await again.append(entry(2)) == 2
    assert (await again.verify()).sound
    assert not list(again.store.find(Wanted(action="audit.broken"), 10))
    await again.close()


@run
async def test_who_gives_up_waiting_takes_nothing_back(tmp_path: Path) -> None:
    audit = await opened(tmp_path, ManualClock())
    asked = [asyncio.ensure_future(audit.append(entry(n))) for n in range(10)]
    await asyncio.sleep(0)
    for one in asked[::2]:
        one.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    await audit.append(entry(10))
    assert [row["object"] for row in audit.store.find(Wanted(), 20)] == [str(n) for n in range(10, -1, -1)]
    await audit.close()


@run
async def test_a_database_that_is_away_refuses_and_comes_back(tmp_path: Path) -> None:
    audit = await opened(tmp_path, ManualClock())
    await audit.append(entry(1))
    tampered(tmp_path, "ALTER TABLE audit RENAME TO away")
    answers = await asyncio.gather(*(audit.append(entry(n)) for n in (2, 3)), return_exceptions=True)
    assert all(isinstance(answer, AuditUnavailable) for answer in answers) and audit.trouble
    tampered(tmp_path, "ALTER TABLE away RENAME TO audit")
    assert await audit.append(entry(4)) == 2 and not audit.trouble
    assert (await audit.verify()).sound
    with pytest.raises(ValueError, match="time zone"):
        await audit.append(entry(5, at=datetime(2026, 1, 1)))  # noqa: DTZ001
    await audit.close()


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not there():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def objects(audit: Audit) -> list[str]:
    return [row["object"] for row in audit.store.find(Wanted(), 20)][::-1]


@run
async def test_what_is_done_already_is_written_as_soon_as_it_can_be(tmp_path: Path) -> None:
    clock = ManualClock()
    audit = await opened(tmp_path, clock)
    await audit.append(entry(1))
    tampered(tmp_path, "ALTER TABLE audit RENAME TO away")
    for n in (2, 3):
        await audit.settle(entry(n))
    clock.advance(AGAIN_SECONDS)  # in vain
    await until(lambda: clock.pending == 2)
    tampered(tmp_path, "ALTER TABLE away RENAME TO audit")
    clock.advance(AGAIN_SECONDS)
    await until(lambda: objects(audit) == ["1", "2", "3"])
    assert (await audit.verify()).sound
    await audit.settle(entry(4))
    assert objects(audit)[-1] == "4"
    tampered(tmp_path, "ALTER TABLE audit RENAME TO away")
    await audit.settle(entry(5))
    tampered(tmp_path, "ALTER TABLE away RENAME TO audit")
    await audit.close()  # the last occasion
    await audit.settle(entry(6))  # in the log
    again = await opened(tmp_path, clock)
    assert objects(again) == ["1", "2", "3", "4", "5"]
    await again.close()
    assert clock.pending == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'eva'",
        "DELETE FROM audit WHERE seq = 1",
        "INSERT OR REPLACE INTO audit SELECT 1, at, 'eva', account, address, action, object, result, entry, hash "
        "FROM audit",
    ],
)
@run
async def test_the_table_is_append_only(tmp_path: Path, statement: str) -> None:
    audit = await opened(tmp_path, ManualClock())
    await audit.append(entry(1))
    engine = create_engine(f"sqlite:///{tmp_path / 'records.sqlite'}")
    with pytest.raises(IntegrityError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    assert (await audit.verify()).sound
    await audit.close()


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE audit SET entry = replace(entry, 'ana', 'eva') WHERE seq = 3", (3, "changed")),
        ("UPDATE audit SET who = 'eva' WHERE seq = 3", (3, "columns")),
        ("UPDATE audit SET hash = '0' || substr(hash, 2) WHERE seq = 3", (3, "changed")),
        ("DELETE FROM audit WHERE seq = 3", (3, "missing")),
        ("DELETE FROM audit WHERE seq > 3", (5, "cut off")),
        ("DELETE FROM audit", (5, "cut off")),
    ],
)
@run
async def test_what_was_done_to_the_database_is_found(tmp_path: Path, statement: str, first: tuple[int, str]) -> None:
    audit = await opened(tmp_path, ManualClock())
    for n in range(5):
        await audit.append(entry(n))
    tampered(tmp_path, statement)
    assert (await faults(audit))[0] == first
    await audit.close()


@run
async def test_the_evidence_of_a_cut_off_end_outlives_what_is_written_after_it(tmp_path: Path) -> None:
    audit = await opened(tmp_path, ManualClock())
    for n in range(5):
        await audit.append(entry(n))
    await audit.close()
    tampered(tmp_path, "DELETE FROM audit WHERE seq > 3")
    again = await opened(tmp_path, ManualClock())
    (told,) = again.store.find(Wanted(action="audit.broken"), 10)
    assert told["seq"] == 4 and "entry 5 was there" in told["why"] and told["result"] == "failed"
    for n in range(5):
        await again.append(entry(n))
    assert await faults(again) == [(5, "changed")]
    await again.close()


@run
async def test_a_cut_off_end_on_a_full_disk_keeps_no_server_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = await opened(tmp_path, ManualClock())
    for n in range(3):
        await audit.append(entry(n))
    await audit.close()
    tampered(
        tmp_path,
        "DELETE FROM audit WHERE seq = 3",
        "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
    )

    def full(self: AnchorFiles, anchor: Anchor) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(AnchorFiles, "keep", full)
    clock = ManualClock()
    again = await opened(tmp_path, clock)
    assert "disk is full" in again.trouble
    tampered(tmp_path, "DROP TRIGGER full")
    monkeypatch.undo()
    clock.advance(AGAIN_SECONDS)
    for _ in range(500):
        await asyncio.sleep(0.01)
        if not again.trouble:
            break
    assert again.store.find(Wanted(), 1)[0]["action"] == "audit.broken", "what could not be written then follows"
    await again.close()


@run
async def test_every_day_the_end_goes_to_a_file_and_to_the_journal(tmp_path: Path) -> None:
    clock, journal = ManualClock(), []
    audit = await opened(tmp_path, clock, lambda event, key: journal.append((event, key)))
    assert not journal
    for n in range(3):
        await audit.append(entry(n))
    clock.advance(ANCHOR_EVERY_SECONDS)
    while not journal:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    (event, key) = journal[0]
    assert isinstance(event, AuditAnchored) and event.seq == 3 and key == "audit:2026-11-24"
    tampered(tmp_path, "DELETE FROM audit WHERE seq > 1")
    for file in (tmp_path / "audit").iterdir():
        file.unlink()

    async def journalled() -> Any:
        yield Anchor(seq=event.seq, hash=event.hash, at=event.at.isoformat(), place="the journal")

    assert (await audit.verify()).sound
    (fault,) = (await audit.verify(journalled)).faults
    assert fault.kind == "cut off" and "the journal" in fault.why
    await audit.close()
    assert clock.pending == 0


@run
async def test_files_of_anchors_are_for_the_server_alone_and_survive_a_torn_line(tmp_path: Path) -> None:
    audit = await opened(tmp_path, ManualClock())
    await audit.append(entry(1))
    await audit.close()
    await (await opened(tmp_path, ManualClock())).close()
    with (tmp_path / "audit" / "anchors.jsonl").open("ab") as torn:
        torn.write(b'{"seq": 9, "ha')
    again = await opened(tmp_path, ManualClock())
    assert (await again.verify()).sound
    assert {oct(file.stat().st_mode & 0o777) for file in (tmp_path / "audit").iterdir()} == {"0o600"}
    assert [line[:9] for line in (tmp_path / "audit" / "anchors.jsonl").read_text().splitlines()][-1] == '{"seq": 1'
    await again.close()


@run
async def test_kill_9_leaves_every_entry_whole_and_every_answer_true(tmp_path: Path) -> None:
    script = Path(__file__).with_name("appender.py")
    environment = {**os.environ, "PYTHONPATH": str(script.parents[3])}
    for round_ in range(3):
        appender = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
        )
        assert appender.stdout is not None
        told = [await asyncio.to_thread(appender.stdout.readline) for _ in range(60 + 40 * round_)]
        appender.send_signal(signal.SIGKILL)
        rest = await asyncio.to_thread(appender.stdout.read)
        appender.wait()
        answered = [line.split() for line in (*told, *rest.splitlines(keepends=True)) if line.endswith("\n")]
        audit = await opened(tmp_path, ManualClock())
        walked = await audit.verify()
        assert walked.sound, walked.faults
        stored = {str(row["seq"]): row["object"] for row in audit.store.find(Wanted(), 1000)}
        assert all(stored[seq] == place for seq, place in answered if seq in stored)
        assert max(int(seq) for seq, _ in answered) <= walked.last
        assert not audit.store.find(Wanted(action="audit.broken"), 1)
        await audit.close()


def test_two_servers_on_one_database_write_one_chain(tmp_path: Path) -> None:
    one, two = store(tmp_path), store(tmp_path)
    for n in range(10):
        (one, two)[n % 2].append([entry(n), entry(n)])
    assert [row.seq for row, _ in one.walk()] == list(range(1, 21))
    one.close()
    two.close()


def test_it_is_searched_by_its_columns_page_by_page(tmp_path: Path) -> None:
    audit = store(tmp_path)
    for n in range(10):
        audit.append([entry(n, who=("ana", "eva")[n % 2], action=("agent.pause", "calls.search")[n % 3 == 0])])

    def seqs(limit: int = 100, **wanted: Any) -> list[int]:
        return [row["seq"] for row in audit.find(Wanted(**wanted), limit)]

    assert seqs(who="eva") == [10, 8, 6, 4, 2]
    assert seqs(action="calls.*") == [10, 7, 4, 1] == seqs(action="calls.search")
    assert seqs(object="3") == [4] and seqs(result="failed") == [] and seqs(address="x") == []
    assert seqs(since=AT, limit=3) == [10, 9, 8] and seqs(before=8, limit=2) == [7, 6]
    assert seqs(until=AT) == [] and seqs(action="%*") == []
    audit.close()


def test_an_audit_that_is_only_read_does_not_write(tmp_path: Path) -> None:
    written = store(tmp_path)
    written.append([entry(1)])
    engine = create_engine(f"sqlite:///file:{tmp_path / 'records.sqlite'}?mode=ro&uri=true")
    assert AuditStore(None, engine).last()[0] == 1
    written.close()
    with pytest.raises((AssertionError, SQLAlchemyError)):
        AuditStore(None, engine).append([entry(2)])

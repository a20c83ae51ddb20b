"""Records that survive a crash: what the database has not, the journal brings back, once."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from acd import decisions as d
from acd import facts as f
from acd.model import AgentId, CallId, OfferId, OfferResult, QueueId, VisitId, VisitOutcome
from ivr.accounts import tables as _accounts_tables  # noqa: F401
from ivr.audit import tables as _audit_tables  # noqa: F401
from ivr.call import facts as c
from ivr.clock import LoopClock
from ivr.figures.call_record import CallOutcome, CallRecord, Dial, OfferRecord, VisitRecord
from ivr.records import tables
from ivr.records.callers import CallerKeys, normalised
from ivr.records.ledger import Ledger
from ivr.records.migrate import HEAD, SCRIPTS, migrate
from ivr.records.rows import call_of, row_of
from ivr.records.store import RecordStore, RecordsUnavailable
from recordings.catalogue import metadata as catalogue_metadata
from tests.records import fresh
from tests.tools import run

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
KEYS = CallerKeys(b"0123456789abcdef0123456789abcdef")


@dataclass(frozen=True)
class Entry:
    position: int
    at: datetime
    event: Any
    decisions: Sequence[Any] = ()


class Journal:
    """Entries in memory, told to a listener as the dispatcher does."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    async def read(self, after: int = 0) -> AsyncIterator[Entry]:
        for entry in self.entries:
            if entry.position > after:
                yield entry

    async def tell(self, ledger: Ledger, upto: int | None = None) -> None:
        for entry in self.entries[:upto]:
            ledger.on_entry(entry)


def a_days_calls(count: int = 20) -> Journal:
    entries: list[Entry] = []

    def add(event: Any, *decisions: Any) -> None:
        entries.append(Entry(len(entries) + 1, event.at, event, decisions))

    for i in range(count):
        at = START + timedelta(minutes=i)
        call, queue, agent = CallId(f"n1-1795291036.{i}"), QueueId("servicio"), AgentId("101")
        visit, offer = VisitId(f"{call}/1"), OfferId(f"{i:016d}")
        add(c.CallStarted(at=at, call=call, did="6017436967", caller="k", flow="linea", config="v1"))
        add(c.KeyChosen(at=at, call=call, step="menu", key="1", then="servicio"))
        add(
            f.CallerJoined(at=at, t=0, visit=visit, call=call, queue=queue),
            d.MakeOffer(offer=offer, visit=visit, call=call, queue=queue, agent=agent, ring_us=1, rule="longest idle"),
        )
        later = at + timedelta(seconds=5)
        if i % 2:
            add(
                f.CallerGone(at=later, t=0, visit=visit, hung_up=True),
                d.CloseOffer(offer=offer, visit=visit, queue=queue, agent=agent, result=OfferResult.CANCELLED),
                d.EndVisit(visit=visit, call=call, queue=queue, outcome=VisitOutcome.ABANDONED, wait_us=5_000_000),
            )
        else:
            add(
                f.OfferBridged(at=later, t=0, offer=offer),
                d.CloseOffer(offer=offer, visit=visit, queue=queue, agent=agent, result=OfferResult.ANSWERED),
                d.EndVisit(
                    visit=visit,
                    call=call,
                    queue=queue,
                    outcome=VisitOutcome.ANSWERED,
                    wait_us=5_000_000,
                    agent=agent,
                ),
            )
            add(
                f.TalkEnded(at=later + timedelta(seconds=30), t=0, offer=offer),
                d.BeginWrapUp(agent=agent, queue=queue, until=0, talk_us=30_000_000),
            )
        add(c.CallEnded(at=later + timedelta(seconds=30), call=call, cause=16, by="caller"))
    return Journal(entries)


async def opened(path: Path) -> Ledger:
    return await Ledger.open(fresh(path), clock=LoopClock(), keys=KEYS, dids=["6017436967"])


def rows(path: Path, table: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()


def figures(ledger: Ledger) -> Any:
    assert ledger.tally.difference(ledger.projection) == {"calls": 0, "visits": 0, "offers": 0}
    return {name: sorted(rows) for name, rows in ledger.tally.state()["counters"].items()}


@run
async def test_calls_are_in_the_database_when_it_is_closed(tmp_path: Path) -> None:
    ledger = await opened(tmp_path / "records.sqlite")
    await a_days_calls(20).tell(ledger)
    await ledger.close()
    store = RecordStore.read_only(f"sqlite:///{tmp_path / 'records.sqlite'}")
    calls = store.calls(100)
    assert [call.outcome for call in reversed(calls)] == [CallOutcome.ANSWERED, CallOutcome.ABANDONED] * 10
    assert calls[1].talk_us == 30_000_000 and calls[0].wait_us == 5_000_000
    assert [visit.outcome for visit in store.visits_of(calls[1].call)] == [VisitOutcome.ANSWERED]
    assert [offer.result for offer in store.offers_of(calls[0].call)] == [OfferResult.CANCELLED]
    store.close()


@pytest.mark.parametrize("crash", [1, 3, 4, 17, 50, 99])
@run
async def test_a_crash_at_any_entry_loses_and_doubles_nothing(tmp_path: Path, crash: int) -> None:
    journal = a_days_calls(20)
    whole = await opened(tmp_path / "whole.sqlite")
    await journal.tell(whole)
    first = await opened(tmp_path / "crashed.sqlite")
    await journal.tell(first, upto=crash // 2)
    await first.flush()
    await journal.tell(first, upto=crash)  # these were never written
    first._timer and first._timer.cancel()
    second = await opened(tmp_path / "crashed.sqlite")
    assert second.position == crash // 2
    await journal.tell(second)  # the dispatcher reads from `after=position`; more does no harm
    assert figures(second) == figures(whole)
    await whole.close()
    await second.close()
    first.store.close()
    for table in ("calls", "visits", "offers", "legs"):
        assert rows(tmp_path / "crashed.sqlite", table) == rows(tmp_path / "whole.sqlite", table)


@run
async def test_facts_that_came_before_their_call_survive_a_restart(tmp_path: Path) -> None:
    call = CallId("n1-7.0")
    first = await opened(tmp_path / "r.sqlite")
    first.on_entry(Entry(1, START, c.StepEntered(at=START, call=call, flow="x", step="menu", verb="ask")))
    await first.close()
    second = await opened(tmp_path / "r.sqlite")
    second.on_entry(
        Entry(2, START, c.CallStarted(at=START, call=call, did="6017436967", caller="", flow="", config=""))
    )
    assert second.projection.calls[call].step == "menu"
    await second.close()


@run
async def test_a_removed_journal_is_noticed_and_its_entries_are_new(tmp_path: Path) -> None:
    ledger = await opened(tmp_path / "r.sqlite")
    await a_days_calls(2).tell(ledger)
    assert await ledger.belongs_to(a_days_calls(2))
    assert not await ledger.belongs_to(Journal([]))
    assert ledger.position == 0
    ledger.on_entry(Entry(1, START, c.CallRefused(at=START, call=CallId("n1-7.0"), did="6017436967")))
    await ledger.close()
    assert len(rows(tmp_path / "r.sqlite", "calls")) == 3


@run
async def test_while_the_database_is_locked_records_wait_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    ledger = await opened(path)
    ledger.store.engine.dispose()
    ledger.store.engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.01})
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    await a_days_calls(4).tell(ledger)
    clock = LoopClock()
    while not ledger.trouble:
        await clock.sleep(0.02)
    assert ledger.behind > 0
    other.execute("ROLLBACK")
    other.close()
    while ledger.behind:
        await clock.sleep(0.02)
    assert ledger.trouble == ""
    await ledger.close()
    assert len(rows(path, "calls")) == 4


@run
async def test_a_callers_number_stands_in_one_table_and_can_be_erased(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    ledger = await opened(path)
    key = ledger.caller_key("300 000 0001", "Eva\x1b[31m")
    assert key == ledger.caller_key("+573000000001")
    event = c.CallStarted(at=START, call=CallId("n1-7.0"), did="6017436967", caller=key, flow="x", config="v")
    ledger.on_entry(Entry(1, START, event))
    await ledger.flush()
    assert ledger.store.number_of(key) == "+573000000001"
    for table in ("calls", "visits", "offers", "standing"):
        assert "3000000001" not in str(rows(path, table))
    assert ledger.store.erase_caller(key) and not ledger.store.erase_caller(key)
    assert ledger.store.number_of(key) == "" and len(rows(path, "calls")) == 1
    await ledger.close()


@run
async def test_erasing_a_caller_leaves_every_figure_as_it_was(tmp_path: Path) -> None:
    """Also when the records are made anew from the journal, which never had the number."""
    path, journal = tmp_path / "r.sqlite", a_days_calls(20)
    ledger = await opened(path)
    key = ledger.caller_key("300 000 0001", "Eva")
    journal.entries = [
        replace(entry, event=replace(entry.event, caller=key)) if isinstance(entry.event, c.CallStarted) else entry
        for entry in journal.entries
    ]
    await journal.tell(ledger)
    await ledger.flush()
    before = {table: rows(path, table) for table in ("calls", "visits", "offers", "legs", "standing")}
    counted = figures(ledger)
    assert ledger.store.erase_caller(key) and rows(path, "callers") == []
    assert {table: rows(path, table) for table in before} == before and figures(ledger) == counted
    await ledger.close()
    anew = await opened(tmp_path / "anew.sqlite")
    await journal.tell(anew)
    await anew.flush()
    assert figures(anew) == counted and rows(tmp_path / "anew.sqlite", "callers") == []
    for table in ("calls", "visits", "offers", "legs"):
        assert rows(tmp_path / "anew.sqlite", table) == before[table]
    await anew.close()


@pytest.mark.parametrize("number", ["", "anonymous", "unknown", "\x00\x1b"])
def test_a_withheld_number_has_no_key(number: str) -> None:
    assert KEYS.key_of(number) == ""


@pytest.mark.parametrize("number", ["'; DROP TABLE calls; --", "９" * 5_000, "sip:x@y", "+57" + "1" * 300, "\u202e321"])
def test_a_hostile_number_has_a_bounded_key(number: str) -> None:
    assert len(KEYS.key_of(number)) == 32 and len(normalised(number)) <= 64


def test_keys_of_another_site_are_others() -> None:
    assert KEYS.key_of("3000000001") != CallerKeys(b"f" * 32).key_of("3000000001")
    with pytest.raises(ValueError, match="fewer than 16 bytes"):
        CallerKeys(b"short")


def test_a_record_is_the_same_after_its_row() -> None:
    dial = Dial(extension="100", begun=START, answered=START, ended=START + timedelta(seconds=1), result="answered")
    record = CallRecord(
        call="n1-7.0", did="6017436967", started=START, ended=START, outcome=CallOutcome.TRANSFERRED, dials=(dial,)
    )
    assert call_of(row_of(record)) == record


def test_a_hostile_text_is_cut_to_its_column_and_holds_no_zero_bytes() -> None:
    row = row_of(CallRecord(call="n1-7.0", did="6\0" + "1" * 5_000, started=START))
    assert "\0" not in row["did"] and len(row["did"]) == 32


def test_the_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    made = create_engine(f"sqlite:///{tmp_path / 'migrated.sqlite'}")
    assert migrate(made) and not migrate(made)
    declared = create_engine(f"sqlite:///{tmp_path / 'declared.sqlite'}")
    tables.metadata.create_all(declared)
    catalogue_metadata.create_all(declared)
    names = {*inspect(made).get_table_names()} - {"alembic_version"}
    assert names == {*inspect(declared).get_table_names()}
    for name in names:
        shape = [
            [(x["name"], str(x["type"]), x["nullable"], x["primary_key"]) for x in inspect(e).get_columns(name)]
            for e in (made, declared)
        ]
        assert shape[0] == shape[1]
        indexes = [
            sorted((i["name"], tuple(i["column_names"])) for i in inspect(e).get_indexes(name))
            for e in (made, declared)
        ]
        assert indexes[0] == indexes[1]
    assert sorted(p.name[:4] for p in (SCRIPTS / "versions").glob("0*.py"))[-1] == HEAD


def test_views_say_what_to_do_when_there_are_no_records(tmp_path: Path) -> None:
    with pytest.raises(RecordsUnavailable, match="make run"):
        RecordStore.read_only(f"sqlite:///{tmp_path / 'none.sqlite'}")


def test_records_that_cannot_be_opened_say_why(tmp_path: Path) -> None:
    (tmp_path / "r.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(RecordsUnavailable, match="not a database"):
        RecordStore.open(f"sqlite:///{tmp_path / 'r.sqlite'}")


def test_what_is_open_comes_back_with_the_latest_calls(tmp_path: Path) -> None:
    store = RecordStore.open(f"sqlite:///{tmp_path / 'r.sqlite'}")
    calls = [
        CallRecord(call=f"n1-1.{i}", did="6", started=START + timedelta(seconds=i), complete=i != 3) for i in range(10)
    ]
    visit = VisitRecord(visit="n1-1.0/1", call="n1-1.0", queue="q", joined=START)
    offer = OfferRecord(offer="1", visit="n1-1.0/1", call="n1-1.0", queue="q", agent="101", made=START)
    store.save(7, [*calls, visit, offer], {"tally": {"a": 1}})
    assert {getattr(r, "call", "") for r in store.known(2) if isinstance(r, CallRecord)} == {
        "n1-1.3",
        "n1-1.8",
        "n1-1.9",
    }
    assert visit in store.known(0) and offer in store.known(0)
    assert store.position() == 7 and store.state("tally") == {"a": 1} and store.state("none") == {}
    store.close()

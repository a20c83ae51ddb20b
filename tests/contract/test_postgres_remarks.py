"""Disposition and note of recordings whose records lie in a real PostgreSQL: set, found, gone with the recording."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from ivr.access.limits import Limits
from ivr.recordings import search as searching
from ivr.recordings.open_work import Doomed, OpenWork
from ivr.recordings.search import Wanted, search
from ivr.records.store import RecordStore
from recordings.catalogue import SqlCatalogue, table
from tests.contract.postgres_server import PostgresServer, postgres_server
from tests.unit.recordings.shop import row

LAST = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as made:
        yield made


@pytest.fixture
def store(server: PostgresServer, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RecordStore]:
    made = RecordStore.open(server.database(request.node.name.translate({91: "_", 93: None})))
    rows = [row(f"c{number}_1", LAST - timedelta(seconds=number)) for number in range(60)]
    with made.engine.begin() as connection:
        connection.execute(insert(table), rows)
    yield made
    made.close()


@pytest.mark.parametrize("few", [0, 5_000])
def test_both_are_found_page_by_page(store: RecordStore, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "FEW", few)
    monkeypatch.setattr(searching, "LOOKED", 7)
    catalogue = SqlCatalogue(store.engine)
    for number in range(0, 60, 2):
        note = f"RECLAMACIÓN {number}: el 100%" if number % 3 else f"reclamación_{number}"
        assert catalogue.remark(f"c{number}_1", disposition="reclamo" if number % 4 else "", note=note)
    assert pages(store, Wanted(disposition="reclamo")) == list(range(2, 60, 4))
    assert pages(store, Wanted(note="reclamación")) == list(range(0, 60, 2))
    assert pages(store, Wanted(note="100%")) == [number for number in range(0, 60, 2) if number % 3]
    assert pages(store, Wanted(note="n_", disposition="reclamo")) == [6, 18, 30, 42, 54]
    assert pages(store, Wanted(note="zzz")) == []


def pages(store: RecordStore, wanted: Wanted) -> list[int]:
    found, after = [], None
    while True:
        page = search(store.engine, wanted, Limits(everything=True), after, 4)
        found += [int(one.call[1:]) for one in page.recordings]
        after = page.next
        if after is None:
            return found


def test_a_deletion_takes_both(store: RecordStore) -> None:
    catalogue, work = SqlCatalogue(store.engine), OpenWork(store.engine)
    for name in ("c1_1", "c2_1"):
        assert catalogue.remark(name, disposition="reclamo", note="llamó Ana Pérez")
    before = catalogue.get("c1_1")
    assert before is not None
    changed = Doomed.of(before, rule="a rule", due=LAST, by="retention", judged_as="venta")
    assert work.destroy([changed], LAST, UTC).held == {"c1_1": ()}
    judged = Doomed.of(before, rule="a rule", due=LAST, by="retention", judged_as="reclamo")
    assert len(work.destroy([judged], LAST, UTC).open) == 1
    work.mark_deleted(["c1_1"])
    found, other = catalogue.get("c1_1"), catalogue.get("c2_1")
    assert found is not None and (found.disposition, found.note) == ("", "")
    assert other is not None and (other.disposition, other.note) == ("reclamo", "llamó Ana Pérez")
    assert not catalogue.remark("c1_1", note="once more")

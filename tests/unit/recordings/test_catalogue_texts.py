"""What a caller has dialled stands in the catalogue, and no database may refuse a recording for it."""

from datetime import UTC, datetime
from pathlib import Path

from ivr.records.store import RecordStore
from recordings.catalogue import Recording, SqlCatalogue, table
from tests.records import fresh


def test_a_text_is_cut_to_what_its_column_holds(tmp_path: Path) -> None:
    store = RecordStore.open(fresh(tmp_path / "records.sqlite"))
    catalogue = SqlCatalogue(store.engine)
    hostile = "6\0" + "0" * 500
    catalogue.add(
        Recording(
            recording="c1_1",
            call="c1",
            leg="1",
            queue=hostile,
            agent=hostile,
            finished=datetime(2026, 11, 23, tzinfo=UTC),
            length_us=1,
            bytes=1,
            sha256="0" * 64,
            file="c1_1.raw",
            did=hostile,
            direction=hostile,
            notice=hostile,
        )
    )
    row = catalogue.get("c1_1")
    assert row is not None
    for name in ("queue", "agent", "did", "direction", "notice"):
        value = getattr(row, name)
        assert value == "6" + "0" * (table.c[name].type.length - 1), name
    store.close()

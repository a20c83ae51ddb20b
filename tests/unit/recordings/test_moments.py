"""A moment of the catalogue is the same in every zone, also where the database knows none."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import StatementError

from ivr.records.store import RecordStore
from recordings.catalogue import table
from tests.records import fresh
from tests.unit.recordings.shop import fill, row

ENDED = datetime(2026, 1, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize("hours", [-5, 0, 5])
def test_a_question_in_the_sites_zone_is_answered_right(tmp_path: Path, hours: int) -> None:
    store, zone = RecordStore.open(fresh(tmp_path / "records.sqlite")), timezone(timedelta(hours=hours))
    fill(store.engine, [row("c0_1", ENDED.astimezone(zone))])
    with store.engine.connect() as connection:
        for minutes, found in ((-1, None), (1, "c0_1")):
            until = (ENDED + timedelta(minutes=minutes)).astimezone(zone)
            asked = select(table.c.recording).where(table.c.finished <= until)
            assert connection.execute(asked).scalar() == found
        oldest = connection.execute(select(func.min(table.c.finished))).scalar()
    assert oldest == ENDED and oldest is not None and oldest.tzinfo is UTC
    store.close()


def test_a_moment_without_a_zone_is_refused(tmp_path: Path) -> None:
    store = RecordStore.open(fresh(tmp_path / "records.sqlite"))
    with pytest.raises(StatementError, match="without time zone"):
        fill(store.engine, [row("c0_1", ENDED.replace(tzinfo=None))])
    store.close()

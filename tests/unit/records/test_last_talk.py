"""Who answered a caller last, by the records."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ivr.figures.call_record import CallRecord, VisitRecord
from ivr.records.last_talk import last_talk
from ivr.records.store import RecordStore

BEGAN = datetime(2026, 11, 23, 15, tzinfo=UTC)


def test_the_latest_visit_that_an_agent_answered_counts(tmp_path: Path) -> None:
    store = RecordStore.open(f"sqlite:///{tmp_path / 'records.db'}")
    for call, caller, agent, minutes in (
        ("1", "anna", "301", 0),
        ("2", "anna", "302", 60),
        ("3", "anna", "", 120),  # nobody answered in the queue; reception did
        ("4", "bert", "101", 180),
    ):
        at = BEGAN + timedelta(minutes=minutes)
        record = CallRecord(call=call, did="1", started=at, caller=caller, agent=agent or "100")
        visit = VisitRecord(visit=f"{call}/1", call=call, queue="cartera", joined=at, agent=agent)
        store.save(minutes, [record, visit], {})
    assert last_talk(store.engine, "anna") == ("302", BEGAN + timedelta(minutes=60))
    assert last_talk(store.engine, "bert") == ("101", BEGAN + timedelta(minutes=180))
    assert last_talk(store.engine, "carl") is None
    store.close()

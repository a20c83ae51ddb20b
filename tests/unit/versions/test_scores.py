"""How the calls of a version fared, from real records."""

from datetime import timedelta
from pathlib import Path

from ivr.figures.call_record import CallOutcome, CallRecord
from ivr.records.store import RecordStore
from ivr.versions.scores import scores
from tests.unit.versions.site_files import NOW

A, B, C = "a" * 64, "b" * 64, "c" * 64


def test_calls_are_counted_by_version_since_the_trial_began(tmp_path: Path) -> None:
    store = RecordStore.open(f"sqlite:///{tmp_path / 'records.sqlite'}")
    rows = [
        (A, 0, CallOutcome.ANSWERED, 0),
        (A, 1, CallOutcome.ABANDONED, 2),
        (A, 2, CallOutcome.FAILED, 0),
        (A, 3, None, 1),
        (A, -1, CallOutcome.ABANDONED, 1),
        (B, 4, CallOutcome.ABANDONED, 0),
        (C, 5, CallOutcome.ABANDONED, 0),
    ]
    records = [
        CallRecord(
            call=f"n1-{n}",
            did="1",
            started=NOW + timedelta(seconds=second),
            config=version,
            outcome=outcome,
            ended=NOW + timedelta(minutes=5) if outcome else None,
            complete=outcome is not None,
            no_keys=no_keys,
        )
        for n, (version, second, outcome, no_keys) in enumerate(rows)
    ]
    store.save(1, records, {})
    found = scores(store.engine, NOW, [A, B])
    assert found[A].as_json() == {"begun": 4, "ended": 3, "abandoned": 1, "failed": 1, "no key": 1}
    assert found[B].as_json() == {"begun": 1, "ended": 1, "abandoned": 1, "failed": 0, "no key": 0}
    assert C not in found and scores(store.engine, NOW + timedelta(days=1), [A]) == {}
    store.close()

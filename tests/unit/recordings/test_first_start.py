"""A first start with 100,000 files that lie in the folder already: none is lost, and none is taken for another."""

import functools
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.clock import LoopClock
from ivr.records.recording_watch import RecordingWatch
from ivr.records.store import RecordStore
from ivr.testing.clock import ManualClock
from recordings.catalogue import SqlCatalogue, State
from recordings.intake import ABANDONED_AFTER, QUARANTINE, Intake, Talk
from tests.tools import run

pytestmark = pytest.mark.soak
FILES, KNOWN, EMPTY = 100_000, 2_000, 1_000
soaked = functools.partial(run, seconds=1200)


def talk_of(call: str, leg: str) -> Talk | None:
    """The first ones are of calls that the records know."""
    return Talk(call=call, queue="servicio", agent="101") if int(leg) < KNOWN else None


@soaked
async def test_a_hundred_thousand_files_at_first_start(tmp_path: Path) -> None:
    folder, done = tmp_path / "recordings", tmp_path / "recordings/done"
    done.mkdir(parents=True)
    old = (LoopClock().now() - 2 * ABANDONED_AFTER).timestamp()
    for number in range(FILES):
        file = folder / f"n1-1795291423.{number}_{number}.raw"
        file.write_bytes(b"" if number >= FILES - EMPTY else number.to_bytes(4, "big"))
        os.utime(file, (old, old))
    store = RecordStore.open(f"sqlite:///{tmp_path}/records.sqlite")
    catalogue = SqlCatalogue(store.engine)
    intake, told = Intake(folder, done, catalogue, talk_of), list[Any]()
    watch = RecordingWatch(intake, ManualClock(), lambda event, key: told.append(event.recording))
    try:
        assert len(intake.adopt(LoopClock().now() + timedelta(seconds=1))) == FILES
        assert await watch.look() == KNOWN == len(set(told))
        rows = catalogue.in_state(State.TAKEN, FILES)
        assert len(rows) == KNOWN and {row.recording for row in rows} == set(told)
        for row in rows[:: KNOWN // 20]:
            assert (folder / row.file).read_bytes() == int(row.leg).to_bytes(4, "big")
        aside = {path.name for path in (folder / QUARANTINE).iterdir()}
        assert len(aside) == FILES - KNOWN - EMPTY
        assert len(list(folder.glob("*.raw"))) == KNOWN and list(done.iterdir()) == []
        assert intake.adopt(LoopClock().now()) == [], "nothing of it is looked at again"
    finally:
        store.close()

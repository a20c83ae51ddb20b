"""Files whose names are no text (an administrator's copy from an old machine): they are put aside, and nothing else
waits for them."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.records.store import RecordStore
from recordings.catalogue import SqlCatalogue
from recordings.intake import QUARANTINE, Intake, Talk
from recordings.vault.folder import INCOMING
from tests.records import fresh
from tests.tools import run
from tests.unit.recordings.shop import DAY, LATER, Shop

STRANGE = b"grabaci\xf3n.raw"
"""In Latin-1, as Windows wrote it."""


def written(folder: Path, moment: float) -> Path:
    file = Path(os.fsdecode(os.fsencode(folder) + b"/" + STRANGE))
    file.write_bytes(b"somebody talks")
    os.utime(file, (moment, moment))
    return file


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    (made.vault / INCOMING).mkdir()
    yield made
    made.store.close()


def test_it_is_put_aside_under_a_name_that_can_be_written_down(tmp_path: Path) -> None:
    folder, done = tmp_path / "recordings", tmp_path / "done"
    folder.mkdir()
    done.mkdir()
    store = RecordStore.open(fresh(tmp_path / "records.sqlite"))
    intake = Intake(folder, done, SqlCatalogue(store.engine), lambda call, leg: Talk(call=call, queue="q", agent="1"))
    written(folder, 1)
    (folder / "c1_1.raw").write_bytes(bytes(32_000))
    os.utime(folder / "c1_1.raw", (1, 1))
    assert intake.adopt(datetime.now(UTC)) == ["c1_1"], "the others do not wait for it"
    assert [file.name for file in (folder / QUARANTINE).iterdir()] == [r"grabaci\udcf3n.raw"]
    store.close()


@run
async def test_what_lies_in_quarantine_under_such_a_name_goes_in_its_time(shop: Shop) -> None:
    await shop.audit.open()
    (shop.folder / QUARANTINE).mkdir()
    file = written(shop.folder / QUARANTINE, (LATER - 200 * DAY).timestamp())
    assert (await shop.retention.at_once(100)).deleted == 1 and not file.exists()
    assert shop.about("deleted") == [r"grabaci\udcf3n"]
    await shop.audit.close()

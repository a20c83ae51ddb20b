"""The keeper beside a site that changes, and beside a loop that callers wait for."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.recordings import keeper as keeping
from recordings.encode import Codec
from tests.tools import run
from tests.unit.recordings.test_keeper import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.store.close()


@run
async def test_a_site_that_takes_another_codec_meanwhile_gives_no_recording_the_wrong_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.finished("c1_1")
    real = keeping.keep_all

    def slow(*given: object, **named: object) -> object:
        kept = real(*given, **named)  # type: ignore[arg-type]
        house.codec = Codec.OPUS
        return kept

    monkeypatch.setattr(keeping, "keep_all", slow)
    assert await house.keeper.look() == 1
    row = house.catalogue.get("c1_1")
    assert row is not None and row.codec == "wav" and (await house.audio("c1_1"))[:4] == b"RIFF"


@run
async def test_the_file_of_recipients_is_not_read_on_the_loop(house: House) -> None:
    house.finished("c1_1")
    readers = list[threading.Thread]()

    def read() -> list[str]:
        readers.append(threading.current_thread())
        return [house.recipient]

    house.recipients = read
    assert await house.keeper.look() == 1
    assert readers and threading.current_thread() not in readers

"""A talk to which a caller was handed is that caller's, also when its file, which has the name of another call, lies in
quarantine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from recordings.catalogue import State
from recordings.holds import OverCall, OverCaller, OverQueue, OverRecording
from recordings.intake import QUARANTINE
from recordings.vault.folder import INCOMING
from tests.tools import run
from tests.unit.recordings.shop import DAY, LATER, Shop, called, fill, on, row

FILE = "n1-5.0_n1-6.0_s.raw"
"""A colleague was asked first, in a call of the house; the caller's is c0."""
RECORDING = "c0_n1-6.0"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    (made.vault / INCOMING).mkdir()
    yield made
    made.store.close()


def aside(shop: Shop, name: str) -> Path:
    file = shop.folder / QUARANTINE / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"somebody talks")
    moment = (LATER - 200 * DAY).timestamp()
    os.utime(file, (moment, moment))
    return file


@pytest.mark.parametrize(
    "over",
    [OverRecording(RECORDING), OverCall("c0"), OverCaller("ana"), OverQueue("servicio", on("2026-01-01"), None)],
    ids=lambda over: type(over).__name__,
)
@run
async def test_what_somebody_holds_stays_in_quarantine(shop: Shop, over: object) -> None:
    await shop.audit.open()
    fill(shop.store.engine, [row(RECORDING, LATER - 200 * DAY, call="c0", state=State.SPOILT.value, file=FILE)])
    called(shop, RECORDING, caller="ana")
    file = aside(shop, FILE)
    shop.hold(over)  # type: ignore[arg-type]
    assert (await shop.retention.at_once(100)).deleted == 0 and file.exists()
    assert shop.state(RECORDING) is State.SPOILT
    await shop.audit.close()


@run
async def test_its_certificate_is_the_recordings(shop: Shop) -> None:
    await shop.audit.open()
    fill(shop.store.engine, [row(RECORDING, LATER - 200 * DAY, call="c0", state=State.SPOILT.value, file=FILE)])
    file, other = aside(shop, FILE), aside(shop, "n1-5.0_n1-9.0_s.raw")
    assert (await shop.retention.at_once(100)).deleted == 2 and not file.exists() and not other.exists()
    assert sorted(shop.about("deleted")) == [RECORDING, "n1-5.0_n1-9.0"]
    assert shop.state(RECORDING) is State.DELETED
    await shop.audit.close()

"""A talk to which a caller was handed is erased with the caller, also before it is taken in: its file has the name of
the colleague's call."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.erasure.stores import Left
from ivr.figures.call_record import CallRecord, TalkRuling
from recordings.catalogue import State
from recordings.holds import OverCaller
from recordings.intake import QUARANTINE
from tests.tools import run
from tests.unit.erasure.test_recordings_erased import ana, found, lies, store
from tests.unit.recordings.shop import LATER, Shop

FILES = ["n1-5.0_n1-6.0_s.raw", "n1-5.0_n1-6.0_s~2.raw"]
"""Parts that wait for room to be joined; the caller's call is c0."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    (made.folder / "done").mkdir()
    for name in FILES:
        lies(made.folder / name, LATER)
        (made.folder / "done" / name.removesuffix(".raw")).touch()
    ruled = TalkRuling(leg="n1-6.0", queue="servicio", agent="101", record=True, why="queue")
    call = CallRecord(call="c0", did="601", started=LATER, caller="ana", rulings=(ruled,))
    asked = CallRecord(call="n1-5.0", did="*101", started=LATER, caller="luis")
    made.store.save(1, [call, asked], {})
    yield made
    made.store.close()


def lying(shop: Shop) -> list[str]:
    return sorted(file.name for file in shop.folder.rglob("n1-*"))


@run
async def test_it_goes_with_the_caller(shop: Shop) -> None:
    await shop.audit.open()
    lies(shop.folder / QUARANTINE / "n1-5.0_n1-6.0_s~3.raw", LATER)
    assert await found(shop, ana("c0")) == ["c0_n1-6.0"]
    assert (await store(shop).erase(ana("c0"))).erased == 1 and lying(shop) == []
    assert shop.about("deleted") == ["c0_n1-6.0"]
    await shop.audit.close()


@run
async def test_it_stays_when_the_caller_is_held(shop: Shop) -> None:
    await shop.audit.open()
    shop.hold(OverCaller("ana"))
    erased = await store(shop).erase(ana("c0"))
    assert (erased.erased, erased.left, erased.why) == (0, 1, Left.HELD) and len(lying(shop)) == 4
    await shop.audit.close()


@run
async def test_what_comes_back_is_erased_again(shop: Shop) -> None:
    await shop.audit.open()
    row = replace(shop.finished("c0_n1-6.0"), state=State.DELETED)
    assert shop.catalogue.add(row)
    assert (await store(shop).erase(ana("c0"))).erased == 2 and lying(shop) == []
    await shop.audit.close()

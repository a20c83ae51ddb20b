"""A caller's recordings are erased from everywhere, with a certificate; what somebody holds stays, and that is told."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ivr.erasure.audio import RecordingStore
from ivr.erasure.number import number_of
from ivr.erasure.records import talks_of
from ivr.erasure.report import Line, erased_line
from ivr.erasure.stores import Caller, Left, Place
from ivr.figures.call_record import CallRecord, TalkRuling, VisitRecord
from ivr.recordings import keeper
from ivr.recordings.put_aside import without_row
from recordings.catalogue import State
from recordings.holds import Lifted, OverCall, OverCaller, OverQueue, OverRecording
from recordings.intake import QUARANTINE
from tests.tools import run
from tests.unit.recordings.shop import LATER, Shop, called, on

ANA = number_of("3001234567")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    (made.folder / "done").mkdir()
    yield made
    made.store.close()


def store(shop: Shop) -> RecordingStore:
    talks = partial(talks_of, shop.store.engine)
    return RecordingStore(shop.folder, shop.folder / "done", shop.catalogue, talks, shop.remover, shop.clock)


def ana(*calls: str) -> Caller:
    return Caller(number=ANA, keys=frozenset({"ana"}), calls=calls)


async def found(shop: Shop, caller: Caller) -> list[str]:
    return [str(thing["recording"]) for thing in (await store(shop).find(caller)).things]


@run
async def test_from_vault_keys_copies_files_and_markers(shop: Shop) -> None:
    await shop.filled()
    caller = ana("c0", "c7", "c8", "c9")
    shop.finished("c7_o7")  # taken in, not in the vault yet
    (shop.folder / "c8_o8.raw").write_bytes(b"a talk that nobody took in")
    (shop.folder / "done" / "c8_o8").touch()
    (shop.folder / QUARANTINE).mkdir()
    (shop.folder / QUARANTINE / "c9_o9.raw").write_bytes(b"put aside")
    assert await found(shop, caller) == ["c0_o0", "c7_o7", "c8_o8", "c9_o9"]
    erased = await store(shop).erase(caller)
    assert (erased.erased, erased.left, erased.why) == (4, 0, Left.NOTHING)
    assert await found(shop, caller) == []
    assert [path.name for path in shop.folder.rglob("*") if path.is_file()] == []
    assert len(shop.files()) == 2 and shop.catalogue.key_of("c0_o0") is None
    assert all(len(held) == 2 for held in shop.copies.held.values())
    assert sorted(shop.about("deleted")) == ["c0_o0", "c7_o7", "c8_o8", "c9_o9"]
    assert {one["detail"]["rule"] for one in shop.told("deleted")} == {"erasure of a caller"}
    assert all(one["detail"]["complete"] for one in shop.told("deleted"))
    shop.talked("c7_o7", 1.0)
    shop.talked("c8_o8", 5.0)
    assert shop.faults() == [], "neither is missed"
    assert (await store(shop).erase(caller)).erased == 0, "again is harmless"
    await shop.audit.close()


@run
async def test_what_is_held_stays_until_the_hold_is_lifted(shop: Shop) -> None:
    await shop.filled()
    called(shop, "c0_o0", "c1_o1", caller="ana")
    caller = ana("c0", "c1")
    shop.hold(OverCall("c0"))
    erased = await store(shop).erase(caller)
    assert (erased.erased, erased.left, erased.why) == (1, 1, Left.HELD)
    assert erased.things == ({"recording": "c0_o0", "hold": "h1"},)
    assert await shop.audio("c0_o0") and shop.state("c1_o1") is State.DELETED
    shop.holds.lift("h1", Lifted("jefe", LATER, "archivado"))
    shop.hold(OverCaller("ana"), "h2")
    assert (await store(shop).erase(caller)).left == 1
    shop.holds.lift("h2", Lifted("jefe", LATER, "archivado"))
    assert (await store(shop).erase(caller)).erased == 1 and shop.faults() == []
    line: Line = erased_line(Place.RECORDINGS, 2, erased)
    assert line.why is Left.HELD and not line.trouble
    await shop.audit.close()


def lies(file: Path, ended: datetime) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"a talk that nobody took in")
    os.utime(file, (ended.timestamp(), ended.timestamp()))


@run
async def test_a_queues_hold_is_over_what_is_not_in_the_catalogue_too(shop: Shop) -> None:
    await shop.audit.open()
    ended, names = LATER - timedelta(days=1), ["c5_o5", "c6_o6", "c7_o7", "c8_o8", "c9_o9"]
    for name in names:
        lies(shop.folder / f"{name}.raw", ended)
    calls = {call: CallRecord(call=call, did="601", started=ended, caller="ana") for call in ("c5", "c6", "c7", "c8")}
    calls["c5"] = replace(calls["c5"], queue="servicio")
    ruled = TalkRuling(leg="o6", queue="servicio", agent="101", record=True, why="queue", said=())
    calls["c6"] = replace(calls["c6"], queue="cartera", rulings=(ruled,))
    visit = VisitRecord(visit="v7", call="c7", queue="servicio", joined=ended, priority=0)
    shop.store.save(1, [*calls.values(), visit], {})
    day = LATER.date() - timedelta(days=1)
    shop.hold(OverQueue("servicio", day, day))
    erased = await store(shop).erase(ana("c5", "c6", "c7", "c8", "c9"))
    assert [thing["recording"] for thing in erased.things] == ["c5_o5", "c6_o6", "c7_o7", "c9_o9"]
    assert erased.erased == 1 and not (shop.folder / "c8_o8.raw").exists(), "it was in no queue"
    shop.holds.lift("h1", Lifted("jefe", LATER, "archivado"))
    assert (await store(shop).erase(ana("c5", "c6", "c7", "c9"))).erased == 4
    await shop.audit.close()


@run
async def test_what_comes_into_the_catalogue_meanwhile_is_held_by_its_row(shop: Shop) -> None:
    await shop.audit.open()
    lies(shop.folder / "c7_o7.raw", LATER)
    row = without_row("c7_o7.raw", LATER, rule="a rule", due=LATER, by="erasure")
    shop.finished("c7_o7")  # of service, on 22 November in Bogotá
    shop.hold(OverQueue("servicio", on("2026-11-22"), on("2026-11-22")))
    removed = await shop.remover.remove([row])
    assert removed.held == {"c7_o7": ("h1",)} and (shop.folder / "c7_o7.raw").exists()
    await shop.audit.close()


KEEPING = ("before it is encoded", "when it is encoded", "before its row", "after its row")


@pytest.mark.parametrize("moment", KEEPING)
@run
async def test_the_keeper_at_the_same_moment_brings_nothing_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    await shop.filled()
    before, loop = shop.files(), asyncio.get_running_loop()
    shop.finished("c7_o7")
    shop.talked("c7_o7", 1.0)
    erased: list[int] = []
    row, stored = shop.catalogue.keep, keeper.keep_all

    def erase(wanted: bool) -> None:
        if wanted:  # the keeper's thread waits for it
            done = asyncio.run_coroutine_threadsafe(store(shop).erase(ana("c7")), loop).result(20)
            erased.append(done.erased)

    def encoded(*args: Any, **kwargs: Any) -> Any:
        erase(moment == KEEPING[0])
        became = stored(*args, **kwargs)
        erase(moment == KEEPING[1])
        return became

    def kept(*args: Any) -> bool:
        erase(moment == KEEPING[2])
        there = row(*args)
        erase(moment == KEEPING[3])
        return there

    monkeypatch.setattr(keeper, "keep_all", encoded)
    monkeypatch.setattr(shop.catalogue, "keep", kept)
    await shop.keeper.look()
    assert erased == [1] and shop.state("c7_o7") is State.DELETED and shop.catalogue.key_of("c7_o7") is None
    await shop.keeper.look()
    assert shop.files() == before and not list(shop.folder.rglob("*c7_o7*"))
    assert shop.about("deleted") == ["c7_o7"] and shop.faults() == []
    await shop.audit.close()


@run
async def test_a_part_that_was_put_aside_is_held_with_its_recording(shop: Shop) -> None:
    await shop.filled()
    late = shop.folder / QUARANTINE / "c0_o0~2.raw"
    lies(late, LATER)
    shop.hold(OverRecording("c0_o0"))
    erased = await store(shop).erase(ana("c0"))
    assert (erased.erased, erased.left) == (0, 1) and late.exists()
    shop.holds.lift("h1", Lifted("jefe", LATER, "archivado"))
    assert (await store(shop).erase(ana("c0"))).erased == 1 and not late.exists()
    await shop.audit.close()


@run
async def test_an_erasure_that_a_copy_did_not_hear_of_is_not_done(shop: Shop) -> None:
    await shop.filled()
    shop.copies.away["disco"] = "not mounted"
    for _ in range(2):
        with pytest.raises(OSError, match=r"1 recordings .* disco: not mounted"):
            await store(shop).erase(ana("c0"))
    assert shop.about("deleting") == ["c0_o0"] and shop.about("deleted") == []
    del shop.copies.away["disco"]
    await store(shop).erase(ana("c0"))
    assert shop.about("deleted") == ["c0_o0"] and shop.faults() == []
    await shop.audit.close()

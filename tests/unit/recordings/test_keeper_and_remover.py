"""A recording that is deleted while it is on its way into the vault does not come back; whatever ends in the middle."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivr.recordings import keeper as keeping
from ivr.recordings.open_work import Doomed
from recordings.catalogue import State
from recordings.intake import QUARANTINE
from recordings.proof import Fault
from recordings.vault.folder import INCOMING, PART
from tests.tools import run
from tests.unit.recordings.shop import LATER, Shop
from tests.unit.recordings.test_keeper import Died


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    (made.vault / INCOMING).mkdir()
    yield made
    made.store.close()


def doomed(shop: Shop, name: str) -> list[Doomed]:
    row = shop.catalogue.get(name)
    assert row is not None
    return [Doomed.of(row, rule="erasure of a caller", due=LATER, by="erasure")]


def nothing_left(shop: Shop, name: str) -> None:
    assert shop.state(name) is State.DELETED and shop.catalogue.key_of(name) is None
    assert shop.files() == [] and list(shop.folder.rglob("*.raw")) == []
    assert shop.work.deletions() == [] and shop.about("deleted") == [name]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", ["remove", "begin"])
@run
async def test_what_is_deleted_while_it_is_compressed_stays_deleted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, when: str, how: str
) -> None:
    """`begin`: its deletion has begun, and is finished when the keeper has ended."""
    await shop.audit.open()
    shop.finished("c7_o7")
    loop, real = asyncio.get_running_loop(), keeping.keep_all

    def deleted() -> None:
        work: Any = getattr(shop.remover, how)(doomed(shop, "c7_o7"))
        asyncio.run_coroutine_threadsafe(work, loop).result(10)

    def keep_all(*given: Any, **more: Any) -> Any:
        if when == "before":  # the file goes, and the worker finds none
            deleted()
        told = real(*given, **more)
        if when == "after":
            deleted()
        return told

    monkeypatch.setattr(keeping, "keep_all", keep_all)
    await shop.keeper.look()
    assert not (await shop.remover.finish()).left
    assert await shop.again().look() == 0
    nothing_left(shop, "c7_o7")
    assert "c7_o7" not in shop.about("created") and not (shop.folder / QUARANTINE).exists()
    assert shop.faults() == [(Fault.UNCALLED, "c7_o7")]
    await shop.audit.close()


@run
async def test_what_came_into_the_vault_before_its_deletion_began_is_deleted_there(shop: Shop) -> None:
    await shop.audit.open()
    shop.finished("c7_o7")
    seen = doomed(shop, "c7_o7")  # as it was taken in
    await shop.keeper.look()
    assert len(shop.files()) == 1
    assert (await shop.remover.remove(seen)).gone == ("c7_o7",)
    nothing_left(shop, "c7_o7")
    (told,) = shop.told("deleted")
    assert told["detail"]["audio_sha256"], "the certificate is of the file in the vault"
    await shop.audit.close()


@run
async def test_the_intake_does_not_bring_back_what_was_deleted_while_it_read(shop: Shop) -> None:
    await shop.audit.open()
    taken = shop.finished("c7_o7")
    await shop.remover.remove(doomed(shop, "c7_o7"))
    shop.catalogue.add(taken)
    nothing_left(shop, "c7_o7")
    await shop.audit.close()


@run
async def test_a_kill_before_the_vaults_file_is_removed_is_told_and_cannot_be_heard(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.audit.open()
    shop.finished("c7_o7")
    loop, real = asyncio.get_running_loop(), keeping.keep_all

    def keep_all(*given: Any, **more: Any) -> Any:
        real(*given, **more)
        asyncio.run_coroutine_threadsafe(shop.remover.remove(doomed(shop, "c7_o7")), loop).result(10)
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(keeping, "keep_all", keep_all)
        with pytest.raises(Died):
            await shop.keeper.look()
    (stray,) = shop.files()
    os.utime(shop.vault / stray, (0, 0))
    assert shop.catalogue.key_of("c7_o7") is None and shop.state("c7_o7") is State.DELETED
    assert shop.faults() == [(Fault.STRAY, stray), (Fault.UNCALLED, "c7_o7")]
    await shop.audit.close()


@run
async def test_what_a_kill_left_half_written_is_swept_with_the_next_recording(shop: Shop) -> None:
    await shop.audit.open()
    half, now = shop.vault / INCOMING / ("0" * 32 + PART), shop.vault / INCOMING / ("1" * 32 + PART)
    for part in (half, now):
        part.write_bytes(b"half of a talk")
    os.utime(half, (0, 0))
    shop.finished("c7_o7")
    await shop.keeper.look()
    assert not half.exists() and now.exists() and len(shop.files()) == 1
    await shop.audit.close()


@run
async def test_an_erasure_that_cannot_end_says_so_also_of_what_never_came_into_the_vault(shop: Shop) -> None:
    from tests.unit.erasure.test_recordings_erased import ana, store

    await shop.audit.open()
    shop.finished("c7_o7")
    begun = replace(doomed(shop, "c7_o7")[0], raw=("c7_o7.raw", "folder"))
    (shop.folder / "folder").mkdir()  # what cannot be unlinked
    shop.work.destroy([begun], LATER, shop.site.zone)
    with pytest.raises(OSError, match="not gone everywhere"):
        await store(shop).erase(ana("c7"))
    (shop.folder / "folder").rmdir()
    await store(shop).erase(ana("c7"))
    nothing_left(shop, "c7_o7")
    await shop.audit.close()

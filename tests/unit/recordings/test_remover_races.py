"""Who holds, plays or copies a recording while it is being deleted."""

import asyncio
import random
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from ivr.recordings import hold_store
from ivr.recordings.player import NotThere, closing
from recordings.backup.engine import Backup
from recordings.backup.memory import MemoryTarget
from recordings.backup.outcome import Limits
from recordings.backup.sources import Audio, Snapshot
from recordings.catalogue import State, keys, table
from recordings.certificate import Place
from recordings.holds import OverCall, OverCaller, OverRecording
from tests.tools import run
from tests.unit.recordings.shop import LATER, NAMES, Shop, called, doomed, gone


@run
async def test_a_hold_that_comes_before_the_key_is_destroyed_wins(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.filled()
    called(shop, "c2_o2", caller="ana")
    real = shop.sure.write

    async def written(what: str, told: Any) -> None:
        await real(what, told)
        if what == "deleting":
            shop.hold(OverRecording("c0_o0"))
            shop.hold(OverCaller("ana"), "h2")

    monkeypatch.setattr(shop.sure, "write", written)
    removed = await shop.remover.remove(doomed(shop, *NAMES))
    assert removed.gone == ("c1_o1",) and removed.held == {"c0_o0": ("h1",), "c2_o2": ("h2",)}
    await gone(shop, "c1_o1")
    assert sorted(shop.about("spared")) == ["c0_o0", "c2_o2"]
    await shop.audit.close()


@run
async def test_a_hold_that_is_being_written_is_waited_for(shop: Shop) -> None:
    await shop.filled()
    began, told = threading.Event(), threading.Event()
    row_of = {"hold": "h1", "about": {"kind": "call", "call": "c0"}, "why": "caso", "who": "jefe", "lifted_by": ""}

    def hold() -> None:
        with shop.store.engine.begin() as connection:
            connection.execute(insert(hold_store.holds).values(**row_of, since=LATER))
            began.set()
            assert told.wait(10)

    holding = asyncio.ensure_future(asyncio.to_thread(hold))
    await asyncio.to_thread(began.wait, 10)
    destroying = asyncio.ensure_future(
        asyncio.to_thread(shop.work.destroy, doomed(shop, "c0_o0", "c1_o1"), LATER, shop.site.zone)
    )
    await asyncio.sleep(0.2)
    assert not destroying.done()
    told.set()
    await holding
    begun = await destroying
    assert [one.recording for one in begun.open] == ["c1_o1"] and begun.held == {"c0_o0": ("h1",)}
    await shop.audit.close()


@run
async def test_a_hold_waits_while_keys_are_destroyed_and_tells_what_was_too_late(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.filled()
    inside, go, real = threading.Event(), threading.Event(), hold_store.standing

    def standing(connection: Any) -> Any:
        found = real(connection)
        inside.set()
        assert go.wait(10)
        return found

    monkeypatch.setattr("ivr.recordings.open_work.standing", standing)
    destroying = asyncio.ensure_future(
        asyncio.to_thread(shop.work.destroy, doomed(shop, "c0_o0"), LATER, shop.site.zone)
    )
    await asyncio.to_thread(inside.wait, 10)
    monkeypatch.undo()
    holding = asyncio.ensure_future(asyncio.to_thread(shop.hold, OverCall("c0")))
    await asyncio.sleep(0.2)
    assert not holding.done(), "nobody says that it is held while its key is being destroyed"
    go.set()
    assert len((await destroying).open) == 1
    await holding
    assert shop.holds.covered(OverCall("c0"), shop.site.zone) == {State.DELETED: 1}, "at once: its key is gone"
    await shop.remover.finish()
    assert shop.holds.covered(OverCall("c0"), shop.site.zone) == {State.DELETED: 1}
    await shop.audit.close()


@run
async def test_who_listens_meanwhile_hears_it_to_its_end(shop: Shop) -> None:
    await shop.filled()
    whole, found = await shop.audio("c2_o2"), shop.catalogue.get("c2_o2")
    assert found is not None
    with closing(await shop.player().open(found)) as heard:
        first = heard.piece(0, 1000)
        await shop.remover.remove(doomed(shop, "c2_o2"))
        assert first + heard.piece(1000, heard.size) == whole
    await gone(shop, "c2_o2")
    with pytest.raises(NotThere, match=r"key .* destroyed"):
        await shop.player().open(found)
    await shop.audit.close()


class Targets:
    """The engine of the backup, as the server's `Copies`."""

    def __init__(self, backup: Backup, now: Callable[[], datetime]) -> None:
        self._backup, self._now = backup, now

    async def forget(self, files: Collection[str]) -> Sequence[Place]:
        told = await asyncio.to_thread(self._backup.forget, files)
        return [Place(told.target, True, self._now(), told.manifest)]


class Source:
    """What a shop has to back up."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.meanwhile: Callable[[], None] = lambda: None

    def audio(self) -> Iterator[Audio]:
        with self._shop.store.engine.connect() as connection:
            rows = connection.execute(select(table).where(table.c.state == "kept")).all()
        for one in rows:
            yield Audio(one.file, self._shop.vault / one.file, one.sha256, one.bytes)
        self.meanwhile()

    def snapshots(self) -> Sequence[Snapshot]:
        def wrapped(path: Path) -> None:
            with self._shop.store.engine.connect() as connection:
                path.write_bytes(b"".join(connection.execute(select(keys.c.wrapped)).scalars()))

        return [Snapshot("keys", wrapped, 1)]


@run
async def test_a_backup_that_runs_meanwhile_brings_nothing_back(shop: Shop) -> None:
    await shop.filled()
    target, source = MemoryTarget(), Source(shop)
    backup = Backup(
        target, source, shop.root / "state", now=lambda: LATER, randomness=random.Random(1),
        limits=Limits(tries=1, first_pause=0),
    )  # fmt: skip
    shop.remover._copies = Targets(backup, lambda: LATER)
    assert backup.run().whole
    wrapped, found = shop.catalogue.key_of("c0_o0"), shop.catalogue.get("c0_o0")
    assert wrapped is not None and found is not None
    assert any(wrapped in data for data in target.objects.values())
    loop, tasks = asyncio.get_running_loop(), list[Any]()

    def delete() -> None:  # after the backup noted it as one to be sent
        source.meanwhile = lambda: None
        tasks.append(asyncio.run_coroutine_threadsafe(shop.remover.remove(doomed(shop, "c0_o0")), loop))
        tasks[0].result(10)

    source.meanwhile = delete
    outcome = await asyncio.to_thread(backup.run)
    assert outcome.stopped is None
    assert not any(found.file in name or wrapped in data for name, data in target.objects.items())
    assert backup.run().whole and not any(found.file in name for name in target.objects)
    (told,) = shop.told("deleted")
    assert [place["name"] for place in told["detail"]["places"]] == ["vault", "memory"] and told["detail"]["complete"]
    backup.close()
    await shop.audit.close()

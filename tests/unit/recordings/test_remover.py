"""What is deleted is gone from everywhere, proved, and once; whatever ends in the middle, and whoever holds, plays or
copies it meanwhile."""

import asyncio
import hashlib
import random
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from ivr.app.closing import Closing
from ivr.app.retention import open_retention
from ivr.audit.audit import AuditUnavailable
from ivr.install.paths import Paths
from ivr.recordings import hold_store
from ivr.recordings.open_work import Doomed
from ivr.recordings.player import NotThere, closing
from ivr.recordings.remover import LedgerAway
from recordings.backup.engine import Backup
from recordings.backup.memory import MemoryTarget
from recordings.backup.outcome import Limits
from recordings.backup.sources import Audio, Snapshot
from recordings.catalogue import State, keys, table
from recordings.certificate import Place
from recordings.holds import OverCall, OverCaller, OverQueue, OverRecording
from recordings.intake import QUARANTINE
from recordings.periods import Period
from recordings.proof import Fault
from recordings.retention import RetentionRule
from tests.tools import run
from tests.unit.recordings.shop import LATER, NAMES, Shop, called, fill, on, row
from tests.unit.recordings.test_keeper import Died

ARCHIVING = RetentionRule(keep=Period(years=5), archive_after=Period(days=90))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    made.store.close()


def doomed(shop: Shop, *names: str) -> list[Doomed]:
    rows = [shop.catalogue.get(name) for name in names]
    return [Doomed.of(row, rule="a rule", due=LATER, by="retention") for row in rows if row is not None]


async def gone(shop: Shop, *names: str) -> None:
    """Everything of these is gone, everything of the others is there, and the proof is sound."""
    for name in NAMES:
        found = shop.catalogue.get(name)
        assert found is not None
        if name in names:
            assert found.state is State.DELETED and found.peaks is None and shop.catalogue.key_of(name) is None
            assert not (shop.vault / found.file).exists()
            assert all(found.file not in held for held in shop.copies.held.values())
        else:
            assert found.state is State.KEPT and found.peaks and await shop.audio(name)
            assert all(found.file in held for held in shop.copies.held.values())
    assert sorted(shop.about("deleted")) == sorted(names) and all(e["detail"]["complete"] for e in shop.told("deleted"))
    assert shop.work.deletions() == [] and shop.faults() == []


@run
async def test_it_is_gone_from_everywhere_with_a_certificate(shop: Shop) -> None:
    await shop.filled()
    (shop.folder / "c0_o0.raw").write_bytes(b"left over")
    before = shop.catalogue.get("c0_o0")
    assert before is not None
    removed = await shop.remover.remove(doomed(shop, "c0_o0"))
    assert removed.gone == ("c0_o0",) and not removed.held and not removed.left
    await gone(shop, "c0_o0")
    assert not (shop.folder / "c0_o0.raw").exists()
    (begun,), (told,) = shop.told("deleting"), shop.told("deleted")
    assert begun["seq"] < told["seq"] and begun["detail"]["rule"] == "a rule" and begun["detail"]["due"]
    detail = told["detail"]
    assert (detail["sha256"], detail["bytes"], detail["by"]) == (before.sha256, before.bytes, "retention")
    assert [place["name"] for place in detail["places"]] == ["vault", "disco", "nube"] and detail["key_destroyed"]
    with pytest.raises(NotThere, match="deleted"):
        found = shop.catalogue.get("c0_o0")
        assert found is not None
        await shop.player().open(found)
    assert (await shop.remover.remove(doomed(shop, "c0_o0"))).gone == (), "again is harmless"
    assert shop.about("deleted") == ["c0_o0"]
    await shop.audit.close()


@run
async def test_every_part_of_it_that_was_put_aside_goes_with_it(shop: Shop) -> None:
    await shop.filled()
    aside, done = shop.folder / QUARANTINE, shop.folder / "done"
    aside.mkdir()
    done.mkdir(exist_ok=True)
    own = [aside / "c0_o0~2.raw", aside / "c0_o0_s.raw", shop.folder / "c0_o0~13.raw", done / "c0_o0~2"]
    others = [aside / "c1_o1~2.raw", aside / "c0_o00.raw", shop.folder / "c0_o1.raw"]
    for file in (*own, *others):
        file.write_bytes(b"somebody talks")
    await shop.remover.remove(doomed(shop, "c0_o0"))
    assert [file for file in own if file.exists()] == [] and all(file.exists() for file in others)
    await gone(shop, "c0_o0")
    await shop.audit.close()


@run
async def test_a_part_that_cannot_be_removed_keeps_the_certificate_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.filled()
    late = shop.folder / QUARANTINE / "c0_o0~2.raw"
    late.parent.mkdir()
    late.write_bytes(b"somebody talks")
    real = Path.unlink

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path != late:
            real(path, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlink)
        removed = await shop.remover.remove(doomed(shop, "c0_o0"))
    assert "is still there" in removed.left["c0_o0"] and shop.about("deleted") == []
    await shop.remover.finish()
    await gone(shop, "c0_o0")
    assert not late.exists()
    await shop.audit.close()


STEPS = ["begins", "destroy", "settle", "vault", "copies", "look", "mark", "certificate", "close"]


@pytest.mark.parametrize("step", STEPS)
@run
async def test_a_kill_before_each_step_loses_nothing_and_doubles_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await shop.filled()

    def dies(*given: Any, **more: Any) -> Any:
        raise Died

    real = shop.sure.write

    async def written(what: str, told: Any) -> None:
        if what == {"begins": "deleting", "certificate": "deleted"}.get(step):
            raise Died
        await real(what, told)

    where: dict[str, tuple[Any, str]] = {
        "destroy": (shop.work, "destroy"),
        "settle": (shop, "settle"),
        "vault": (shop.remover._vault, "remove"),
        "copies": (shop.copies, "forget"),
        "look": (shop.remover, "_trace"),
        "mark": (shop.work, "mark_deleted"),
        "close": (shop.work, "close"),
    }
    with monkeypatch.context() as patched:
        if step in where:
            patched.setattr(*where[step], dies)
        patched.setattr(shop.sure, "write", written)
        with pytest.raises(Died):
            await shop.remover.remove(doomed(shop, "c0_o0", "c1_o1"))
    assert shop.faults() == [], "what is on its way is no fault"
    before = step in ("begins", "destroy")
    assert (shop.catalogue.key_of("c0_o0") is not None) == before
    assert len(shop.work.deletions()) == (0 if before else 2)
    shop.opened()
    done = await shop.retention.at_once(10)
    assert not done.left and not done.stopped and done.deleted == 3
    await gone(shop, *NAMES)
    await shop.audit.close()


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


@run
async def test_what_a_copy_cannot_forget_now_it_forgets_later(shop: Shop) -> None:
    await shop.filled()
    shop.copies.away["nube"] = "503; wait"
    done = await shop.retention.at_once(1)
    assert done.deleted == 0 and done.left == {"c0_o0": "nube: 503; wait"}
    assert shop.catalogue.key_of("c0_o0") is None and shop.state("c0_o0") is State.KEPT
    assert shop.faults() == [] and shop.about("deleted") == []
    again = await shop.retention.at_once(1)
    assert len(again.left) == 2 and sorted(shop.about("deleting")) == ["c0_o0", "c1_o1"], "begun once"
    del shop.copies.away["nube"]
    shop.opened()
    assert (await shop.retention.at_once(10)).deleted == 3
    await gone(shop, *NAMES)
    await shop.audit.close()


@run
async def test_a_vault_whose_disk_is_away_is_not_an_empty_one(shop: Shop) -> None:
    await shop.filled()
    shop.vault.rename(shop.root / "elsewhere")
    shop.vault.mkdir()  # the mount point
    with pytest.raises(OSError, match="is its disk there"):
        await shop.remover.remove(doomed(shop, "c0_o0"))
    assert shop.catalogue.key_of("c0_o0") is not None and shop.about("deleting") == []
    shop.vault.rmdir()
    (shop.root / "elsewhere").rename(shop.vault)
    await gone(shop)
    await shop.audit.close()


@run
async def test_without_a_ledger_nothing_is_deleted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.filled()

    async def unavailable(entry: Any) -> int:
        raise AuditUnavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(shop.audit, "append", unavailable)
        with pytest.raises(LedgerAway, match="disk is full"):
            await shop.remover.remove(doomed(shop, *NAMES))
    await gone(shop)
    await shop.audit.close()


@run
async def test_no_file_of_the_database_holds_a_destroyed_key(shop: Shop) -> None:
    await shop.filled()
    chance = random.Random(7)
    wrapped = {f"y{number:04}_1": chance.randbytes(300) for number in range(300)}
    fill(shop.store.engine, [row(name, LATER) for name in wrapped], wrapped)
    doomed_ = chance.sample(sorted(wrapped), 200)
    await shop.remover.remove(doomed(shop, *doomed_[:100]))
    await shop.remover.remove(doomed(shop, *doomed_[100:]))
    data = b"".join(file.read_bytes() for file in shop.root.glob("records.sqlite*"))
    assert [name for name in doomed_ if wrapped[name][:60] in data or wrapped[name][-60:] in data] == []
    assert all(wrapped[name] in data for name in wrapped if name not in doomed_)
    await shop.audit.close()


@run
async def test_a_deleted_file_that_comes_back_is_told(shop: Shop) -> None:
    await shop.filled()
    found = shop.catalogue.get("c0_o0")
    assert found is not None
    content = (shop.vault / found.file).read_bytes()
    await shop.remover.remove(doomed(shop, "c0_o0"))
    (shop.vault / found.file).write_bytes(content)
    import os

    os.utime(shop.vault / found.file, (0, 0))
    assert shop.faults() == [(Fault.STRAY, found.file)]
    await shop.audit.close()


@run
async def test_nothing_but_a_recordings_own_files_is_touched(shop: Shop) -> None:
    await shop.filled()
    other = shop.root / "secret.raw"
    other.write_bytes(b"x")
    bad = Doomed(
        recording="../secret", call="c", queue="", ended=LATER, bytes=0, sha256="", audio_sha256="",
        file="../secret.raw", raw=("../secret.raw",), archived=False, rule="r", due=LATER, by="b",
    )  # fmt: skip
    removed = await shop.remover.remove([bad])
    assert "not a file of the vault" in removed.left["../secret"] and other.exists()
    await shop.audit.close()


@run
async def test_the_server_opens_it_all(shop: Shop) -> None:
    await shop.filled()
    closing_ = Closing()
    opened = open_retention(
        paths=Paths(shop.root, shop.root / "root"),
        site=shop.in_force,
        store=shop.store,
        record_of=lambda call: None,
        keys_of=lambda number: (),
        audit=shop.audit,
        clock=shop.clock,
        closing=closing_,
        copies=shop.copies,
    )
    for _ in range(3000):
        if opened.retention.last is not None:
            break
        await asyncio.sleep(0.001)
    await closing_.all()
    await gone(shop, *NAMES)
    assert len(opened.routes) == 2 and not opened.retention.archives
    await shop.audit.close()


# ---------------------------------------------------------------------- the archive
@pytest.fixture
def keeping(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, ARCHIVING, archives=True)
    yield made
    made.store.close()


@run
async def test_what_is_archived_leaves_the_vault_and_is_deleted_there_too(keeping: Shop) -> None:
    shop, archive = await keeping.filled(), keeping.archived
    assert archive is not None
    hashes = {shop.catalogue.get(name).sha256 for name in NAMES}  # type: ignore[union-attr]
    done = await shop.retention.at_once(10)
    assert (done.archived, done.deleted, done.stopped) == (3, 0, "")
    assert shop.files() == [] and {hashlib.sha256(data).hexdigest() for data in archive.files.values()} == hashes
    assert sorted(shop.about("archived")) == NAMES and shop.faults() == []
    found = shop.catalogue.get("c0_o0")
    assert found is not None and found.state is State.ARCHIVED and shop.catalogue.key_of("c0_o0") is not None
    with pytest.raises(NotThere, match="archived"):
        await shop.player().open(found)
    assert (await shop.retention.at_once(10)).archived == 0
    shop.clock.wall = LATER.replace(year=2032)
    await shop.retention.believe()
    assert (await shop.retention.at_once(10)).deleted == 3
    assert archive.files == {} and shop.faults() == []
    places = shop.told("deleted")[0]["detail"]["places"]
    assert [place["name"] for place in places] == ["vault", "disco", "nube", "archivo"]
    await shop.audit.close()


@pytest.mark.parametrize("step", ["put", "archived", "remove", "write", "close"])
@run
async def test_a_kill_before_each_step_of_archiving_loses_nothing(
    keeping: Shop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    shop, archive = await keeping.filled(), keeping.archived
    assert archive is not None and shop.retention._archiver is not None

    def dies(*given: Any, **more: Any) -> Any:
        raise Died

    where: dict[str, Any] = {
        "put": archive,
        "archived": shop.work,
        "remove": shop.retention._archiver._vault,
        "write": shop.sure,
        "close": shop.work,
    }
    with monkeypatch.context() as patched:
        patched.setattr(where[step], step, dies)
        with pytest.raises(Died):
            await shop.retention.at_once(10)
    assert shop.faults() == []
    shop.opened()
    assert not (await shop.retention.at_once(10)).left
    assert sorted(shop.about("archived")) == NAMES and shop.files() == [] and len(archive.files) == 3
    assert shop.faults() == [] and shop.work.archivings() == []
    await shop.audit.close()


@run
async def test_an_archive_that_lies_or_is_away_gets_nothing_out_of_the_vault(keeping: Shop) -> None:
    shop, archive = await keeping.filled(), keeping.archived
    assert archive is not None
    archive.spoil = lambda data: data[:-1]
    done = await shop.retention.at_once(10)
    assert done.archived == 0 and "did not give" in done.left["c0_o0"] and len(shop.files()) == 3
    archive.away = "503; wait"
    assert "503" in (await shop.retention.at_once(10)).left["c0_o0"]
    archive.away, archive.spoil = "", lambda data: data
    shop.hold(OverQueue("servicio", on("2026-11-22"), on("2026-11-22")))  # the evening before, in Bogotá
    done = await shop.retention.at_once(10)
    assert done.archived == 0 and len(shop.files()) == 3, "under a hold nothing happens"
    await shop.audit.close()


def test_sqlite_writes_over_what_is_deleted(shop: Shop) -> None:
    with shop.store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    assert sqlite3.sqlite_version_info >= (3, 20)

"""Recordings whose records lie in a real PostgreSQL: kept, proved, deleted, held, backed up and restored."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from ivr.app.retention import SureLedger
from ivr.backup import worker
from ivr.backup.databases import NotDumped, dump_postgres, restore_postgres
from ivr.backup.instance import Instance
from ivr.backup.restoring import CannotRestore, Restoration, restore_instance
from ivr.backup.worker import Job
from ivr.clock import LoopClock
from ivr.recordings.hold_store import HoldStore
from ivr.recordings.open_work import Doomed, OpenWork
from ivr.recordings.remover import Remover
from ivr.recordings.verify import Verifier
from ivr.records.store import RecordStore
from ivr.site.recordings import BackupTarget, FolderPlace
from recordings.backup.folder import FolderTarget
from recordings.catalogue import State, keys, table
from recordings.holds import Hold, OverCall
from recordings.proof import Fault
from recordings.vault.keyfiles import read_identities
from tests.contract.postgres_server import PostgresServer, postgres_server
from tests.tools import run
from tests.unit.recordings.test_keeper import Died
from tests.unit.recordings.test_proof import NOW, Archive


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as made:
        yield made


@pytest.fixture
def archive(server: PostgresServer, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path, server.database(request.node.name[:60]))
    yield made
    made.store.close()


def doomed(archive: Archive, name: str) -> Doomed:
    row = archive.catalogue.get(name)
    assert row is not None
    return Doomed.of(row, rule="a rule", due=NOW, by="retention")


@run
async def test_what_is_kept_is_proved_and_deleted(archive: Archive) -> None:
    await archive.filled()
    assert archive.faults() == [] and len(await archive.audio("c0_o0")) > 0
    remover = Remover(
        OpenWork(archive.store.engine),
        archive.catalogue,
        SureLedger(archive.audit, LoopClock()),
        LoopClock(),
        folder=archive.folder,
        done=archive.folder / "done",
        vault=archive.vault,
        zone=lambda: UTC,
    )
    hold = Hold(hold="h1", who="jefe", why="caso", since=NOW, over=OverCall("c1"))
    HoldStore(archive.store.engine).set(hold)
    removed = await remover.remove([doomed(archive, "c0_o0"), doomed(archive, "c1_o1")])
    assert removed.gone == ("c0_o0",) and removed.held == {"c1_o1": ("h1",)} and not removed.left
    assert archive.faults() == [] and archive.catalogue.key_of("c0_o0") is None
    with archive.store.engine.begin() as connection:
        connection.execute(update(table).where(table.c.recording == "c2_o2").values(state="deleted"))
    assert (Fault.UNCERTIFIED, "c2_o2") in archive.faults()
    await archive.audit.close()


@run
async def test_what_is_deleted_on_its_way_into_the_vault_stays_deleted(archive: Archive) -> None:
    taken = archive.finished("c7_o7")
    work, now = OpenWork(archive.store.engine), datetime.now(UTC)
    assert len(work.destroy([doomed(archive, "c7_o7")], now, UTC).open) == 1
    assert not archive.catalogue.keep(replace(taken, state=State.KEPT), b"wrapped")
    assert not archive.catalogue.add(taken) and archive.catalogue.key_of("c7_o7") is None
    row = archive.catalogue.get("c7_o7")
    assert row is not None and row.state is State.DELETED


@run
async def test_a_row_that_is_being_kept_is_waited_for(archive: Archive) -> None:
    """The keeper writes row and key; the deletion that comes between them knows the file in the vault."""
    taken = archive.finished("c7_o7")
    began, go = threading.Event(), threading.Event()

    def keeping() -> None:
        with archive.store.engine.begin() as connection:
            kept = {"state": "kept", "file": "2026/11/23/" + "0" * 32 + ".cva"}
            connection.execute(update(table).where(table.c.recording == "c7_o7").values(**kept))
            began.set()
            assert go.wait(10)

    wanted = Doomed.of(taken, rule="a rule", due=NOW, by="erasure")
    writing = asyncio.ensure_future(asyncio.to_thread(keeping))
    await asyncio.to_thread(began.wait, 10)
    destroying = asyncio.ensure_future(
        asyncio.to_thread(OpenWork(archive.store.engine).destroy, [wanted], datetime.now(UTC), UTC)
    )
    await asyncio.sleep(0.2)
    assert not destroying.done()
    go.set()
    await writing
    [begun] = (await destroying).open
    assert begun.file.endswith(".cva")


def backed_up(archive: Archive) -> FolderTarget:
    """A target with a whole backup."""
    var = archive.folder.parent
    for folder in ("config", "flows", "secrets"):
        (var / folder).mkdir()
    (var / "secrets/recordings.recipients").write_text(archive.recipient)
    instance = Instance(
        config=var / "config", flows=var / "flows", var=var, records=archive.url, journal="redis://localhost:1/0"
    )
    target = FolderTarget(var / "disk", "disco")
    target.prepare()
    told = worker.run(Job(BackupTarget(name="disco", place=FolderPlace(path=str(var / "disk"))), instance))
    assert told.state.whole and told.state.items == 3, told
    return target


@run
async def test_a_backup_of_it_goes_into_an_empty_database(archive: Archive, server: PostgresServer) -> None:
    await archive.filled()
    await archive.audit.close()
    var, target = archive.folder.parent, backed_up(archive)
    empty = server.database("empty")
    identities = read_identities(var / "identity")
    done = restore_instance(target, var / "restored", identities, now=NOW, who="ana", records=empty)
    assert done.came.stopped is None and done.keys == 3, done
    store = RecordStore.read_only(empty)
    verified = Verifier(store.engine, folder=var / "restored/var/recordings", vault=var / "restored/var/vault", now=NOW)
    assert verified.run().findings == []
    with archive.store.engine.connect() as before, store.engine.connect() as after:
        wrapped = select(keys).order_by(keys.c.recording)
        assert after.execute(wrapped).all() == before.execute(wrapped).all() != []
    store.close()


def cut(*given: object) -> int:
    raise Died


@run
async def test_a_restore_that_was_cut_after_the_records_came_goes_on(
    archive: Archive, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.filled()
    await archive.audit.close()
    target, identities = backed_up(archive), read_identities(archive.folder.parent / "identity")
    into, empty = archive.folder.parent / "restored", server.database("cut")

    def again(records: str) -> Restoration:
        return restore_instance(target, into, identities, now=NOW, who="ana", records=records)

    for step in ("put_keys", "_in_the_vault", "_noted"):
        with monkeypatch.context() as patched:
            patched.setattr(f"ivr.backup.restoring.{step}", cut)
            with pytest.raises(Died):
                again(empty)
    done = again(empty)
    assert done.keys == 3 and done.faults == ("snapshot configuration: the backup has none",), done
    with pytest.raises(CannotRestore, match="not empty"):
        again(empty)


@run
async def test_a_restore_takes_nothing_out_of_a_database_that_others_use(
    archive: Archive, server: PostgresServer
) -> None:
    await archive.filled()
    await archive.audit.close()
    target, identities = backed_up(archive), read_identities(archive.folder.parent / "identity")
    into = archive.folder.parent / "restored"
    done = restore_instance(target, into, identities, now=NOW, who="ana", records=archive.url)
    assert done.keys == 0 and any("the database is not empty" in fault for fault in done.faults)
    assert len(archive.catalogue.in_state(State.KEPT, 10)) == 3 and archive.catalogue.key_of("c0_o0")


@run
async def test_a_dump_holds_no_key_and_goes_nowhere_but_into_an_empty_database(
    archive: Archive, server: PostgresServer, tmp_path: Path
) -> None:
    await archive.filled()
    await archive.audit.close()
    dump_postgres(archive.url, tmp_path / "dump")
    with pytest.raises(NotDumped, match=r"error: .* already exists"):
        restore_postgres(archive.url, tmp_path / "dump")
    other = server.database("other")
    restore_postgres(other, tmp_path / "dump")
    store = RecordStore.read_only(other)
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM recordings")).scalar() == 3
        assert connection.execute(text("SELECT count(*) FROM recording_keys")).scalar() == 0
    store.close()
    with pytest.raises(NotDumped):
        dump_postgres(archive.url.replace(archive.url.split("/")[-1].split("?")[0], "nowhere"), tmp_path / "dump")

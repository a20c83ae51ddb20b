"""From an instance to a target and back: all of it, only for who may, and nothing in clear on the way."""

import gzip
import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from acd.journal.sqlite import SqliteJournal
from ivr.audit.anchors import AnchorFiles
from ivr.audit.audit import Audit
from ivr.audit.store import AuditStore, Wanted
from ivr.backup import worker
from ivr.backup.archive import TargetArchive
from ivr.backup.backup import Backups
from ivr.backup.databases import NotDumped, copy_records, dump_postgres, restore_postgres
from ivr.backup.packing import unpack
from ivr.backup.restoring import CannotRestore, Restoration, restore_instance
from ivr.backup.source import InstanceSource
from ivr.clock import LoopClock
from ivr.recordings.verify import Verified, Verifier
from ivr.records.store import RecordStore
from ivr.site.recordings import BackupSettings, FolderPlace
from recordings.backup.folder import FolderTarget
from recordings.backup.gate import only_one
from recordings.backup.targets import TargetError
from recordings.catalogue import State
from recordings.proof import Fault
from recordings.vault.keyfiles import make_identity, read_identities
from recordings.vault.keys import Recipient
from recordings.vault.whole import decrypt_file, encrypt_file
from tests.unit.backup.office import GONE, NOTICE, NUMBER, PASSWORD, VOICE, Office, heard, slow
from tests.unit.backup.test_backups import Noted

NOW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.store.close()


def restored(office: Office, name: str = "new") -> tuple[Path, Restoration]:
    into = office.base / name
    done = restore_instance(office.target(), into, office.identities, now=datetime.now(UTC), who="ana")
    return into, done


def verified(var: Path) -> Verified:
    store = RecordStore.read_only(f"sqlite:///{var}/records.sqlite")
    try:
        return Verifier(store.engine, folder=var / "recordings", vault=var / "vault", now=NOW).run()
    finally:
        store.close()


def trees(*folders: Path) -> list[dict[str, bytes]]:
    return [
        {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
        for folder in folders
    ]


@slow
async def test_a_restore_to_an_empty_folder_plays_every_recording(office: Office) -> None:
    await office.filled_and_closed()
    told = worker.run(office.job)
    assert told.state.whole and told.state.items == 3 and told.state.success == told.state.ended, told
    into, done = restored(office)
    assert done.whole and done.keys == 3, done
    assert done.to_do == ("put the identity at var/secrets/recordings.identity, or let CENTRALITA_KEYS name the key "
                          "service: without it nobody can listen",)  # fmt: skip
    assert sorted(path.name for path in into.iterdir()) == ["config", "flows", "var"]
    assert heard(into / "var", office.identities) == office.heard() and len(office.heard()) == 3
    found = verified(into / "var")
    assert found.sound and (found.recordings, found.files, found.talks) == (3, 3, 3), found.findings
    for name in ("config", "flows"):
        here, there = trees(office.base / name, into / name)
        assert here == there and here
    for name in ("voicemail", "overrides", "versions", "asterisk/share"):
        here, there = trees(office.var / name, into / "var" / name)
        assert here == there and here
    here, there = trees(office.var / "secrets", into / "var/secrets")
    assert set(here) - set(there) == {"cli.token"} and set(there) < set(here)
    for file in (into / "var/secrets").iterdir():
        assert file.stat().st_mode & 0o077 in (0, 0o044)
    assert (into / "var").stat().st_mode & 0o777 == 0o700


@slow
async def test_the_restored_audit_and_journal_are_whole(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    into, _ = restored(office)
    url = f"sqlite:///{into}/var/records.sqlite"
    store = RecordStore.open(url)
    audit = Audit(AuditStore.open(url, store.engine), AnchorFiles(into / "var/audit"), LoopClock())
    await audit.open()
    verification = await audit.verify()
    assert not verification.faults and verification.entries >= 4
    [last] = audit.store.find(Wanted(action="backup.*"), 1)
    assert (last["action"], last["who"], last["object"], last["result"]) == ("backup.restored", "ana", "disco", "done")
    await audit.close()
    store.close()
    journal = await SqliteJournal.open(into / "var/journal.sqlite", LoopClock(), writing=False)
    assert [entry.event async for entry in journal.read()] == [{"e": "something"}]
    await journal.close()


@slow
async def test_nothing_leaves_in_clear(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    wrapped = list(office.wrapped().values())
    assert len(wrapped) == 3
    secret = [NUMBER.encode(), PASSWORD.encode(), VOICE, NOTICE, office.gone[:40], b"AGE-SECRET-KEY"]
    for file in (path for path in office.disk.rglob("*") if path.is_file()):
        content = file.read_bytes()
        if content.startswith(b"\x1f\x8b"):  # keys and manifests go as they are, compressed
            content += gzip.decompress(content)
        for one in secret:
            assert one not in content, file
        if "snapshots/keys" not in str(file):
            assert not any(key in content for key in wrapped), file


@slow
async def test_no_snapshot_but_its_own_holds_a_wrapped_key(office: Office, tmp_path: Path) -> None:
    """Neither as a row nor in the pages of one that was destroyed."""
    await office.filled_and_closed()
    assert office.gone[:64] in b"".join(file.read_bytes() for file in office.var.glob("records.sqlite*")), "a fair test"
    worker.run(office.job)
    sealed = sorted(
        path for path in (office.disk / "snapshots").rglob("*") if path.is_file() and "keys" not in str(path)
    )
    assert len(sealed) == 6
    for number, file in enumerate(sealed):
        decrypt_file(file, tmp_path / "plain", office.identities)
        unpack(tmp_path / "plain", tmp_path / f"{number}")
        for came in (path for path in (tmp_path / f"{number}").rglob("*") if path.is_file()):
            content = came.read_bytes()
            assert not any(key in content for key in (*office.wrapped().values(), office.gone[:40])), came
            assert GONE.encode() not in content
    with sqlite3.connect(next(tmp_path.glob("*/var/records.sqlite"))) as base:
        assert base.execute("SELECT count(*) FROM recording_keys").fetchone() == (0,)
        assert base.execute("SELECT number FROM callers").fetchone() == (NUMBER,)
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@slow
async def test_a_second_backup_makes_only_what_has_changed(office: Office) -> None:
    await office.filled_and_closed()
    first = worker.run(office.job)
    assert first.facts["snapshots"] == [
        "records",
        "journal",
        "keys",
        "configuration",
        "prompts",
        "voicemail",
        "secrets",
    ]
    second = worker.run(office.job)
    assert second.state.whole and second.state.sent == 0
    assert second.facts["snapshots"] == ["records", "journal", "keys"]
    (office.var / "voicemail/servicio/new.wav").write_bytes(b"another")
    assert worker.run(office.job).facts["snapshots"][3:] == ["voicemail"]
    assert len(list((office.disk / "snapshots/keys").iterdir())) == 1
    assert len(list((office.disk / "snapshots/records").iterdir())) == 3
    into, done = restored(office)
    assert done.whole and (into / "var/voicemail/servicio/new.wav").read_bytes() == b"another"


def voices(office: Office) -> list[list[str]]:
    """Of each snapshot of messages that lies at the target, what is in it."""
    found = []
    for sealed in sorted((office.disk / "snapshots/voicemail").iterdir()):
        decrypt_file(sealed, office.base / "plain", office.identities)
        into = office.base / f"voices {len(list(office.base.glob('voices*')))}"
        unpack(office.base / "plain", into)
        found.append(sorted(file.name for file in into.rglob("*.wav")))
    return found


@slow
async def test_a_message_that_was_erased_is_in_no_copy(office: Office) -> None:
    await office.filled_and_closed()
    (office.var / "voicemail/servicio/new.wav").write_bytes(b"another")
    worker.run(office.job)
    assert voices(office) == [["bcdfghjkmn.wav", "new.wav"]]
    (office.var / "voicemail/servicio/bcdfghjkmn.wav").unlink()
    assert worker.run(office.job).state.whole
    assert voices(office) == [["new.wav"]]
    (office.var / "voicemail/servicio/new.wav").unlink()
    worker.forget(office.job, [])
    assert voices(office) == [[]], "also when retention lets the target forget"
    assert not (office.job.folder / "forgetting").exists()
    assert worker.run(office.job).state.whole and restored(office)[1].whole


@slow
async def test_what_the_target_lost_is_made_again(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    for file in (office.disk / "snapshots/secrets").iterdir():
        file.unlink()
    assert "secrets" in worker.run(office.job).facts["snapshots"]
    assert restored(office)[1].whole


@slow
async def test_a_new_recipient_opens_what_is_copied_from_then_on(office: Office, tmp_path: Path) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    recovery = make_identity(tmp_path / "recovery")
    with (office.var / "secrets/recordings.recipients").open("a") as file:
        file.write(f"\n{recovery.text}\n")
    assert worker.run(office.job).facts["snapshots"][3:] == ["configuration", "prompts", "voicemail", "secrets"]
    done = restore_instance(
        office.target(), tmp_path / "new", read_identities(tmp_path / "recovery"), now=NOW, who="ana"
    )
    assert done.whole and done.keys == 3


@slow
async def test_without_the_identity_nothing_is_restored_and_it_is_said_at_once(office: Office, tmp_path: Path) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    make_identity(tmp_path / "other")
    with pytest.raises(CannotRestore, match="give its file"):
        restore_instance(office.target(), tmp_path / "new", (), now=NOW, who="ana")
    with pytest.raises(CannotRestore, match="does not open this backup"):
        restore_instance(office.target(), tmp_path / "new", read_identities(tmp_path / "other"), now=NOW, who="ana")
    assert [path.name for path in (tmp_path / "new").rglob("*")] == [".restore"]
    assert restore_instance(office.target(), tmp_path / "new", office.identities, now=NOW, who="ana").whole


@slow
async def test_a_folder_that_is_not_empty_is_left_alone(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    (office.base / "new").mkdir()
    (office.base / "new/mine").write_text("mine")
    with pytest.raises(CannotRestore, match="not empty"):
        restored(office)
    assert [path.name for path in (office.base / "new").iterdir()] == ["mine"]


@slow
async def test_a_folder_without_a_backup_says_so(office: Office) -> None:
    with pytest.raises(CannotRestore, match="there is no backup here"):
        restored(office)


@slow
async def test_what_is_missing_or_altered_is_told_and_the_rest_comes(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    lost, spoilt, _ = sorted(path for path in (office.disk / "audio").rglob("*") if path.is_file())
    lost.unlink()
    spoilt.write_bytes(b"x" + spoilt.read_bytes()[1:])
    [records] = (office.disk / "snapshots/prompts").iterdir()
    records.unlink()
    into, done = restored(office)
    assert not done.whole and done.came.missing.count == 2 and done.came.altered.count == 1
    assert [finding.fault for finding in verified(into / "var").findings] == [Fault.MISSING] * 2
    assert not (into / ".restore").exists()


@slow
async def test_a_snapshot_of_another_makes_no_file_outside(office: Office, tmp_path: Path) -> None:
    """Whoever writes to the target has the public recipients too."""
    await office.filled_and_closed()
    worker.run(office.job)
    plain = tmp_path / "evil.tar.gz"
    with tarfile.open(plain, "w:gz") as tar:
        evil = tarfile.TarInfo("var/../../../evil")
        evil.size = 4
        tar.addfile(evil, io.BytesIO(b"evil"))
    encrypt_file(plain, tmp_path / "evil.age", [Recipient(office.recipient)])
    content = (tmp_path / "evil.age").read_bytes()
    (office.disk / f"snapshots/configuration/999999999999.{hashlib.sha256(content).hexdigest()}").write_bytes(content)
    into, done = restored(office)
    assert not done.whole and any("is no place in an instance" in fault for fault in done.faults)
    assert not list(tmp_path.rglob("evil")) and not (into / "evil").exists()


@slow
async def test_an_older_database_beside_a_newer_vault_is_told(office: Office) -> None:
    await office.filled()
    worker.run(office.job)
    old, _ = restored(office, "old")
    before = set(office.files())
    office.finished("c7_o7", seconds=1)
    office.talked("c7_o7", seconds=1.2)
    await office.keeper.look()
    await office.audit.close()
    [new] = set(office.files()) - before
    # Somebody puts the database of the morning beside the vault of now.
    os.utime(office.vault / new, (1, 1))
    store = RecordStore.read_only(f"sqlite:///{old}/var/records.sqlite")
    found = Verifier(store.engine, folder=office.folder, vault=office.vault, now=NOW).run()
    store.close()
    assert [(finding.fault, finding.about) for finding in found.findings] == [(Fault.STRAY, new)]
    # The next backup has both, and a restore of it agrees again.
    assert worker.run(office.job).state.items == 4
    into, done = restored(office)
    assert done.whole and verified(into / "var").sound and len(heard(into / "var", office.identities)) == 4


@slow
async def test_a_recording_that_was_made_meanwhile_is_no_contradiction(office: Office) -> None:
    """The list of recordings and the catalogue of the backup are of one moment."""
    await office.filled()
    work = office.base / "work"
    work.mkdir()
    source = InstanceSource(office.instance, work)
    listed = list(source.audio())
    office.finished("c7_o7", seconds=1)
    await office.keeper.look()
    await office.audit.close()
    make = next(snapshot.make for snapshot in source.snapshots() if snapshot.name == "records")
    make(office.base / "sealed")
    decrypt_file(office.base / "sealed", office.base / "plain", office.identities)
    unpack(office.base / "plain", office.base / "came")
    with sqlite3.connect(office.base / "came/var/records.sqlite") as base:
        rows = {row[0] for row in base.execute("SELECT file FROM recordings WHERE state = 'kept'")}
    assert rows == {one.name for one in listed} and len(rows) == 3


@slow
async def test_a_target_that_lay_elsewhere_before_is_not_sure_to_have_forgotten(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    row = office.catalogue.get("c0_o0")
    assert row is not None
    FolderTarget(office.base / "larger").prepare()
    moved = replace(office.job, target=replace(office.job.target, place=FolderPlace(path=str(office.base / "larger"))))
    assert worker.run(moved).state.whole
    office.destroy_key("c0_o0")
    for _ in range(2):
        with pytest.raises(TargetError, match=f"it lay at {office.disk} before"):
            worker.forget(moved, [row.file])
    assert list(office.disk.rglob(f"{Path(row.file).name}*")), "a fair test"
    assert not list((office.base / "larger").rglob(f"{Path(row.file).name}*"))
    (moved.folder / "places").write_text(f"{office.base / 'larger'}\n")
    assert worker.forget(moved, [row.file]) == []


@slow
async def test_retention_forgets_in_every_copy(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    row = office.catalogue.get("c0_o0")
    assert row is not None
    doomed = office.wrapped()["c0_o0"]
    office.destroy_key("c0_o0")
    (office.vault / row.file).unlink()
    gone = worker.forget(office.job, [row.file])
    assert gone == [f"audio/{row.file}.{row.sha256}"]
    assert worker.forget(office.job, [row.file]) == []
    assert not list(office.disk.rglob(f"{Path(row.file).name}*"))
    [file] = (office.disk / "snapshots/keys").iterdir()
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    assert len(lines) == 2 and not any("c0_o0" in line for line in lines)
    assert doomed not in b"".join(path.read_bytes() for path in office.disk.rglob("*") if path.is_file())


@slow
async def test_records_that_cannot_be_read_leave_the_rest_backed_up(office: Office) -> None:
    await office.filled_and_closed()
    assert worker.run(office.job).state.whole
    office.store.close()
    for file in office.var.glob("records.sqlite*"):
        file.unlink()
    (office.var / "records.sqlite").write_bytes(b"not a database any more" * 100)
    told = worker.run(office.job)
    assert not told.state.whole and "records" in told.state.why and "database" in told.state.why
    assert told.state.success is not None and told.facts["snapshots"] == ["journal"] and told.state.items == 3
    assert restored(office)[1].came.missing.count == 0


@slow
async def test_without_recipients_nothing_readable_leaves(office: Office) -> None:
    await office.filled_and_closed()
    (office.var / "secrets/recordings.recipients").unlink()
    told = worker.run(office.job)
    assert not told.state.whole and "recordings.recipients" in told.state.why
    assert {path.name for path in (office.disk / "snapshots").iterdir()} == {"keys"}


@slow
async def test_a_disk_that_is_nearly_full_keeps_its_room_for_calls(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.filled_and_closed()
    monkeypatch.setattr("ivr.backup.source.SPARE_BYTES", 1 << 62)
    told = worker.run(office.job)
    assert not told.state.whole and "too little room" in told.state.why
    assert not (office.var / "backup-state/disco/making").exists()


@slow
async def test_a_proof_fetches_back_and_tells_what_is_wrong(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    proof = worker.proof(office.job, 20).state.proof
    assert proof is not None and proof.sound and (proof.drawn, proof.proved) == (10, 10)
    spoilt = next(path for path in (office.disk / "audio").rglob("*") if path.is_file())
    spoilt.write_bytes(b"y" + spoilt.read_bytes()[1:])
    told = worker.proof(office.job, 20)
    assert told.state.proof is not None and not told.state.proof.sound and "altered" in told.state.proof.why
    assert told.state.whole, "what is known of the backup stays"
    assert len(told.facts["altered"]) == 1


@slow
async def test_a_target_that_is_away_is_told_and_changes_nothing(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    office.disk.rename(office.base / "unplugged")
    told = worker.run(office.job)
    assert not told.state.whole and "not a prepared backup folder" in told.state.why
    assert told.state.success is not None and told.state.lying
    proof = worker.proof(office.job, 5).state.proof
    assert proof is not None and not proof.sound
    (office.base / "unplugged").rename(office.disk)
    again = worker.run(office.job)
    assert again.state.whole and again.facts["snapshots"] == ["records", "journal", "keys"]


@slow
async def test_two_at_once_are_one(office: Office) -> None:
    await office.filled_and_closed()
    folder = office.job.folder
    folder.mkdir(parents=True)
    with only_one(folder / "making.lock"), pytest.raises(worker.Busy):
        worker.run(office.job)


@slow
async def test_a_process_of_its_own_does_the_same(office: Office) -> None:
    await office.filled_and_closed()
    told = worker.run_apart(office.job)
    assert told.state.whole and told.state.items == 3 and told.facts["sent"] == 3
    assert worker.proof_apart(office.job, 5).state.proof is not None
    row = office.catalogue.get("c0_o0")
    assert row is not None
    assert worker.forget_apart(office.job, [row.file], 60) == ""
    office.disk.rename(office.base / "unplugged")
    assert "not a prepared backup folder" in worker.forget_apart(office.job, [row.file], 60)


@slow
async def test_the_journal_in_redis_is_left_out_and_told(office: Office) -> None:
    await office.filled_and_closed()
    job = replace(office.job, instance=replace(office.instance, journal="redis://localhost:6379/0"))
    told = worker.run(job)
    assert told.state.whole and "journal" not in told.facts["snapshots"]
    assert told.state.left_out and "in Redis" in told.state.left_out[0]
    job = replace(office.job, instance=replace(office.instance, journal="memory:"))
    assert "in memory" in worker.run(job).state.left_out[0]


FAKE = """#!/bin/sh
echo "$0 $*" >>"$OUT"; env | grep ^PG >>"$OUT"
for word; do case $word in --file=*) echo dump >"${word#--file=}";; esac; done
exit ${STATUS:-0}
"""


@slow
async def test_postgresql_is_dumped_by_its_own_program(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pg_dump", "pg_restore"):
        file = office.base / name
        file.write_text(FAKE)
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{office.base}:{os.environ['PATH']}")
    monkeypatch.setenv("OUT", str(office.base / "out"))
    url = "postgresql+psycopg://ana:s3cret@db.example.com:5433/calls?sslmode=require"
    dump_postgres(url, office.base / "dump")
    restore_postgres(url, office.base / "dump")
    said = (office.base / "out").read_text().splitlines()
    commands = [line for line in said if line.startswith("/")]
    assert "--exclude-table-data=*.recording_keys" in commands[0] and "--dbname=calls" in commands[1]
    assert not any("s3cret" in line for line in commands)
    assert {"PGPASSWORD=s3cret", "PGHOST=db.example.com", "PGPORT=5433", "PGUSER=ana", "PGSSLMODE=require"} < set(said)
    monkeypatch.setenv("STATUS", "1")
    with pytest.raises(NotDumped):
        dump_postgres(url, office.base / "dump")


class Away(Exception):
    """As retention has it."""


@slow
async def test_what_is_archived_lies_in_the_backup_and_comes_back(office: Office) -> None:
    await office.filled_and_closed()
    backups = Backups(lambda: BackupSettings(targets=(office.job.target,)), office.instance, Noted(), LoopClock())
    archive = TargetArchive(backups, lambda: office.job, Away)
    row = office.catalogue.get("c0_o0")
    assert row is not None and archive.name == "disco"
    await archive.put(row.file, office.vault / row.file, row.sha256)
    await archive.put(row.file, office.vault / row.file, row.sha256)
    wanted = (office.vault / row.file).read_bytes()
    office.catalogue.add(replace(row, state=State.ARCHIVED))
    (office.vault / row.file).unlink()
    assert worker.run(office.job).state.items == 3
    into, done = restored(office)
    assert done.whole and (into / "var/vault" / row.file).read_bytes() == wanted
    assert verified(into / "var").sound and "c0_o0" in heard(into / "var", office.identities)
    with pytest.raises(Away, match="altered"):
        await archive.put(row.file, office.vault / office.files()[0], "0" * 64)
    assert (await archive.forget([row.file])).gone
    assert not list(office.disk.rglob(f"{Path(row.file).name}*"))
    office.disk.rename(office.base / "unplugged")
    with pytest.raises(Away, match="not a prepared backup folder"):
        await archive.put(row.file, office.vault / office.files()[0], row.sha256)
    archive.close()
    await backups.close()


@slow
async def test_records_of_postgresql_go_into_an_empty_database(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its programs are played by ours: the dump is a copy of SQLite's file. Without a database it says what to do."""
    await office.filled_and_closed()
    there = office.base / "database.sqlite"
    url = "postgresql://ana@db.example.com/calls"

    def dump(asked: str, into: Path) -> None:
        assert asked == url
        copy_records(office.var / "records.sqlite", into, office.base / "aside")

    def put(asked: str, dumped: Path) -> None:
        shutil.copy(dumped, there)

    real = create_engine
    monkeypatch.setattr("ivr.backup.source.dump_postgres", dump)
    monkeypatch.setattr("ivr.backup.restoring.restore_postgres", put)
    monkeypatch.setattr("ivr.records.store.create_engine", lambda asked, **more: real(
        f"sqlite:///{there if there.exists() else office.var / 'records.sqlite'}"
        if str(asked).startswith("postgresql") else asked, **({} if str(asked).startswith("postgresql") else more)
    ))  # fmt: skip
    monkeypatch.setattr("ivr.audit.store.create_engine", lambda asked, **more: real(f"sqlite:///{there}"))
    job = replace(office.job, instance=replace(office.instance, records=url))
    told = worker.run(job)
    assert told.state.whole and told.state.items == 3, told
    monkeypatch.setattr("ivr.records.store.create_engine", lambda asked, **more: real(
        f"sqlite:///{there}" if str(asked).startswith("postgresql") else asked,
        **({} if str(asked).startswith("postgresql") else more)
    ))  # fmt: skip
    into, done = restored(office)
    assert done.keys == 0 and "--records" in done.to_do[-1] and (into / "var/records.pgdump").exists()
    again = restore_instance(office.target(), office.base / "again", office.identities, now=NOW, who="ana", records=url)
    assert again.whole and again.keys == 3 and not (office.base / "again/var/records.pgdump").exists()
    with sqlite3.connect(there) as base:
        assert base.execute("SELECT count(*) FROM recording_keys").fetchone() == (3,)
        assert base.execute("SELECT count(*) FROM audit WHERE action = 'backup.restored'").fetchone() == (1,)

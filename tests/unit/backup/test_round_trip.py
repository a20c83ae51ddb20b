"""From an instance to a target and back: all of it, and after the first time what has changed."""

import sqlite3
from pathlib import Path

from acd.journal.sqlite import SqliteJournal
from ivr.audit.anchors import AnchorFiles
from ivr.audit.audit import Audit
from ivr.audit.store import AuditStore, Wanted
from ivr.backup import worker
from ivr.backup.packing import unpack
from ivr.backup.restoring import restore_instance
from ivr.backup.source import InstanceSource
from ivr.clock import LoopClock
from ivr.records.store import RecordStore
from recordings.vault.keyfiles import make_identity, read_identities
from recordings.vault.whole import decrypt_file
from tests.unit.backup.office import NOW, Office, heard, restored, slow, verified


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

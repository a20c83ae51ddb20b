"""What a restore refuses, and what it tells of a backup that is not whole or not ours."""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.backup import worker
from ivr.backup.restoring import CannotRestore, restore_instance
from ivr.recordings.verify import Verifier
from ivr.records.store import RecordStore
from recordings.backup.folder import FolderTarget
from recordings.backup.targets import Entry, TargetError
from recordings.proof import Fault
from recordings.vault.keyfiles import make_identity, read_identities
from recordings.vault.keys import Recipient
from recordings.vault.whole import encrypt_file
from tests.unit.backup.office import NOW, Office, heard, restored, slow, verified


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
async def test_a_line_that_breaks_at_the_beginning_is_waited_out(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    broken = []

    def listing(target: FolderTarget, prefix: str = "") -> Iterator[Entry]:
        if not broken:
            broken.append(prefix)
            raise TargetError(target.name, "Connection reset by peer", "check the network", transient=True)
        return whole(target, prefix)

    whole = FolderTarget.list
    monkeypatch.setattr(FolderTarget, "list", listing)
    _, done = restored(office)
    assert done.whole and broken


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

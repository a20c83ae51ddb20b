"""What was erased, deleted by retention or archived: the copies forget it, or bring it back."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.backup import worker
from ivr.backup.archive import TargetArchive
from ivr.backup.backup import Backups
from ivr.backup.packing import unpack
from ivr.clock import LoopClock
from ivr.site.recordings import BackupSettings, FolderPlace
from recordings.backup.folder import FolderTarget
from recordings.backup.targets import TargetError
from recordings.catalogue import State
from recordings.vault.whole import decrypt_file
from tests.unit.backup.office import Office, heard, restored, slow, verified
from tests.unit.backup.test_backups import Noted


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

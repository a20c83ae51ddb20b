"""Nothing leaves an instance in clear, and wrapped keys in their own snapshot alone."""

import gzip
import sqlite3
from pathlib import Path

from ivr.backup import worker
from ivr.backup.packing import unpack
from recordings.vault.whole import decrypt_file
from tests.unit.backup.office import GONE, NOTICE, NUMBER, PASSWORD, VOICE, Office, slow


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
async def test_without_recipients_nothing_readable_leaves(office: Office) -> None:
    await office.filled_and_closed()
    (office.var / "secrets/recordings.recipients").unlink()
    told = worker.run(office.job)
    assert not told.state.whole and "recordings.recipients" in told.state.why
    assert {path.name for path in (office.disk / "snapshots").iterdir()} == {"keys"}

"""Where there is no room to keep a recording, it is said on which disk: that of the recordings, or the vault's."""

import io
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from recordings.encode import Codec
from recordings.keeping import keep
from recordings.vault.folder import Vault, new_file
from recordings.vault.keyfiles import make_identity

FILE = new_file(date(2026, 11, 23))


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can be made longer than nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    (tmp_path / "vault").mkdir()
    return Vault(tmp_path / "vault")


def test_the_vaults(tmp_path: Path, vault: Vault) -> None:
    with full_disk(), pytest.raises(OSError) as told:
        vault.admit(io.BytesIO(b"audio"), bytes(32), FILE)
    assert str(told.value).endswith(f": '{tmp_path}/vault'")


def test_the_recordings(tmp_path: Path, vault: Vault) -> None:
    raw = tmp_path / "recordings" / "c1_1.raw"
    raw.parent.mkdir()
    raw.write_bytes(bytes(32_000))
    recipient = make_identity(tmp_path / "identity")
    with full_disk(), pytest.raises(OSError) as told:
        keep(raw, recording="c1_1", file=FILE, vault=vault, recipients=[recipient], codec=Codec.WAV)
    assert str(told.value).endswith(f": '{tmp_path}/recordings'")

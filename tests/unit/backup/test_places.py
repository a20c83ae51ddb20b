"""Where a target lay before is not forgotten, whatever happens to our own disk: what is deleted may lie there still."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.backup.state import settle_at


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can be made longer than nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_takes_no_former_place_away(tmp_path: Path) -> None:
    assert settle_at(tmp_path, "/mnt/old") == []
    with full_disk(), pytest.raises(OSError):
        settle_at(tmp_path, "/mnt/new")
    assert settle_at(tmp_path, "/mnt/new") == ["/mnt/old"]
    assert settle_at(tmp_path, "/mnt/new") == ["/mnt/old"]
    assert [file.name for file in tmp_path.iterdir()] == ["places"]

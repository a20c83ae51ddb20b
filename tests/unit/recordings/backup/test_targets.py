"""Every kind of target does the same: memory, a folder, a real SSH server, a real S3 storage."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from recordings.backup.restore import restore
from recordings.backup.s3 import WHOLE
from recordings.backup.targets import (
    CHUNK,
    Entry,
    ObjectMissing,
    SourceError,
    Target,
    checked,
    reading,
    sealed,
    sha256_of,
    unsealed,
)
from tests.unit.recordings.backup.stock import QUICK, Stock, Through, backup, sha256

DATA = bytes(range(256)) * 1000


def test_what_was_put_comes_back(target: Target, tmp_path: Path) -> None:
    target.check()
    (tmp_path / "file").write_bytes(DATA)
    target.put("audio/2026/a.opus", tmp_path / "file", sha256(DATA))
    target.put("audio/b", b"", sha256(b""))
    assert b"".join(target.get("audio/2026/a.opus")) == DATA and list(target.get("audio/b")) == []
    assert target.stat("audio/2026/a.opus") == len(DATA) and target.stat("audio/b") == 0
    target.put("audio/b", b"other", sha256(b"other"))
    assert b"".join(target.get("audio/b")) == b"other"


def test_a_listing_is_of_a_folder_and_all_below(target: Target) -> None:
    for name in ("audio/2026/a", "audio/2026/b", "audio/c", "audios/d", "other/e"):
        target.put(name, b"x", sha256(b"x"))
    assert set(target.list("audio")) == {Entry(name, 1) for name in ("audio/2026/a", "audio/2026/b", "audio/c")}
    assert {entry.name for entry in target.list()} == {"audio/2026/a", "audio/2026/b", "audio/c", "audios/d", "other/e"}
    assert list(target.list("nothing")) == []


def test_what_is_not_there_is_told_apart_from_trouble(target: Target) -> None:
    with pytest.raises(ObjectMissing):
        list(target.get("audio/none"))
    assert target.stat("audio/none") is None
    target.delete("audio/none")
    target.put("audio/a", b"x", sha256(b"x"))
    target.delete("audio/a")
    assert target.stat("audio/a") is None and list(target.list("audio")) == []


@pytest.mark.parametrize("size", [5, CHUNK + 1])
def test_an_altered_file_never_arrives(target: Target, tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(os.urandom(size))
    with pytest.raises(SourceError, match="altered"):
        target.put("audio/a", tmp_path / "file", sha256(b"what it was"))
    with pytest.raises(SourceError, match="No such file"):
        target.put("audio/b", tmp_path / "gone", sha256(b""))
    assert list(target.list()) == []
    target.check()
    assert list(target.list()) == []


def test_a_file_of_many_chunks(target: Target, tmp_path: Path) -> None:
    data = os.urandom(3 * CHUNK + 17)
    (tmp_path / "file").write_bytes(data)
    moved: list[int] = []
    target.put("snapshots/records/1", tmp_path / "file", sha256(data), moved.append)
    assert sum(moved) == len(data) and max(moved) <= CHUNK
    assert sha256_of(target.get("snapshots/records/1")) == sha256(data)


def test_two_uploads_of_one_object_are_in_nobodys_way(target: Target, tmp_path: Path) -> None:
    """As when a recording is archived in the moment in which the backup sends it."""
    data = os.urandom(3 * CHUNK)
    (tmp_path / "file").write_bytes(data)
    other = iter([tmp_path / "file"])

    def meanwhile(_: int) -> None:
        for path in other:
            target.put("audio/a", path, sha256(data))
            assert sha256_of(target.get("audio/a")) == sha256(data)

    target.put("audio/a", tmp_path / "file", sha256(data), meanwhile)
    assert sha256_of(target.get("audio/a")) == sha256(data) and list(target.list()) == [Entry("audio/a", len(data))]
    assert next(other, None) is None


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../up", "a/../b", "a//b", ".parts/x", "a/.hidden", "a\nb", "ñ", "a/"]
)
def test_a_name_that_climbs_or_hides_is_refused(target: Target, name: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: target.put(name, b"x", sha256(b"x")),
        lambda: list(target.get(name)),
        lambda: target.stat(name),
        lambda: target.delete(name),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="cannot be the name"):
            call()


def test_a_backup_and_the_way_back(target: Target, stock: Stock, tmp_path: Path) -> None:
    through = Through(target)
    engine = backup(through, stock.fill(4), tmp_path / "state")
    first = engine.run()
    assert first.whole and first.sent == 4 and first.items == 4, first
    again = engine.run()
    assert again.whole and again.sent == 0 and again.read_back == 4 and not any(one.sent for one in again.snapshots)
    gone = "2026/11/23/0002.opus"
    forgotten = engine.forget([gone])
    assert forgotten.objects == (stock.object(gone),) and target.stat(stock.object(gone)) is None
    stock.remove(gone)
    back = restore(target, tmp_path / "back", limits=QUICK)
    assert back.whole and back.restored == 3 + 2, back
    for name, data in stock.files.items():
        assert (tmp_path / "back/audio" / name).read_bytes() == data
    assert (tmp_path / "back/snapshots/keys").read_bytes() == b"wrapped"
    assert not (tmp_path / "back/audio" / gone).exists()


def test_an_object_says_its_hash() -> None:
    name = sealed("audio/2026/a.opus", sha256(b"x"))
    assert unsealed(name) == ("audio/2026/a.opus", sha256(b"x"))
    assert unsealed("audio/a") is None and unsealed("../a." + "0" * 64) is None
    assert checked("n1-1795291036.6_000000000002.wav")


def test_the_last_chunk_waits_for_the_hash() -> None:
    """Whoever streams has not got the whole file before the end of it is known to be right."""
    got = []
    with pytest.raises(SourceError):
        for chunk in reading("a", bytes(2 * CHUNK), sha256(b"")):
            got.append(chunk)  # noqa: PERF402
    assert len(got) == 1


def test_an_upload_in_parts(swift: object, tmp_path: Path) -> None:
    target = swift.target(folder="parts")  # type: ignore[attr-defined]
    block = os.urandom(1 << 20)
    size = (WHOLE >> 20) + 1
    (tmp_path / "big").write_bytes(block * size)
    digest = sha256(block * size)
    target.put("snapshots/records/1", tmp_path / "big", digest)
    assert target.stat("snapshots/records/1") == size << 20 and sha256_of(target.get("snapshots/records/1")) == digest
    with pytest.raises(SourceError):
        target.put("snapshots/records/2", tmp_path / "big", sha256(b""))
    assert target.stat("snapshots/records/2") is None

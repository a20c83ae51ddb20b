"""A round of the backup: what is sent, what is kept, and what the manifest says of it."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.backup import manifest as manifests
from recordings.backup.engine import AlreadyRunning
from recordings.backup.gate import only_one
from recordings.backup.memory import MemoryTarget
from recordings.backup.sources import Snapshot
from recordings.backup.targets import Entry
from tests.unit.recordings.backup.stock import NOW, Stock, Through, audio_of, backup, generations, manifest_of, sha256


def test_the_manifest_names_all_that_is_there(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    outcome = backup(memory, stock.fill(3), tmp_path / "state").run()
    found = manifest_of(memory, tmp_path)
    assert found.object == outcome.manifest and found.head.made == NOW and found.head.items == 3
    assert {entry.name for entry in found.entries()} == {one for one in memory.objects if "manifests" not in one}
    assert found.head.bytes == outcome.bytes == sum(map(len, stock.files.values()))
    assert all(entry.bytes == len(memory.objects[entry.name]) for entry in found.entries())


def test_only_what_is_new_is_sent(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    through = Through(memory)
    engine = backup(through, stock.fill(3), tmp_path / "state")
    engine.run()
    through.puts.clear()
    stock.add("2026/11/24/new.opus", b"new")
    stock.data["records"] = b"more rows"
    outcome = engine.run()
    assert outcome.sent == 1 and outcome.sent_bytes == 3 and outcome.whole
    sent = [name for name in through.puts if not name.startswith("manifests/")]
    assert sent[0].startswith("snapshots/records/") and sent[1:] == [stock.object("2026/11/24/new.opus")]


def test_generations_grow_old_but_keys_have_only_one(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    engine = backup(memory, stock, tmp_path / "state")
    for rows in (b"1", b"2", b"3"):
        stock.data.update(records=rows, keys=b"keys " + rows)
        assert engine.run().whole
    assert generations(memory, "records") == [b"3", b"2"] and generations(memory, "keys") == [b"keys 3"]
    assert len([name for name in memory.objects if name.startswith("manifests/")]) == 3


def test_old_keys_go_only_when_the_new_ones_proved_right(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    through = Through(memory)
    engine = backup(through, stock, tmp_path / "state")
    engine.run()
    stock.data["keys"] = b"fewer keys"
    through.spoil = lambda name, data: data[:-1] if "/keys/" in name else data
    outcome = engine.run()
    assert outcome.stopped is not None and "did not come back" in outcome.stopped.what
    assert generations(memory, "keys") == [b"wrapped"]
    through.spoil = lambda name, data: data
    through.deleted.clear()
    assert engine.run().whole and generations(memory, "keys") == [b"fewer keys"]
    newest = manifest_of(memory, tmp_path).snapshots()["keys"]
    assert [memory.objects[one.object] for one in newest] == [b"fewer keys"]


def test_a_snapshot_of_keys_cannot_have_generations() -> None:
    with pytest.raises(ValueError, match="one generation"):
        Snapshot("keys", lambda path: None, keep=2)
    with pytest.raises(ValueError, match="at least one"):
        Snapshot("records", lambda path: None, keep=0)


def test_what_the_source_lost_stays_in_the_backup(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    engine = backup(memory, stock.fill(3), tmp_path / "state")
    engine.run()
    stock.remove("2026/11/23/0001.opus")
    outcome = engine.run()
    assert outcome.whole and outcome.source_lacks == 1 and outcome.items == 3 and len(audio_of(memory)) == 3


def test_a_second_run_is_refused_while_one_runs(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    engine = backup(memory, stock, tmp_path / "state")
    with only_one(tmp_path / "state" / "run.lock") as alone:
        assert alone
        with pytest.raises(AlreadyRunning):
            engine.run()
    assert engine.run().whole


def test_a_recording_with_other_bytes_replaces_the_old_ones(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    engine = backup(memory, stock.fill(2), tmp_path / "state")
    engine.run()
    old = stock.object("2026/11/23/0001.opus")
    stock.add("2026/11/23/0001.opus", b"sealed for other keys")
    assert engine.run().whole
    assert old not in memory.objects and stock.object("2026/11/23/0001.opus") in memory.objects
    assert manifest_of(memory, tmp_path).head.items == 2


def test_an_altered_manifest_is_not_believed(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    engine = backup(memory, stock.fill(1), tmp_path / "state")
    older = engine.run().manifest
    stock.fill(2)
    newest = engine.run().manifest
    assert newest and older
    memory.objects[newest] = memory.objects[newest][:-3]
    found, refused = manifests.fetch(memory, tmp_path)
    assert found and refused == [newest] and found.object < newest


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-z0-9]{1,8}(/[a-z0-9]{1,8}){0,2}", fullmatch=True), st.integers(0, 10**12)))
def test_a_manifest_comes_back_as_it_was_written(sizes: dict[str, int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "m"
        entries = [Entry(f"audio/{name}.{sha256(name.encode())}", size) for name, size in sizes.items()]
        digest = manifests.write(file, NOW, (len(entries), sum(sizes.values())), entries)
        assert digest == sha256(file.read_bytes())
        found = manifests.Manifest(file, "manifests/1." + digest)
        assert list(found.audio()) == entries and found.head.bytes == sum(sizes.values())
        assert manifests.write(Path(folder) / "again", NOW, (len(entries), sum(sizes.values())), entries) == digest

"""The backup's rules: what is sent, kept, removed, forgotten."""

import json
import random
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.backup import manifest as manifests
from recordings.backup.engine import AlreadyRunning
from recordings.backup.gate import Gate, only_one
from recordings.backup.memory import MemoryTarget
from recordings.backup.pace import Rate, Stopped, tried
from recordings.backup.sources import Audio, Snapshot
from recordings.backup.state import State
from recordings.backup.targets import Entry, TargetError
from tests.unit.recordings.backup.stock import NOW, QUICK, Stock, Through, backup, down, sha256


@pytest.fixture
def memory() -> MemoryTarget:
    return MemoryTarget()


def audio_of(target: MemoryTarget) -> set[str]:
    return {name for name in target.objects if name.startswith("audio/")}


def generations(target: MemoryTarget, name: str) -> list[bytes]:
    """Contents of a snapshot at the target, the newest first."""
    return [target.objects[one] for one in sorted(target.objects, reverse=True) if one.startswith(f"snapshots/{name}/")]


def manifest_of(target: MemoryTarget, folder: Path) -> manifests.Manifest:
    found, _ = manifests.fetch(target, folder)
    assert found is not None
    return found


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


def test_what_is_forgotten_is_gone_and_stays_gone(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    engine = backup(memory, stock.fill(4), tmp_path / "state")
    engine.run()
    names = ["2026/11/23/0000.opus", "2026/11/23/0003.opus"]
    objects = {stock.object(name) for name in names}
    stock.data["keys"] = b"two keys"
    forgotten = engine.forget(names)
    assert set(forgotten.objects) == objects and not objects & audio_of(memory)
    assert generations(memory, "keys") == [b"two keys"]
    # No manifest that is left names them.
    assert [one for one in memory.objects if one.startswith("manifests/")] == [forgotten.manifest]
    assert not objects & {entry.name for entry in manifest_of(memory, tmp_path).entries()}
    # An older catalogue, or a file that somebody left, brings nothing back.
    assert engine.run().sent == 0 and not objects & audio_of(memory)
    assert engine.forget(names).objects == ()


def test_forgetting_works_without_any_state(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    backup(memory, stock.fill(3), tmp_path / "state").run()
    forgotten = backup(memory, stock, tmp_path / "another machine").forget(["2026/11/23/0001.opus"])
    assert forgotten.objects == (stock.object("2026/11/23/0001.opus"),)
    assert manifest_of(memory, tmp_path).head.items == 2


def test_a_target_that_only_says_it_deletes_is_found_out(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    class Hoarding(MemoryTarget):
        def delete(self, name: str) -> None:
            """Say so."""

    hoarding = Hoarding()
    engine = backup(hoarding, stock.fill(1), tmp_path / "state")
    engine.run()
    with pytest.raises(TargetError, match="still listed"):
        engine.forget(["2026/11/23/0000.opus"])


def test_an_upload_cannot_bring_back_what_is_being_forgotten(
    memory: MemoryTarget, stock: Stock, tmp_path: Path
) -> None:
    """Retention and backup race, from two processes' engines: whoever wins, nothing is left."""
    through = Through(memory)
    running, retention = (backup(through, stock.fill(8), tmp_path / "state") for _ in range(2))
    begun = threading.Event()

    def slow(what: str, name: str) -> None:
        if what == "put" and name.startswith("audio/"):
            begun.set()
            time.sleep(0.01)

    through.fail = slow
    runs = threading.Thread(target=running.run)
    runs.start()
    assert begun.wait(5)
    names = list(stock.files)
    retention.forget(names)
    assert audio_of(memory) == set()
    runs.join()
    assert audio_of(memory) == set() and running.run().items == 0


def test_a_second_run_is_refused_while_one_runs(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    engine = backup(memory, stock, tmp_path / "state")
    with only_one(tmp_path / "state" / "run.lock") as alone:
        assert alone
        with pytest.raises(AlreadyRunning):
            engine.run()
    assert engine.run().whole


def test_an_altered_file_of_ours_is_not_sent_and_named(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    stock.fill(3)
    (stock.folder / "2026/11/23/0001.opus").write_bytes(b"altered")
    (stock.folder / "2026/11/23/0002.opus").unlink()
    outcome = backup(memory, stock, tmp_path / "state").run()
    assert not outcome.whole and outcome.stopped is None and outcome.sent == 1
    assert {problem.name: problem.what.partition(": ")[2] for problem in outcome.problems} == {
        "2026/11/23/0001.opus": "the file is not what its hash says: it was altered",
        "2026/11/23/0002.opus": "the file cannot be read: No such file or directory",
    }


def test_a_snapshot_that_cannot_be_made_stops_nothing_else(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    class Broken(Stock):
        def snapshots(self) -> list[Snapshot]:
            def fails(path: Path) -> None:
                raise sqlite3.OperationalError("database is locked")

            return [Snapshot("broken", fails), *super().snapshots()]

    broken = Broken(stock.folder).fill(1)
    outcome = backup(memory, broken, tmp_path / "state").run()
    assert outcome.sent == 1 and [problem.name for problem in outcome.problems] == ["broken"]
    assert generations(memory, "keys") == [b"wrapped"] and list((tmp_path / "state").glob("work/*")) == []


@pytest.mark.parametrize("harm", ["lost", "not a database", "empty"])
def test_a_lost_state_is_made_anew_from_the_target(
    memory: MemoryTarget, stock: Stock, tmp_path: Path, harm: str
) -> None:
    first = backup(memory, stock.fill(5), tmp_path / "state")
    first.run()
    first.close()
    file = tmp_path / "state" / "state.sqlite"
    {"lost": file.unlink, "not a database": lambda: file.write_text("x" * 5000), "empty": lambda: file.write_text("")}[
        harm
    ]()
    through = Through(memory)
    outcome = backup(through, stock, tmp_path / "state").run()
    assert outcome.whole and outcome.sent == 0 and outcome.adopted == 5 and outcome.read_back == 5
    assert not [name for name in through.puts if name.startswith("audio/")]


@pytest.mark.parametrize("harm", ["altered", "truncated", "missing"])
def test_what_is_damaged_at_the_target_is_sent_again(
    memory: MemoryTarget, stock: Stock, tmp_path: Path, harm: str
) -> None:
    engine = backup(memory, stock.fill(5), tmp_path / "state")
    engine.run()
    name = stock.object("2026/11/23/0003.opus")
    good = memory.objects[name]
    bad = {"altered": b"!" + good[1:], "truncated": good[:-1], "missing": None}[harm]
    if bad is None:
        del memory.objects[name]
    else:
        memory.objects[name] = bad
    outcome = engine.run()
    assert outcome.whole and outcome.sent == 1 and memory.objects[name] == good
    assert outcome.damaged.count == (1 if harm == "altered" else 0)


def test_what_cannot_be_mended_is_named_each_time(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    engine = backup(memory, stock.fill(3), tmp_path / "state")
    engine.run()
    del memory.objects[stock.object("2026/11/23/0001.opus")]
    stock.remove("2026/11/23/0001.opus")
    for _ in range(2):
        outcome = engine.run()
        assert not outcome.whole and list(outcome.lost.first) == ["2026/11/23/0001.opus"]
    engine.forget(["2026/11/23/0001.opus"])
    assert engine.run().whole


def test_a_recording_with_other_bytes_replaces_the_old_ones(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    engine = backup(memory, stock.fill(2), tmp_path / "state")
    engine.run()
    old = stock.object("2026/11/23/0001.opus")
    stock.add("2026/11/23/0001.opus", b"sealed for other keys")
    assert engine.run().whole
    assert old not in memory.objects and stock.object("2026/11/23/0001.opus") in memory.objects
    assert manifest_of(memory, tmp_path).head.items == 2


def test_transient_trouble_is_waited_out(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    through, failed = Through(memory), []

    def once_each(what: str, name: str) -> None:
        if (what, name) not in failed:
            failed.append((what, name))
            raise down()

    through.fail = once_each
    outcome = backup(through, stock.fill(3), tmp_path / "state").run()
    assert outcome.whole and outcome.sent == 3 and len(failed) > 10


def test_one_old_object_that_cannot_be_read_holds_up_nothing(
    memory: MemoryTarget, stock: Stock, tmp_path: Path
) -> None:
    through = Through(memory)
    poisoned = stock.fill(6).object("2026/11/23/0002.opus")
    engine = backup(through, stock, tmp_path / "state")
    engine.run()

    def fail(what: str, name: str) -> None:
        if what == "get" and name == poisoned:
            raise down()

    through.fail = fail
    stock.add("2026/11/24/new.opus", b"new")
    outcome = engine.run()
    assert outcome.stopped is None and outcome.sent == 1 and outcome.read_back == 5
    assert [problem.name for problem in outcome.problems] == ["2026/11/23/0002.opus"]


def test_one_poisoned_object_holds_up_nothing_else(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    through = Through(memory)
    poisoned = stock.fill(6).object("2026/11/23/0002.opus")

    def fail(what: str, name: str) -> None:
        if what == "put" and name == poisoned:
            raise down()

    through.fail = fail
    outcome = backup(through, stock, tmp_path / "state").run()
    assert outcome.sent == 5 and [problem.name for problem in outcome.problems] == ["2026/11/23/0002.opus"]


@pytest.mark.parametrize("transient", [True, False])
def test_a_target_that_is_down_ends_the_run(
    memory: MemoryTarget, stock: Stock, tmp_path: Path, transient: bool
) -> None:
    through, tries = Through(memory), []

    def fail(what: str, name: str) -> None:
        if what == "put" and name.startswith("audio/"):
            tries.append(name)
            raise down(transient=transient)

    through.fail = fail
    engine = backup(through, stock.fill(40), tmp_path / "state")
    outcome = engine.run()
    assert outcome.stopped is not None and outcome.stopped.transient is transient and len(tries) < 40
    through.fail = lambda what, name: None
    assert engine.run().whole and len(audio_of(memory)) == 40


def test_somebody_may_stop_it(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    through, stop = Through(memory), threading.Event()
    engine = backup(through, stock.fill(60), tmp_path / "state", stop=stop)

    def fail(what: str, name: str) -> None:
        if len(through.puts) == 10:
            stop.set()

    through.fail = fail
    outcome = engine.run()
    assert outcome.stopped is not None and "asked to stop" in outcome.stopped.what and 0 < len(audio_of(memory)) < 30
    through.fail = lambda what, name: None
    stop.clear()
    assert engine.run().whole and len(audio_of(memory)) == 60


def test_the_sample_is_bounded_and_goes_round(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    limits = replace(QUICK, sample=5)
    engine = backup(memory, stock.fill(60), tmp_path / "state", limits)
    engine.run()
    altered = stock.object("2026/11/23/0010.opus")
    memory.objects[altered] = b"!" + memory.objects[altered][1:]
    runs = 0
    while not (outcome := engine.run()).damaged.count:
        assert outcome.read_back <= 5
        runs += 1
        assert runs < 200
    bytes_each = len(memory.objects[altered])
    few = backup(memory, stock, tmp_path / "state", replace(limits, sample_bytes=2 * bytes_each))
    assert few.run().read_back == 2


def test_the_rate_is_kept() -> None:
    now, waits = [100.0], []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        now[0] += seconds
        return False

    rate = Rate(1000.0, monotonic=lambda: now[0], wait=wait)
    for _ in range(5):
        rate(500)
    assert now[0] == pytest.approx(102.0)  # the first moves at once, each other when the one before is paid
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        Rate(1000.0, stop)(1)


def test_pauses_between_tries_double() -> None:
    waits: list[float] = []
    rate = Rate(wait=lambda seconds: bool(waits.append(seconds)))  # type: ignore[func-returns-value]

    def fails() -> None:
        raise down()

    with pytest.raises(TargetError):
        tried(fails, 4, rate, 1.0)
    assert waits == [1.0, 2.0, 4.0]


def test_a_deletion_that_waits_is_not_overtaken_for_ever(tmp_path: Path) -> None:
    gate, stop, alone = Gate(tmp_path), threading.Event(), threading.Event()

    def uploads() -> None:
        while not stop.is_set():
            with gate.together():
                time.sleep(0.002)

    def deletes() -> None:
        with gate.alone():
            alone.set()

    threads = [threading.Thread(target=uploads) for _ in range(4)]
    for thread in threads:
        thread.start()
    deletion = threading.Thread(target=deletes)
    deletion.start()
    assert alone.wait(5)
    stop.set()
    for thread in [*threads, deletion]:
        thread.join()


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
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "m"
        entries = [Entry(f"audio/{name}.{sha256(name.encode())}", size) for name, size in sizes.items()]
        digest = manifests.write(file, NOW, (len(entries), sum(sizes.values())), entries)
        assert digest == sha256(file.read_bytes())
        found = manifests.Manifest(file, "manifests/1." + digest)
        assert list(found.audio()) == entries and found.head.bytes == sum(sizes.values())
        assert manifests.write(Path(folder) / "again", NOW, (len(entries), sum(sizes.values())), entries) == digest


class Model:
    """What a backup must hold, said in four lines."""

    def __init__(self) -> None:
        self.source: dict[str, bytes] = {}
        self.kept: dict[str, bytes] = {}
        self.forgotten: set[str] = set()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "lose", "forget", "run", "harm", "state"]), st.integers(0, 4)), max_size=14
    )
)
def test_whatever_happens_the_target_holds_what_it_should(steps: list[tuple[str, int]]) -> None:
    """Added, lost by the source, forgotten, damaged at the target, the state lost: after a run the target has all that
    the source has and all it ever got, but for what was forgotten."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "vault").mkdir()
        stock, target, state, model = Stock(base / "vault"), MemoryTarget(), base / "state", Model()
        for what, number in [*steps, ("run", 0)]:
            name = f"day/{number}"
            if what == "add" and name not in model.forgotten:
                stock.add(name, b"recording" * (number + 1))
            elif what == "lose" and name in stock.files:
                stock.remove(name)
            elif what == "forget":
                engine = backup(target, stock, state)
                engine.forget([name])
                engine.close()
                model.kept.pop(name, None)
                model.forgotten.add(name)
                if name in stock.files:
                    stock.remove(name)
            elif what == "harm" and name in stock.files and name in model.kept:
                target.objects[stock.object(name)] = b"harm"
            elif what == "state":
                shutil.rmtree(state, ignore_errors=True)
            elif what == "run":
                engine = backup(target, stock, state)
                outcome = engine.run()
                engine.close()
                model.kept.update(stock.files)
                assert outcome.stopped is None and not outcome.problems_count
                there = {
                    one.removeprefix("audio/")[:-65]: data for one, data in target.objects.items() if one[0] == "a"
                }
                assert there.keys() == model.kept.keys()
                assert all(there[one] == data for one, data in stock.files.items())
                found = manifest_of(target, base)
                assert {entry.name for entry in found.audio()} == audio_of(target)


def entries(count: int) -> list[Audio]:
    return [
        Audio(f"2026/{n // 1000:03d}/{n:06d}.opus", Path("/none"), sha256(str(n).encode()), 9) for n in range(count)
    ]


def test_a_hundred_thousand_items_that_are_there_cost_seconds(tmp_path: Path) -> None:
    """Comparing, noting, and finding that nothing is to be done."""
    items = entries(100_000)
    began = time.monotonic()
    state = State(tmp_path / "state.sqlite")
    listing = [Entry(f"audio/{one.name}.{one.sha256}", one.bytes) for one in items]
    assert state.compare(listing).adopted == 100_000
    assert list(state.want(items)) == [] and list(state.work()) == [] and state.replaced() == []
    assert state.total() == (100_000, 900_000) and state.source_lacks() == 0
    assert len(state.sample(50, random.Random(1))) == 50
    digest = manifests.write(
        tmp_path / "manifest", NOW, state.total(), (Entry(item.object, item.bytes) for item in state.items())
    )
    assert manifests.Manifest(tmp_path / "manifest", digest).head.items == 100_000
    assert time.monotonic() - began < 20
    assert json.dumps(digest)


@pytest.mark.soak
def test_a_hundred_thousand_tiny_items_at_first_start(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    stock.fill(100_000)
    began = time.monotonic()
    outcome = backup(memory, stock, tmp_path / "state").run()
    print(f"100,000 items in {time.monotonic() - began:.0f} s")
    assert outcome.whole and outcome.sent == 100_000 and time.monotonic() - began < 300


def test_many_tiny_items_are_sent_in_little_time(memory: MemoryTarget, stock: Stock, tmp_path: Path) -> None:
    stock.fill(2_000)
    began = time.monotonic()
    assert backup(memory, stock, tmp_path / "state").run().sent == 2_000
    assert time.monotonic() - began < 15

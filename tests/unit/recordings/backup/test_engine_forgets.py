"""What is forgotten is gone and stays gone, whatever happens besides."""

import shutil
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.backup.gate import Gate
from recordings.backup.memory import MemoryTarget
from recordings.backup.targets import TargetError
from tests.unit.recordings.backup.stock import Stock, Through, audio_of, backup, generations, manifest_of


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

"""What is altered, lost, poisoned or down, here or at the target: it is named, made good, and stops nothing else."""

import sqlite3
import threading
from pathlib import Path

import pytest

from recordings.backup.memory import MemoryTarget
from recordings.backup.sources import Snapshot
from tests.unit.recordings.backup.stock import Stock, Through, audio_of, backup, down, generations


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

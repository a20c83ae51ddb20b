"""What a run may cost: its rate, its pauses, what it reads back, and the time that very many items take."""

import json
import random
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from recordings.backup import manifest as manifests
from recordings.backup.memory import MemoryTarget
from recordings.backup.pace import Rate, Stopped, tried
from recordings.backup.sources import Audio
from recordings.backup.state import State
from recordings.backup.targets import Entry, TargetError
from tests.unit.recordings.backup.stock import NOW, QUICK, Stock, backup, down, sha256


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


def entries(count: int) -> list[Audio]:
    return [
        Audio(f"2026/{n // 1000:03d}/{n:06d}.opus", Path("/none"), sha256(str(n).encode()), 9) for n in range(count)
    ]


@pytest.mark.parametrize(("count", "most"), [(20_000, 4), pytest.param(100_000, 20, marks=pytest.mark.soak)])
def test_very_many_items_that_are_there_cost_seconds(tmp_path: Path, count: int, most: int) -> None:
    """Comparing, noting, and finding that nothing is to be done."""
    items = entries(count)
    began = time.monotonic()
    state = State(tmp_path / "state.sqlite")
    listing = [Entry(f"audio/{one.name}.{one.sha256}", one.bytes) for one in items]
    assert state.compare(listing).adopted == count
    assert list(state.want(items)) == [] and list(state.work()) == [] and state.replaced() == []
    assert state.total() == (count, 9 * count) and state.source_lacks() == 0
    assert len(state.sample(50, random.Random(1))) == 50
    digest = manifests.write(
        tmp_path / "manifest", NOW, state.total(), (Entry(item.object, item.bytes) for item in state.items())
    )
    assert manifests.Manifest(tmp_path / "manifest", digest).head.items == count
    assert time.monotonic() - began < most
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

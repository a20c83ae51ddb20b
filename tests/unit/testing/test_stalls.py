"""A machine that stands still is noticed, and only then."""

import os
import signal
import subprocess
import sys
import time

import pytest

from ivr.testing.stalls import AROUND, Stalls


def stalled(*found: tuple[float, float]) -> Stalls:
    stalls = Stalls()
    for since, until in found:
        stalls.note(since, until)
    return stalls


def test_within_and_just_behind_a_stall() -> None:
    stalls = stalled((2.0, 2.5))
    assert stalls.between(2.2, 2.3) and stalls.between(0.0, 10.0)
    assert stalls.between(2.5 + AROUND / 2, 10.0) and not stalls.between(2.5 + AROUND, 10.0)
    assert not stalls.between(0.0, 2.0)


def test_how_long_it_stood_still_is_told() -> None:
    stalls = stalled((1.0, 1.5), (2.0, 4.0))
    assert stalls.seconds(0.0, 10.0) == 2.5
    assert stalls.seconds(1.25, 3.0) == 1.25
    assert stalls.seconds(4.0, 10.0) == 0.0


def test_each_watcher_tells_when_it_woke_up_late() -> None:
    stalls = Stalls()
    stalls.watch()
    assert len(stalls._watchers) == len(os.sched_getaffinity(0))
    try:
        time.sleep(0.5)
        for watcher in stalls._watchers:
            began = time.monotonic()
            os.kill(watcher.pid, signal.SIGSTOP)
            time.sleep(0.3)
            os.kill(watcher.pid, signal.SIGCONT)
            ends = time.monotonic() + 10
            while stalls.seconds(began, ends) < 0.25:
                assert time.monotonic() < ends
                time.sleep(0.02)
    finally:
        for watcher in stalls._watchers:
            watcher.kill()
            watcher.wait()


CROWDED = """
import os, subprocess, sys, time
from ivr.testing.stalls import Stalls

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
busy = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(4)]
try:
    stalls, began = Stalls(), time.monotonic()
    stalls.watch()
    while time.monotonic() < began + 3:
        sum(range(10_000))
    print(stalls.seconds(began, time.monotonic()))
finally:
    for one in busy:
        one.kill()
        one.wait()
"""
"""A process that works, beside four that do so on the same processor."""


def test_who_shares_a_processor_with_many_knows_that_it_stood_still() -> None:
    told = subprocess.run([sys.executable, "-c", CROWDED], capture_output=True, text=True, timeout=60, check=True)
    assert float(told.stdout) > 1, "of three seconds it had less than one"


CARRIED = """
import os, subprocess, sys, threading, time
from ivr.testing.stalls import Stalls

stalls, began = Stalls(), time.monotonic()
stalls._watchers = [None]  # those who sleep, and would notice, too, are not asked
processors = sorted(os.sched_getaffinity(0))
work = "import os; os.sched_setaffinity(0, {%d}); exec('while True: pass')" % processors[0]
os.sched_setaffinity(0, {processors[-1]})
busy = [subprocess.Popen([sys.executable, "-S", "-c", work]) for _ in range(int(sys.argv[1]))]
try:
    stalls.also(busy[0].pid)
    threading.Thread(target=stalls._wait, daemon=True).start()
    time.sleep(2)
    print(stalls.seconds(began, time.monotonic()))
finally:
    for one in busy:
        one.kill()
        one.wait()
time.sleep(0.3)
assert not stalls._carriers
"""
"""A process that sleeps, and how it goes with one, of so many, on another processor."""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one processor is shared by everybody")
def test_of_who_carries_the_calls_it_is_known_too() -> None:
    def told(others: int) -> float:
        command = [sys.executable, "-c", CARRIED, str(1 + others)]
        return float(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)

    assert told(4) > 1

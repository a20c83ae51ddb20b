"""The watch over the loop: how late it was, and how much of that was the server's own work."""

import time

from ivr.figures.loop_watch import EVERY_US, WINDOW_US, LoopWatch, waited_for_processor
from ivr.testing.clock import ManualClock


class Loop:
    """A loop whose time a test moves: `block` holds it for so long, of which it waits for a processor."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.told: list[tuple[float, float]] = []
        self.waited = 0
        self.watch = LoopWatch(self.clock, lambda *longest: self.told.append(longest), lambda: self.waited)
        self.watch.start()

    def block(self, ms: int, waiting: int = 0) -> tuple[float, float]:
        self.waited += waiting * 1000
        self.clock.boot_us += EVERY_US + ms * 1000
        self.clock.advance(0)
        return self.told[-1]


def test_the_longest_of_the_last_minute_is_told() -> None:
    loop = Loop()
    assert loop.block(0) == (0.0, 0.0)
    assert loop.block(30) == (0.03, 0.03)
    assert loop.block(10) == (0.03, 0.03)
    loop.clock.advance(WINDOW_US / 1e6 + 1)
    assert loop.told[-1] == (0.0, 0.0)
    loop.watch.stop()
    assert loop.clock.pending == 0


def test_the_machines_own_delay_is_no_work() -> None:
    loop = Loop()
    assert loop.block(80, waiting=75) == (0.08, 0.015)  # ten of them may have been before it was due
    assert loop.block(10, waiting=200) == (0.08, 0.015)
    assert loop.block(9, waiting=9) == (0.08, 0.015)
    assert loop.block(20) == (0.08, 0.02)


def test_what_the_system_tells_never_falls() -> None:
    waited = waited_for_processor()
    before, ends = waited(), time.monotonic() + 0.05
    while time.monotonic() < ends:
        pass
    assert waited() >= before >= 0

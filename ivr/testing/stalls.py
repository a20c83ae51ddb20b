"""When this machine stood still: a test's people heard nothing then, and nobody in the line is to blame for it.

A thread that sleeps for ten milliseconds again and again notices when it wakes up late. On a machine that has too much
to do, or is itself a guest of one, a tenth of a second and more is missed now and then, by Asterisk as by everybody.
"""

import threading
import time
from collections import deque

SLEEP = 0.01
LATE = 0.06
"""Seconds; half of what counts as a gap in music."""
AROUND = 0.3
"""Seconds after a stall in which what was missed arrives."""


class Stalls:
    """Watches from its first question on, in the time of the loop (`time.monotonic`)."""

    def __init__(self) -> None:
        self._found: deque[tuple[float, float]] = deque(maxlen=10_000)
        self._thread: threading.Thread | None = None

    def watch(self) -> None:
        """Begin; again is harmless."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="stalls", daemon=True)
            self._thread.start()

    def between(self, begin: float, end: float) -> bool:
        """Whether the machine stood still within this time, or just before."""
        return any(since < end and begin < until + AROUND for since, until in list(self._found))

    def seconds(self, begin: float, end: float) -> float:
        """For how long it stood still within this time."""
        return sum(max(0.0, min(until, end) - max(since, begin)) for since, until in list(self._found))

    def _look(self) -> None:
        before = time.monotonic()
        while True:
            time.sleep(SLEEP)
            now = time.monotonic()
            self.note(before, now)
            before = now

    def note(self, before: float, now: float) -> None:
        """It slept from `before` to `now`."""
        if now - before > SLEEP + LATE:
            self._found.append((before, now))


STALLS = Stalls()
"""Of this process."""

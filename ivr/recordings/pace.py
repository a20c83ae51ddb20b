"""How many deletions there may be now: at most so many in any hour, and spread over it. Pure but for what it counts."""

from collections import deque

HOUR_US = 3_600_000_000
BATCH = 100
"""Together in one step: the copies of keys are made anew for each."""


class Pace:
    """Counts what was done. Times are engine time, in microseconds."""

    def __init__(self) -> None:
        self._done: deque[tuple[int, int]] = deque()

    def took(self, count: int, now_us: int) -> None:
        """So many were done."""
        if count:
            self._done.append((now_us, count))

    def room(self, an_hour: int, now_us: int) -> int:
        """How many more the last hour leaves, at most BATCH."""
        while self._done and self._done[0][0] <= now_us - HOUR_US:
            self._done.popleft()
        return max(0, min(BATCH, an_hour - sum(count for _, count in self._done)))

    def even(self, an_hour: int, now_us: int) -> int:
        """How many may be done at this moment when they are spread evenly; 0: `wait_us` first."""
        return 0 if self.wait_us(an_hour, now_us) else min(self.room(an_hour, now_us), max(1, an_hour // 60))

    def wait_us(self, an_hour: int, now_us: int) -> int:
        """Microseconds until some may be done again."""
        if not self.room(an_hour, now_us):
            return max(1, self._done[0][0] + HOUR_US - now_us) if self._done else HOUR_US
        if not self._done:
            return 0
        last_us, count = self._done[-1]
        return max(0, last_us + count * HOUR_US // an_hour - now_us)

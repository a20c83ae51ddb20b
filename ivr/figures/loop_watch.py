"""How long the loop was blocked: a small timer that notices when it comes late."""

from collections import deque
from collections.abc import Callable

from ivr.clock import Clock, Timer

EVERY_US = 50_000
WINDOW_US = 60_000_000


class LoopWatch:
    """Tells `report` the longest block of the last minute, in seconds, each time that it changes."""

    def __init__(self, clock: Clock, report: Callable[[float], None]) -> None:
        self._clock, self._report = clock, report
        self._late: deque[tuple[int, int]] = deque()  # (when, how late), falling: the first is the longest
        self._due = 0
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin to watch; call it on the running loop."""
        self._due = self._clock.engine_us() + EVERY_US
        self._timer = self._clock.call_later(EVERY_US / 1e6, self._tick)

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def longest_seconds(self) -> float:
        """The longest block of the last minute."""
        return self._late[0][1] / 1e6 if self._late else 0.0

    def _tick(self) -> None:
        now = self._clock.engine_us()
        late = max(0, now - self._due)
        while self._late and self._late[-1][1] <= late:
            self._late.pop()
        self._late.append((now, late))
        while self._late[0][0] < now - WINDOW_US:
            self._late.popleft()
        self._report(self.longest_seconds)
        self.start()

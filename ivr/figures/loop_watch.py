"""How long the loop was blocked: a small timer that notices when it comes late."""

from collections import deque
from collections.abc import Callable
from pathlib import Path

from ivr.clock import Clock, Timer

EVERY_US = 10_000
WINDOW_US = 60_000_000


class LoopWatch:
    """Tells `report` the longest block of the last minute, in seconds, and the longest that the server itself made;
    each time that the timer comes.

    `waited`: for how many microseconds so far the loop's thread was ready to go on and had no processor, which is the
    machine's doing and no work of the server. It may have waited before the timer was due, too: what fits there is not
    taken off, so that the second figure is never too small.
    """

    def __init__(
        self,
        clock: Clock,
        report: Callable[[float, float], None],
        waited: Callable[[], int] = lambda: 0,
    ) -> None:
        self._clock, self._report, self._waited = clock, report, waited
        self._late, self._work = _Longest(), _Longest()
        self._due = self._had_waited = 0
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin to watch; call it on the running loop."""
        self._had_waited = self._waited()
        self._due = self._clock.engine_us() + EVERY_US
        self._timer = self._clock.call_later(EVERY_US / 1e6, self._tick)

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        now = self._clock.engine_us()
        late = max(0, now - self._due)
        waited = self._waited() - self._had_waited
        work = max(0, late - max(0, waited - EVERY_US))
        self._report(self._late.of(now, late) / 1e6, self._work.of(now, work) / 1e6)
        self.start()


class _Longest:
    """The largest value of the last minute."""

    def __init__(self) -> None:
        self._values: deque[tuple[int, int]] = deque()  # (when, how much), falling: the first is the largest

    def of(self, now: int, value: int) -> int:
        """With one more."""
        while self._values and self._values[-1][1] <= value:
            self._values.pop()
        self._values.append((now, value))
        while self._values[0][0] < now - WINDOW_US:
            self._values.popleft()
        return self._values[0][1]


def waited_for_processor() -> Callable[[], int]:
    """How long the calling thread has waited for a processor so far, in microseconds; 0 where the system does not tell.

    The second figure of /proc/thread-self/schedstat, in nanoseconds (Linux, Documentation/scheduler/sched-stats.rst).
    """
    try:
        file = Path("/proc/thread-self/schedstat").resolve().open("rb", buffering=0)
    except OSError:
        return lambda: 0

    def waited() -> int:
        file.seek(0)
        return int(file.read(64).split()[1]) // 1000

    return waited

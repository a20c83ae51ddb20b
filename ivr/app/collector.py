"""Python's collector of cyclic garbage, at times of our own: a full collection holds up every call for as long as it
takes, and by itself it comes whenever enough was made.

Often enough each is small: what it leaves is kept out of the next one (`gc.freeze`), and still goes as soon as nobody
refers to it. Only cycles among what was kept have to wait, until no call lives, or until they have become too many.
"""

import gc
import resource
from collections.abc import Callable
from pathlib import Path

from ivr.clock import Clock

LOOK_EVERY_SECONDS = 20.0
WHOLE_EVERY_US = 600_000_000
"""While no call lives."""
MOST_GROWTH = 256_000_000
"""Bytes since the last whole collection, after which the next one waits for nobody."""
SMALL = (700, 10)
"""Python's own thresholds of the young and the middle ones: a command that begins has higher ones (ivr.cli)."""
_NEVER = 1_000_000_000


def resident() -> int:
    """Bytes of memory that this process has; 0 where the system does not tell (Linux, proc(5), statm)."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


class Collector:
    """`idle`: whether no call lives."""

    def __init__(self, clock: Clock, idle: Callable[[], bool], memory: Callable[[], int] = resident) -> None:
        self._clock, self._idle, self._memory = clock, idle, memory
        self._whole_at, self._then = clock.engine_us(), 0

    def begin(self) -> None:
        """What is there now stays for as long as the process."""
        gc.set_threshold(*SMALL, _NEVER)
        gc.freeze()  # what the imports made is no garbage: to look through all of it takes a third of a second

    def look(self) -> None:
        """Call it every LOOK_EVERY_SECONDS."""
        self._then = self._then or self._memory()
        rested = self._clock.engine_us() - self._whole_at >= WHOLE_EVERY_US and self._idle()
        if rested or self._memory() - self._then >= MOST_GROWTH:
            gc.unfreeze()
            self._collect()
            self._whole_at, self._then = self._clock.engine_us(), self._memory()
        else:
            self._collect()

    def _collect(self) -> None:
        gc.collect()
        gc.freeze()

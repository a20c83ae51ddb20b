"""How fast a backup may go, and how it is stopped."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from recordings.backup.targets import TargetError

Given = TypeVar("Given")
Gained = TypeVar("Gained")


class Stopped(Exception):
    """Somebody asked for an end. What is done stays done."""


class Rate:
    """A `Pace` of so many bytes a second (None: the whole line), common to all threads; and the waits of retries.

    `stop` ends every wait at once with `Stopped`."""

    def __init__(
        self,
        bytes_per_second: float | None = None,
        stop: threading.Event | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """`wait(seconds)` waits, or tells at once that it is to stop."""
        self._rate, self._stop, self._monotonic = bytes_per_second, stop or threading.Event(), monotonic
        self._wait = wait or self._stop.wait
        self._free_at = 0.0
        self._lock = threading.Lock()

    def __call__(self, count: int) -> None:
        if self._rate is None:
            self.go_on()
            return
        with self._lock:
            now = self._monotonic()
            begin = max(now, self._free_at)
            self._free_at = begin + count / self._rate
        self.pause(begin - now)

    def go_on(self) -> None:
        """Return, unless somebody asked for an end."""
        if self._stop.is_set():
            raise Stopped

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.go_on()
        if seconds > 0 and self._wait(seconds):
            raise Stopped


def tried(action: Callable[[], Gained], tries: int, rate: Rate, first_pause: float = 1.0) -> Gained:
    """What the action gives; a transient trouble of the target is waited out, each time twice as long."""
    for attempt in range(tries - 1):
        try:
            return action()
        except TargetError as error:
            if not error.transient:
                raise
        rate.pause(min(60.0, first_pause * 2**attempt))
    return action()


def in_parallel(
    action: Callable[[Given], Gained], items: Iterable[Given], at_once: int
) -> Iterator[tuple[Given, Future[Gained]]]:
    """Do it for every item, few at once and few waiting; each comes back with its finished future, in order.

    Whoever stops asking waits for those that run; the others never begin."""
    left = iter(items)
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="backup")
    try:
        window = [(item, pool.submit(action, item)) for item in islice(left, 4 * at_once)]
        while window:
            item, future = window.pop(0)
            future.exception()
            yield item, future
            window.extend((item, pool.submit(action, item)) for item in islice(left, 1))
    finally:
        pool.shutdown(cancel_futures=True)

"""When this machine stood still: a test's people heard nothing then, and nobody in the line is to blame for it.

On each processor a process of its own sleeps for a moment again and again, and tells when it woke up late. (In a
thread of the test it would be late, too, when the test itself is busy.) On a machine that has too much to do, or is
itself a guest of one, a tenth of a second and more is missed now and then, by Asterisk as by everybody.

Who sleeps is woken soon, also while those who work share a processor with many. So the kernel is asked, too, for how
long this process, in which the phones live, and each thread of its Asterisk was ready to work and had to wait
(/proc/PID/task/TID/schedstat). The server is not asked: who is on the telephone must not notice what it waits for.
"""

import os
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

from ivr.install.asterisk import tied

SLEEP = 0.02
LATE = 0.06
"""Seconds; half of what counts as a gap in music."""
AROUND = 0.3
"""Seconds after a stall in which what was missed arrives."""

LOOKS = 0.1
"""Seconds between two looks at what this process had to wait for; `LATE` of them are a stall."""

_WATCHER = f"""
import os, sys, time
os.sched_setaffinity(0, {{int(sys.argv[1])}})
before = time.monotonic()
while True:
    time.sleep({SLEEP})
    now = time.monotonic()
    if now - before > {SLEEP + LATE}:
        print(before, now, flush=True)
    before = now
"""


class Stalls:
    """In the time of the loop (`time.monotonic`)."""

    def __init__(self) -> None:
        self._found: deque[tuple[float, float]] = deque(maxlen=10_000)
        self._watchers: list[subprocess.Popen[str]] = []
        self._carriers: set[int] = set()

    def watch(self) -> None:
        """Begin; again is harmless. The other processes end with this one."""
        for processor in () if self._watchers else os.sched_getaffinity(0):
            command = tied([sys.executable, "-S", "-c", _WATCHER, str(processor)])
            watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            self._watchers.append(watcher)
            threading.Thread(target=self._listen, args=(watcher,), name="stalls", daemon=True).start()
            if len(self._watchers) == 1:
                threading.Thread(target=self._wait, name="waits", daemon=True).start()

    def also(self, pid: int) -> None:
        """Whoever carries the phones' calls, until it ends."""
        self._carriers.add(pid)

    def note(self, since: float, until: float) -> None:
        """It stood still then."""
        self._found.append((since, until))

    def between(self, begin: float, end: float) -> bool:
        """Whether it stood still within this time, or just before."""
        return any(since < end and begin < until + AROUND for since, until in list(self._found))

    def seconds(self, begin: float, end: float) -> float:
        """For how long processors stood still within this time, those of each added."""
        return sum(max(0.0, min(until, end) - max(since, begin)) for since, until in list(self._found))

    def _wait(self) -> None:
        """Of the main thread, in which the loop runs, and of those who carry. A kernel that does not tell is believed
        to be quick."""
        before, since = self._waits(), time.monotonic()
        while True:
            time.sleep(LOOKS)
            waits, now = self._waits(), time.monotonic()
            if any(waited - before.get(thread, waited) > LATE for thread, waited in waits.items()):
                self.note(since, now)
            before, since = waits, now

    def _waits(self) -> dict[Path, float]:
        """For how long each thread has waited in all."""
        threads = [Path(f"/proc/self/task/{os.getpid()}")]
        for pid in tuple(self._carriers):
            try:
                threads += Path(f"/proc/{pid}/task").iterdir()
            except OSError:
                self._carriers.discard(pid)
        waited = {thread: _waited(thread / "schedstat") for thread in threads}
        return {thread: seconds for thread, seconds in waited.items() if seconds is not None}

    def _listen(self, watcher: "subprocess.Popen[str]") -> None:
        assert watcher.stdout is not None
        for line in watcher.stdout:
            since, until = map(float, line.split())
            self.note(since, until)


def _waited(told: Path) -> float | None:
    """Seconds in which a thread was ready and had no processor, since its beginning."""
    try:
        return int(told.read_bytes().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return None


STALLS = Stalls()
"""Of this process."""

"""What is done now and then, and the watch over the loop that does everything."""

import faulthandler
from collections.abc import Callable

from ivr.app.closing import Closing
from ivr.clock import Clock, Timer
from ivr.figures.loop_watch import LoopWatch, waited_for_processor
from ivr.systemd import Notifier

ALIVE_EVERY_SECONDS = 1.0
STANDSTILL_SECONDS = 10.0
"""A loop that stands still for so long is ended. The longest block that is known is well under a second."""


class Rounds:
    """Calls again and again, until it is closed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timers: dict[str, Timer] = {}

    def every(self, name: str, seconds: float, what: Callable[[], None]) -> None:
        """Call `what` each so many seconds, for the first time after so many."""

        def again() -> None:
            self._timers[name] = self._clock.call_later(seconds, again)
            what()

        self._timers[name] = self._clock.call_later(seconds, again)

    def stop(self) -> None:
        """Call nothing any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()


def watch_loop(
    clock: Clock, rounds: Rounds, notifier: Notifier, closing: Closing, report: Callable[[float, float], None]
) -> None:
    """Measure how long the loop is blocked, and end a process whose loop stands still."""
    loop_watch = LoopWatch(clock, report, waited_for_processor())
    loop_watch.start()
    closing.add_now(loop_watch.stop)
    still_alive(notifier)
    closing.add_now(faulthandler.cancel_dump_traceback_later)
    rounds.every("alive", ALIVE_EVERY_SECONDS, lambda: still_alive(notifier))


def still_alive(notifier: Notifier) -> None:
    """The loop turns: set the alarm anew (it shows every thread's stack and ends the process); tell systemd.

    Whoever started the server starts it again, and until then callers are better off without one that hangs.
    """
    faulthandler.dump_traceback_later(STANDSTILL_SECONDS, exit=True)
    notifier.alive()

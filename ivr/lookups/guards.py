"""What stands between callers and a source: answers that are still good, and a rest after many failures."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta

from ivr.clock import Clock
from ivr.site.values import Value

FAILURES_IN_A_ROW = 5
REST_SECONDS = 30.0
MOST_KEPT = 1_000

Question = tuple[Value, ...]
"""The values of the parameters, in the order in which the source declares them."""


class Breaker:
    """After FAILURES_IN_A_ROW failures a source rests: every look-up fails at once, so that callers do not wait for
    what will not come. After REST_SECONDS one question is let through; its answer ends the rest, or prolongs it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._rests_until_us = 0
        self._trying = False

    @property
    def resting(self) -> bool:
        """Whether questions fail at once; also while one is tried."""
        return self._failures >= FAILURES_IN_A_ROW

    def enter(self) -> bool:
        """Whether a question may be asked now. Every True is followed by `answered`, `failed` or `unknown`."""
        if not self.resting:
            return True
        if self._trying or self._clock.engine_us() < self._rests_until_us:
            return False
        self._trying = True
        return True

    def answered(self) -> None:
        """The source works."""
        self._failures, self._trying = 0, False

    def failed(self) -> None:
        """The source does not work."""
        self._failures, self._trying = self._failures + 1, False
        self._rests_until_us = self._clock.engine_us() + round(REST_SECONDS * 1e6)

    def unknown(self) -> None:
        """Nobody waited for the answer: the caller hung up."""
        self._trying = False


class Kept:
    """The latest answers, by question; None = nothing was found. Bounded; the oldest goes first."""

    def __init__(self, clock: Clock, keep: timedelta, most: int = MOST_KEPT) -> None:
        self._clock = clock
        self._keep_us = round(keep.total_seconds() * 1e6)
        self._most = most
        self._answers: OrderedDict[Question, tuple[int, Mapping[str, Value] | None]] = OrderedDict()

    def get(self, question: Question) -> tuple[Mapping[str, Value] | None] | None:
        """The answer in a tuple of its own, or None when there is none that is still good."""
        entry = self._answers.get(question)
        if entry is None or entry[0] <= self._clock.engine_us():
            return None
        return (entry[1],)

    def put(self, question: Question, answer: Mapping[str, Value] | None) -> None:
        """Keep an answer; nothing when the source does not want that."""
        if not self._keep_us:
            return
        self._answers.pop(question, None)
        self._answers[question] = (self._clock.engine_us() + self._keep_us, answer)
        while len(self._answers) > self._most:
            self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._answers.clear()

    def __len__(self) -> int:
        return len(self._answers)

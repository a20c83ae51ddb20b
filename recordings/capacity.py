"""How long the disk will do: bytes a day, what retention frees and when, days until full, alarms. Pure.

**Method.** The days ahead are lived through `PATHS` times, day by day, for all recordings that leave after the same
time together. Each life draws as many whole weeks of the history as there are, with replacement, and takes its own
mean of each weekday from them: so it also has its own level, and few weeks give a wide interval. To the weekday's
mean it adds what some day of the history, drawn by lot, differed from its weekday's mean in the whole history; nobody
records less than nothing. What is recorded leaves when its time is up; what lies there already leaves on the days
that the catalogue says. The first day on which more is needed than is free is the answer of that life; the answer is
the middle one of all, from the 5th to the 95th of 100. Growth is not foreseen: the history is taken to be what comes.
The lots come from a seed, so that the same figures give the same answer.

The work is bounded by `PATHS` times `HORIZON` numbers for each different time, of which there are as many as rules.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from recordings.retention import RetentionRule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Days = NDArray[np.float64]

PATHS = 400
HORIZON = 1830
"""Days that are looked ahead: five years."""

HISTORY = 182
"""Days of the history that count: half a year. What was long ago says little of what comes."""

MONTHS = 12
"""Months ahead in what the rules will free."""

RECENT = 28
"""Days of the mean that people are told: whole weeks."""

CALM = 1.1
"""An alarm ends when the figure is so many times better than where it began: none that comes and goes."""

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """When somebody is told: days until full, and per cent of the disk that are free."""

    days_until_full: int = 30
    free_below: float = 10.0
    stop_below: float = 2.0


@dataclass(frozen=True, slots=True)
class Disk:
    """Of the file system of the vault, in bytes: what it holds, and what is free for recordings."""

    size: int
    free: int

    @property
    def free_percent(self) -> float:
        """Per cent that are free."""
        return 100 * self.free / self.size if self.size > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What one queue stored under one rule on each day of the history, the last one last; `rule` in words.
    `leaves_after`: days until it is deleted or archived; None: never. `queue` is empty for talks without one."""

    queue: str
    rule: str
    days: tuple[int, ...]
    leaves_after: int | None


@dataclass(frozen=True, slots=True)
class Freed:
    """What a rule will free on a day of what lies there already."""

    day: date
    rule: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Days until the disk is full: the middle one, and of 20 lives 18 lie between `earliest` and `latest`. None: not
    within `HORIZON`. `days_known`: so many days of history it stands on; with 0 nothing is known."""

    days: int | None
    earliest: int | None
    latest: int | None
    days_known: int


@dataclass(frozen=True, slots=True)
class MonthFreed:
    """What a rule frees in a month: `known` lies there already, `expected` is still to be recorded."""

    month: str  # 2026-12
    rule: str
    known: int
    expected: int


class Alarm(StrEnum):
    """What somebody is told of."""

    FULL_SOON = "full soon"
    DISK_LOW = "disk low"
    STOP = "recording stops"


def streams(
    rows: Iterable[tuple[date, str, str, int]], leaving: Mapping[str, int | None], first: date, last: date
) -> tuple[Stream, ...]:
    """Streams from the catalogue's sums (day, queue, rule, bytes). `first`, `last`: the whole days of the history, both
    included; a day without a row has 0. `leaving`: days by rule (`leaves_after`); without an entry nothing leaves."""
    first = max(first, last - (HISTORY - 1) * DAY)
    many = (last - first).days + 1
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * many)
    for day, queue, rule, stored in rows:
        if first <= day <= last:
            sums[queue, rule][(day - first).days] += stored
    return tuple(
        Stream(queue=queue, rule=rule, days=tuple(days), leaves_after=leaving.get(rule))
        for (queue, rule), days in sorted(sums.items())
    )


def leaves_after(rule: RetentionRule) -> int | None:
    """Days until what a rule speaks of leaves the disk, at the latest; None: never."""
    days = [period.most_days for period in (rule.keep, rule.archive_after) if period is not None]
    return min(days, default=None)


def bytes_a_day(history: Sequence[Stream]) -> Mapping[str, float]:
    """Queue -> mean of the last `RECENT` days, the largest first."""
    means: dict[str, float] = defaultdict(float)
    for stream in history:
        recent = stream.days[-RECENT:]
        means[stream.queue] += sum(recent) / len(recent) if recent else 0.0
    return dict(sorted(means.items(), key=lambda one: (-one[1], one[0])))


def forecast(
    history: Sequence[Stream], freed: Iterable[Freed], disk: Disk, today: date, seed: int = 0, horizon: int = HORIZON
) -> Forecast:
    """Days until the disk is full. The history ends yesterday; `freed` before today is overdue, and frees today."""
    # Imported here: it takes 0.1 s, and whoever only names Limits does not need it.
    import numpy as np

    known = max((len(stream.days) for stream in history), default=0)
    if not known:
        return Forecast(None, None, None, 0)
    chance = np.random.default_rng(seed)
    freeing = np.zeros(horizon)
    for one in freed:
        place = max(0, (one.day - today).days)
        if place < horizon:
            freeing[place] += one.bytes
    change = np.tile(-freeing, (PATHS, 1))
    for leaves, days in _together(history, known).items():
        coming = _lives(np.array(days, dtype=np.float64), today, horizon, chance)
        change += coming
        if leaves is not None and leaves < horizon:
            change[:, leaves:] -= coming[:, : horizon - leaves]
    full = np.cumsum(change, axis=1) > disk.free
    never = ~full.any(axis=1)
    first = np.where(never, horizon, full.argmax(axis=1))
    low, middle, high = (int(value) for value in np.percentile(first, (5, 50, 95), method="inverted_cdf"))
    middle_day, earliest, latest = (None if value >= horizon else value for value in (middle, low, high))
    return Forecast(middle_day, earliest, latest, known)


def _together(history: Sequence[Stream], known: int) -> Mapping[int | None, list[int]]:
    """Days until it leaves -> what was stored on each day."""
    found: dict[int | None, list[int]] = defaultdict(lambda: [0] * known)
    for stream in history:
        days = found[stream.leaves_after]
        for place, stored in enumerate(stream.days, known - len(stream.days)):
            days[place] += stored
    return found


def _lives(days: "Days", today: date, horizon: int, chance: "np.random.Generator") -> "Days":
    """What will be stored: a row for each life, a column for each day from today."""
    import numpy as np

    weekdays = (today.weekday() - len(days) + np.arange(len(days))) % 7
    coming = (today.weekday() + np.arange(horizon)) % 7
    overall = days.mean()
    means = np.array([days[weekdays == day].mean() if (weekdays == day).any() else overall for day in range(7)])
    residuals = days - means[weekdays]
    weeks = len(days) // 7
    if weeks >= 2:
        whole = days[len(days) - 7 * weeks :].reshape(weeks, 7)
        drawn = whole[chance.integers(0, weeks, (PATHS, weeks))].mean(axis=1)
        # The first day of these weeks is the weekday of today: 7 * weeks days ago.
        level = np.roll(drawn, today.weekday(), axis=1)
    else:
        drawn = days[chance.integers(0, len(days), (PATHS, len(days)))].mean(axis=1)
        scale = drawn / overall if overall > 0 else np.ones(PATHS)
        level = scale[:, None] * means[None, :]
    differs = residuals[chance.integers(0, len(days), (PATHS, horizon))]
    lived: Days = np.maximum(0.0, level[:, coming] + differs)
    return lived


def freed_by_month(
    history: Sequence[Stream], freed: Iterable[Freed], today: date, months: int = MONTHS
) -> tuple[MonthFreed, ...]:
    """What each rule frees in this month from today on, and in the months after; in order of month and rule. What is
    expected is the mean of the last `RECENT` days."""
    ahead = [_month(today, number) for number in range(months)]
    known: dict[tuple[str, str], int] = defaultdict(int)
    expected: dict[tuple[str, str], float] = defaultdict(float)
    for one in freed:
        known[f"{max(one.day, today):%Y-%m}", one.rule] += one.bytes
    end = date.fromisoformat(f"{_month(today, months)}-01")
    for stream in history:
        recent = stream.days[-RECENT:]
        if stream.leaves_after is None or not recent:
            continue
        mean = sum(recent) / len(recent)
        day = today + stream.leaves_after * DAY
        while day < end:
            following = date.fromisoformat(f"{_month(day, 1)}-01")
            expected[f"{day:%Y-%m}", stream.rule] += mean * (following - day).days
            day = following
    rules = sorted({stream.rule for stream in history} | {rule for _, rule in known})
    return tuple(
        MonthFreed(month, rule, known[month, rule], round(expected[month, rule])) for month in ahead for rule in rules
    )


def _month(day: date, later: int) -> str:
    year, month = divmod(12 * day.year + day.month - 1 + later, 12)
    return f"{year:04}-{month + 1:02}"


def alarms(disk: Disk, foreseen: Forecast, limits: Limits, before: frozenset[Alarm] = frozenset()) -> frozenset[Alarm]:
    """The alarms that stand now; `before`: those that stood at the last look, which end only when it is clearly better.
    The days count from the earliest of the interval: rather too soon than too late."""

    def low(alarm: Alarm, value: float, limit: float) -> bool:
        return value < limit * (CALM if alarm in before else 1.0)

    days = foreseen.earliest if foreseen.earliest is not None else float("inf")
    standing = {
        Alarm.FULL_SOON: low(Alarm.FULL_SOON, days, limits.days_until_full),
        Alarm.DISK_LOW: low(Alarm.DISK_LOW, disk.free_percent, limits.free_below),
        Alarm.STOP: low(Alarm.STOP, disk.free_percent, limits.stop_below),
    }
    return frozenset(alarm for alarm, stands in standing.items() if stands)

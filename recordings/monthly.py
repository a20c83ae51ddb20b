"""The content of the monthly report about the disk. Pure; `recordings.capacity_report` renders it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from recordings.capacity import (
    Alarm,
    Disk,
    Forecast,
    Freed,
    Limits,
    MonthFreed,
    Stream,
    alarms,
    bytes_a_day,
    forecast,
    freed_by_month,
)
from recordings.retention import RetentionRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The content of the monthly report. `labels`: queue -> its name for people. `rules`: those that the streams name
    in words."""

    site: str
    today: date
    disk: Disk
    stored: int
    count: int
    by_queue: Mapping[str, float]
    labels: Mapping[str, str]
    rules: tuple[RetentionRule, ...]
    foreseen: Forecast
    freed: tuple[MonthFreed, ...]
    alarms: frozenset[Alarm]
    limits: Limits

    def as_json(self) -> dict[str, Any]:
        """Plain values, bytes throughout."""
        return {
            "site": self.site,
            "today": self.today.isoformat(),
            "disk": {"size": self.disk.size, "free": self.disk.free, "free_percent": round(self.disk.free_percent, 1)},
            "stored": self.stored,
            "count": self.count,
            "bytes_a_day": {queue: round(mean) for queue, mean in self.by_queue.items()},
            "until_full": {
                "days": self.foreseen.days,
                "earliest": self.foreseen.earliest,
                "latest": self.foreseen.latest,
                "days_known": self.foreseen.days_known,
            },
            "freed": [
                {"month": one.month, "rule": one.rule, "known": one.known, "expected": one.expected}
                for one in self.freed
            ],
            "alarms": sorted(self.alarms),
        }


def report(
    *,
    site: str,
    today: date,
    history: Sequence[Stream],
    freed: Sequence[Freed],
    disk: Disk,
    stored: int,
    count: int,
    labels: Mapping[str, str],
    rules: Sequence[RetentionRule],
    limits: Limits,
    before: frozenset[Alarm] = frozenset(),
    seed: int = 0,
) -> Report:
    """All figures of a day. `stored` and `count`: bytes and number of all recordings in the vault."""
    foreseen = forecast(history, freed, disk, today, seed)
    return Report(
        site=site,
        today=today,
        disk=disk,
        stored=stored,
        count=count,
        by_queue=bytes_a_day(history),
        labels=labels,
        rules=tuple(rules),
        foreseen=foreseen,
        freed=freed_by_month(history, freed, today),
        alarms=alarms(disk, foreseen, limits, before),
        limits=limits,
    )

"""The beginning of each day at the site."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acd.facts import Fact
from ivr.app.days import Days
from ivr.testing.clock import ManualClock


class Told:
    """What the engine is told, in a time zone."""

    def __init__(self, clock: ManualClock, zone: str = "America/Bogota") -> None:
        self.days: list[tuple[str, str]] = []
        self.clock = clock
        self.zone = ZoneInfo(zone)
        site: Any = SimpleNamespace(local=lambda at: at.astimezone(self.zone))
        self.calendar = Days(self.submit, clock, lambda: site)

    def submit(self, fact: Fact, key: str) -> None:
        assert key == f"day:{fact.day}"  # type: ignore[attr-defined]
        self.days.append((fact.day, self.clock.now().astimezone(self.zone).strftime("%d %H:%M:%S")))  # type: ignore[attr-defined]


def test_today_at_the_start_and_each_day_at_midnight_there() -> None:
    told = Told(ManualClock(datetime(2026, 11, 23, 15, 0, 0, 500_000, tzinfo=UTC)))
    told.calendar.start()
    told.clock.advance(2 * 86_400)
    assert told.days == [
        ("2026-11-23", "23 10:00:00"),
        ("2026-11-24", "24 00:00:00"),
        ("2026-11-25", "25 00:00:00"),
    ]
    told.calendar.stop()
    assert told.clock.pending == 0


@pytest.mark.parametrize(("date", "hours"), [((2026, 3, 8), 23), ((2026, 11, 1), 25)])
def test_a_day_with_a_change_of_the_hour(date: tuple[int, int, int], hours: int) -> None:
    zone = ZoneInfo("America/New_York")
    clock = ManualClock(datetime(*date, tzinfo=zone).astimezone(UTC))
    told = Told(clock, "America/New_York")
    told.calendar.start()
    clock.advance(hours * 3600 - 1)
    assert len(told.days) == 1
    clock.advance(2)
    assert [at for _, at in told.days][1].endswith("00:00:00")


def test_a_clock_that_is_set_back_begins_no_day_anew_and_one_set_on_is_noticed() -> None:
    clock = ManualClock(datetime(2026, 11, 24, 5, 0, 1, tzinfo=UTC))
    told = Told(clock)
    told.calendar.start()
    clock.wall = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
    clock.advance(7200)
    assert [day for day, _ in told.days] == ["2026-11-24"]
    clock.wall = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
    clock.advance(601)
    assert [day for day, _ in told.days] == ["2026-11-24", "2026-11-26"]

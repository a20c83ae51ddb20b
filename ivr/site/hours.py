"""Opening hours and holidays: pure questions about a local date and time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Open from `start` until just before `end`, both in minutes since local midnight (end at most 1440)."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.start // 60:02}:{self.start % 60:02} to {self.end // 60:02}:{self.end % 60:02}"


Day = tuple[Span, ...]
"""The open spans of one day, in order and apart from each other; empty = closed all day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayCalendar:
    """Which dates are holidays: those of a country, computed, with the site's corrections."""

    country: str  # ISO 3166 code, empty = none
    also: Mapping[date, str] = field(default_factory=dict)
    not_observed: tuple[str, ...] = ()  # names that the computed list has and the site does not keep

    def name_of(self, day: date) -> str | None:
        """The holiday's name in Spanish, or None on any other day."""
        return self.of_year(day.year).get(day)

    def of_year(self, year: int) -> Mapping[date, str]:
        """All holidays of a year in order of date. The first call for a year computes (about a millisecond)."""
        days: dict[date, str] = {}
        for day, names in _computed(self.country, year):
            kept = [name for name in names if name not in self.not_observed]
            if kept:
                days[day] = "; ".join(kept)
        days.update((day, name) for day, name in self.also.items() if day.year == year)
        return dict(sorted(days.items()))


@lru_cache(maxsize=64)
def _computed(country: str, year: int) -> tuple[tuple[date, tuple[str, ...]], ...]:
    """The library's list for a year: (date, names)."""
    if not country:
        return ()
    # Imported here: it takes 80 ms, and only sites with holidays need it.
    import holidays

    found = holidays.country_holidays(country, years=year, language="es" if country == "CO" else None)
    return tuple(
        (day, tuple(name.removesuffix(" (observado)") for name in found.get_list(day)))
        for day in sorted(found)
        if day.year == year
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """One timetable: a week, what holds on holidays, and dates that differ."""

    label: str
    week: tuple[Day, ...]  # seven, from Monday
    holiday: Day | None  # None: a holiday is like any other day
    other_days: Mapping[date, Day] = field(default_factory=dict)
    emergency: str = ""  # prompt for an emergency that has no words of its own
    code: str = ""  # digits after *28 with which phones override it

    def spans(self, day: date, calendar: HolidayCalendar) -> Day:
        """The open spans of a date: an exceptional day wins over a holiday, a holiday over the week."""
        if day in self.other_days:
            return self.other_days[day]
        if self.holiday is not None and calendar.name_of(day) is not None:
            return self.holiday
        return self.week[day.weekday()]

    def is_open(self, local: datetime, calendar: HolidayCalendar) -> bool:
        """Whether the line is open at this local time (of the site's time zone)."""
        minute = local.hour * 60 + local.minute
        return any(span.start <= minute < span.end for span in self.spans(local.date(), calendar))

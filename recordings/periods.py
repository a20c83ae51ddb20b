"""Spans of the calendar: so many days, months or years. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """So many years, months and days, at least one of them.

    A year is a year, with or without a 29 February. Where the day that a period ends on does not exist (a year from
    29 February, a month from 31 January) it ends with the month: nothing is ever shorter than what was written.
    """

    years: int = 0
    months: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        if min(self.years, self.months, self.days) < 0 or not (self.years or self.months or self.days):
            raise ValueError("a period has at least one day")

    def after(self, moment: datetime) -> datetime | None:
        """The moment so much later, in UTC; None beyond the year 9999. The calendar is that of the aware moment's own
        zone. Who begins later never ends sooner, and no change of the clock's hour makes it end too soon.

        >>> Period(years=1).after(datetime(2024, 2, 29, 10, tzinfo=UTC))
        datetime.datetime(2025, 3, 1, 0, 0, tzinfo=datetime.timezone.utc)
        """
        try:
            there = _months_later(moment, 12 * self.years + self.months) + self.days * DAY
            if there.tzinfo is UTC:
                return there
            # The hour that a clock passes twice counts as the second one, the hour that it skips as what follows.
            return max(there.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        except (OverflowError, ValueError):
            return None

    @property
    def least_days(self) -> int:
        """It is never shorter than so many days."""
        years, months = divmod(12 * self.years + self.months, 12)
        return 365 * years + 28 * months + self.days

    @property
    def most_days(self) -> int:
        """It is never longer than so many days."""
        years, months = divmod(12 * self.years + self.months, 12)
        return 366 * years + 31 * months + self.days

    def __str__(self) -> str:
        parts = ((self.years, "year"), (self.months, "month"), (self.days, "day"))
        return " and ".join(f"{many} {unit}{'' if many == 1 else 's'}" for many, unit in parts if many)


def _months_later(moment: datetime, months: int) -> datetime:
    """The same day and time so many months later, or else the first moment after the end of that month."""
    if not months:
        return moment
    year, month = divmod(12 * moment.year + moment.month - 1 + months, 12)
    if moment.day > 28:
        following, first = divmod(12 * year + month + 1, 12)
        end = datetime(following, first + 1, 1, tzinfo=moment.tzinfo)
        if moment.day > (end - DAY).day:
            return end
    return moment.replace(year=year, month=month + 1)

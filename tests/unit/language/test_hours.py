"""Hours and holidays, minute by minute where it matters."""

from datetime import date, datetime

import pytest

from ivr.site.hours import HolidayCalendar, OpeningHours, Span

COLOMBIA = HolidayCalendar(country="CO")
MORNING = (Span(8 * 60, 12 * 60),)
WORKDAY = (Span(8 * 60, 12 * 60), Span(14 * 60, 17 * 60 + 30))
OFFICE = OpeningHours(
    label="office",
    week=(WORKDAY,) * 5 + (MORNING, ()),
    holiday=(),
    other_days={date(2026, 12, 25): MORNING, date(2026, 11, 19): ()},
)


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-11-20 07:59:59", False),  # a Friday
        ("2026-11-20 08:00:00", True),
        ("2026-11-20 11:59:59", True),
        ("2026-11-20 12:00:00", False),
        ("2026-11-20 14:00:00", True),
        ("2026-11-20 17:29:59", True),
        ("2026-11-20 17:30:00", False),
        ("2026-11-21 09:00:00", True),  # Saturday
        ("2026-11-22 09:00:00", False),  # Sunday
        ("2026-11-16 09:00:00", False),  # a holiday, moved to Monday
        ("2026-12-25 09:00:00", True),  # an exceptional day wins over the holiday
        ("2026-11-19 09:00:00", False),  # an exceptional day that is closed
    ],
)
def test_open_or_closed(when: str, is_open: bool) -> None:
    assert OFFICE.is_open(datetime.fromisoformat(when), COLOMBIA) is is_open


def test_the_holidays_of_law_51_of_1983_in_2026() -> None:
    """The eighteen of the law, the moved ones on their Mondays."""
    law = [
        "01-01", "01-12", "03-23", "04-02", "04-03", "05-01", "05-18", "06-08", "06-15",
        "06-29", "07-20", "08-07", "08-17", "10-12", "11-02", "11-16", "12-08", "12-25",
    ]  # fmt: skip
    site = HolidayCalendar(country="CO", not_observed=("Día de Nuestra Señora del Rosario de Chiquinquirá",))
    assert [f"{day:%m-%d}" for day in site.of_year(2026)] == law


def test_two_holidays_on_one_day_are_one_day_and_one_may_be_left_out() -> None:
    assert COLOMBIA.name_of(date(2025, 6, 30)) == "Sagrado Corazón; San Pedro y San Pablo"
    assert len(COLOMBIA.of_year(2025)) == 17
    without = HolidayCalendar(country="CO", not_observed=("San Pedro y San Pablo",))
    assert without.name_of(date(2025, 6, 30)) == "Sagrado Corazón"


def test_a_holiday_of_the_site_and_a_site_without_holidays() -> None:
    own = HolidayCalendar(country="", also={date(2026, 3, 3): "Own day"})
    assert own.of_year(2026) == {date(2026, 3, 3): "Own day"}
    always = OpeningHours(label="always", week=((Span(0, 1440),),) * 7, holiday=None)
    assert always.is_open(datetime.fromisoformat("2026-12-25 23:59"), COLOMBIA)

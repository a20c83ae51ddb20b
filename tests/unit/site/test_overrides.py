"""What an override means for a call, and the ends that people write."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acd.codec import decode, encode
from ivr.site.hours import HolidayCalendar, OpeningHours, Span
from ivr.site.overrides import Answer, Override, OverrideSet, State, moment, opening_of

BOGOTA = ZoneInfo("America/Bogota")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=BOGOTA)  # a Monday
OFFICE = OpeningHours(label="office", week=((Span(480, 1050),),) * 5 + ((), ()), holiday=(), emergency="averia")
SITE: Any = SimpleNamespace(
    hours={"oficina": OFFICE, "sin_texto": replace(OFFICE, emergency="")},
    holidays=HolidayCalendar(country=""),
    prompts={"averia": object(), "incendio": object()},
)
CLOSED = Override(timetable="oficina", state=State.CLOSED, since=NOON, by="cli", who="ana")


def test_without_an_override_the_hours_decide() -> None:
    assert opening_of(SITE, "oficina", None, NOON) == Answer(State.OPEN)
    assert opening_of(SITE, "oficina", None, NOON.replace(hour=20)) == Answer(State.CLOSED)


def test_an_override_wins_over_the_hours() -> None:
    assert opening_of(SITE, "oficina", CLOSED, NOON) == Answer(State.CLOSED)
    opened = replace(CLOSED, state=State.OPEN)
    assert opening_of(SITE, "oficina", opened, NOON.replace(hour=3)) == Answer(State.OPEN)


def test_the_words_of_an_emergency() -> None:
    emergency = replace(CLOSED, state=State.EMERGENCY)
    file = "overrides/oficina-20261123T120000-0a1b"
    assert opening_of(SITE, "oficina", emergency, NOON).prompt == "averia"
    assert opening_of(SITE, "oficina", replace(emergency, prompt="incendio"), NOON).prompt == "incendio"
    assert opening_of(SITE, "oficina", replace(emergency, file=file), NOON) == Answer(State.EMERGENCY, file=file)
    # a prompt that a new version of the site no longer has
    assert opening_of(SITE, "oficina", replace(emergency, prompt="borrado"), NOON).prompt == "averia"
    assert opening_of(SITE, "sin_texto", emergency, NOON) == Answer(State.EMERGENCY)


def test_an_override_holds_until_just_before_its_end() -> None:
    ends = replace(CLOSED, until=NOON)
    assert ends.holds(NOON - timedelta(microseconds=1))
    assert not ends.holds(NOON)
    assert CLOSED.holds(NOON + timedelta(days=9999))


@pytest.mark.parametrize(
    ("written", "end"),
    [
        ("", None),
        ("  ", None),
        ("17:00", "2026-11-23 17:00"),
        ("7:05", "2026-11-24 07:05"),  # the next one
        ("12:00", "2026-11-24 12:00"),  # now is not later
        ("2026-12-24", "2026-12-25 00:00"),  # that day too
        ("2026-11-23", "2026-11-24 00:00"),
        ("2026-12-24 17:30", "2026-12-24 17:30"),
        ("30 min", "2026-11-23 12:30"),
        ("3h", "2026-11-23 15:00"),
        ("2 d", "2026-11-25 12:00"),
    ],
)
def test_ends_that_people_write(written: str, end: str | None) -> None:
    found = moment(written, NOON)
    assert found == (datetime.fromisoformat(end).replace(tzinfo=BOGOTA) if end else None)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("tomorrow", "17:00"),
        ("25:00", "17:00"),
        ("17:60", "17:00"),
        ("2026-02-30", "17:00"),
        ("9999-12-31", "17:00"),
        ("2026-12-24 2026-12-25", "17:00"),
        ("24/12/2026", "2026-12-24"),
        ("0 min", "30 min"),
        ("-3 h", "30 min"),
        ("2026-11-22", "past"),
        ("2026-11-23 11:59", "past"),
        ("2030-01-01", "more than a year"),
        ("99999 d", "more than a year"),
        ("17:00\x1b[2J" + "9" * 500, "is not an end"),
    ],
)
def test_what_is_no_end_is_refused_with_a_remedy(written: str, says: str) -> None:
    with pytest.raises(ValueError) as refused:
        moment(written, NOON)
    assert says in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_hours_are_counted_as_they_pass_also_when_clocks_are_put_forward() -> None:
    madrid = ZoneInfo("Europe/Madrid")
    before = datetime(2026, 3, 29, 1, 30, tzinfo=madrid)
    end = moment("1 h", before)
    assert end is not None
    assert end.astimezone(UTC) - before.astimezone(UTC) == timedelta(hours=1)


def test_the_fact_survives_the_journal() -> None:
    fact = OverrideSet(at=NOON.astimezone(UTC), timetable="oficina", state="closed", until=None, by="cli", who="ana")
    assert decode(encode(fact)) == fact
    ends = replace(fact, until=fact.at + timedelta(hours=1))
    assert decode(encode(ends)) == ends

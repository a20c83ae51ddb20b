"""Capacity: what a day brings, what retention frees, when the disk is full, who is told, and the monthly report."""

import csv
import io
import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.capacity import (
    HISTORY,
    HORIZON,
    Alarm,
    Disk,
    Forecast,
    Freed,
    Limits,
    Stream,
    alarms,
    bytes_a_day,
    forecast,
    freed_by_month,
    leaves_after,
    streams,
)
from recordings.capacity_report import html, table
from recordings.monthly import Report, report
from recordings.periods import Period
from recordings.retention import RetentionRule
from recordings.rule_words import rule_words

TODAY = date(2026, 11, 23)  # a Monday
DAY = timedelta(days=1)
GB = 10**9
WEEK = (10, 12, 12, 12, 10, 4, 0)


def stream(days: Sequence[int], leaves: int | None = None, queue: str = "servicio", rule: str = "r") -> Stream:
    return Stream(queue=queue, rule=rule, days=tuple(days), leaves_after=leaves)


def weeks(many: int, factor: float = 1.0) -> list[int]:
    """History that ends on a Sunday."""
    return [round(one * GB * factor) for one in WEEK] * many


# ---------------------------------------------------------------------- the history
def test_the_history_has_every_day_and_no_more_than_half_a_year() -> None:
    last = TODAY - DAY
    rows = [(last, "a", "r", 5), (last, "a", "r", 6), (last - 2 * DAY, "a", "s", 7), (last - 400 * DAY, "a", "r", 9)]
    found = streams([*rows, (TODAY, "a", "r", 1)], {"r": 180}, last - 2 * DAY, last)
    assert found == (
        Stream(queue="a", rule="r", days=(0, 0, 11), leaves_after=180),
        Stream(queue="a", rule="s", days=(7, 0, 0), leaves_after=None),
    )
    assert len(streams(rows, {}, last - 900 * DAY, last)[0].days) == HISTORY


def test_when_a_rules_recordings_leave() -> None:
    assert leaves_after(RetentionRule(keep=Period(days=180))) == 180
    assert leaves_after(RetentionRule(keep=Period(years=5), archive_after=Period(days=90))) == 90
    assert leaves_after(RetentionRule(keep=None, archive_after=Period(months=1))) == 31
    assert leaves_after(RetentionRule(keep=None)) is None


def test_bytes_a_day_are_of_the_last_four_weeks() -> None:
    history = [stream([10**6] * 100 + [20] * 28), stream([40] * 28, rule="other"), stream([90] * 14, queue="cartera")]
    assert bytes_a_day(history) == {"cartera": 90, "servicio": 60}
    assert list(bytes_a_day(history)) == ["cartera", "servicio"]


# ---------------------------------------------------------------------- days until full
def test_an_even_week_is_full_on_the_very_day() -> None:
    # 60 GB a week: 600 GB are full in the tenth week, and what is one byte more on its last recording day.
    found = forecast([stream(weeks(20))], [], Disk(10**12, 600 * GB), TODAY)
    assert (found.earliest, found.days, found.latest) == (70, 70, 70)
    found = forecast([stream(weeks(20))], [], Disk(10**12, 600 * GB - 1), TODAY)
    assert (found.earliest, found.days, found.latest) == (68, 68, 68)  # Saturday: nothing on the Sunday
    found = forecast([stream(weeks(20))], [], Disk(10**12, 9 * GB), TODAY)
    assert found.days == 0
    assert found.days_known == 140


@pytest.mark.parametrize("shift", range(7))
def test_the_weekday_of_today_is_right(shift: int) -> None:
    today = TODAY + shift * DAY
    days = weeks(21)[shift : shift + 140]  # ends on the day before today
    assert len(days) == 140
    # One byte less than the coming days need until (but without) Saturday.
    until_saturday = (5 - today.weekday()) % 7
    coming = [WEEK[(today.weekday() + n) % 7] for n in range(until_saturday + 1)]
    free = sum(coming) * GB - 1
    assert forecast([stream(days)], [], Disk(10**12, free), today).days == until_saturday


def test_what_leaves_makes_room() -> None:
    steady = stream(weeks(20), leaves=14)
    # After 14 days as much leaves as comes: 120 GB are needed, and 60 GB were there before.
    old = [Freed(TODAY + n * DAY, "r", WEEK[n % 7] * GB) for n in range(14)]
    assert forecast([steady], old, Disk(10**12, GB), TODAY).days is None
    assert forecast([steady], [], Disk(10**12, 120 * GB), TODAY).days is None
    assert forecast([steady], [], Disk(10**12, 105 * GB), TODAY).days == 10
    late = [replace(one, day=one.day - 900 * DAY) for one in old]  # overdue: it is freed today
    assert forecast([steady], late, Disk(10**12, GB), TODAY).days is None


def test_without_a_history_nothing_is_known() -> None:
    assert forecast([], [], Disk(10, 5), TODAY) == Forecast(None, None, None, 0)


def test_few_days_give_an_answer_too() -> None:
    found = forecast([stream([GB, 3 * GB, 2 * GB])], [], Disk(10**12, 100 * GB), TODAY)
    assert found.days_known == 3 and found.days is not None and 35 <= found.days <= 70
    assert found.earliest is not None and found.earliest < found.days
    assert forecast([stream([0, 0])], [], Disk(10**12, 100 * GB), TODAY).days is None


def noisy(many: int, seed: int) -> list[int]:
    chance = random.Random(seed)
    return [round(one * GB * chance.lognormvariate(0, 0.35)) for one in WEEK * many]


def test_few_weeks_give_a_wider_interval_than_many() -> None:
    def width(many: int) -> int:
        found = forecast([stream(noisy(26, 5)[-7 * many :])], [], Disk(10**13, 3000 * GB), TODAY)
        assert found.earliest is not None and found.latest is not None
        return found.latest - found.earliest

    assert width(3) > width(26) > 0


def test_the_interval_holds_the_truth_most_of_the_time() -> None:
    hits = 0
    for seed in range(40):
        days = noisy(26 + 60, seed)
        past, coming = days[: 26 * 7], days[26 * 7 :]
        total, full = 0, None
        for number, stored in enumerate(coming):
            total += stored
            if total > 1500 * GB:
                full = number
                break
        found = forecast([stream(past)], [], Disk(10**13, 1500 * GB), TODAY)
        assert full is not None and found.earliest is not None and found.latest is not None
        hits += found.earliest <= full <= found.latest
    assert hits >= 32  # of 40; 36 are expected


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=40),
    st.none() | st.integers(1, 400),
    st.integers(0, 10**14),
    st.integers(0, 2**32 - 1),
)
def test_an_answer_is_in_order_and_the_same_each_time(
    days: list[int], leaves: int | None, free: int, seed: int
) -> None:
    history, disk = [stream(days, leaves)], Disk(10**15, free)
    found = forecast(history, [], disk, TODAY, seed)
    order = [HORIZON if day is None else day for day in (found.earliest, found.days, found.latest)]
    assert order == sorted(order)
    assert found == forecast(history, [], disk, TODAY, seed)
    more = forecast(history, [], replace(disk, free=free + 10**13), TODAY, seed)
    assert (more.days is None) or (found.days is not None and more.days >= found.days)


# ---------------------------------------------------------------------- what the rules free
def test_what_each_rule_frees_by_month() -> None:
    history = [stream([10] * 28, 30, rule="short"), stream([7] * 28, None, rule="for ever")]
    freed = [
        Freed(date(2026, 10, 1), "short", 5),  # overdue
        Freed(date(2026, 12, 3), "short", 100),
        Freed(date(2026, 12, 9), "short", 11),
        Freed(date(2028, 1, 1), "gone", 1),
    ]
    found = freed_by_month(history, freed, TODAY, 3)
    # What is recorded from today on leaves from 23 December on.
    assert [(one.month, one.known, one.expected) for one in found if one.rule == "short"] == [
        ("2026-11", 5, 0),
        ("2026-12", 111, 9 * 10),
        ("2027-01", 0, 31 * 10),
    ]
    assert all(not one.known and not one.expected for one in found if one.rule != "short")
    assert {one.rule for one in found} == {"short", "for ever", "gone"}


# ---------------------------------------------------------------------- alarms
@pytest.mark.parametrize(
    ("free", "earliest", "standing"),
    [
        (50, None, set()),
        (50, 30, set()),
        (50, 29, {Alarm.FULL_SOON}),
        (10, None, set()),
        (9, 100, {Alarm.DISK_LOW}),
        (1, 3, {Alarm.FULL_SOON, Alarm.DISK_LOW, Alarm.STOP}),
    ],
)
def test_alarms(free: int, earliest: int | None, standing: set[Alarm]) -> None:
    assert alarms(Disk(100, free), Forecast(None, earliest, None, 100), Limits()) == standing


def test_an_alarm_ends_when_it_is_clearly_better() -> None:
    calm = Forecast(None, None, None, 100)
    before = frozenset({Alarm.STOP, Alarm.DISK_LOW})
    assert alarms(Disk(1000, 21), calm, Limits(), before) == before
    assert alarms(Disk(1000, 22), calm, Limits(), before) == {Alarm.DISK_LOW}
    assert alarms(Disk(1000, 21), calm, Limits()) == {Alarm.DISK_LOW}
    assert alarms(Disk(1000, 105), calm, Limits(), before) == {Alarm.DISK_LOW}
    assert alarms(Disk(1000, 110), calm, Limits(), before) == frozenset()
    assert Alarm.STOP in alarms(Disk(0, 0), calm, Limits())


# ---------------------------------------------------------------------- the report
RULES = (RetentionRule(queue=("cartera",), keep=Period(years=5)), RetentionRule(keep=Period(days=180)))


def monthly(**changed: object) -> Report:
    history = [
        stream(weeks(10), 180, rule=str(RULES[1])),
        stream(weeks(10, 0.1), 1830, "cartera", str(RULES[0])),
        stream(weeks(10, 0.01), 180, "", str(RULES[1])),
    ]
    made = report(
        site="Línea <b>& Cía</b>",
        today=TODAY,
        history=history,
        freed=[Freed(date(2026, 12, 2), str(RULES[1]), 3 * GB)],
        disk=Disk(1000 * GB, 95 * GB),
        stored=905 * GB,
        count=1_234_567,
        labels={"servicio": "Servicio al Cliente", "cartera": "=cmd|' /C calc'!A0"},
        rules=RULES,
        limits=Limits(),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


class Page(HTMLParser):
    """What a page shows, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.shown = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "action", "srcset", "data")]
        self.fetched += [tag] if tag in ("script", "link", "img", "iframe", "object") else []
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.shown += data


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "es-CO",
            (
                "Capacidad de las grabaciones",
                "23 de noviembre de 2026",
                "1.234.567 (905 GB)",
                "95,0 GB (9,5 %)",
                "Servicio al Cliente",
                "8,6 GB",
                "sin cola",
                "cola cartera: 5 años",
                "todo lo demás: 180 días",
                "diciembre de 2026",
                "Queda libre menos del 10 % del disco",
                "puede llenarse en menos de 30 días",
            ),
        ),
        (
            "en",
            (
                "Capacity for recordings",
                "23 November 2026",
                "1,234,567 (905 GB)",
                "95.0 GB (9.5 %)",
                "8.6 GB",
                "without a queue",
                "queue cartera: 5 years",
                "everything else: 180 days",
                "December 2026",
                "Less than 10 % of the disk is free",
            ),
        ),
    ],
)
def test_the_page_says_everything_and_needs_nothing(language: str, words: tuple[str, ...]) -> None:
    text = html(monthly(), language)
    page = Page(text)
    assert page.open == [] and page.fetched == []
    assert not re.search(r"https?:|url\(|@import|//", text)
    for word in (*words, "Línea <b>& Cía</b>"):
        assert word in page.shown, word
    assert "<b>" not in text and f'<html lang="{language}">' in text


def test_the_page_of_a_site_without_recordings() -> None:
    empty = monthly(
        by_queue={}, freed=(), count=0, stored=0, foreseen=Forecast(None, None, None, 0), alarms=frozenset()
    )
    assert "no se sabe" in Page(html(empty, "es-CO")).shown and "Ninguna alarma." in html(empty, "es-CO")
    never = replace(empty, foreseen=Forecast(None, None, None, 90))
    assert "more than 1,830 days" in html(never, "en")
    wide = replace(empty, foreseen=Forecast(400, 200, None, 90))
    assert "400 days (between 200 and more than 1,830)" in html(wide, "en")


@pytest.mark.parametrize(("language", "delimiter"), [("es-CO", ";"), ("en", ",")])
def test_the_table_has_the_same_figures(language: str, delimiter: str) -> None:
    made = monthly()
    text = table(made, language)
    assert text.startswith("\ufeff")
    head, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter)
    assert len(head) == 5 and all(len(row) == 5 for row in rows)
    plain = json.loads(json.dumps(made.as_json()))
    values = [row[3] for row in rows]
    assert str(plain["disk"]["size"]) in values and str(plain["count"]) in values
    assert [int(row[3]) for row in rows if row[0] in ("por día", "a day")] == list(plain["bytes_a_day"].values())
    freed = sum(int(row[3]) for row in rows if row[0] in ("se libera", "freed"))
    assert freed == sum(one["known"] for one in plain["freed"]) == 3 * GB
    assert all(not re.match(r"[=+\-@\t\r]", cell) for row in rows for cell in row)
    assert any(row[1].startswith("'=cmd") for row in rows)


def test_rules_in_two_languages() -> None:
    rule = RetentionRule(
        queue=("a", "b"), direction=("inbound", "internal"), segment=("vip",), keep=Period(years=1, months=1, days=2)
    )
    assert rule_words(rule, "es-CO") == (
        "cola a o b, dirección entrante o interna, segmento vip: 1 año y 1 mes y 2 días"
    )
    assert rule_words(RetentionRule(disposition=("queja",), keep=None), "es") == "tipificación queja: para siempre"
    assert rule_words(rule, "en") == str(rule)

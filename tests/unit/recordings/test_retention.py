"""Retention: which rule decides, when something is due, what a hold and a doubtful clock keep."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.holds import Hold, Holds, Lifted, Over, OverCall, OverCaller, OverQueue, OverRecording, over_of
from recordings.periods import Period
from recordings.retention import (
    EARLIEST,
    ClockLeapt,
    Fate,
    Kept,
    RetentionRule,
    Rulebook,
    State,
    Verdict,
    Why,
    trusted,
    unreachable,
)

BOGOTA, NEW_YORK = ZoneInfo("America/Bogota"), ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS_180, YEARS_5 = Period(days=180), Period(years=5)
SITE = (
    RetentionRule(queue=("cartera",), keep=YEARS_5, archive_after=Period(days=90)),
    RetentionRule(disposition=("fraude",), keep=None),
    RetentionRule(keep=DAYS_180),
)

VALUES = ("", "a", "b", "c")
periods = st.builds(
    lambda years, months, days: Period(years, months, days or int(not years and not months)),
    st.integers(0, 6),
    st.integers(0, 20),
    st.integers(0, 400),
)
some = st.lists(st.sampled_from(VALUES[1:]), max_size=3, unique=True).map(tuple)
rules = st.lists(
    st.builds(
        RetentionRule,
        keep=st.none() | periods,
        archive_after=st.none() | periods,
        queue=some,
        direction=some,
        disposition=some,
        segment=some,
    ),
    max_size=6,
)
moments = st.datetimes(
    *(datetime.fromisoformat(f"{d}-01T00:00") for d in ("2019-06", "2030-01")),
    timezones=st.sampled_from((UTC, BOGOTA, NEW_YORK)),
)
kepts = st.builds(
    Kept,
    recording=st.integers(0, 10**9).map(str),
    call=st.just("1"),
    ended=moments,
    bytes=st.integers(0, 10**9),
    queue=st.sampled_from(VALUES),
    direction=st.sampled_from(VALUES),
    disposition=st.sampled_from(VALUES),
    segment=st.sampled_from(VALUES),
    holds=st.sampled_from(((), (), ("h1",))),
    state=st.sampled_from(State),
)


def kept(days: float = 0, **changed: object) -> Kept:
    """A recording that ended so many days before NOW."""
    values = {"recording": "1_2", "call": "1", "ended": NOW - days * DAY, "bytes": 1000, "queue": "servicio"}
    return Kept(**{**values, **changed})  # type: ignore[arg-type]


# ---------------------------------------------------------------------- the calendar
@pytest.mark.parametrize(
    ("period", "began", "ends"),
    [
        (Period(years=1), "2024-02-29T10:00", "2025-03-01T00:00"),
        (Period(years=4), "2024-02-29T10:00", "2028-02-29T10:00"),
        (Period(years=5), "2021-02-28T10:00", "2026-02-28T10:00"),
        (Period(months=1), "2026-01-31T23:00", "2026-03-01T00:00"),
        (Period(months=1), "2024-01-29T23:00", "2024-02-29T23:00"),
        (Period(months=13), "2026-11-30T01:00", "2027-12-30T01:00"),
        (Period(months=12), "2026-12-31T01:00", "2027-12-31T01:00"),
        (Period(days=180), "2024-02-28T10:00", "2024-08-26T10:00"),
        (Period(years=1, months=1, days=1), "2023-01-29T05:00", "2024-03-01T05:00"),
    ],
)
def test_years_and_months_are_the_calendars(period: Period, began: str, ends: str) -> None:
    assert period.after(datetime.fromisoformat(began).replace(tzinfo=UTC)) == datetime.fromisoformat(ends).replace(
        tzinfo=UTC
    )


def test_the_calendar_is_that_of_the_zone() -> None:
    late = datetime(2024, 2, 29, 22, tzinfo=BOGOTA)  # 1 March in UTC
    assert Period(years=1).after(late) == datetime(2025, 3, 1, tzinfo=BOGOTA)
    assert Period(years=1).after(late.astimezone(UTC)) == datetime(2025, 3, 1, 3, tzinfo=UTC)


def test_where_the_hour_changes_the_later_end_counts() -> None:
    twice = Period(days=1).after(datetime(2026, 10, 31, 1, 30, tzinfo=NEW_YORK))
    assert twice == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # the second half past one
    skipped = Period(days=1).after(datetime(2026, 3, 7, 2, 30, tzinfo=NEW_YORK))
    assert skipped == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_beyond_the_calendar_is_never() -> None:
    assert Period(years=9000).after(NOW) is None
    assert Period(days=99_999_999).after(NOW) is None
    assert due([RetentionRule(keep=Period(years=9000))], kept(10), NOW).verdict is Verdict.KEEP


@pytest.mark.parametrize("wrong", [(0, 0, 0), (-1, 0, 5), (0, -1, 0), (0, 0, -1)])
def test_a_period_is_longer_than_nothing(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError):
        Period(*wrong)


@given(periods, moments, st.integers(0, 10**7))
def test_who_begins_later_never_ends_sooner(period: Period, began: datetime, seconds: int) -> None:
    later = (began.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(began.tzinfo)
    one, other = period.after(began), period.after(later)
    assert one is not None and other is not None
    # An hour that the clock passes twice is the only exception: its first half counts as its second.
    assert one <= other + timedelta(hours=1)
    if began.tzinfo is not NEW_YORK:
        assert one <= other


@given(periods, moments)
def test_a_period_lies_between_its_bounds(period: Period, began: datetime) -> None:
    ends = period.after(began)
    assert ends is not None
    hour = timedelta(hours=1)
    assert period.least_days * DAY - hour <= ends - began.astimezone(UTC) <= (period.most_days + 1) * DAY + hour


def test_periods_in_words() -> None:
    assert [str(one) for one in (DAYS_180, YEARS_5, Period(1, 1, 1))] == [
        "180 days",
        "5 years",
        "1 year and 1 month and 1 day",
    ]


# ---------------------------------------------------------------------- which rule
def due(some_rules: Sequence[RetentionRule], one: Kept, now: datetime) -> Fate:
    return Rulebook(some_rules).fate(one, now)


def test_the_first_rule_that_matches_decides() -> None:
    assert due(SITE, kept(200), NOW).verdict is Verdict.DELETE
    fate = due(SITE, kept(200, queue="cartera", disposition="fraude"), NOW)
    assert (fate.verdict, fate.rule) == (Verdict.ARCHIVE, SITE[0])
    fate = due(SITE, kept(4000, disposition="fraude"), datetime(2036, 1, 1, tzinfo=UTC))
    assert (fate.verdict, fate.why, fate.at) == (Verdict.KEEP, Why.DOUBTFUL, None)
    fate = due(SITE, kept(2000, disposition="fraude"), NOW)
    assert (fate.verdict, fate.why, fate.at) == (Verdict.KEEP, Why.FOR_EVER, None)


def test_what_no_rule_speaks_of_is_kept() -> None:
    assert due(SITE[:1], kept(2000), NOW).why is Why.NO_RULE


def test_the_moment_is_exact() -> None:
    one = kept(180)
    assert due(SITE, one, NOW).verdict is Verdict.DELETE
    fate = due(SITE, one, NOW - timedelta(microseconds=1))
    assert (fate.verdict, fate.at) == (Verdict.KEEP, NOW)


def test_archive_comes_first_and_once() -> None:
    one = kept(89, queue="cartera")
    assert due(SITE, one, NOW).at == NOW + DAY
    assert due(SITE, one, NOW + DAY).verdict is Verdict.ARCHIVE
    archived = kept(89, queue="cartera", state=State.ARCHIVED)
    fate = due(SITE, archived, NOW + DAY)
    assert (fate.verdict, fate.at) == (Verdict.KEEP, YEARS_5.after(archived.ended))
    # Nobody archived it in five years: now it is deleted, not archived.
    late = due(SITE, one, NOW + 365 * 5 * DAY)
    assert late.verdict is Verdict.DELETE


@given(rules, kepts, moments)
def test_the_verdict_is_that_of_the_first_rule_alone(
    some_rules: Sequence[RetentionRule], one: Kept, now: datetime
) -> None:
    fate = due(some_rules, one, now)
    first = next((rule for rule in some_rules if rule.matches(one)), None)
    assert fate.rule == first
    if first is not None:
        assert fate == due([first], one, now)


@given(rules, kepts, moments, st.timedeltas(timedelta(), 4000 * DAY))
def test_an_earlier_clock_never_finds_more(
    some_rules: Sequence[RetentionRule], one: Kept, now: datetime, back: timedelta
) -> None:
    if due(some_rules, one, now - back).verdict is Verdict.DELETE:
        assert due(some_rules, one, now).verdict is Verdict.DELETE


@given(rules, kepts, moments)
def test_nothing_is_deleted_before_its_time(some_rules: Sequence[RetentionRule], one: Kept, now: datetime) -> None:
    fate = due(some_rules, one, now)
    if fate.verdict is Verdict.DELETE:
        assert fate.rule is not None and fate.rule.keep is not None and fate.at is not None and fate.at <= now
        assert now - one.ended >= fate.rule.keep.least_days * DAY - timedelta(hours=1)


# ---------------------------------------------------------------------- doubt
def test_what_was_recorded_under_a_wrong_clock_is_kept() -> None:
    fate = due(SITE, kept(ended=EARLIEST - timedelta(seconds=1)), NOW)
    assert (fate.verdict, fate.why) == (Verdict.KEEP, Why.DOUBTFUL)


def test_a_clock_that_leapt_ahead_is_refused() -> None:
    assert trusted(NOW, None) == NOW
    assert trusted(NOW, NOW - 3 * DAY) == NOW
    assert trusted(NOW - 1000 * DAY, NOW) == NOW - 1000 * DAY  # back: less is due, never more
    with pytest.raises(ClockLeapt, match=r"1000 days after .* nothing is deleted"):
        trusted(NOW + 1000 * DAY, NOW)


# ---------------------------------------------------------------------- holds
@given(rules, st.lists(kepts, max_size=20), moments)
def test_what_is_held_is_never_due(some_rules: Sequence[RetentionRule], several: list[Kept], now: datetime) -> None:
    for one in several:
        assert (due(some_rules, one, now).verdict is Verdict.HELD) == bool(one.holds)


def test_a_hold_tells_when_it_would_have_been_deleted() -> None:
    fate = due(SITE, kept(200, holds=("h1",)), NOW)
    assert (fate.verdict, fate.why, fate.at) == (Verdict.HELD, Why.HOLD, NOW - 20 * DAY)


def hold(name: str, over: Over, lifted: Lifted | None = None) -> Hold:
    return Hold(hold=name, who="jefe", why="proceso 2026-00123", since=NOW, over=over, lifted=lifted)


def test_what_holds_are_over() -> None:
    one = kept(ended=datetime(2026, 3, 2, 4, tzinfo=UTC), caller="c1")  # 1 March in Bogotá
    first = date(2026, 3, 1)
    over: dict[str, Over] = {
        "recording": OverRecording("1_2"),
        "call": OverCall("1"),
        "caller": OverCaller("c1"),
        "caller, written otherwise": OverCaller("c0", ("c1",)),
        "queue": OverQueue("servicio", first, first),
        "open end": OverQueue("servicio", date(2026, 2, 1)),
        "another": OverRecording("1_3"),
        "nobody": OverCaller(""),
        "too late": OverQueue("servicio", date(2026, 3, 2)),
        "too early": OverQueue("servicio", date(2026, 1, 1), date(2026, 2, 28)),
        "another queue": OverQueue("cartera", first),
    }
    names = ("call", "caller", "caller, written otherwise", "open end", "queue", "recording")
    assert Holds([hold(name, what) for name, what in over.items()], BOGOTA).of(one) == names
    unknown = kept(ended=one.ended)  # a caller without a number is not every such caller
    assert "nobody" not in Holds([hold(name, what) for name, what in over.items()], BOGOTA).of(unknown)
    lifted = Lifted("jefe", NOW, "archivado")
    assert Holds([hold(name, what, lifted) for name, what in over.items()], BOGOTA).of(one) == ()
    for what in over.values():
        assert over_of(hold("h", what).as_json()["over"]) == what
    assert hold("h", over["call"], lifted).as_json()["lifted"] == {
        "who": "jefe",
        "at": NOW.isoformat(),
        "why": "archivado",
    }


def test_a_hold_says_who_and_why() -> None:
    with pytest.raises(ValueError):
        Hold(hold="h", who="", why="x", since=NOW, over=OverCall("1"))
    with pytest.raises(ValueError):
        OverQueue("a", date(2026, 2, 1), date(2026, 1, 1))


# ---------------------------------------------------------------------- rules
def test_rules_that_never_decide_are_found() -> None:
    everything = RetentionRule(keep=DAYS_180)
    a, b = RetentionRule(queue=("a",), keep=YEARS_5), RetentionRule(queue=("b",), keep=YEARS_5)
    both = RetentionRule(queue=("a", "b"), direction=("inbound",), keep=None)
    assert list(unreachable([a, b, both, everything])) == [(2, (0, 1))]
    assert list(unreachable([everything, a])) == [(1, (0,))]
    assert list(unreachable([both, a, b, everything])) == []
    assert list(unreachable(SITE)) == []


@given(rules, st.lists(kepts, max_size=40))
def test_a_rule_that_decides_is_not_called_unreachable(some_rules: list[RetentionRule], several: list[Kept]) -> None:
    never = {number for number, _ in unreachable(some_rules)}
    for one in several:
        first = next((number for number, rule in enumerate(some_rules) if rule.matches(one)), None)
        assert first not in never


def test_rules_in_words() -> None:
    assert [str(rule) for rule in SITE] == [
        "queue cartera: 5 years",
        "disposition fraude: for ever",
        "everything else: 180 days",
    ]
    assert str(RetentionRule(queue=("a", "b"), direction=("inbound",), keep=None)) == (
        "queue a or b, direction inbound: for ever"
    )

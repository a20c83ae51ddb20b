"""What is known without a look at the calendar is what the calendar says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recordings.judge import Judge
from recordings.periods import Period
from recordings.retention import EARLIEST, Kept, RetentionRule, Rulebook, State, Verdict, Why
from tests.unit.recordings.test_retention import DAY, NOW, VALUES, kept, kepts, moments, rules

DEEDS = (Verdict.DELETE, Verdict.ARCHIVE)


@given(rules, kepts, moments)
def test_between_the_borders_alone_a_recording_is_looked_at(
    some: Sequence[RetentionRule], one: Kept, now: datetime
) -> None:
    one, judge = replace(one, holds=(), disposition=""), Judge(some, now)
    border, fate = judge.border(one.queue, one.direction, one.segment, one.state), judge.fate(one)
    sure = border.verdict(one.ended)
    if one.ended >= EARLIEST and sure in DEEDS:
        assert (fate.verdict, fate.rule) == (sure, border.rule)
    if sure is Verdict.KEEP:
        assert fate.verdict not in DEEDS


@given(rules, kepts, moments)
def test_what_has_to_be_looked_at_is_everything_that_may_be_due(
    some: Sequence[RetentionRule], one: Kept, now: datetime
) -> None:
    one, judge = replace(one, holds=(), disposition=""), Judge(some, now)
    queues, others = judge.ends()
    if judge.fate(one).verdict in DEEDS:
        assert one.ended <= queues.get(one.queue, others)


@given(rules, kepts, moments, st.sampled_from(VALUES[1:]))
def test_what_may_have_a_disposition_is_deleted_only_when_it_would_be_with_each(
    some: Sequence[RetentionRule], one: Kept, now: datetime, disposition: str
) -> None:
    one = replace(one, holds=(), disposition="")
    verdict = Judge(some, now).fate(one).verdict
    with_it = Rulebook(some).fate(replace(one, disposition=disposition), now).verdict
    named = {value for rule in some for value in rule.disposition}
    if disposition in named and verdict is Verdict.DELETE:
        assert with_it is Verdict.DELETE
    if not named:
        assert verdict == Rulebook(some).fate(one, now).verdict


def test_a_disposition_that_nobody_knows_keeps() -> None:
    site = [RetentionRule(disposition=("fraude",), keep=None), RetentionRule(keep=Period(days=180))]
    fate = Judge(site, NOW).fate(kept(200))
    assert (fate.verdict, fate.why, fate.rule) == (Verdict.KEEP, Why.UNKNOWN, site[1])
    assert Judge(site, NOW).fate(kept(200, disposition="queja")).verdict is Verdict.DELETE
    assert Judge(site, NOW).fate(kept(100)).why is Why.NOT_YET
    held = Judge(site, NOW).fate(kept(200, holds=("h1",)))
    assert (held.verdict, held.at) == (Verdict.HELD, None), "it would not be deleted anyway"
    longer = [RetentionRule(disposition=("queja",), keep=Period(days=190)), RetentionRule(keep=Period(days=180))]
    assert Judge(longer, NOW).fate(kept(185)).verdict is Verdict.KEEP
    assert Judge(longer, NOW).fate(kept(191)).verdict is Verdict.DELETE
    archived = [RetentionRule(disposition=("queja",), keep=None, archive_after=Period(days=9)), longer[1]]
    assert Judge(archived, NOW).fate(kept(200)).verdict is Verdict.ARCHIVE


def test_a_rule_without_an_end_has_no_border() -> None:
    judge = Judge([RetentionRule(keep=Period(years=9000), queue=("a",)), RetentionRule(keep=None)], NOW)
    queues, others = judge.ends()
    assert queues["a"].year == others.year == 1
    assert Judge([], NOW).border("a", "", "", State.KEPT).stays.year == 1
    assert Judge([RetentionRule(keep=Period(days=180))], NOW).ends()[1] - (NOW - 180 * DAY) == timedelta(days=1)

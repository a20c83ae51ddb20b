"""Who meets a tried version, and when it is taken back."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.language import load_site
from ivr.versions.canary import Bound, Canary, Score, passed, unfit

ROOT = Path(__file__).parents[3]
CANARY = Canary(
    version="a" * 64,
    percent=10,
    callers=frozenset({"listed"}),
    bounds=(Bound("abandoned", 20), Bound("no key", 50)),
    least=10,
    since=datetime(2026, 11, 23, tzinfo=UTC),
    who="ana",
)
CALLERS = [f"{n:032x}" for n in range(5000)]


def test_the_same_callers_meet_it_each_time_and_about_so_many_of_a_hundred() -> None:
    chosen = [caller for caller in CALLERS if CANARY.takes(caller)]
    assert chosen == [caller for caller in CALLERS if CANARY.takes(caller)]
    assert 0.08 < len(chosen) / len(CALLERS) < 0.12


def test_more_per_cent_are_the_same_callers_and_others() -> None:
    few = {caller for caller in CALLERS if CANARY.takes(caller)}
    many = {caller for caller in CALLERS if replace(CANARY, percent=30).takes(caller)}
    assert few < many


def test_another_version_is_met_by_others() -> None:
    other = replace(CANARY, version="b" * 64)
    assert {c for c in CALLERS if CANARY.takes(c)} != {c for c in CALLERS if other.takes(c)}


def test_a_listed_caller_always_and_one_without_a_number_only_with_everybody() -> None:
    assert CANARY.takes("listed") and replace(CANARY, percent=0).takes("listed")
    assert not CANARY.takes("") and not replace(CANARY, percent=99).takes("")
    assert not replace(CANARY, percent=0, callers=frozenset({""})).takes("")
    assert all(replace(CANARY, percent=100).takes(caller) for caller in ["", *CALLERS])
    assert not any(replace(CANARY, percent=0).takes(caller) for caller in CALLERS)


def test_it_comes_back_from_the_disk() -> None:
    assert Canary.from_json(CANARY.as_json()) == CANARY


def score(ended: int, **counts: int) -> Score:
    found = Score(begun=ended, ended=ended)
    found.counts |= {name.replace("_", " "): count for name, count in counts.items()}
    return found


@pytest.mark.parametrize(
    ("fared", "reason"),
    [
        (Score(), ""),
        (score(9, abandoned=9), ""),
        (score(10, abandoned=2), ""),
        (score(10, abandoned=3), "abandoned 30 % of 10 calls, more than the 20 % that were stated"),
        (score(10, failed=10), ""),
        (score(10, no_key=6), "no key 60 % of 10 calls, more than the 50 % that were stated"),
    ],
)
def test_a_bound_is_passed_only_above_it_and_when_enough_calls_have_ended(fared: Score, reason: str) -> None:
    assert passed(CANARY, fared) == reason


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("abandoned=20", Bound("abandoned", 20)),
        ("no key = 5 %", Bound("no key", 5)),
        ("no_key=2,5", Bound("no key", 2.5)),
        ("FAILED=0%", Bound("failed", 0)),
    ],
)
def test_a_bound_is_read_as_people_write_it(text: str, bound: Bound) -> None:
    assert Bound.parse(text) == bound


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("lost=20", "write one of abandoned, failed, no key"),
        ("abandoned", "for example abandoned=20"),
        ("abandoned=many", "for example abandoned=20"),
        ("failed=101", "between 0 and 100"),
        ("failed=nan", "between 0 and 100"),
        ("=5", "write one of"),
    ],
)
def test_a_wrong_bound_is_told_with_a_remedy(text: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        Bound.parse(text)


def test_only_what_belongs_to_a_call_may_differ() -> None:
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    assert unfit(replace(site, prompts={}, flows={}, hours={}, lists={}, version="0" * 64), site) == ()
    assert unfit(replace(site, queues={}, agents={}, lines=1), site) == (
        "site.yaml (lines)",
        "queues.yaml (queues)",
        "queues.yaml (agents)",
    )

"""Who is calling: one spelling for all ways to write a number, and what the lists say of it."""

from collections.abc import Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any

import phonenumbers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.site.callers import (
    AnonymousRule,
    CallerEntries,
    CallerList,
    Entry,
    caller_facts,
    is_possible,
    normalise,
    normalise_prefix,
    usual,
)

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("3001234567", "573001234567"),
        ("300 123 4567", "573001234567"),
        ("(300) 123-4567", "573001234567"),
        ("+57 300 1234567", "573001234567"),
        ("573001234567", "573001234567"),
        ("00573001234567", "573001234567"),
        ("6017436967", "576017436967"),
        ("+576017436967", "576017436967"),
        ("018000123456", "5718000123456"),
        ("+12125550100", "12125550100"),
        ("0012125550100", "12125550100"),
        ("12125550100", "12125550100"),  # no number of Colombia, but one of the United States
        ("+44 20 7946 0018", "442079460018"),
        ("101", "101"),
        ("0", ""),
        ("", ""),
        ("anonymous", ""),
        ("Unavailable", ""),
        ("sip:x@y", ""),
        ("3001234567\r\nX: y", "573001234567"),
    ],
)
def test_all_ways_to_write_a_number_are_one(written: str, digits: str) -> None:
    assert normalise(written) == digits


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.from_regex(r"(\+?57)?(3[0-9]{9}|60[1-8][0-9]{7})", fullmatch=True))
def test_the_quick_way_for_usual_numbers_finds_what_the_library_finds(number: str) -> None:
    found = phonenumbers.parse(number, "CO")
    assert "+" + usual(number) == phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=100))
def test_whatever_a_trunk_sends_becomes_digits_or_nothing(number: str) -> None:
    digits = normalise(number)
    assert digits == "" or (digits.isascii() and digits.isdecimal() and len(digits) <= 70)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.from_regex(r"\+?[0-9 ()-]{0,20}", fullmatch=True), st.sampled_from(["CO", "EC", "US", "ES"]))
def test_a_number_normalised_with_its_plus_stays_itself(number: str, country: str) -> None:
    digits = normalise(number, country)
    if is_possible(number, country) and len(digits) > 7:
        assert normalise("+" + digits, country) == digits


@pytest.mark.parametrize("number", ["3001234567", "+12125550100", "018000123456", "101", "6017436967", "911"])
def test_numbers_that_somebody_can_call_from(number: str) -> None:
    assert is_possible(number)


@pytest.mark.parametrize(
    "number", ["", "12", "300123456", "30012345678", "7436967x", "3.00E+09", "+101", "+57300", "1" * 19, "٣٠٠١٢٣٤٥٦٧"]
)
def test_numbers_that_nobody_can_call_from(number: str) -> None:
    assert not is_possible(number)


@pytest.mark.parametrize(
    ("prefix", "digits"),
    [
        ("300", "57300"),
        ("57300", "57300"),
        ("+57300", "57300"),
        ("+1 212", "1212"),
        ("001212", "1212"),
        ("601", "57601"),
    ],
)
def test_a_prefix_is_national_unless_it_says_otherwise(prefix: str, digits: str) -> None:
    assert normalise_prefix(prefix) == digits


def entries(prefixes: Mapping[str, Entry] | None = None, **numbers: Entry) -> CallerEntries:
    return CallerEntries({number.removeprefix("n"): entry for number, entry in numbers.items()}, prefixes or {})


def test_a_whole_number_wins_over_prefixes_and_a_longer_prefix_over_a_shorter() -> None:
    known = entries({"57": Entry(note="all"), "57300": Entry(note="mobile")}, n573001234567=Entry(note="Ana"))
    found = {number: known.find(number, TODAY) for number in ("573001234567", "573009999999", "576017436967", "1212")}
    assert [entry.note if entry else None for entry in found.values()] == ["Ana", "mobile", "all", None]
    assert known.find("", TODAY) is None
    assert known.find("5", TODAY) is None
    assert len(known) == 3


def test_a_line_counts_through_its_last_day_and_then_the_next_best_does() -> None:
    known = entries({"57300": Entry(note="mobile")}, n573001234567=Entry(until=TODAY, note="Ana"))
    assert known.find("573001234567", TODAY) == Entry(TODAY, "Ana")
    after = known.find("573001234567", date(2026, 11, 24))
    assert after is not None
    assert after.note == "mobile"


def caller_list(name: str, use: str, segment: str = "", *numbers: str, until: date | None = None) -> CallerList:
    held = CallerEntries({number: Entry(until) for number in numbers}, {})
    return CallerList(name=name, label=name, use=use, segment=segment, file="", entries=held)


def site(*lists: CallerList, anonymous: AnonymousRule | None = None) -> Any:
    return SimpleNamespace(country="CO", anonymous=anonymous, lists={known.name: known for known in lists})


def test_what_the_lists_say_of_a_caller() -> None:
    here = site(
        caller_list("socios", "list", "", "573001234567", "573000000001"),
        caller_list("vip", "segment", "vip", "573001234567"),
        caller_list("morosos", "segment", "moroso", "573001234567"),
        caller_list("bloqueados", "block", "", "573000000001"),
    )
    ana = caller_facts(here, "300 123 4567", TODAY)
    assert (ana.number, ana.segment, ana.blocked, ana.anonymous) == ("573001234567", "vip", False, False)
    assert ana.lists == {"socios", "vip", "morosos"}
    other = caller_facts(here, "3000000001", TODAY)
    assert (other.blocked, other.segment, other.lists) == (True, "", {"socios", "bloqueados"})
    nobody = caller_facts(here, "3009999999", TODAY)
    assert (nobody.blocked, nobody.segment, nobody.lists, nobody.anonymous) == (False, "", frozenset(), False)


def test_a_block_that_is_over_blocks_nobody() -> None:
    here = site(caller_list("bloqueados", "block", "", "573000000001", until=date(2026, 11, 22)))
    assert not caller_facts(here, "3000000001", TODAY).blocked


@pytest.mark.parametrize(
    ("rule", "blocked", "segment"),
    [
        (None, False, ""),
        (AnonymousRule(use="allow"), False, ""),
        (AnonymousRule(use="block"), True, ""),
        (AnonymousRule(use="segment", segment="ocultos"), False, "ocultos"),
    ],
)
def test_anonymous_callers_have_a_rule(rule: AnonymousRule | None, blocked: bool, segment: str) -> None:
    facts = caller_facts(site(anonymous=rule), "anonymous", TODAY)
    assert (facts.number, facts.anonymous, facts.blocked, facts.segment) == ("", True, blocked, segment)
    assert facts.lists == frozenset()
    # a caller who shows a number is not meant
    assert not caller_facts(site(anonymous=rule), "3000000001", TODAY).anonymous

"""Conditions that can never hold: whatever is said to be so holds for no value at all."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.expression import evaluate, parse
from ivr.language.shadowed import never_first
from ivr.site.values import Type

TYPES = {"a": Type.NUMBER, "b": Type.NUMBER, "t": Type.TEXT, "s": Type.YES_NO, "d": Type.DATE}


def never(*conditions: str) -> tuple[int, ...]:
    return never_first([parse(condition) for condition in conditions], TYPES)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (("a > 100", "a > 1000"), (1,)),
        (("a > 1000", "a > 100"), ()),
        (("a > 5 and a < 5",), (0,)),
        (("a > 5 and a < 6",), ()),
        (("s", "not s", "a = 1"), (2,)),
        (("caller in vip", "caller in vip and s"), (1,)),
        (("caller in vip, socios", "caller in socios"), (1,)),
        (('weekday in "saturday", "sunday"', 'weekday = "sunday"'), (1,)),
        (('caller starts with "57300"', 'caller starts with "573001"'), (1,)),
        (('caller starts with "573001"', 'caller starts with "57300"'), ()),
        (('caller starts with "1" and caller starts with "2"',), (0,)),
        (('t starts with "ab" and t ends with "cd"',), ()),
        (('t = "x" and t != "x"',), (0,)),
        (("now between 22:00 and 06:00", "now = 23:00"), (1,)),
        (("now < 08:00", "now < 08:01"), ()),
        (("d < 2026-01-01", "d <= 2026-01-01"), ()),
        (("d < 2026-01-01", "d < 2025-12-31"), (1,)),
        (("a < b", "a > b", "a = b", "s"), (3,)),
        (("a + 1 > 5", "a + 1 > 50"), ()),  # more than comparing: left to the proof
        (("open(oficina)", "not open(oficina)", "holiday"), (2,)),
    ],
)
def test_what_the_conditions_before_leave(conditions: tuple[str, ...], expected: tuple[int, ...]) -> None:
    assert never(*conditions) == expected


numbers = st.integers(-3, 3)
comparisons = st.builds(
    "{} {} {}".format, st.sampled_from("ab"), st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), numbers
) | st.builds("{} between {} and {}".format, st.sampled_from("ab"), numbers, numbers)
conditions = st.lists(comparisons, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([" and ", " or "]).map(lambda word: word.join(parts))
)


@pytest.mark.parametrize("examples", [40, pytest.param(150, marks=pytest.mark.soak)])
def test_no_value_makes_one_the_first_that_holds(examples: int) -> None:
    settings(max_examples=examples)(given(st.lists(conditions, min_size=1, max_size=4))(never_first_is_right))()


def never_first_is_right(written: list[str]) -> None:
    parsed = [parse(text) for text in written]
    found = never_first(parsed, TYPES)
    grid = [Decimal(half) / 2 for half in range(-9, 10)]
    first = set()
    for a, b in product(grid, grid):
        known = {"a": a, "b": b}
        first.add(next((i for i, c in enumerate(parsed) if evaluate(c, known.__getitem__) is True), None))
    assert set(found) == set(range(len(parsed))) - first

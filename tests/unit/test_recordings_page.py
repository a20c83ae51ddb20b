"""docs/recordings-proof.md names tests: each of them is there, each row has one or says what it lacks, and where they
run is as the page says."""

import re

import pytest

from tests.pages import ROOT

PAGE = (ROOT / "docs/recordings-proof.md").read_text("utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "**" not in line and "| ---" not in line]
ROWS = [row for row in ROWS if not row.startswith(("| What |", "| Bad day |"))]
LACKS = "not shown:"


def in_soak(file: str, name: str) -> bool:
    if file.startswith("tests/soak/"):
        return True
    text = (ROOT / file).read_text("utf-8")
    marked = rf"@pytest\.mark\.soak\n(@.+\n)*(async )?def {name}\("
    return "pytestmark = pytest.mark.soak" in text or re.search(marked, text) is not None


def test_every_test_of_the_page_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 120
    lacking = [f"{file}::{name}" for file, name in named if f"def {name}(" not in (ROOT / file).read_text("utf-8")]
    assert not lacking


def test_the_ten_items_and_every_bad_day_have_their_rows() -> None:
    assert re.findall(r"\| \*\*(\d+)\. ", PAGE) == [str(number) for number in range(1, 11)]
    assert len(ROWS) > 80


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_a_row_has_tests_and_says_where_they_run(row: str) -> None:
    _, what, live, small, where, _ = row.split("|")
    named = NAMED.findall(row)
    assert named or LACKS in row, "neither a test nor what is missing"
    assert all(file.startswith(("tests/live/", "tests/soak/")) for file, _ in NAMED.findall(live))
    assert not any(file.startswith(("tests/live/", "tests/soak/")) for file, _ in NAMED.findall(small))
    runs = {"soak" if in_soak(*one) else "test" for one in named}
    assert where.split() == sorted(runs, reverse=True), what

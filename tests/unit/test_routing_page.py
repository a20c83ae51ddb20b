"""docs/routing.md names tests: each of them is there, and each row has one."""

import re

from tests.pages import ROOT

PAGE = (ROOT / "docs/routing.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)


def test_every_test_of_the_page_exists() -> None:
    assert len(NAMED) > 40
    lacking = [f"{file}::{name}" for file, name in NAMED if f"def {name}(" not in (ROOT / file).read_text("utf-8")]
    assert not lacking


def test_every_row_is_seen_somewhere() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "**" not in line][2:]
    assert rows
    assert not [row for row in rows if "::test_" not in row]

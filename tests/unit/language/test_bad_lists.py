"""Lists of callers with one fault each, and what a list may look like that has none."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.language.caller_csv import MOST_PROBLEMS, CallerTable, read_callers
from ivr.language.load import load_site
from ivr.language.problems import Severity
from tests.unit.language.fixtures import BAD_LISTS, expectation, good_site, load
from tests.unit.language.remedies import has_remedy

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("path", BAD_LISTS, ids=lambda path: path.stem)
def test_each_broken_list_has_its_code_and_place_and_nothing_else(path: Path, tmp_path: Path) -> None:
    expected = expectation(path)
    site = good_site(tmp_path)
    (site / "config" / "lists" / "vip.csv").write_bytes(path.read_bytes())
    found = load_site(site / "config", site / "flows", TODAY).problems
    assert [(p.code, p.line, p.column) for p in found] == [(expected.code, expected.line, expected.column)], found
    assert found[0].file.endswith("config/lists/vip.csv")
    assert expected.says in found[0].message
    assert has_remedy(found[0].message), found[0].message


def read(text: str, country: str = "CO") -> CallerTable:
    return read_callers(text.encode(), "list.csv", country)


@pytest.mark.parametrize(
    "text",
    [
        "number\n3000000001\n3000000002",
        "\ufeffnumber;until;note\r\n3000000001;;Ana\r\n3000000002;2027-01-01;\r\n",
        "NUMBER\tNote\n300 000 0001\t\n+57 (300) 000-0002\tx\n",
        'note,number,until\n"Ana\nde la esquina, ""la alta""",3000000001,\n\n,,\n,3000000002,\n',
        "number,until,note\n3000000001\n3000000002,,\n",
        "number,until,note\n3000000001,,,,\n3000000002,,x,,\n",  # columns that a spreadsheet leaves behind
    ],
)
def test_lists_as_spreadsheets_write_them(text: str) -> None:
    table = read(text)
    assert table.problems == []
    assert len(table.entries) == 2
    for number in ("573000000001", "573000000002"):
        assert table.entries.find(number, TODAY) is not None


def test_numbers_of_another_country() -> None:
    table = read("number\n0991234567\n+573000000001\n", country="EC")
    assert table.problems == []
    assert table.entries.find("593991234567", TODAY) is not None
    assert table.entries.find("573000000001", TODAY) is not None


def test_of_a_number_that_stands_twice_the_line_counts_that_lasts_longer() -> None:
    for lines in ("2026-01-01\n3000000001,2027-01-01", "2027-01-01\n3000000001,2026-01-01", "\n3000000001,2026-01-01"):
        table = read(f"number,until\n3000000001,{lines}\n")
        assert [problem.severity for problem in table.problems] == [Severity.WARNING]
        assert table.entries.find("573000000001", TODAY) is not None


def test_a_wrong_column_does_not_fill_the_screen() -> None:
    table = read("number\n" + "x\n" * 10_000)
    assert len(table.problems) == MOST_PROBLEMS + 1
    assert f"{10_000 - MOST_PROBLEMS} more" in table.problems[-1].message


@pytest.mark.parametrize("text", ["number\n" + "3" * 200_000, "number\n" + '"' * 99_999, "," * 100_000, "\n" * 1000])
def test_hostile_lists_end_in_problems(text: str) -> None:
    assert read(text).problems


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300), st.sampled_from([b"number\n", b"number;until;note\n", b""]))
def test_any_bytes_give_a_list_or_problems_with_places(content: bytes, head: bytes) -> None:
    table = read_callers(head + content, "list.csv", "CO")
    assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in table.problems)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet='3012+*;,"\n -x\t\r', max_size=200))
def test_nearly_right_lists_give_numbers_or_problems(text: str) -> None:
    table = read("number,until,note\n" + text)
    assert len(table.entries) or table.problems or not any(c in text for c in "3012+*;-x")


def site_after(tmp_path: Path, change: Callable[[Path], object]) -> str:
    site = good_site(tmp_path)
    change(site / "config")
    checked = load(site).site
    assert checked is not None
    return checked.version


def test_a_change_of_a_list_is_another_version_of_the_site(tmp_path: Path) -> None:
    before = site_after(tmp_path / "a", lambda config: None)
    same = site_after(tmp_path / "b", lambda config: None)
    after = site_after(
        tmp_path / "c", lambda config: (config / "lists" / "vip.csv").write_bytes(b"number\n3000000003\n")
    )
    assert before == same != after


def test_the_lists_of_the_good_site(tmp_path: Path) -> None:
    checked = load(good_site(tmp_path))
    assert checked.problems == ()
    assert checked.site is not None
    vip, blocked = checked.site.lists["vip"], checked.site.lists["bloqueados"]
    assert (vip.use, vip.segment, len(vip.entries)) == ("segment", "vip", 1)
    assert (blocked.use, blocked.segment, len(blocked.entries)) == ("block", "", 2)
    assert blocked.entries.find("19005550100", TODAY) is not None
    assert sum("lists/" in file for file in checked.files) == 2


def test_a_site_without_lists_is_a_site(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    (site / "config" / "lists.yaml").unlink()
    checked = load(site)
    assert checked.problems == ()
    assert checked.site is not None
    assert checked.site.lists == {}
    assert checked.site.anonymous is not None
    assert checked.site.anonymous.use == "allow"

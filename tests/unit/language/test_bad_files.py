"""Files with one fault each: the code, the line, the column, and words that help."""

import shutil
from pathlib import Path

import pytest

from ivr.language.codes import CODES
from ivr.language.load import load_flow
from tests.unit.language.fixtures import (
    BAD_CONFIG,
    BAD_FLOWS,
    BAD_LISTS,
    BAD_SUBFLOWS,
    BAD_TESTS,
    GOOD,
    expectation,
    good_site,
    load,
)
from tests.unit.language.remedies import has_remedy


@pytest.mark.parametrize("path", BAD_FLOWS, ids=lambda path: path.stem)
def test_each_broken_flow_has_its_code_and_place_and_nothing_else(path: Path) -> None:
    expected = expectation(path)
    problems = load_flow(GOOD / "config", path).problems
    assert [(p.code, p.line, p.column) for p in problems] == [(expected.code, expected.line, expected.column)], problems
    assert expected.says in problems[0].message
    assert has_remedy(problems[0].message), problems[0].message


@pytest.mark.parametrize("path", BAD_CONFIG, ids=lambda path: path.stem)
def test_each_broken_configuration_has_its_code_and_place_and_nothing_else(path: Path, tmp_path: Path) -> None:
    expected = expectation(path)
    site = good_site(tmp_path)
    name = path.name.split("-", 1)[0] + ".yaml"
    (site / "config" / name).write_bytes(path.read_bytes())
    found = load(site).problems
    assert [(p.code, p.line, p.column) for p in found] == [(expected.code, expected.line, expected.column)], found
    assert found[0].file.endswith(name)
    assert expected.says in found[0].message
    assert has_remedy(found[0].message), found[0].message


@pytest.mark.parametrize("path", BAD_SUBFLOWS, ids=lambda path: path.stem)
def test_each_flow_that_misuses_a_subflow_has_its_code_and_place_and_nothing_else(path: Path, tmp_path: Path) -> None:
    expected = expectation(path)
    site = good_site(tmp_path)
    (site / "flows" / "principal.yaml").write_bytes(path.read_bytes())
    shutil.copy(GOOD / "subflows" / "identificacion.yaml", site / "flows")
    found = load(site).problems
    assert [(p.code, p.line, p.column) for p in found] == [(expected.code, expected.line, expected.column)], found
    assert found[0].file.endswith("principal.yaml")
    assert expected.says in found[0].message
    assert has_remedy(found[0].message), found[0].message


def test_every_code_has_a_broken_file_or_a_test_of_its_own() -> None:
    elsewhere = {
        "YAML001",
        "FLOW022",
        "FLOW064",
        "FLOW065",
        "FLOW066",
        "CONF027",
        "CONF041",
        "CONF042",
        "ACD021",
        "ACD040",
    }
    shown = {expectation(path).code for path in (*BAD_FLOWS, *BAD_SUBFLOWS, *BAD_CONFIG, *BAD_LISTS, *BAD_TESTS)}
    # What only `ivr prove` says is shown by the seeded faults of tests/proof.
    codes = {code.code for code in CODES if not code.code.startswith("PROOF")}
    assert codes - shown - elsewhere == set()

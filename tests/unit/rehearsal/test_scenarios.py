"""Tests of flows: what they find, where they say it, and what they let pass."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main
from ivr.language.problems import Problem
from ivr.rehearsal.scenarios import run_tests
from tests.unit.language.fixtures import BAD_TESTS, TESTS, expectation
from tests.unit.language.remedies import has_remedy
from tests.unit.language.whole_site import loaded, whole_site

ROOT = TESTS.parent
ALWAYS = "tests of: principal\nalways: {at: 2026-11-20 10:00}\ncalls:\n"


def problems_of(folder: Path, text: str, flow: str = "principal") -> tuple[Problem, ...]:
    """What a file of tests says of the whole site."""
    site = whole_site(folder)
    (site / "flows" / f"{flow}.test.yaml").write_text(text, encoding="utf-8")
    return run_tests(loaded(site), site / "flows").problems


def check(site: Path, *arguments: str) -> Result:
    environ = {"CENTRALITA_CONFIG": str(site / "config"), "CENTRALITA_FLOWS": str(site / "flows")}
    return CliRunner().invoke(main, ["check", *arguments], env=environ, catch_exceptions=False)


@pytest.mark.parametrize("path", BAD_TESTS, ids=lambda path: path.stem)
def test_each_broken_test_has_its_code_and_place_and_nothing_else(path: Path, tmp_path: Path) -> None:
    expected = expectation(path)
    text = path.read_text(encoding="utf-8")
    flow = "saldo" if "tests of: saldo\n" in text else "principal"
    found = problems_of(tmp_path, text, flow)
    assert [(p.code, p.line, p.column) for p in found] == [(expected.code, expected.line, expected.column)], found
    assert expected.says in found[0].message
    assert has_remedy(found[0].message), found[0].message


def test_subflows_look_ups_messages_and_hang_ups_can_be_tested(tmp_path: Path) -> None:
    site = whole_site(tmp_path)
    tested = run_tests(loaded(site), site / "flows")
    assert tested.problems == () and tested.calls == 7


def test_the_tests_of_the_product_itself_pass() -> None:
    result = check_product()
    assert result.exit_code == 0, result.output
    assert "tests of the flows passed" in result.output


def check_product() -> Result:
    environ = {"CENTRALITA_CONFIG": str(ROOT / "config"), "CENTRALITA_FLOWS": str(ROOT / "ivr" / "flows")}
    return CliRunner().invoke(main, ["check"], env=environ, catch_exceptions=False)


def test_check_runs_the_tests_and_can_be_told_not_to(tmp_path: Path) -> None:
    site = whole_site(tmp_path)
    file = site / "flows" / "principal.test.yaml"
    file.write_text(ALWAYS + "  uno:\n    keys: [1]\n    expect: {end: hang up}\n", encoding="utf-8")
    failed = check(site)
    assert failed.exit_code == 1 and "principal.test.yaml:6:19: TEST002" in failed.output
    assert check(site, "--no-tests").exit_code == 0
    found = json.loads(check(site, "--format", "json").output)
    assert found["tests"] == 8 and [problem["code"] for problem in found["problems"]] == ["TEST002"]


def test_a_file_of_tests_is_no_flow_and_changes_no_version(tmp_path: Path) -> None:
    site = whole_site(tmp_path)
    before = loaded(site)
    (site / "flows" / "principal.test.yaml").write_text("not: a flow\n", encoding="utf-8")
    after = loaded(site)
    assert after.version == before.version and "principal.test" not in after.flows


def test_a_call_says_otherwise_than_always(tmp_path: Path) -> None:
    text = ALWAYS + "  domingo:\n    at: 2026-11-22 10:00\n    expect: {heard: [bienvenida, anuncio, cerrado]}\n"
    assert problems_of(tmp_path, text) == ()


def test_who_is_present_decides_whether_somebody_is_there(tmp_path: Path) -> None:
    text = ALWAYS + "  nadie:\n    keys: [1]\n    present: []\n    expect: {end: a person}\n"
    assert problems_of(tmp_path, text) == ()
    text = ALWAYS + '  alguien:\n    keys: [1]\n    present: ["101"]\n    expect: {end: queue servicio}\n'
    assert problems_of(tmp_path / "other", text) == ()


def test_a_call_that_a_phone_sends_round_and_round_is_told(tmp_path: Path) -> None:
    site = whole_site(tmp_path)
    flow = site / "flows" / "principal.yaml"
    flow.write_text(flow.read_text().replace("no answer: cerrado", "no answer: recepcion"), encoding="utf-8")
    calls = '  sin fin:\n    keys: [0]\n    phones: {"100": no answer}\n    expect: {end: hang up}\n'
    (site / "flows" / "principal.test.yaml").write_text(ALWAYS + calls, encoding="utf-8")
    (found,) = run_tests(loaded(site), site / "flows").problems
    assert found.code == "TEST006" and "went in circles" in found.message


def test_two_hundred_calls_are_made_in_no_time_worth_mentioning(tmp_path: Path) -> None:
    calls = "".join(f"  llamada {n}:\n    keys: [1]\n    expect: {{end: queue servicio}}\n" for n in range(200))
    assert problems_of(tmp_path, ALWAYS + calls) == ()

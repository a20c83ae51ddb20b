"""`ivr prove` as people and programs run it."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from ivr.cli import main
from ivr.testing.installation import ROOT
from tests.proof.company import COMPANY, FAULTS, company, expected


def proven(site: Path, *arguments: str) -> Result:
    environ = {"CENTRALITA_CONFIG": str(site / "config"), "CENTRALITA_FLOWS": str(site / "flows")}
    command = ["prove", "--from", "2026-11-21", *arguments]
    return CliRunner().invoke(main, command, env=environ, catch_exceptions=False)


def fault(name: str, folder: Path) -> tuple[Path, Path]:
    file = next(path for path in FAULTS if path.stem == name)
    return file, company(folder, file)


def test_a_site_without_faults_is_proven_and_the_claims_are_listed() -> None:
    result = proven(COMPANY)
    assert result.exit_code == 0, result.output
    assert "Proven for every call from 2026-11-21 to 2027-11-21:" in result.output
    assert "at most 3 keys and 180 s away" in result.output
    assert "estimated from their words" in result.output


def test_a_claim_that_does_not_hold_is_shown_with_a_call(tmp_path: Path) -> None:
    file, site = fault("no_notice_for_good_customers", tmp_path)
    result = proven(site)
    awaited = expected(file)
    assert result.exit_code == 1
    assert f"flows/principal.yaml:{awaited.line}:{awaited.column}: PROOF007 " in result.output
    lines = result.output.splitlines()
    shown = lines[next(i for i, line in enumerate(lines) if "a call at 20" in line) :]
    assert "'caller in vip' holds" in "\n".join(shown)
    assert any("servicio (queue, " in line and "principal.yaml:" in line for line in shown)
    assert "1 claim does not hold" in result.output


def test_the_hour_of_the_example_is_one_at_which_it_happens(tmp_path: Path) -> None:
    _, site = fault("closed_without_a_word", tmp_path)
    failure = json.loads(proven(site, "--format", "json").output)["failures"][0]
    assert failure["code"] == "PROOF006"
    assert failure["when"].startswith("2026-11-21 Sat 00:00")
    assert "  oficina: closed" in failure["call"]


def test_keys_that_were_pressed_are_told(tmp_path: Path) -> None:
    _, site = fault("announcement_in_another_language", tmp_path)
    flow = site / "flows" / "principal.yaml"
    text = flow.read_text(encoding="utf-8").replace("    then: ingles\n", "    then: menu\n", 1)
    menu = "  menu:\n    ask: menu\n    keys: {2: ingles}\n    no key: no_key\n    wrong key: wrong_key\n"
    flow.write_text(text.replace("  ingles:\n", f"{menu}  ingles:\n", 1), encoding="utf-8")
    call = json.loads(proven(site, "--format", "json").output)["failures"][0]["call"]
    assert any("presses 2" in line for line in call), call


def test_programs_read_json() -> None:
    said = json.loads(proven(COMPANY, "--format", "json").output)
    assert said["proven"] is True and said["complete"] is True and said["failures"] == []
    assert said["states"] > 100 and len(said["claims"]) == 7


def test_too_few_states_are_told_and_nothing_is_claimed() -> None:
    result = proven(COMPANY, "--states", "50")
    assert result.exit_code == 1
    assert "nothing is proven" in result.output and "Proven" not in result.output


def test_a_site_with_errors_is_not_proven(tmp_path: Path) -> None:
    site = company(tmp_path)
    flow = site / "flows" / "segunda.yaml"
    flow.write_text(flow.read_text(encoding="utf-8").replace("queue: ventas", "queue: ventsa"), encoding="utf-8")
    result = proven(site)
    assert result.exit_code == 1
    assert "FLOW023" in result.output and "nothing can be proven" in result.output


def test_the_site_of_the_repository_is_proven() -> None:
    environ = {"CENTRALITA_CONFIG": str(ROOT / "config"), "CENTRALITA_FLOWS": str(ROOT / "ivr" / "flows")}
    assert CliRunner().invoke(main, ["prove"], env=environ, catch_exceptions=False).exit_code == 0

"""`ivr check` and `ivr docs` as people, editors and continuous integration run them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from ivr.cli import main
from ivr.language.reader import read_text
from ivr.language.reference import pages
from ivr.verbs import VERBS
from tests.unit.language.fixtures import BAD_FLOWS, GOOD, good_site

ROOT = Path(__file__).parents[3]


def check(*arguments: str, config: Path = GOOD / "config", flows: Path = GOOD / "flows") -> Result:
    environ = {"CENTRALITA_CONFIG": str(config), "CENTRALITA_FLOWS": str(flows)}
    return CliRunner().invoke(main, ["check", *arguments], env=environ, catch_exceptions=False)


def test_a_good_site_is_summed_up_with_its_holidays() -> None:
    result = check()
    assert result.exit_code == 0
    assert "Navidad" in result.output and "No error found" in result.output


def test_problems_have_the_shape_that_editors_know_and_the_exit_status_is_1(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    flow = site / "flows" / "principal.yaml"
    flow.write_text(flow.read_text().replace("    play: bienvenida", "    plya: bienvenida"))
    result = check(config=site / "config", flows=site / "flows")
    assert result.exit_code == 1
    assert re.search(r"principal\.yaml:7:5: FLOW010 'plya' is not a verb; did you mean 'play'\?\n", result.stdout)
    assert "1 error" in result.stderr


def test_json_is_for_programs(tmp_path: Path) -> None:
    good = json.loads(check("--format", "json").stdout)
    assert good["ok"] is True and good["problems"] == [] and len(good["version"]) == 64
    path = next(path for path in BAD_FLOWS if path.stem == "unknown_step")
    result = check("--format", "json", str(path))
    bad = json.loads(result.stdout)
    assert result.exit_code == 1 and bad["ok"] is False
    (problem,) = bad["problems"]
    assert problem["code"] == "FLOW020" and problem["severity"] == "error"
    assert set(problem) == {"file", "line", "column", "code", "message", "severity"}


def test_a_flow_a_folder_of_flows_and_a_folder_of_configuration_can_be_checked() -> None:
    for path in (GOOD / "flows" / "principal.yaml", GOOD / "flows", GOOD / "config"):
        assert check(str(path)).exit_code == 0


def test_warnings_are_told_and_let_pass(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    prompts = site / "config" / "prompts.yaml"
    prompts.write_text(prompts.read_text() + "  otro: {es-CO: Nadie me oye.}\n")
    result = check(config=site / "config", flows=site / "flows")
    assert result.exit_code == 0 and "CONF040 warning: " in result.output


def test_what_is_not_there_and_a_wrong_environment_are_told_without_a_traceback() -> None:
    assert check("/nowhere").exit_code == 2
    result = CliRunner().invoke(main, ["check"], env={"CENTRALITA_SIP": "x"}, catch_exceptions=False)
    assert result.exit_code == 1 and "CENTRALITA_SIP" in result.output


def test_checking_loads_nothing_of_the_server() -> None:
    """What makes `ivr check` fast: neither the telephone nor the reactor is imported."""
    program = "import sys, ivr.cli, ivr.commands.check, ivr.language.load\nprint(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    for module in ("twisted", "redis", "panoramisk", "sqlalchemy", "uvloop", "numpy", "rich", "starlette"):
        assert f"'{module}'" not in done.stdout


def test_the_call_machine_and_the_language_are_pure() -> None:
    program = "import sys, ivr.call.machine, ivr.verbs, ivr.language.load\nprint(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    for module in ("twisted", "asyncio", "redis", "panoramisk"):
        assert f"'{module}'" not in done.stdout


def test_the_reference_is_as_the_code_makes_it(tmp_path: Path) -> None:
    folder = ROOT / "docs" / "reference"
    assert {path.name for path in folder.iterdir()} >= set(pages())
    assert CliRunner().invoke(main, ["docs", "--check", "--folder", str(folder)]).exit_code == 0
    assert CliRunner().invoke(main, ["docs", "--check", "--folder", str(tmp_path)]).exit_code == 1
    assert CliRunner().invoke(main, ["docs", "--folder", str(tmp_path)]).exit_code == 0
    assert CliRunner().invoke(main, ["docs", "--check", "--folder", str(tmp_path)]).exit_code == 0


@pytest.mark.parametrize("word", VERBS)
def test_the_example_of_each_verb_is_valid(word: str) -> None:
    match = re.search(r"```yaml\n(.*?)```", (VERBS[word].__doc__ or "").replace("\n    ", "\n"), re.DOTALL)
    assert match is not None
    document, problems = read_text(match[1].encode(), "example")
    assert problems == [] and document is not None
    for settings in document.data.values():
        assert VERBS[word].model_validate(settings).verb == word


def test_all_files_of_the_site_are_yaml_for_every_other_reader_too() -> None:
    for path in (*(ROOT / "config").glob("*.yaml"), *(ROOT / "ivr" / "flows").glob("*.yaml")):
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)

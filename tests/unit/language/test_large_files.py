"""Files that are much larger than any site: everything is bounded, and what is told, too."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.language.flows import MOST_SAME
from ivr.language.load import MOST_TOLD, Checked
from ivr.language.problems import MOST_PROBLEMS, Severity
from ivr.language.schema import MOST_VARIABLES
from tests.unit.language.fixtures import good_site, load

HEAD = 'flow: principal\nlanguage: es-CO\nnumbers: ["6017436967"]\nstart: s0\n'
MANY = 3000


def checked(tmp_path: Path, flow: str) -> Checked:
    site = good_site(tmp_path)
    (site / "flows" / "principal.yaml").write_text(flow)
    return load(site)


def steps(one: Callable[[int], str], many: int = MANY) -> str:
    """The steps s0, s1, ...; the last one ends the call."""
    return HEAD + "steps:\n" + "".join(one(number) for number in range(many)) + f"  s{many}:\n    hang up: closed\n"


def test_a_long_flow_is_right(tmp_path: Path) -> None:
    assert checked(tmp_path, steps(lambda n: f"  s{n}:\n    play: menu\n    then: s{n + 1}\n")).errors == ()


def test_of_thousands_of_unknown_names_the_first_ones_are_told(tmp_path: Path) -> None:
    found = checked(tmp_path, steps(lambda n: f"  s{n}:\n    play: menu\n    then: nada{n}\n")).errors
    assert len(found) == MOST_PROBLEMS + 1
    assert "check again" in found[-1].message


def test_of_thousands_of_faults_the_first_ones_are_told_and_the_others_counted(tmp_path: Path) -> None:
    found = checked(tmp_path, steps(lambda n: f"  s{n}:\n    play: menu\n    then: s{n + 1}\n    thne: x\n")).errors
    assert [problem.code for problem in found] == ["FLOW012"] * (MOST_TOLD + 1)
    assert found[-1].message.startswith(f"{MANY - MOST_TOLD} more faults in this file")


def test_errors_are_told_before_warnings(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    prompts = site / "config" / "prompts.yaml"
    more = "".join(f"  otro_{n}: {{es-CO: a, en: b}}\n" for n in range(MANY))
    prompts.write_text(prompts.read_text() + more)
    found = load(site)
    assert found.site is not None and len(found.problems) == MOST_TOLD + 1
    (site / "flows" / "principal.yml").write_text("x")
    prompts.write_text(prompts.read_text() + "  ultimo: {es-CO: a, fr: b}\n")
    found = load(site)
    assert found.site is None
    assert {p.code for p in found.problems if p.severity is Severity.ERROR} == {"CONF025", "CONF042"}


@pytest.mark.parametrize(("many", "wrong"), [(MOST_SAME, False), (MOST_SAME + 3, True), (MANY, True)])
def test_same_as_leads_over_a_few_steps(tmp_path: Path, many: int, wrong: bool) -> None:
    chain = "".join(f"  s{n}:\n    same as: s{n - 1}\n    then: s{n + 1}\n" for n in range(1, many))
    flow = f"{HEAD}steps:\n  s0:\n    play: menu\n    then: s1\n{chain}  s{many}:\n    hang up: closed\n"
    found = checked(tmp_path, flow).errors
    assert ({problem.code for problem in found} == {"FLOW017"}) is wrong, found


def test_a_flow_has_a_bounded_number_of_variables(tmp_path: Path) -> None:
    declared = "variables:\n" + "".join(f"  v{n}: number = 0\n" for n in range(MOST_VARIABLES + 1))
    flow = steps(lambda n: f"  s{n}:\n    play: menu\n    then: s{n + 1}\n", 1).replace(
        "steps:\n", declared + "steps:\n"
    )
    [found] = checked(tmp_path, flow).errors
    assert (found.code, found.message) == (
        "FLOW014",
        f"'variables' has too many entries; write at most {MOST_VARIABLES}",
    )


def test_a_long_chain_of_flows_is_too_deep_and_no_traceback(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    step = "start: a\nsteps:\n  a:\n    "
    last = 1200
    for number in range(last + 1):
        does = f"call: f{number + 1}" if number < last else "play: menu"
        text = f"flow: f{number}\nlanguage: es-CO\n{step}{does}\n    then: return\n"
        (site / "flows" / f"f{number}.yaml").write_text(text)
    flow = site / "flows" / "principal.yaml"
    flow.write_text(f'flow: principal\nlanguage: es-CO\nnumbers: ["6017436967"]\n{step}call: f0\n    then: hang up\n')
    found = {problem.code for problem in load(site).errors}
    assert "FLOW051" in found

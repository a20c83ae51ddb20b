"""A whole site: what it becomes, and what only shows when files are read together."""

import os
import re
from datetime import timedelta
from pathlib import Path

from ivr.language import load_site
from ivr.language.load import load_flow
from ivr.language.problems import Severity
from ivr.site import Need
from ivr.speech import WORDS
from ivr.verbs.queue import Queue
from recordings.policy import Rule, Wish
from tests.unit.language.fixtures import GOOD, good_site, load

ROOT = Path(__file__).parents[3]


def test_the_good_site_has_no_problem_and_means_what_it_says() -> None:
    checked = load_site(GOOD / "config", GOOD / "flows")
    assert checked.problems == ()
    site = checked.site
    assert site is not None
    assert site.entry == {"6017436967": "principal"}
    assert site.fallback_after == timedelta(seconds=15)
    queue = site.queues["servicio"]
    assert queue.needs == ((Need(skill="servicio", level=3),),)
    assert queue.agents == ("101",)  # 102 has level 2
    assert queue.record == Rule(Wish.YES) and queue.announce_every == timedelta(seconds=45)
    assert site.agents["101"].label == "SAC 1" and site.agents["102"].label == "Second"
    assert site.prompts["menu"].texts["es-CO"] == "Para servicio, marque uno."


def test_the_site_of_the_repository_is_right_and_complete() -> None:
    checked = load_site(ROOT / "config", ROOT / "ivr" / "flows")
    assert checked.problems == ()
    site = checked.site
    assert site is not None
    assert len(site.entry) == 8 and site.lines == 4
    assert site.queues["servicio"].agents == ("101", "102", "103", "104", "105", "106")
    assert [site.queues[q].record.wish for q in ("servicio", "tesoreria", "cartera", "contabilidad")] == [
        Wish.YES,
        Wish.NO,
        Wish.NO,
        Wish.NO,
    ]
    for name, prompt in site.prompts.items():
        assert prompt.languages == {"es-CO", "en"} or name in WORDS  # a word belongs to one language


def test_same_as_takes_every_setting_that_the_step_does_not_have_itself(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    flow = site / "flows" / "principal.yaml"
    text = flow.read_text().replace("      1: servicio", "      1: servicio\n      2: urgente")
    flow.write_text(text + "  urgente:\n    same as: servicio\n    priority: 5\n")
    checked = load(site)
    assert checked.site is not None, checked.problems
    step = checked.site.flows["principal"].steps["urgente"]
    assert isinstance(step, Queue)
    assert (step.queue, step.priority.text, step.nobody_there) == ("servicio", "5", "recepcion")


def test_a_fault_in_an_inherited_setting_is_told_where_it_was_written(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    flow = site / "flows" / "principal.yaml"
    text = flow.read_text().replace("      1: servicio", "      1: servicio\n      2: urgente")
    flow.write_text(text.replace("queue: servicio", "queue: servico") + "  urgente:\n    same as: servicio\n")
    problems = load(site).problems
    assert [(p.code, p.line) for p in problems] == [("FLOW023", 27)]  # once, not once a step


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    for name, old, new in (
        ("config/site.yaml", "lines: 4", "lines: none"),
        ("config/queues.yaml", "ring: 20 s", "ring: soon"),
        ("config/hours.yaml", "sunday: closed", "sunday: shut"),
        ("config/prompts.yaml", "en: Welcome.", "xx-: Welcome."),
        ("flows/principal.yaml", "tries: 3", "tries: many"),
        ("flows/principal.yaml", 'dial: "100"', 'dial: "999"'),
    ):
        path = site / name
        path.write_text(path.read_text().replace(old, new))
    checked = load(site)
    assert checked.site is None
    found = [(Path(p.file).name, p.code) for p in checked.problems]
    assert sorted(found) == [
        ("hours.yaml", "CONF014"),
        ("principal.yaml", "FLOW014"),
        ("principal.yaml", "FLOW024"),
        ("prompts.yaml", "CONF014"),
        ("queues.yaml", "CONF014"),
        ("site.yaml", "CONF014"),
    ]


def test_a_step_with_a_wrong_value_tells_its_wrong_names_too(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    path = site / "flows" / "principal.yaml"
    wrong = '    dial: "999"\n    for: soon\n    no answer: adios'
    path.write_text(path.read_text().replace('    dial: "100"\n    no answer: cerrado', wrong))
    assert [(p.code, p.line) for p in load(site).problems] == [("FLOW024", 30), ("FLOW014", 31), ("FLOW020", 32)]


def test_a_missing_file_is_told_and_brings_no_other_problem(tmp_path: Path) -> None:
    for name in ("site.yaml", "queues.yaml", "hours.yaml", "prompts.yaml"):
        site = good_site(tmp_path / name)
        (site / "config" / name).unlink()
        assert [(Path(p.file).name, p.code) for p in load(site).problems] == [(name, "YAML001")]


def test_a_folder_without_flows_is_told(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    (site / "flows" / "principal.yaml").unlink()
    problems = load(site).problems
    assert "CONF041" in {p.code for p in problems}


def test_a_flow_that_would_not_be_read_is_told(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    (site / "flows" / "otra.yml").write_text("flow: otra\n")
    assert [(Path(p.file).name, p.code) for p in load(site).problems] == [("otra.yml", "CONF042")]


def test_a_number_leads_to_one_flow(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    text = (site / "flows" / "principal.yaml").read_text()
    (site / "flows" / "otra.yaml").write_text(text.replace("flow: principal", "flow: otra"))
    problems = load(site).problems
    assert [(Path(p.file).name, p.code, p.line, p.column) for p in problems] == [("principal.yaml", "FLOW027", 3, 11)]


def test_a_prompt_without_the_language_in_which_it_is_needed(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    prompts = site / "config" / "prompts.yaml"
    text = prompts.read_text()
    prompts.write_text(text.replace("es-CO: Servicio., ", "").replace("es-CO: Estamos cerrados., ", ""))
    found = [(Path(p.file).name, p.code, p.line, p.column) for p in load(site).problems]
    assert found == [("queues.yaml", "CONF027", 14, 14), ("principal.yaml", "FLOW022", 33, 11)]


def test_a_warning_leaves_the_site_usable(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    prompts = site / "config" / "prompts.yaml"
    prompts.write_text(prompts.read_text() + "  otro: {es-CO: Nadie me oye.}\n")
    checked = load(site)
    assert [(p.code, p.severity) for p in checked.problems] == [("CONF040", Severity.WARNING)]
    assert checked.site is not None and checked.errors == ()


def test_the_version_follows_every_file_and_nothing_else(tmp_path: Path) -> None:
    one, other = good_site(tmp_path / "1"), good_site(tmp_path / "2")
    first, second = load(one).site, load(other).site
    assert first is not None and second is not None and first.version == second.version
    versions = {first.version}
    for name in (
        "config/site.yaml",
        "config/queues.yaml",
        "config/hours.yaml",
        "config/prompts.yaml",
        "flows/principal.yaml",
    ):
        path = other / name
        path.write_text(path.read_text() + "# changed\n")
        changed = load(other).site
        assert changed is not None
        versions.add(changed.version)
    assert len(versions) == 6


def test_a_single_flow_is_checked_without_its_neighbours() -> None:
    checked = load_flow(GOOD / "config", GOOD / "flows" / "principal.yaml")
    assert checked.problems == () and checked.site is None


def test_a_flow_of_thousands_of_steps_is_checked_without_deep_recursion(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    rows = ['flow: principal\nlanguage: es-CO\nnumbers: ["6017436967"]\nstart: p0\nsteps:']
    rows += [f"  p{i}:\n    play: cerrado\n    then: p{i + 1}" for i in range(2000)]
    rows += ["  p2000:\n    play: cerrado\n    then: p0"]
    (site / "flows" / "principal.yaml").write_text("\n".join(rows) + "\n")
    assert [p.code for p in load(site).problems if p.code.startswith("FLOW")] == ["FLOW031"]


def test_a_level_that_is_just_enough_is_enough(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    queues = site / "config" / "queues.yaml"
    queues.write_text(queues.read_text().replace("servicio: 2", "servicio: 3"))
    checked = load(site)
    assert checked.site is not None and checked.site.queues["servicio"].agents == ("101", "102")


def test_waiting_for_people_again_and_again_is_no_endless_circle(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    flow = site / "flows" / "principal.yaml"
    text = flow.read_text().replace("    waited too long: recepcion", "    waited too long: otra_vez")
    flow.write_text(text + "  otra_vez:\n    play: cerrado\n    then: servicio\n")
    assert load(site).problems == ()


def test_where_names_are_spelled_every_name_is_a_prompt_that_a_recording_may_replace(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    flow, prompts = site / "flows" / "principal.yaml", site / "config" / "prompts.yaml"
    step = "extension: menu\n    allowed: 100 to 101\n    by name: menu\n    not there: cerrado\n    no answer: cerrado"
    flow.write_text(flow.read_text().replace('dial: "100"\n    no answer: cerrado', step))
    prompts.write_text(prompts.read_text() + "  name_100: {es-CO: La recepción.}\n")
    checked = load(site)
    assert checked.problems == () and checked.site is not None
    names = {name: p.texts["es-CO"] for name, p in checked.site.prompts.items() if name.startswith("name_")}
    assert names == {"name_100": "La recepción.", "name_101": checked.site.extensions["101"].label}


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    os.mkfifo(site / "flows" / "tubo.yaml")
    (site / "flows" / "carpeta.yaml").mkdir()
    assert [problem.code for problem in load(site).problems] == ["YAML001", "YAML001"]


def test_a_hostile_name_of_a_file_is_told_on_one_line(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    (site / "flows" / "a\n\x1b[2J.yaml").write_text("flow: x\n")
    found = load(site).problems
    assert found and all(str(problem).isprintable() for problem in found)


def test_digits_that_no_number_holds_go_into_a_text(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    flow = site / "flows" / "principal.yaml"
    step = "  pedir:\n    collect: menu\n    into: cuenta\n    digits: 4 to 19\n    then: hang up\n"
    text = re.sub("start: .*", "variables: {cuenta: number = 0}\nstart: pedir", flow.read_text(), count=1) + step
    flow.write_text(text)
    found = {problem.message for problem in load(site).errors}
    assert "'cuenta' is a number, but gets a text here; declare it so, or use another" in found
    flow.write_text(text.replace("4 to 19", "4 to 18"))
    assert "FLOW041" not in {problem.code for problem in load(site).errors}


def test_variables_of_the_whole_call_always_have_a_value(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    file = site / "config" / "site.yaml"
    file.write_text(file.read_text().rstrip() + '\nvariables: {origen: text = "", dia: date}\n')
    (problem,) = load(site).errors
    assert problem.code == "CONF011" and problem.line == file.read_text().count("\n")
    assert problem.message == "'dia' needs a value, for no step need have given it one; write date = 2026-12-24"


CALLING = """
flow: principal
language: es-CO
numbers: ["6017436967"]
variables: {saldo: number}
start: preguntar
steps:
  preguntar:
    call: consulta
    results: {saldo: cuanto}
    exits: {desconocido: hang up}
    then: decir
  decir:
    say: saldo
    as: number
    then: hang up
"""

CALLED = """
flow: consulta
language: es-CO
variables: {cuanto: number}
results: [cuanto]
exits: [desconocido]
start: menu
steps:
  menu:
    ask: menu
    keys: {1: contar, 2: return desconocido}
    no key: no_le_escuche
    wrong key: opcion_invalida
  contar:
    set: {cuanto: 1 + 1}
    then: return
"""


def test_a_result_has_a_value_on_the_exits_on_which_the_subflow_gave_it_one(tmp_path: Path) -> None:
    flows = good_site(tmp_path) / "flows"
    (flows / "principal.yaml").write_text(CALLING)
    (flows / "consulta.yaml").write_text(CALLED)
    assert [p.message for p in load(flows.parent).errors] == []
    by_another_way = CALLED.replace("2: ", "2: return, 3: ")
    after_another_step = CALLED.replace("2: ", "2: otro, 3: ") + "  otro:\n    play: menu\n    then: return\n"
    for text in (by_another_way, after_another_step):
        (flows / "consulta.yaml").write_text(text)
        (problem,) = load(flows.parent).errors
        assert (problem.code, problem.line) == ("FLOW042", 14)
        assert problem.message.startswith("'saldo' may have no value here")


def test_files_that_served_callers_are_not_refused_by_a_stricter_check(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    flow = site / "flows" / "principal.yaml"
    flow.write_text(flow.read_text() + "\n  nobody:\n    hang up: closed\n")  # a step that no caller reaches
    refused = load(site)
    assert refused.site is None and [problem.code for problem in refused.errors] == ["FLOW030"]
    served = load_site(site / "config", site / "flows", in_force=True)
    assert served.site is not None and "nobody" in served.site.flows["principal"].steps
    flow.write_text(flow.read_text().replace("hang up: closed", "queue: nowhere"))
    assert load_site(site / "config", site / "flows", in_force=True).site is None


def test_a_number_that_no_flow_answers_is_told_beside_a_subflow_with_a_warning(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    (site / "flows" / "identificacion.yaml").write_text((GOOD / "subflows" / "identificacion.yaml").read_text())
    flow = site / "flows" / "principal.yaml"
    flow.write_text(flow.read_text().replace('numbers: ["6017436967"]\n', ""))
    assert "CONF020" in [problem.code for problem in load(site).errors]

"""Callers who wait, without a telephone: keys and exits of a queue in tests of flows, `ivr try` and `ivr diff`."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main
from ivr.comparison.differences import compare
from ivr.language.problems import Problem
from ivr.rehearsal.scenarios import run_tests
from tests.unit.language.whole_site import loaded, whole_site

ALWAYS = "tests of: principal\nalways: {at: 2026-11-20 10:00}\ncalls:\n"
WAITED = "    waited too long: recepcion\n"
KEYS = '    keys: {9: cerrado, "*": menu}\n'


def site_with(folder: Path, more: str) -> Path:
    """The good site, whose queue steps say this too."""
    site = whole_site(folder)
    flow = site / "flows" / "principal.yaml"
    text = flow.read_text(encoding="utf-8")
    assert WAITED in text
    flow.write_text(text.replace(WAITED, WAITED + more, 1), encoding="utf-8")
    return site


def told(folder: Path, more: str, call: str, expect: str) -> list[Problem]:
    site = site_with(folder, more)
    text = f"{ALWAYS}  esta:\n    {call}\n    expect: {{{expect}}}\n"
    (site / "flows" / "principal.test.yaml").write_text(text, encoding="utf-8")
    return [problem for problem in run_tests(loaded(site), site / "flows").problems if "principal" in problem.file]


@pytest.mark.parametrize(
    ("more", "call", "expect"),
    [
        (KEYS, "keys: [1, 9]", "heard: [bienvenida, anuncio, menu, cerrado], end: hang up"),
        (KEYS, 'keys: [1, "*", 1]', "heard: [bienvenida, anuncio, menu, menu], end: queue servicio"),
        (KEYS, "{keys: [1, 9], queues: {servicio: full}}", "end: hang up"),
        (KEYS, "{keys: [1, hang up]}", "end: hung up"),
        ("    full: cerrado\n", "{keys: [1], queues: {servicio: full}}", "end: hang up"),
        ("    full: cerrado\n", "{keys: [1], queues: {servicio: waited too long}}", "end: a person"),
        ("    closed: cerrado\n", "{keys: [1], queues: {servicio: closed}}", "end: hang up"),
        ("    emergency: cerrado\n", "{keys: [1], queues: {servicio: emergency}}", "end: hang up"),
        ("    nobody logged in: cerrado\n", "{keys: [1], queues: {servicio: nobody logged in}}", "end: hang up"),
        ("    the last one left: cerrado\n", "{keys: [1], queues: {servicio: the last one left}}", "end: hang up"),
        ("", "{keys: [1], queues: {servicio: emergency}}", "end: a person"),
    ],
)
def test_what_a_test_of_a_flow_may_say_of_a_wait(tmp_path: Path, more: str, call: str, expect: str) -> None:
    call = call[1:-1].replace(", queues", "\n    queues") if call.startswith("{") else call
    assert told(tmp_path, more, call, expect) == []


def test_a_key_that_does_not_lead_out_is_left_over(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, KEYS, "keys: [1, 5]", "end: queue servicio")
    assert problem.code == "TEST004"


def try_(site: Path, *arguments: str, typed: str = "") -> Result:
    environ = {"CENTRALITA_CONFIG": str(site / "config"), "CENTRALITA_FLOWS": str(site / "flows")}
    command = ["try", "--at", "2026-11-20 10:00", *arguments]
    return CliRunner().invoke(main, command, env=environ, input=typed, catch_exceptions=False)


def test_try_tells_the_key_and_where_it_leads(tmp_path: Path) -> None:
    done = try_(site_with(tmp_path, KEYS), "--keys", "1,9")
    assert "vuelve: marca 9" in done.output and "9 lleva a cerrado" in done.output


def test_try_tells_the_exits(tmp_path: Path) -> None:
    site = site_with(tmp_path, "")
    for exit, words in (("full", "no cabe más"), ("the last one left", "el último asesor cerró su sesión")):
        assert f"vuelve: {words}" in try_(site, "--queue", f"servicio={exit}", "--keys", "1").output


def differing(folder: Path, before: str, after: str) -> list[str]:
    old, new = site_with(folder / "old", before), site_with(folder / "new", after)
    return [line.strip() for line in compare(loaded(old), loaded(new)).lines()]


def test_a_new_key_and_a_new_exit_are_differences(tmp_path: Path) -> None:
    way = "6017436967: Office: abierto; en menu marca 1; en la cola Customer service: "
    found = differing(tmp_path, "", "    keys: {9: cerrado}\n    full: cerrado\n")
    assert found[1:] == [
        f"{way}no cabe más",
        "antes: timbra la extensión 100 (Reception)",
        "ahora: oye «Estamos cerrados.», se cuelga (ended in IVR)",
        f"{way}marca 9",
        "antes: espera en la cola Customer service (se graba)",
        "ahora: oye «Estamos cerrados.», se cuelga (ended in IVR)",
    ]


def test_an_exit_that_is_written_as_it_would_be_anyway_is_none(tmp_path: Path) -> None:
    more = "    full: recepcion\n    closed: recepcion\n"
    assert differing(tmp_path, "", more) == ["Quien llama no nota ninguna diferencia."]

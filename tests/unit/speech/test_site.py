"""The server's own prompts in a site that is read from files, and `say` when a flow is checked."""

from pathlib import Path

import pytest

from ivr.speech import BUILT_IN
from tests.unit.language.fixtures import good_site, load


def saying(folder: Path, value: str, kind: str) -> Path:
    """The good site, in which a value is said before the menu."""
    site = good_site(folder)
    flow = site / "flows" / "principal.yaml"
    step = f"  decir: {{say: '{value}', as: {kind}, then: menu}}\n"
    declared = '  saldo: number = 0\n  nota: text = ""\n  vence: date = 2026-12-24\n  socio: yes or no = no\n'
    text = flow.read_text().replace("    open: menu\n", "    open: decir\n")
    flow.write_text(text.replace("steps:\n", f"variables:\n{declared}steps:\n{step}", 1))
    return site


def test_every_site_has_them_and_its_own_ones_stand_in_for_them(tmp_path: Path) -> None:
    site = good_site(tmp_path)
    prompts = site / "config" / "prompts.yaml"
    prompts.write_text(prompts.read_text() + "  palabra_mil: {es-CO: MIL}\n  phrase_goodbye: {es-CO: Chao.}\n")
    checked = load(site)
    assert checked.problems == ()
    assert checked.site is not None
    assert checked.site.prompts.keys() >= BUILT_IN
    assert checked.site.prompts["palabra_mil"].texts == {"es-CO": "MIL"}
    assert checked.site.prompts["phrase_goodbye"].texts == {"es-CO": "Chao.", "en": "Goodbye."}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("saldo", "money"),
        ("saldo * 1.19", "number"),
        ("nota", "digits"),
        ("saldo", "digits"),
        ("vence + 30", "date"),
        ("now", "time"),
        ("queues.servicio.waiting + 1", "position"),
    ],
)
def test_what_can_be_said_is_right(tmp_path: Path, value: str, kind: str) -> None:
    assert load(saying(tmp_path, value, kind)).errors == ()


@pytest.mark.parametrize(
    ("value", "kind", "code"),
    [
        ("nota", "money", "FLOW040"),
        ("socio", "digits", "FLOW040"),
        ("vence", "time", "FLOW040"),
        ("saldo", "roman", "FLOW014"),
        ("saldos", "number", "FLOW040"),
    ],
)
def test_what_cannot_be_said_is_told_where_it_stands(tmp_path: Path, value: str, kind: str, code: str) -> None:
    (problem,) = load(saying(tmp_path, value, kind)).errors
    assert problem.code == code
    assert problem.file.endswith("principal.yaml")
    assert problem.line == 11

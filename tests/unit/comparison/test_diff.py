"""`ivr diff`: what callers notice between two versions, each once, by the shortest way."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main
from ivr.comparison.differences import Comparison, compare
from tests.unit.language.whole_site import loaded, whole_site

Edits = Mapping[str, tuple[tuple[str, str], ...]]
"""File -> texts that are replaced in it."""


def changed(site: Path, edits: Edits) -> None:
    for name, replaced in edits.items():
        file = site / name
        text = file.read_text(encoding="utf-8")
        for old, new in replaced:
            assert old in text, old
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")


def comparison(folder: Path, edits: Edits, before: Edits | None = None) -> Comparison:
    """The good site, with edits, against itself (with `before`)."""
    old, new = whole_site(folder / "old"), whole_site(folder / "new")
    changed(old, before or {})
    changed(new, before or {})
    changed(new, edits)
    return compare(loaded(old), loaded(new))


def lines(folder: Path, edits: Edits, before: Edits | None = None) -> list[str]:
    return [line.strip() for line in comparison(folder, edits, before).lines()]


PRINCIPAL = "flows/principal.yaml"


def test_a_site_and_its_copy_are_the_same(tmp_path: Path) -> None:
    assert lines(tmp_path, {}) == ["Quien llama no nota ninguna diferencia."]


def test_names_of_steps_comments_and_order_are_no_difference(tmp_path: Path) -> None:
    edits = {
        PRINCIPAL: (("horario", "la_hora"), ("  menu:", "  eleccion: # el menú"), ("open: menu", "open: eleccion")),
        "config/prompts.yaml": (("  menu: ", "  opciones: "),),
    }
    edits[PRINCIPAL] = (*edits[PRINCIPAL], ("ask: menu", "ask: opciones"))
    assert lines(tmp_path, edits) == ["Quien llama no nota ninguna diferencia."]


def test_a_key_that_leads_elsewhere_is_told_with_its_way(tmp_path: Path) -> None:
    found = lines(tmp_path, {PRINCIPAL: (("1: servicio", "1: recepcion"), ("0: recepcion", "0: servicio"))})
    assert found == [
        "Lo que oyen y adónde llegan",
        "6017436967: Office: abierto; en menu marca 1",
        "antes: espera en la cola Customer service (se graba)",
        "ahora: timbra la extensión 100 (Reception)",
        "6017436967: Office: abierto; en menu marca 0",
        "antes: timbra la extensión 100 (Reception)",
        "ahora: espera en la cola Customer service (se graba)",
    ]


def test_a_new_key_and_one_that_is_gone_are_told(tmp_path: Path) -> None:
    found = lines(tmp_path, {PRINCIPAL: (("1: servicio", "4: servicio"),)})
    assert "6017436967: Office: abierto; en menu marca 1" in found
    assert "6017436967: Office: abierto; en menu marca 4" in found
    assert "ahora: oye «Opción no válida.», oye «Para servicio, marque uno.», se le pide una tecla" in found
    assert len(found) == 1 + 2 * 3


def test_another_prompt_on_the_way_is_told_once_and_the_walk_goes_on(tmp_path: Path) -> None:
    edits = {
        PRINCIPAL: (
            ("start: bienvenida", "start: espera"),
            ("steps:\n", "steps:\n  espera:\n    play: espera\n    then: bienvenida\n"),
            ("1: servicio", "1: recepcion"),
            ("0: recepcion", "0: servicio"),
        )
    }
    found = lines(tmp_path, edits)
    assert found[1:4] == ["6017436967: al llegar", "antes: nada más", "ahora: oye «Por favor espere.»"]
    assert len(found) == 1 + 3 * 3


def test_no_answer_exits_are_walked(tmp_path: Path) -> None:
    found = lines(tmp_path, {PRINCIPAL: (("waited too long: recepcion", "waited too long: cerrado"),)})
    assert found[1:] == [
        "6017436967: Office: abierto; en menu marca 1; en la cola Customer service: esperó demasiado",
        "antes: timbra la extensión 100 (Reception)",
        "ahora: oye «Estamos cerrados.», se cuelga (ended in IVR)",
    ]


def test_subflows_look_ups_and_conditions_are_walked(tmp_path: Path) -> None:
    edits = {
        "flows/saldo.yaml": (
            ("failed: return sin_sistema", "failed: return desconocido"),
            ("exits: [desconocido, sin_sistema]", "exits: [desconocido]"),
            ("when: saldo < minimo", "when: saldo < minimo or caller.anonymous"),
        ),
        PRINCIPAL: (("desconocido: recepcion, sin_sistema: recepcion", "desconocido: cerrado"),),
    }
    found = lines(tmp_path, edits)
    assert any("marca los dígitos; clientes: no encontrado" in line for line in found)
    assert any("clientes: falló" in line for line in found)
    assert any("marca los dígitos; clientes: encontrado; si saldo < minimo" in line for line in found)


def test_whether_a_talk_is_recorded_is_a_difference(tmp_path: Path) -> None:
    found = lines(tmp_path, {PRINCIPAL: (("notice: anuncio", "play: anuncio"),)})
    assert "antes: espera en la cola Customer service (se graba)" in found
    assert "ahora: espera en la cola Customer service" in found


def test_hours_texts_and_agents_are_told(tmp_path: Path) -> None:
    edits = {
        "config/prompts.yaml": (("Bienvenido.", "Buenos días."),),
        "config/hours.yaml": (("08:00", "09:00"),),
    }
    found = comparison(tmp_path, edits)
    shown = [line.strip() for line in found.lines()]
    assert "bienvenida (es-CO): antes «Bienvenido.», ahora «Buenos días.»" in shown
    assert any(line.startswith("Office, lunes: antes 08:00 to") and "ahora 09:00 to" in line for line in shown)
    assert not found.walked.ways


def test_the_walk_is_bounded_and_says_so(tmp_path: Path) -> None:
    site = whole_site(tmp_path)
    found = compare(loaded(site), loaded(site), most=5)
    assert found.walked.cut_short and "se detuvo después de 5 situaciones" in list(found.lines())[-1]


# ---------------------------------------------------------------------- the command
def diff(var: Path, *arguments: str) -> Result:
    environ = {
        "CENTRALITA_VAR": str(var),
        "CENTRALITA_CONFIG": str(var.parent / "now" / "config"),
        "CENTRALITA_FLOWS": str(var.parent / "now" / "flows"),
    }
    return CliRunner().invoke(main, ["diff", *arguments], env=environ, catch_exceptions=False)


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """An instance with one version that was in force, and files that have changed since."""
    site = whole_site(tmp_path)
    shutil.copytree(site, tmp_path / "var" / "versions" / "0123456789ab")
    standing = {"form": 1, "active": "0123456789ab", "folder": "", "held": False, "canary": None}
    (tmp_path / "var" / "versions" / "standing.json").write_text(json.dumps(standing), encoding="utf-8")
    shutil.copytree(site, tmp_path / "now")
    changed(tmp_path / "now", {PRINCIPAL: (("1: servicio", "1: recepcion"), ("0: recepcion", "0: servicio"))})
    return tmp_path / "var"


def test_the_version_in_force_is_compared_with_the_files(var: Path) -> None:
    done = diff(var)
    assert done.exit_code == 1 and "en menu marca 1" in done.output


def test_versions_and_folders_are_compared(var: Path) -> None:
    assert diff(var, "0123", str(var.parent / "site")).exit_code == 0
    found = json.loads(diff(var, "01234567", str(var.parent / "now"), "--format", "json").output)
    assert found["same"] is False and found["settings"] == []
    assert found["ways"][0] == {
        "numbers": ["6017436967"],
        "way": ["Office: abierto", "en menu marca 1"],
        "before": "espera en la cola Customer service (se graba)",
        "now": "timbra la extensión 100 (Reception)",
    }


@pytest.mark.parametrize("text", ["nowhere", "ffff", "../etc", "0"])
def test_what_is_no_version_is_told(var: Path, text: str) -> None:
    done = diff(var, text)
    assert done.exit_code == 2 and "neither a version that is kept" in done.output


def test_two_versions_with_the_same_first_digits_are_told(var: Path) -> None:
    shutil.copytree(var.parent / "now", var / "versions" / "01234567ffff")
    done = diff(var, "0123")
    assert done.exit_code == 2 and "the beginning of 2 versions" in done.output


def test_nothing_was_ever_in_force(tmp_path: Path) -> None:
    whole_site(tmp_path).rename(tmp_path / "now")
    done = diff(tmp_path / "var")
    assert done.exit_code == 2 and "no version was ever in force" in done.output

"""`ivr try`: what is read and asked at the terminal."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main
from tests.unit.language.whole_site import whole_site

OPEN = ("--at", "2026-11-20T10:00")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return whole_site(tmp_path)


def try_(site: Path, *arguments: str, typed: str | None = None) -> Result:
    environ = {"CENTRALITA_CONFIG": str(site / "config"), "CENTRALITA_FLOWS": str(site / "flows")}
    return CliRunner().invoke(main, ["try", *OPEN, *arguments], input=typed, env=environ, catch_exceptions=False)


def in_english(site: Path) -> Path:
    file = site / "config" / "site.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("\nlanguage: es-CO", "\nlanguage: en"), encoding="utf-8")
    return site


def test_a_call_is_read_from_its_beginning_to_its_end(site: Path) -> None:
    done = try_(site, "--keys", "9,1", "--caller", "3001234567")
    assert done.exit_code == 0
    expected = [
        "Llamada al 6017436967 (Main line), viernes 2026-11-20 10:00. Llama 573001234567.",
        "bienvenida (play)",
        "    «Bienvenido.»",
        "aviso (notice)",
        "    «Esta llamada puede ser grabada.» (sin interrupción)",
        "horario (hours)",
        "    Office: abierto",
        "menu (ask)",
        "    «Para servicio, marque uno.»",
        "    marca 9",
        "    9 no está en el menú",
        "    «Opción no válida.»",
        "    «Para servicio, marque uno.»",
        "    marca 1",
        "    1 lleva a servicio",
        "servicio (queue)",
        "    espera en la cola Customer service; atienden: SAC 1 (se graba)",
        "Fin: en la cola servicio.",
    ]
    assert done.output.splitlines() == expected


def test_the_messages_are_in_the_language_of_the_site(site: Path) -> None:
    done = try_(in_english(site), "--language", "en", "--keys", "1")
    assert "Call to 6017436967 (Main line), Friday 2026-11-20 10:00. The caller's number is withheld." in done.output
    assert "    «Welcome.»" in done.output and "End: in the queue servicio." in done.output


def test_keys_phones_and_queues_are_asked_for(site: Path) -> None:
    done = try_(site, typed="1\n3\n3\n")  # key 1; nobody is in the queue; nobody answers at reception
    assert done.exit_code == 0
    assert "no hay ningún asesor" in done.output and "timbra 100 (Reception)" in done.output
    assert done.output.splitlines()[-1] == "Fin: colgamos (ended in IVR)."


def test_what_cannot_be_is_asked_again_and_nothing_typed_is_a_silence(site: Path) -> None:
    done = try_(site, typed="x\n\n1\n1\n")
    assert "Eso no se puede" in done.output and "no marca nada" in done.output
    assert done.output.splitlines()[-1] == "Fin: en la cola servicio."


@pytest.mark.parametrize("typed", ["c\n", ""])
def test_who_hangs_up_or_leaves_the_terminal_has_hung_up(site: Path, typed: str) -> None:
    done = try_(site, typed=typed)
    assert done.exit_code == 0 and done.output.splitlines()[-1] == "Fin: la persona colgó."


def test_secret_digits_are_never_shown(site: Path) -> None:
    arguments = ("saldo", "--look-up", "clientes=found:{saldo: 1200}", "--keys", "80123456#")
    done = try_(site, *arguments)
    assert "marca ••••••••" in done.output and "80123456" not in done.output
    assert "«mil doscientos pesos»" in done.output and "Fin: vuelve a quien llamó el flujo." in done.output
    typed = try_(site, "saldo", typed="80123456\n2\n")
    assert "80123456" not in typed.output and "Fin: vuelve por desconocido." in typed.output


def test_a_secret_that_cuts_the_prompt_is_not_shown_either(site: Path) -> None:
    done = try_(site, "saldo", "--keys", "8 during bienvenida,0123456#", "--look-up", "clientes=not found")
    assert "marca • mientras oye" in done.output and "marca 8" not in done.output


def test_answers_of_a_look_up_are_asked_for_by_their_type(site: Path) -> None:
    done = try_(site, "saldo", "--parameter", "minimo=2000", typed="80123456\n1\nmucho\n1200\n0\n")
    assert "¿saldo (number)?" in done.output and "not a number" in done.output
    assert "no se graba nada" in done.output and "saldo = 1200" in done.output


def test_a_message_that_somebody_hangs_up_in_is_left(site: Path) -> None:
    done = try_(site, "saldo", "--parameter", "minimo=2000", typed="80123456\n1\n1200\nc\n")
    assert "Fin: colgamos (voicemail); dejó un mensaje en Servicio." in done.output


def test_time_overrides_and_presence_decide(site: Path) -> None:
    assert "Office: cerrado" in try_(site, "--override", "oficina=closed", "--keys", "").output
    assert "Office: cerrado" in try_(site, "--at", "2026-11-22 10:00", "--keys", "").output
    gone = try_(site, "--present", "100", "--keys", "1")
    assert gone.exit_code == 2 and "no agent in queues.yaml '100'" in gone.output
    assert "timbra 100" in try_(site, "--queue", "servicio=nobody there", "--keys", "1").output


def test_keys_that_nobody_asked_for_are_told(site: Path) -> None:
    done = try_(site, "--keys", "1,2,hang up during menu")
    assert done.exit_code == 1 and "No se pidió lo que quedaba: 2, hang up during menu" in done.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("6017436968",), "there is no number or flow"),
        (("principl",), "did you mean 'principal'?"),
        (("--language", "fr"), "the site has not the language fr"),
        (("--keys", "uno"), "nothing that a caller does"),
        (("--queue", "servicio"), "write NAME=..."),
        (("--queue", "servicio=gone"), "nobody there, waited too long"),
        (("--look-up", "clientes=found:{saldo"), "cannot be read"),
        (("--look-up", "clientes=found:{saldo: mucho}"), "not a value of the type number"),
        (("--look-up", "client=failed"), "did you mean 'clientes'?"),
        (("--override", "oficina=abierta"), "write open, closed"),
        (("--parameter", "minimo=x", "saldo"), "not a value of the type number"),
    ],
)
def test_what_is_written_wrongly_is_told_with_a_remedy(site: Path, arguments: tuple[str, ...], says: str) -> None:
    done = try_(site, *arguments)
    assert done.exit_code == 2 and says in done.output


def test_a_site_with_errors_is_not_tried(site: Path) -> None:
    (site / "flows" / "principal.yaml").write_text("flow: principal\n", encoding="utf-8")
    done = try_(site, "--keys", "1")
    assert done.exit_code == 1 and "principal.yaml:1:1: FLOW011" in done.output


def test_control_characters_of_a_prompt_do_not_reach_the_terminal(site: Path) -> None:
    prompts = site / "config" / "prompts.yaml"
    text = prompts.read_text(encoding="utf-8").replace("es-CO: Bienvenido.", 'es-CO: "Bien\\u202Evenido\\e[31m."')
    prompts.write_text(text, encoding="utf-8")
    output = try_(site, "--keys", "1").output
    assert "\x1b" not in output and "\u202e" not in output and "Bien?venido?[31m." in output

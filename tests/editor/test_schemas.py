"""The schemas in a real YAML language server: what it underlines, offers and explains."""

import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from ivr.cli import main
from ivr.language.editor import file_schemas, flow_schema, names_of
from tests.editor.language_server import Editor, editor, installed
from tests.unit.language.fixtures import BAD_FLOWS, GOOD, expectation

ROOT = Path(__file__).parents[2]
FIRST = "# yaml-language-server: $schema=flow.schema.json\n"


@pytest.fixture(scope="module")
def open_editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    cache = ROOT / "var" / "editor"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        program = installed(cache)
    folder = tmp_path_factory.mktemp("editor")
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copytree(ROOT / "ivr" / "flows", folder / "flows")
    with editor(program, folder) as opened:
        yield opened


def flow(editor: Editor, name: str, text: str) -> str:
    """A new file beside the flows; its text begins in line 2."""
    return editor.open(f"flows/{name}.yaml", FIRST + text)


def site_files() -> list[Path]:
    flows = [path for path in (ROOT / "ivr" / "flows").glob("*.yaml") if not path.name.endswith(".test.yaml")]
    return sorted([*(ROOT / "config").glob("*.yaml"), *flows])


@pytest.mark.parametrize("path", site_files(), ids=lambda path: path.name)
def test_nothing_is_underlined_in_the_site(open_editor: Editor, path: Path) -> None:
    assert path.read_text().startswith("# yaml-language-server: $schema=")
    name = f"{'flows' if path.parent.name == 'flows' else 'config'}/{path.name}"
    assert open_editor.problems(open_editor.open(name, path.read_text())) == []


BROKEN = """flow: nuevo
language: es-CO
start: menu
steps:
  menu:
    ask: menu_principal
    kyes: {1: servicio}
    no key: no_le_escuche
    wrong key: opcion_invalida
    tries: 20
    wait: soon
  servicio:
    queue: servicio
    nobody there: a person
"""


def test_what_is_wrong_is_underlined_with_its_line(open_editor: Editor) -> None:
    problems = open_editor.problems(flow(open_editor, "broken", BROKEN))
    by_line = dict(problems)
    assert by_line[8] == "Property kyes is not allowed."
    assert by_line[11] == "Value is above the maximum of 9."
    assert "does not match" in by_line[12]
    missing = sorted(message for _, message in problems if message.startswith("Missing"))
    assert missing == ['Missing property "keys".', 'Missing property "waited too long".']
    assert len(problems) == 5


def test_verbs_are_offered_in_an_empty_step_and_each_is_explained(open_editor: Editor) -> None:
    text = "flow: nuevo\nlanguage: es-CO\nstart: menu\nsteps:\n  menu:\n    \n"
    offered = open_editor.completions(flow(open_editor, "empty", text), 7, 5)
    for verb in ("play", "ask", "notice", "collect", "branch", "queue", "voicemail", "same as"):
        assert verb in offered
    assert "Asks for a key" in offered["ask"] and "Lets the caller wait" in offered["queue"]


def test_settings_of_the_verb_and_names_of_the_site_are_offered(open_editor: Editor) -> None:
    text = "flow: nuevo\nlanguage: es-CO\nstart: cola\nsteps:\n  cola:\n    queue: \n    \n"
    uri = flow(open_editor, "half", text)
    settings = open_editor.completions(uri, 8, 5)
    assert "nobody there" in settings and "no agent can be reached" in settings["nobody there"]
    queues = open_editor.completions(uri, 7, 12)
    assert {"servicio", "tesoreria", "cartera", "contabilidad"} <= queues.keys()


def test_a_word_is_explained_where_the_pointer_is(open_editor: Editor) -> None:
    uri = flow(open_editor, "hover", BROKEN)
    assert "the silence" in open_editor.hover(uri, 12, 6) or "silence after the prompt" in open_editor.hover(uri, 12, 6)
    assert "Asks for a key, and goes where the key leads." in open_editor.hover(uri, 7, 6)


SCHEMA_FAULTS = ("FLOW011", "FLOW012", "FLOW013")


@pytest.mark.parametrize(
    "path", [p for p in BAD_FLOWS if expectation(p).code in SCHEMA_FAULTS], ids=lambda path: path.stem
)
def test_a_missing_or_unknown_setting_is_underlined_as_the_check_tells_it(open_editor: Editor, path: Path) -> None:
    assert open_editor.problems(flow(open_editor, path.stem, path.read_text())) != []


def test_the_schemas_are_right_schemas_and_take_the_good_site() -> None:
    schemas = {"flow": flow_schema(names_of(None)), **file_schemas(names_of(None))}
    for schema in schemas.values():
        jsonschema.Draft7Validator.check_schema(schema)
    assert {path.stem for path in (GOOD / "config").glob("*.yaml")} <= schemas.keys()


def test_the_repositorys_schemas_are_up_to_date_and_a_stale_one_is_told(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copytree(ROOT / "ivr" / "flows", tmp_path / "flows")
    environment = {"CENTRALITA_CONFIG": str(tmp_path / "config"), "CENTRALITA_FLOWS": str(tmp_path / "flows")}
    assert CliRunner().invoke(main, ["schema", "--check"], env=environment).exit_code == 0
    file = tmp_path / "flows" / "flow.schema.json"
    file.write_text(json.dumps({}))
    stale = CliRunner().invoke(main, ["schema", "--check"], env=environment)
    assert stale.exit_code == 1 and "flow.schema.json is not up to date; run: ivr schema" in stale.output
    assert CliRunner().invoke(main, ["schema"], env=environment).exit_code == 0
    assert file.read_text() == (ROOT / "ivr" / "flows" / "flow.schema.json").read_text()

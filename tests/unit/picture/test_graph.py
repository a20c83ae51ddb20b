"""`ivr graph`: what is drawn, and that nothing that somebody writes breaks the picture."""

import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main
from ivr.picture.drawing import Picture
from tests.unit.language.whole_site import loaded, whole_site

SVG = "{http://www.w3.org/2000/svg}"
drawn_here = pytest.mark.skipif(shutil.which("dot") is None, reason="no Graphviz; asterisk-conf/packages.sh test")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return whole_site(tmp_path)


def graph(site: Path, *arguments: str, path: str | None = None) -> Result:
    environ = {"CENTRALITA_CONFIG": str(site / "config"), "CENTRALITA_FLOWS": str(site / "flows")}
    if path is not None:
        environ["PATH"] = path
    return CliRunner().invoke(main, ["graph", *arguments], env=environ, catch_exceptions=False)


def picture_of(site: Path, *names: str) -> Picture:
    found = loaded(site)
    return Picture(found, [found.flows[name] for name in names])


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


@drawn_here
def test_every_step_is_there_with_its_verb_and_what_it_does(site: Path) -> None:
    done = graph(site, "principal", "-o", str(site / "p.svg"))
    assert done.exit_code == 0, done.output
    root = ElementTree.parse(site / "p.svg").getroot()
    ids = {element.get("id") for element in root.iter(f"{SVG}g")}
    assert ids >= {f"principal.{step}" for step in loaded(site).flows["principal"].steps}
    shown = texts(root)
    for text in ("6017436967", "notice", "«Bienvenido.»", "Customer service", "after 3 tries", "nobody there"):
        assert text in shown


@drawn_here
def test_the_picture_has_a_title_and_a_description(site: Path) -> None:
    graph(site, "principal", "-o", str(site / "p.svg"))
    root = ElementTree.parse(site / "p.svg").getroot()
    assert root.get("role") == "img" and root.get("aria-labelledby") == "picture-title picture-description"
    title, description = root[0], root[1]
    assert (title.tag, title.get("id"), title.text) == (f"{SVG}title", "picture-title", "Example line: principal")
    assert description.tag == f"{SVG}desc"
    assert "menu (ask): 1: servicio; 2: saldo; 0, after 3 tries: recepcion." in (description.text or "")


@drawn_here
def test_all_flows_are_one_page_or_one_page_each_with_links(site: Path) -> None:
    assert graph(site, "-o", str(site / "all.svg")).exit_code == 0
    assert {"principal (es-CO)", "saldo (es-CO)"} <= set(texts(ElementTree.parse(site / "all.svg").getroot()))
    assert graph(site, "--each", str(site / "each")).exit_code == 0
    assert {file.name for file in (site / "each").iterdir()} == {"principal.svg", "saldo.svg"}
    assert 'xlink:href="saldo.svg"' in (site / "each" / "principal.svg").read_text(encoding="utf-8")


HOSTILE = (
    "<script>alert(1)</script>",
    "</TABLE>>];} digraph {",
    '"; } node [label="',
    "\\N \\G \\l \\",
    "&amp; &#0; &nbsp; ]]>",
    "{a|b} <b>",
    "a\u202eb\u0085",
    "💥" * 40,
    "x" * 3_000,
)


@drawn_here
@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_prompt_or_a_label_says_is_only_text(site: Path, text: str) -> None:
    prompts = site / "config" / "prompts.yaml"
    quoted = text.replace("'", "''")
    prompts.write_text(prompts.read_text("utf-8").replace("es-CO: Bienvenido.", f"es-CO: '{quoted}'"), "utf-8")
    queues = site / "config" / "queues.yaml"
    label = quoted[:60].strip() or "x"
    queues.write_text(queues.read_text("utf-8").replace("label: Customer service", f"label: '{label}'"), "utf-8")
    assert graph(site, "principal", "-o", str(site / "p.svg")).exit_code == 0
    svg = (site / "p.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    assert not [element for element in root.iter() if element.tag.lower().endswith("script")]
    words = re.findall(r"[a-z]{3,}", text)
    assert all(word in svg for word in words[:3])
    assert "principal.bienvenida" not in " ".join(texts(root))  # \N would be the node's name


def test_edges_that_lead_back_or_to_what_many_lead_to_are_named_not_drawn(site: Path) -> None:
    flow = site / "flows" / "principal.yaml"
    flow.write_text(flow.read_text().replace("no answer: cerrado", "no answer: menu\n    busy: cerrado"), "utf-8")
    text = picture_of(site, "principal").dot()
    assert '"principal.recepcion":x' in text and '-> "principal.menu":w' in text
    assert '"principal.recepcion":x0:e -> "principal.menu"' not in text
    assert "→ menu" in text


def test_two_thousand_steps_are_written_in_no_time_worth_mentioning(site: Path) -> None:
    head = "flow: principal\nlanguage: es-CO\nnumbers: ['6017436967']\nstart: paso_0\nsteps:\n"
    steps = "".join(f"  paso_{n}:\n    play: bienvenida\n    then: paso_{n + 1}\n" for n in range(2_000))
    last = "  paso_2000:\n    call: saldo\n    exits: {desconocido: hang up, sin_sistema: hang up}\n    then: hang up\n"
    (site / "flows" / "principal.yaml").write_text(head + steps + last, encoding="utf-8")
    assert picture_of(site, "principal").dot().count("->") == 2_001


def test_without_graphviz_the_command_says_what_to_install(site: Path) -> None:
    done = graph(site, "-o", str(site / "p.svg"), path=str(site))
    assert done.exit_code == 1 and "apt-get install graphviz" in done.output
    assert graph(site, "-o", str(site / "p.dot"), path=str(site)).exit_code == 0
    assert (site / "p.dot").read_text(encoding="utf-8").startswith("digraph {")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("principl",), "did you mean 'principal'?"),
        (("-o", "flows.jpg"), "must be one of svg, png, pdf, dot"),
        (("principal", "--each", "x"), "leave FLOW and -o out"),
    ],
)
def test_what_is_written_wrongly_is_told(site: Path, arguments: tuple[str, ...], says: str) -> None:
    done = graph(site, *arguments)
    assert done.exit_code == 2 and says in done.output

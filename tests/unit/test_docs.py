"""The pages tell the truth: every example is checked, every command, file, variable and link exists.

The convention of docs/guide.md: an example of YAML begins with a remark that names its file. A file that the site has
gets the example laid over it (settings are joined, everything else is replaced); another file is new and holds the
example as it is. All examples of a section (`##`) hold together. A section with a `text` block shows what `ivr check`
says then; in the other sections it finds nothing. Commands are run where they stand (`tests/stories.py`).
"""

import asyncio
import errno
import functools
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from ivr.cli import COMMANDS, main
from ivr.language.caller_csv import read_callers
from ivr.verbs import VERBS
from tests.pages import PAGES, ROOT, anchors, blocks, commands, inline_code, prose, targets
from tests.stories import happen, shell, short_folder
from tests.tools import run

# A decision of docs/adr tells of its own day: only its links are held.
PRESENT = [page for page in PAGES if page.parent.name != "adr"]
GUIDE, OPERATIONS = ROOT / "docs/guide.md", ROOT / "docs/operations.md"
INSTALLED = "/opt/centralita/"  # where docs/operations.md and the units have the repository

EXAMPLES = [block for block in blocks(GUIDE) if block.kind == "yaml"]
SECTIONS = list(dict.fromkeys(block.section for block in blocks(GUIDE)))


# ---- the guide's examples


@pytest.mark.parametrize("section", SECTIONS)
@functools.partial(run, seconds=120)
async def test_the_guides_examples_are_as_it_says(section: str) -> None:
    told = [block for block in blocks(GUIDE) if block.section == section]
    with short_folder() as name:
        folder = Path(name)
        await happen(told, folder)
        if any(block.kind == "text" for block in told):
            return
        # An example changes what callers hear, so the tests of the site's flows would rightly fail.
        status, said = await asyncio.to_thread(shell, ".venv/bin/ivr check --no-tests", folder)
    assert status == 0, said
    assert re.search(r" (ACD|CONF|FLOW|YAML)\d", said) is None, said
    assert "No error found." in said


def test_the_guide_shows_examples_and_a_mistake() -> None:
    assert {"What a flow is", "Add a department", "Opening hours and exceptional days"} <= set(SECTIONS)
    assert sum(block.kind == "text" for block in blocks(GUIDE)) == 1


def test_the_guides_tables_can_be_read() -> None:
    tables = [block.text for block in blocks(GUIDE) if block.kind == "csv"]
    assert tables
    for text in tables:
        table = read_callers(text.encode(), "table.csv", "CO")
        assert table.problems == [] and len(table.entries) == len(text.splitlines()) - 1


def test_the_guide_names_every_file_of_the_site_and_every_verb() -> None:
    page = GUIDE.read_text(encoding="utf-8")
    for file in (ROOT / "config").glob("*.yaml"):
        assert f"| `config/{file.name}` |" in page
    [sentence] = re.findall(r"(?s)There are (\w+) verbs: (.+?)\.\n", page)
    assert re.findall(r"`([^`]+)`", sentence[1]) == list(VERBS)
    assert sentence[0] == {16: "sixteen", 17: "seventeen", 18: "eighteen"}[len(VERBS)]


# ---- commands


def fault_of(command: str) -> str:
    """Why a command of a page cannot be; empty when everything that it names exists."""
    faults = [_fault(shlex.split(part)) for part in command.split("&&")]
    return "; ".join(fault for fault in faults if fault)


def _fault(words: list[str]) -> str:
    program, arguments = words[0], words[1:]
    if program == "make":
        return _make(arguments)
    if program in ("ivr", ".venv/bin/ivr"):
        return _ivr(arguments)
    if program == "systemctl":
        return _systemctl(arguments)
    if program == "docker":
        return _compose(arguments)
    if program in ("cp", "ls", "curl", "git", "adduser", "mkdir"):
        return _files(arguments)
    return f"{program} is a program that no test knows"


def _make(arguments: list[str]) -> str:
    if arguments[:1] == ["-C"]:
        arguments = arguments[2:]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for word in arguments:
        name, is_variable, _ = word.partition("=")
        if is_variable and f"$${{{name}:+" not in makefile:
            return f"the Makefile does not look at {name}"
        if not is_variable and name not in targets("Makefile"):
            return f"make has no target {name}"
    return ""


def _ivr(arguments: list[str]) -> str:
    with click.Context(main) as context:
        found = main.get_command(context, arguments[0]) if arguments else None
        if found is None:
            return f"there is no ivr {' '.join(arguments[:1])}"
        try:
            found.make_context(arguments[0], arguments[1:], parent=context)
        except click.ClickException as fault:
            return fault.format_message()
    return ""


def _systemctl(arguments: list[str]) -> str:
    verb, *rest = arguments
    if verb not in ("daemon-reload", "enable", "reload", "restart", "start", "stop", "status"):
        return f"systemctl {verb}"
    units = [word for word in rest if not word.startswith("-")]
    missing = [unit for unit in units if not (ROOT / f"config/systemd/{unit}.service").exists()]
    return f"no unit {', '.join(missing)}" if missing else ""


def _compose(arguments: list[str]) -> str:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    verb = arguments[1] if arguments[:1] == ["compose"] else ""
    if verb not in ("up", "run", "exec", "restart"):
        return f"docker {' '.join(arguments[:2])}"
    named = [word for word in arguments[2:] if not word.startswith("-")]
    if named and named[0] not in services:
        return f"docker-compose.yml has no {named[0]}"
    return _ivr(named[2:]) if named[1:2] == ["ivr"] else ""


def _files(arguments: list[str]) -> str:
    """Files of the repository among the arguments; others are made by the commands before."""
    for word in arguments:
        inside = word.removeprefix(INSTALLED)
        if re.match(r"(config|ivr|asterisk-conf|docs)/", inside) and not list(ROOT.glob(inside)):
            return f"there is no {inside}"
    return ""


def shell_lines(page: Path) -> list[str]:
    """The commands in a page's blocks and between backticks in its prose."""
    spoken = [code for code in inline_code(page) if re.match(r"(\.venv/bin/)?(ivr|make|systemctl|docker) \S", code)]
    return [*commands(page, ("sh", "")), *spoken]


@pytest.mark.parametrize("page", PRESENT, ids=lambda page: page.stem)
def test_every_command_exists(page: Path) -> None:
    faults = {line: fault for line in shell_lines(page) if (fault := fault_of(line))}
    assert faults == {}


@pytest.mark.parametrize(
    "command",
    [
        "make rum",
        "make call KEYS=1",
        "ivr chek",
        "ivr calls --nombers",
        ".venv/bin/ivr explain",
        "systemctl restart centralito",
        "cp config/environment.sample .env",
        "docker compose restart server",
        "docker compose run --rm configure ivr chek",
        "git pull && make -C /opt/centralita venw",
        "reboot",
    ],
)
def test_a_command_that_does_not_exist_is_found(command: str) -> None:
    assert fault_of(command)


def test_the_pages_show_the_commands_of_people() -> None:
    """What somebody types for himself is shown somewhere; `serve` belongs to systemd, `docs` to developers."""
    lines = [line for page in PAGES for line in shell_lines(page)]
    told = {words[1] for line in lines if (words := line.split())[0].endswith("ivr")}
    assert told >= set(COMMANDS) - {"run", "call", "docs"}


def test_the_operators_ivr_has_the_settings_of_the_units(tmp_path: Path) -> None:
    script = (ROOT / "config/systemd/ivr").read_text(encoding="utf-8")
    assert os.access(ROOT / "config/systemd/ivr", os.X_OK)
    for unit in (ROOT / "config/systemd").glob("*.service"):
        if unit.stem == "centralita-keys":  # the keys of recordings are another program, with its own settings
            continue
        lines = unit.read_text(encoding="utf-8").splitlines()
        settings = [line.partition("=")[2] for line in lines if line.startswith("Environment=")]
        assert settings == re.findall(r"(?m)^(CENTRALITA_\w+=.+)$", script), unit.name
        assert "User=centralita" in lines and "runuser -u centralita " in script
    # The same script with the paths of this test, and without becoming somebody else.
    (tmp_path / "environment").write_text("CENTRALITA_NODE=n7\n")
    here = script.replace("/etc/centralita", str(tmp_path)).replace("/opt/centralita/.venv", sys.prefix)
    here = here.replace("runuser -u centralita -- ", "").replace(INSTALLED, f"{ROOT}/")
    (tmp_path / "ivr").write_text(here)
    status, said = shell(f"sh {tmp_path}/ivr check", tmp_path)
    assert status == 0 and "No error found" in said, said


# ---- files, messages, pages of the server


@pytest.mark.parametrize("page", PRESENT, ids=lambda page: page.stem)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    folders = r"(?:\.ci|acd|asterisk-conf|bench|config|docs|ivr|tests)/"
    named = {code.partition("::")[0] for code in inline_code(page) if re.match(folders, code) and " " not in code}
    assert [name for name in sorted(named) if not list(ROOT.glob(name))] == []


def messages() -> list[str]:
    """The messages in the first column of `what is seen`."""
    [table] = re.findall(r"(?s)\| what is seen \|.+?\n\n", OPERATIONS.read_text(encoding="utf-8") + "\n")
    return re.findall(r"(?m)^\| `([^`]+)`", table)


def test_the_messages_that_an_operator_looks_for_are_those_that_are_said() -> None:
    said = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "ivr").rglob("*.py"))
    said += os.strerror(errno.EADDRINUSE)
    found = messages()
    assert len(found) >= 3
    assert [message for message in found for part in message.split("...") if part.strip() not in said] == []


def test_the_servers_pages_are_those_that_are_told() -> None:
    source = (ROOT / "ivr/web/application.py").read_text(encoding="utf-8")
    served = set(re.findall(r'Route\("(/\w+)"', source))
    assert served >= {"/metrics", "/healthz", "/readyz"}
    assert served == {code for code in inline_code(OPERATIONS) if re.fullmatch(r"/[a-z]+", code)}


# ---- links


def links(page: Path) -> Iterator[str]:
    for link in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose(page)):
        if not re.match(r"[a-z]+:", link):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_links_are_found() -> None:
    assert "docs/guide.md" in set(links(ROOT / "README.md"))
    assert "operations.md#changing-the-site" in set(links(GUIDE))


def test_every_page_is_reached_from_the_readme() -> None:
    reached, new = set(), [ROOT / "README.md"]
    while new:
        page = new.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            new += sorted(target.glob("*.md")) if target.is_dir() else [target] if target.suffix == ".md" else []
    assert set(PAGES) - reached == set()

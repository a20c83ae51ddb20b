"""Reads the pages of the documentation as a reader does: sections, examples, commands, links."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
"""The repository."""

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
"""Every page that people read."""

_FENCE = re.compile(r"(?ms)^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=indent)```$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: what kind it says it is, its text, and the section (`## ...`) that it stands in."""

    section: str
    kind: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        above = re.findall(r"(?m)^## (.+)$", text[: match.start()])
        found.append(Block(above[-1] if above else "", match["kind"], textwrap.dedent(match["text"])))
    return found


def commands(page: Path, kinds: tuple[str, ...] = ("sh",)) -> list[str]:
    """The lines of a page's shell blocks, without their remarks, in order."""
    lines = [line for block in blocks(page) if block.kind in kinds for line in block.text.splitlines()]
    return [command for line in lines if (command := re.sub(r"(^|\s+)#.*$", "", line).strip())]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def inline_code(page: Path) -> list[str]:
    """What stands between single backticks in the prose."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(page))]


def anchors(page: Path) -> set[str]:
    """The names that a link may have behind `#`: the headings as GitHub writes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def targets(name: str) -> dict[str, str]:
    """The targets of the Makefile that have a line in `make help`, with that line. `name`: the Makefile's path."""
    return dict(re.findall(r"(?m)^([a-z]+):.*?## (.+)$", (ROOT / name).read_text(encoding="utf-8")))

"""The pages "Change your menu in ten minutes" happen as they are told: each example, each command, each output.

Blocks count in their order: `yaml` is laid over the site, `sh` is run, `text` is what the commands before it printed.
A command that the page does not show the output of succeeds.
"""

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages import ROOT, Block, blocks, commands
from tests.stories import happen, short_folder, shows
from tests.tools import run

STORIES = (ROOT / "docs/change-your-menu.md", ROOT / "docs/cambie-su-menu.md")


@pytest.mark.parametrize(
    "page",
    [STORIES[0], pytest.param(STORIES[1], marks=pytest.mark.soak)],  # whose commands are the same: see below
    ids=lambda page: page.stem,
)
@functools.partial(run, seconds=180)
async def test_the_story_happens(page: Path) -> None:
    with short_folder() as folder:
        await happen(blocks(page), Path(folder))


def test_both_languages_tell_the_same_story() -> None:
    english, spanish = ([(block.kind, _gist(block)) for block in blocks(page)] for page in STORIES)
    assert english == spanish
    assert len(english) >= 15
    told = " ".join(commands(STORIES[0]))
    for command in ("check", "prove", "try", "diff", "reload", "versions", "rollback", "graph"):
        assert f"ivr {command}" in told


def _gist(block: Block) -> str:
    """A block without its remarks, whose language is the page's; what is printed is the site's."""
    return re.sub(r"(?m)\s+# .*$", "", block.text) if block.kind != "sh" else "\n".join(_words(block))


def _words(block: Block) -> Iterator[str]:
    for line in block.text.splitlines():
        yield re.sub(r"(^|\s+)#.*$|(?<=--why )\".+\"", "", line).strip()


@pytest.mark.parametrize(
    ("shown", "said", "right"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n…\n", "a\nb\nc\n", True),
        ("…\nc\n", "a\nb\nc\n", True),
        ("…\nb\n", "a\nb\nc\n", False),
        ("version … is in force\n", "version 12ab is in force\n", True),
        ("version … is in force\n", "version 12ab was in force\n", False),
        ("1.5\n", "1x5\n", False),
    ],
)
def test_what_is_shown_is_compared(shown: str, said: str, right: bool) -> None:
    assert shows(shown, said) is right

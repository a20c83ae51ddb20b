"""The good site of the tests, and broken copies of it."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from ivr.language.load import Checked, load_site

TESTS = Path(__file__).parents[2]
GOOD = TESTS / "good"
BAD_FLOWS = sorted((TESTS / "bad" / "flows").glob("*.yaml"))
BAD_CONFIG = sorted((TESTS / "bad" / "config").glob("*.yaml"))
BAD_SUBFLOWS = sorted((TESTS / "bad" / "subflows").glob("*.yaml"))
BAD_TESTS = sorted((TESTS / "bad" / "tests").glob("*.yaml"))
BAD_LISTS = sorted((TESTS / "bad" / "lists").glob("*.csv"))


@dataclass(frozen=True)
class Expectation:
    """What the first line of a broken file says: `# expect: CODE line:column words of the message`."""

    code: str
    line: int
    column: int
    says: str


def expectation(path: Path) -> Expectation:
    """The expectation of a broken file. A list of callers has it in a file beside it: its own first line is taken."""
    path = path.with_suffix(".expect") if path.suffix == ".csv" else path
    first = path.read_bytes().split(b"\n", 1)[0].decode()
    match = re.fullmatch(r"# expect: ([A-Z]+\d{3}) (\d+):(\d+) (.+)", first)
    assert match is not None, f"{path.name}: the first line must be '# expect: CODE line:column words'"
    return Expectation(match[1], int(match[2]), int(match[3]), match[4])


def good_site(folder: Path) -> Path:
    """A copy of the good site, to be broken."""
    shutil.copytree(GOOD, folder / "site")
    return folder / "site"


def load(site: Path) -> Checked:
    """Check a copy."""
    return load_site(site / "config", site / "flows")

"""The company of the proof's tests, and copies of it with one fault each."""

import re
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ivr.language.load import Checked, load_site

HERE = Path(__file__).parent
COMPANY = HERE / "company"
FAULTS = sorted((HERE / "faults").glob("*.yaml"))
FIRST_DAY = date(2026, 11, 21)

_NEXT_FILE = re.compile(r"#: ([a-z_/]+\.yaml)")


@dataclass(frozen=True)
class Expected:
    """The first lines of a fault: `# expect: CODE line:column words`, and `# also: CODE ...` for what follows from it.

    A walk meets what is dynamic; `# by hand` says that it is a fault of the file that no single call shows."""

    code: str
    line: int
    column: int
    says: str
    also: frozenset[str]


def expected(fault: Path) -> Expected:
    """What a fault's file says that it is."""
    first, second = fault.read_text(encoding="utf-8").split("\n")[:2]
    match = re.fullmatch(r"# expect: ([A-Z]+\d{3}) (\d+):(\d+) (.+)", first)
    assert match is not None, f"{fault.name}: the first line must be '# expect: CODE line:column words'"
    also = second.removeprefix("# also: ").split() if second.startswith("# also: ") else []
    return Expected(match[1], int(match[2]), int(match[3]), match[4], frozenset(also))


def company(folder: Path, fault: Path | None = None) -> Path:
    """A copy of the company, with the files of a fault in place of its own: first the flow `principal`, then those
    that a line `#: file` begins. They keep the lines that they have there."""
    site = folder / "company"
    shutil.copytree(COMPANY, site)
    if fault is None:
        return site
    for flow in ("principal", "identificar"):
        (site / "flows" / f"{flow}.yaml").unlink()
    written: dict[str, list[str]] = {}
    file, lines = "flows/principal.yaml", fault.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines):
        found = _NEXT_FILE.fullmatch(line)
        file = found[1] if found else file
        written.setdefault(file, [""] * number).append("" if found else line)
    for name, text in written.items():
        (site / name).write_text("\n".join(text), encoding="utf-8")
    return site


def loaded(site: Path) -> Checked:
    """A copy, checked."""
    return load_site(site / "config", site / "flows")

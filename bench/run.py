"""`make bench`: every comparison in one run; prints the tables and writes bench/RESULTS.md.

`python -m bench.run agi` runs one of them and leaves the file alone. A comparison is a module with
`main() -> list of rows`, each row a mapping from a column's title to its value; rows with the same titles make a table.
"""

import datetime
import importlib
import importlib.metadata
import importlib.util
import itertools
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

COMPARISONS = {
    "agi": "bench.agi.compare",
    "ami": "bench.ami",
    "journal": "bench.journal",
    "engine": "bench.engine",
    "queue": "bench.queue.compare",
    "memory": "bench.memory",
    "recovery": "bench.recovery",
    "start": "bench.start",
    "recordings": "bench.recordings.compare",
}
RESULTS = Path(__file__).parent / "RESULTS.md"
PACKAGES = ("uvloop", "twisted", "panoramisk")

Row = Mapping[str, object]


def machine() -> str:
    """One line: processor, cores, kernel, interpreter, the packages that matter."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return (
        f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}, {versions}"
    )


def tables(rows: Iterable[Row]) -> str:
    """Markdown: one table for each run of rows with the same columns."""
    parts = []
    for titles, group in itertools.groupby(rows, key=lambda row: tuple(row)):
        lines = ["| " + " | ".join(titles) + " |", "| " + " | ".join("---" for _ in titles) + " |"]
        lines += ["| " + " | ".join(str(row[title]) for title in titles) + " |" for row in group]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def section(name: str) -> str:
    """The heading, what is compared (the module's text) and the tables."""
    module = importlib.import_module(COMPARISONS[name])
    print(f"{name} ...", file=sys.stderr, flush=True)
    title = name.upper() if len(name) == 3 else name.capitalize()
    text = f"## {title}\n{(module.__doc__ or '').strip()}\n\n{tables(module.main())}\n"
    print(text, flush=True)
    return text


def main(names: list[str]) -> None:
    """Run the named comparisons, or all and write the file."""
    chosen = names or [name for name, module in COMPARISONS.items() if importlib.util.find_spec(module)]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    now = datetime.datetime.now(datetime.UTC)
    head = (
        "# Measured side by side\n"
        f"`make bench`, {now:%Y-%m-%d %H:%M} UTC, commit {commit.stdout.strip() or 'unknown'}.\n"
        f"Machine: {machine()}.\n"
        "Ratios hold, absolute figures drift with the machine and what else runs on it.\n\n"
    )
    print(head, flush=True)
    text = head + "\n".join([section(name) for name in chosen])
    if not names:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])

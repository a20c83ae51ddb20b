"""One part of the soak: what it measured and what had to hold, kept as JSON under var/soak/ until somebody asks anew.

A part that is finished is not measured again by a later `make soak` of the same or a shorter length; SOAK_FRESH=1
measures everything anew.
"""

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "var" / "soak"

FULL_MINUTES = 10.0
"""The length whose figures stand in docs/PROOF.md."""

MINUTES = float(os.environ.get("SOAK_MINUTES", FULL_MINUTES))
SEED = int(os.environ.get("SOAK_SEED", "1"))
FRESH = os.environ.get("SOAK_FRESH", "") not in ("", "0")

_EVIDENCE_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the part's table. `must` is what the value had to be, as text; empty for a plain measurement."""

    what: str
    value: str
    must: str = ""


@dataclass(slots=True, kw_only=True)
class Part:
    """A part while it runs, and afterwards what is kept of it."""

    name: str
    title: str
    about: str
    order: int
    seconds: float  # for how long it should run
    minutes: float = MINUTES  # of the whole soak
    seed: int = SEED
    began: str = ""
    took: float = 0.0
    figures: list[Figure] = field(default_factory=list)
    surroundings: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """Where it is kept."""
        return FOLDER / f"{self.order}-{self.name}.json"

    def found(self, what: str, value: object) -> None:
        """A plain measurement."""
        self.figures.append(Figure(what, _text(value)))

    def must(self, what: str, value: object, wanted: object, evidence: Sequence[object] = ()) -> None:
        """A measurement that had to have this value. The part fails at its end, so that all faults are seen."""
        self.figures.append(Figure(what, _text(value), _text(wanted)))
        if value != wanted:
            shown = "".join(f"\n    {line}" for line in evidence[:_EVIDENCE_SHOWN])
            self.faults.append(f"{what}: {_text(value)}, not {_text(wanted)}{shown}")

    def at_most(self, what: str, value: float, limit: float, unit: str = "") -> None:
        """A measurement with a limit."""
        self.figures.append(Figure(what, _text(value) + unit, f"at most {_text(limit)}{unit}"))
        if value > limit:
            self.faults.append(f"{what}: {_text(value)}{unit}, more than {_text(limit)}{unit}")

    def none(self, what: str, faults: Sequence[object]) -> None:
        """Something that must not have happened at all."""
        self.must(what, len(faults), 0, faults)

    def finish(self, took: float) -> None:
        """Keep it, or fail with everything that did not hold."""
        self.took = round(took, 1)
        if self.faults:
            raise AssertionError(f"{self.title}:\n" + "\n".join(self.faults))
        FOLDER.mkdir(parents=True, exist_ok=True)
        fresh = self.file.with_suffix(".fresh")
        fresh.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        fresh.replace(self.file)

    def kept(self) -> Self | None:
        """What an earlier soak of this length or longer measured."""
        if FRESH or not self.file.exists():
            return None
        kept = read(self.file)
        return kept if kept.minutes >= self.minutes else None

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """From JSON."""
        return cls(**{**data, "figures": [Figure(**figure) for figure in data["figures"]]})


def read(file: Path) -> Any:
    """A part that was kept."""
    return Part.of(json.loads(file.read_text(encoding="utf-8")))


def surroundings(asterisk: str = "") -> dict[str, str]:
    """The machine and the versions."""
    found = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "revision": _said(["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]) or version("centralita"),
        "machine": f"{os.cpu_count()} x {_processor()}, {_memory()} MB, {platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "uvloop": version("uvloop"),
        "Twisted": version("twisted"),
    }
    return found | ({"Asterisk": asterisk} if asterisk else {})


def command() -> str:
    """What repeats it."""
    return f"SOAK_MINUTES={MINUTES:g} SOAK_SEED={SEED} make soak"


def memory_mb(pid: int) -> float:
    """The resident memory of a process in MB (10^6 bytes)."""
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = re.search(r"VmRSS:\s+(\d+) kB", status)
    return round(int(kilobytes[1]) * 1024 / 1e6, 1) if kilobytes else 0.0


def files_open(pid: int) -> int:
    """How many file descriptors a process holds."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text() if sys.platform == "linux" else ""
    name = re.search(r"model name\s*:\s*(.+)", text)
    return " ".join(name[1].split()) if name else platform.machine()


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6)


def _said(arguments: list[str]) -> str:
    try:
        return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)

"""A version that only some callers meet: who they are, how they fare, and when it is taken back. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from ivr.site import Site

LEAST_CALLS = 20
"""Ended calls of the tried version before a bound is looked at, unless it is said otherwise."""

FIGURES = ("abandoned", "failed", "no key")
"""What may be bounded: the share of ended calls that were abandoned, that failed, or in which a menu waited in vain."""

MAY_DIFFER = frozenset(
    {
        "flows",
        "entry",
        "prompts",
        "hours",
        "holidays",
        "lists",
        "anonymous",
        "variables",
        "look_ups",
        "version",
        "promises",
    }
)
"""Fields of Site in which a tried version may differ: everything else is one for all calls."""

_FILE_OF = {
    "queues": "queues.yaml",
    "agents": "queues.yaml",
    "mailboxes": "voicemail.yaml",
    "mail": "voicemail.yaml",
    "recordings": "recordings.yaml",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """At most so many per cent of the tried version's ended calls."""

    figure: str
    percent: float

    def __str__(self) -> str:
        return f"{self.figure} at most {self.percent:g} %"

    @classmethod
    def parse(cls, text: str) -> "Bound":
        """`abandoned=20`, `no key=5%`, `failed = 2.5 %`. Raises ValueError with what to write."""
        name, _, number = text.replace("_", " ").partition("=")
        name = " ".join(name.split()).lower()
        if name not in FIGURES:
            raise ValueError(f"{name or text!r}: write one of {', '.join(FIGURES)}, for example abandoned=20")
        try:
            percent = float(number.strip().removesuffix("%").replace(",", "."))
        except ValueError:
            raise ValueError(f"{text!r}: write per cent after =, for example {name}=20") from None
        if not 0 <= percent <= 100:
            raise ValueError(f"{text!r}: per cent lie between 0 and 100")
        return cls(name, percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """The version that is tried, on whom, and until when."""

    version: str
    percent: int
    callers: frozenset[str]
    """Opaque keys of callers who meet it whatever the percentage."""
    bounds: tuple[Bound, ...]
    least: int
    since: datetime
    who: str
    why: str = ""

    def takes(self, caller: str) -> bool:
        """Whether this caller begins with it: always the same answer for the same caller and version.

        Who withholds the number has no key and meets it only when everybody does.
        """
        if self.percent >= 100 or caller in self.callers:
            return bool(caller) or self.percent >= 100
        digest = hashlib.sha256(f"{self.version}\0{caller}".encode()).digest()
        return bool(caller) and int.from_bytes(digest[:8], "big") % 100 < self.percent

    def as_json(self) -> dict[str, Any]:
        """For the disk."""
        return {
            "version": self.version,
            "percent": self.percent,
            "callers": sorted(self.callers),
            "bounds": [[bound.figure, bound.percent] for bound in self.bounds],
            "least": self.least,
            "since": self.since.isoformat(),
            "who": self.who,
            "why": self.why,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Canary":
        """What `as_json` gave. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            version=str(data["version"]),
            percent=int(data["percent"]),
            callers=frozenset(map(str, data["callers"])),
            bounds=tuple(Bound(str(figure), float(percent)) for figure, percent in data["bounds"]),
            least=int(data["least"]),
            since=datetime.fromisoformat(data["since"]),
            who=str(data["who"]),
            why=str(data["why"]),
        )


@dataclass(slots=True)
class Score:
    """How the calls of one version fared since the trial began."""

    begun: int = 0
    ended: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))

    def percent(self, figure: str) -> float:
        """Of the ended calls; 0 while there is none."""
        return 100 * self.counts[figure] / self.ended if self.ended else 0.0

    def as_json(self) -> dict[str, Any]:
        """For the command."""
        return {"begun": self.begun, "ended": self.ended, **{name: self.counts[name] for name in FIGURES}}


def passed(canary: Canary, score: Score) -> str:
    """Which bound is passed, in words; empty when none is, or when too few calls have ended to tell."""
    if score.ended < max(1, canary.least):
        return ""
    for bound in canary.bounds:
        if score.percent(bound.figure) > bound.percent:
            return (
                f"{bound.figure} {score.percent(bound.figure):.0f} % of {score.ended} calls, "
                f"more than the {bound.percent:g} % that were stated"
            )
    return ""


def unfit(tried: Site, active: Site) -> tuple[str, ...]:
    """Why a version cannot be tried beside the one in force: the files whose settings are one for all calls and
    differ."""
    names = [f.name for f in fields(Site) if f.name not in MAY_DIFFER]
    return _files(name for name in names if getattr(tried, name) != getattr(active, name))


def _files(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{_FILE_OF.get(name, 'site.yaml')} ({name.replace('_', ' ')})" for name in names))

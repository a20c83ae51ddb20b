"""What is known of each target: how the latest backup went and when the last good one was, for people, figures and the
doctor. A small file beside the engine's own state; losing it makes the next backup larger, and nothing else."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ivr.backup.instance import STATE

FILE = "result.json"
PLACES = "places"
"""Where the target lies and lay, a line each."""
LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """The latest proof: `drawn` by lot, `proved` of them came back right. `why`: empty when it is sound."""

    at: datetime
    sound: bool
    drawn: int
    proved: int
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"at": self.at.isoformat(), "sound": self.sound, "drawn": self.drawn, "proved": self.proved,
                "why": self.why}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """Of one target. `began` and `ended` of the latest run; `success`: when the last whole one ended; `items` and
    `bytes` of audio that lie there, `lost`: of them missing or damaged for good; `why`: the first of the `problems`,
    empty when all is well; `folder`: where it lies, when on this machine; `lying`: of snapshots that change seldom,
    fingerprint and object of the newest."""

    target: str
    folder: str = ""
    began: datetime | None = None
    ended: datetime | None = None
    success: datetime | None = None
    whole: bool = False
    items: int = 0
    bytes: int = 0
    sent: int = 0
    sent_bytes: int = 0
    lost: int = 0
    problems: int = 0
    why: str = ""
    left_out: tuple[str, ...] = ()
    lying: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    proof: Proved | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "target": self.target,
            "folder": self.folder,
            "began": _text(self.began),
            "ended": _text(self.ended),
            "success": _text(self.success),
            "whole": self.whole,
            "items": self.items,
            "bytes": self.bytes,
            "sent": self.sent,
            "sent_bytes": self.sent_bytes,
            "lost": self.lost,
            "problems": self.problems,
            "why": self.why,
            "left_out": list(self.left_out),
            "lying": {name: list(pair) for name, pair in self.lying.items()},
            "proof": self.proof.as_json() if self.proof is not None else None,
        }


def of_json(values: Mapping[str, Any]) -> TargetState:
    """From `as_json`. Raises KeyError, TypeError, ValueError."""
    proof = values["proof"]
    return TargetState(
        target=str(values["target"]),
        folder=str(values["folder"]),
        began=_moment(values["began"]),
        ended=_moment(values["ended"]),
        success=_moment(values["success"]),
        whole=bool(values["whole"]),
        items=int(values["items"]),
        bytes=int(values["bytes"]),
        sent=int(values["sent"]),
        sent_bytes=int(values["sent_bytes"]),
        lost=int(values["lost"]),
        problems=int(values["problems"]),
        why=str(values["why"]),
        left_out=tuple(map(str, values["left_out"])),
        lying={str(name): (str(pair[0]), str(pair[1])) for name, pair in values["lying"].items()},
        proof=Proved(**{**proof, "at": datetime.fromisoformat(proof["at"])}) if proof is not None else None,
    )


def load(folder: Path, target: str) -> TargetState:
    """What was kept of a target; one that says nothing when there is none, or none that can be read."""
    try:
        with (folder / FILE).open("rb") as stream:
            return of_json(json.loads(stream.read(LARGEST)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return TargetState(target=target)


def save(folder: Path, state: TargetState) -> None:
    """Whole or not at all. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / FILE, json.dumps(state.as_json()))


def _write(file: Path, text: str) -> None:
    new = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def used(var: Path) -> list[str]:
    """Every target to which something may ever have been sent from here, by name, also when the first run died. Raises
    OSError."""
    try:
        return sorted(path.name for path in (var / STATE).iterdir() if path.is_dir())
    except FileNotFoundError:
        return []


def settle_at(folder: Path, place: str) -> list[str]:
    """Note where this target lies, before anything is sent there; the places where it lay before. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file, before = folder / PLACES, load(folder, "").folder
    known = file.read_text(encoding="utf-8").splitlines() if file.exists() else [before] if before else []
    if place not in known:
        _write(file, "".join(f"{one}\n" for one in (*known, place)))
    return [one for one in known if one != place]


def of_all(var: Path) -> list[TargetState]:
    """Of every target that was ever used here, by name. Raises OSError when the folder may not be read."""
    try:
        found = sorted(path for path in (var / STATE).iterdir() if (path / FILE).is_file())
    except FileNotFoundError:
        return []
    return [load(path, path.name) for path in found]


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment is not None else ""


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

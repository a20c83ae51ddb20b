"""Erasures that have begun, so that one that a crash ended in the middle is finished at the next start. Blocking.

A file for each, named by chance; the number in it is sealed with the instance's key, and the file goes with the end.
"""

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ENDING = ".erasure"


class Seal(Protocol):
    """Encrypts and authenticates (ivr.seal)."""

    def close(self, text: str) -> str: ...
    def open(self, sealed: str) -> str | None: ...


@dataclass(frozen=True, slots=True, repr=False)
class Begun:
    """One that is not finished: whose number, and by whom."""

    name: str
    number: str
    who: str


class PendingErasures:
    """One folder, for this user only."""

    def __init__(self, folder: Path, seal: Seal) -> None:
        self._folder, self._seal = folder, seal

    def begin(self, number: str, who: str) -> str:
        """Keep it until `end`; returns its name. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = secrets.token_hex(8)
        sealed = self._seal.close(json.dumps({"number": number, "who": who}))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(self._folder / (name + ENDING), flags, 0o600), "w") as stream:
            stream.write(sealed)
            stream.flush()
            os.fsync(stream.fileno())
        return name

    def end(self, name: str) -> None:
        """It is finished; again is harmless."""
        (self._folder / (name + ENDING)).unlink(missing_ok=True)

    def all(self) -> list[Begun]:
        """Those that are not finished. One whose key is lost, or that was torn by a crash, is passed over."""
        return [*self._read()] if self._folder.is_dir() else []

    def _read(self) -> Iterator[Begun]:
        for file in sorted(self._folder.glob(f"*{ENDING}")):
            try:
                values = json.loads(self._seal.open(file.read_text(encoding="ascii")) or "")
                yield Begun(file.stem, str(values["number"]), str(values["who"]))
            except (OSError, ValueError, KeyError, TypeError):
                continue

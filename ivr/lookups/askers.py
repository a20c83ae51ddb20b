"""What every kind of source has: it is asked, and closed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ivr.lookups.errors import LookUpFailed
from ivr.site.values import Value

Given = Mapping[str, Value]
"""The values of a source's parameters."""


class Asker(Protocol):
    """One source of one version of the site."""

    async def ask(self, given: Given) -> Mapping[str, Value] | None:
        """The answers, or None when nothing was found. Raises LookUpFailed. May be cancelled at any time."""

    async def close(self) -> None:
        """Give connections back."""


class SecretFiles:
    """The secrets that look-ups name, in the folder that only the server's user may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, name: str) -> str:
        """The content of NAME.secret as it is now, without the line's end. Raises LookUpFailed."""
        file = self._folder / f"{name}.secret"
        try:
            text = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise LookUpFailed(f"the secret cannot be read: put it into the file {file}", away=True) from None
        if not text:
            raise LookUpFailed(f"the secret's file {file} is empty", away=True)
        return text

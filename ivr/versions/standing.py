"""What has to be known after a restart: which version is in force, and what of the folder was dealt with."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivr.versions.canary import Canary
from ivr.versions.copies import replace_file

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Kept in `<var>/versions/standing.json`."""

    active: str = ""
    """The edition in force; empty before the very first start."""
    before: str = ""
    """The edition that was in force before it."""
    folder: str = ""
    """Fingerprint of the site's folders that were dealt with: activated, refused, or passed over by a rollback."""
    held: bool = False
    """Changes of the folders wait for `ivr reload` or `ivr canary start`."""
    canary: Canary | None = None

    def save(self, folder: Path) -> None:
        """Replace the file. Blocking. Raises OSError."""
        data = {
            "form": VERSION,
            "active": self.active,
            "before": self.before,
            "folder": self.folder,
            "held": self.held,
            "canary": self.canary.as_json() if self.canary is not None else None,
        }
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(folder / "standing.json", json.dumps(data, indent=1).encode(), 0o640)

    @classmethod
    def load(cls, folder: Path) -> "Standing":
        """What was saved; the beginning when there is nothing, or nothing of use. Blocking."""
        try:
            data: dict[str, Any] = json.loads((folder / "standing.json").read_bytes())
            if data["form"] != VERSION:
                return cls()
            canary = Canary.from_json(data["canary"]) if data["canary"] is not None else None
            return cls(
                active=str(data["active"]),
                before=str(data["before"]),
                folder=str(data["folder"]),
                held=bool(data["held"]),
                canary=canary,
            )
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

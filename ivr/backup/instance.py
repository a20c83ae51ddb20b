"""Where an instance lies: what is backed up, and what a restore makes again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ivr.install.paths import Paths
from ivr.settings.environment import Environment

STATE = "backup-state"
"""The folder in `var/` with what is known of each target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Folders are absolute; `records` and `journal` are addresses as in the environment."""

    config: Path
    flows: Path
    var: Path
    records: str
    journal: str

    @classmethod
    def of(cls, environment: Environment) -> "Instance":
        """The one that the environment names."""
        return cls(
            config=environment.config,
            flows=environment.flows,
            var=environment.var,
            records=environment.records,
            journal=environment.journal,
        )

    @classmethod
    def of_json(cls, values: Mapping[str, str]) -> "Instance":
        """From `as_json`."""
        return cls(
            config=Path(values["config"]),
            flows=Path(values["flows"]),
            var=Path(values["var"]),
            records=values["records"],
            journal=values["journal"],
        )

    def as_json(self) -> dict[str, str]:
        """Plain values."""
        return {
            "config": str(self.config),
            "flows": str(self.flows),
            "var": str(self.var),
            "records": self.records,
            "journal": self.journal,
        }

    @property
    def paths(self) -> Paths:
        """The names below `var`."""
        return Paths(self.var, self.var)

    def state_of(self, target: str) -> Path:
        """The folder of ours for a target."""
        return self.var / STATE / target


def sqlite_file(url: str) -> Path | None:
    """The file of a database of SQLite; None for any other."""
    kind, found, path = url.partition(":///")
    return Path(path.partition("?")[0]) if found and kind.partition("+")[0] == "sqlite" else None

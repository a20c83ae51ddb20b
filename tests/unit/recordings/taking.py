"""A folder into which Asterisk has recorded, and whoever takes that in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from recordings.catalogue import Catalogue, MemoryCatalogue, Recording
from recordings.intake import Intake, Talk

CALL, LEG = "n1-1795291036.6", "000000000002"
NAME = f"{CALL}_{LEG}"
AT = datetime(2026, 11, 23, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Folder:
    def __init__(self, path: Path, catalogue: Catalogue | None = None) -> None:
        self.recordings, self.done = path, path / "done"
        self.done.mkdir(parents=True)
        self.catalogue = catalogue or MemoryCatalogue()
        self.talks = {LEG: Talk(call=CALL, queue="servicio", agent="101", did="6017436967", notice="v7")}
        self.intake = Intake(path, self.done, self.catalogue, lambda call, leg: self.talks.get(leg))

    def file(self, name: str = NAME, seconds: float = 2) -> Path:
        path = self.recordings / f"{name}.raw"
        path.write_bytes(b"\1\0\2\0" * round(8000 * seconds))
        return path

    def mark(self, name: str = NAME) -> None:
        (self.done / name).touch()


def row(name: str, call: str, second: int, **more: Any) -> Recording:
    values: dict[str, Any] = {
        "recording": name,
        "call": call,
        "leg": "1",
        "queue": "servicio",
        "agent": "101",
        "finished": datetime(2026, 11, 23, 15, 0, second, tzinfo=UTC),
        "length_us": 1,
        "bytes": 2,
        "sha256": "0" * 64,
        "file": f"{name}.raw",
    }
    return Recording(**(values | more))

"""A folder into which Asterisk has recorded, and whoever takes that in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from recordings.catalogue import Catalogue, MemoryCatalogue
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

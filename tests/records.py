"""A database of records for a test. Its tables come from a copy of one that the migrations made once: for each
test anew they take a tenth of a second, and the migrations have tests of their own."""

import functools
import tempfile
from pathlib import Path

from ivr.records.store import RecordStore


def fresh(file: Path) -> str:
    """The URL of a database in this file; one that is new when nothing is there."""
    if not file.exists():
        file.write_bytes(_new())
    return f"sqlite:///{file}"


@functools.cache
def _new() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.sqlite"
        RecordStore.open(f"sqlite:///{file}").close()
        return file.read_bytes()

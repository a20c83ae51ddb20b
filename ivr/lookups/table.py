"""Asks a CSV file that another system writes: held in memory, read anew when it changes."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from ivr import log as logs
from ivr.clock import Clock
from ivr.lookups.answers import values_of
from ivr.lookups.askers import Given
from ivr.lookups.errors import LookUpFailed
from ivr.lookups.figures import LookUpFigures
from ivr.lookups.threads import Places
from ivr.site.csv_table import MAX_BYTES, Table, TableFault, read_table
from ivr.site.look_ups import CsvSource
from ivr.site.values import Value, as_text

log = logs.get(__name__)

LOOK_EVERY_SECONDS = 2.0

Signature = tuple[int, int, int]
"""Inode, size and time of change: a file with the same three is the same file."""


class TableAsker:
    """One CSV source. A new file that cannot be used leaves the old one in force, and is told."""

    def __init__(self, source: CsvSource, folder: Path, clock: Clock, figures: LookUpFigures) -> None:
        self._source, self._clock, self._figures = source, clock, figures
        self._file = folder / source.file
        self._columns = tuple(dict.fromkeys(answer.where for answer in source.answers.values()))
        self._places = Places(1)
        self._table: Table | None = None
        self._of: Signature | None = None
        self._seen: Signature | None = None
        self._next_look_us = 0
        self._fault = ""

    async def close(self) -> None:
        """Nothing is open."""

    async def ask(self, given: Given) -> Mapping[str, Value] | None:
        """The first line whose columns equal the parameters."""
        if self._table is None or self._clock.engine_us() >= self._next_look_us:
            self._next_look_us = self._clock.engine_us() + round(LOOK_EVERY_SECONDS * 1e6)
            await self._places.run(self._look)
        if self._table is None:
            raise LookUpFailed(f"the table {self._source.file} cannot be used: {self._fault}")
        row = self._table.find([as_text(given[name]) for name in self._source.where.values()])
        if row is None:
            return None
        return values_of(self._source.answers, partial(_cell, dict(zip(self._columns, row, strict=True))))

    def _look(self) -> None:
        """Read the file if it has changed and nobody writes it any more: it was the same at the last look. The very
        first file is not waited for."""
        try:
            signature = _signature(self._file)
            settled = self._table is None or signature == self._seen
            self._seen = signature
            if signature == self._of or not settled:
                return
            if signature[1] > MAX_BYTES:
                raise TableFault(f"it is larger than {MAX_BYTES} bytes")
            content = self._file.read_bytes()
            if _signature(self._file) != signature:
                return
            self._of = signature
            self._table = read_table(content, self._source.encoding, tuple(self._source.where), self._columns)
        except OSError as error:
            self._of = None  # read again when it is back, even the same one
            self._tell(error.strerror or "it cannot be read")
        except TableFault as fault:
            self._tell(str(fault))
        else:
            self._fault = ""
            self._figures.table(self._source.name, len(self._table.rows), usable=True)

    def _tell(self, why: str) -> None:
        rows = len(self._table.rows) if self._table is not None else 0
        self._figures.table(self._source.name, rows, usable=False)
        if why != self._fault:
            log.warning(
                "a table of a look-up cannot be used", source=self._source.name, why=why, old_one_stays=bool(rows)
            )
        self._fault = why


def _signature(file: Path) -> Signature:
    found = file.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _cell(row: Mapping[str, str], column: str) -> str:
    return row[column]

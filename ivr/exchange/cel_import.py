"""Fills a gap: reads what Asterisk wrote to disk since the last time and hands the facts on.

Where reading goes on (file and byte) is kept in the records. It is moved on while all is well, so that a gap costs
its own rows only; it lags by one period, because the newest rows may not have come over AMI yet. Facts that are known
already are not told, and those that are told twice do no harm: keys and the engine see to that.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ivr import log as logs
from ivr.asterisk.cel import Row, RowReader
from ivr.clock import Clock
from ivr.exchange.cel_story import Story, Told
from ivr.figures.projection import Projection

log = logs.get(__name__)

STATE = "cel"
CHUNK_BYTES = 32 * 1024
"""Some hundred rows: read and understood by a thread, told by the loop, which serves the calls of now in between."""
TAIL_BYTES = 256 * 1024
"""The last line is no longer."""


class Desk(Protocol):
    """What the importer needs of the dispatcher."""

    def submit(self, fact: Any) -> object: ...
    def record(self, event: Any, key: str | None = None) -> object: ...


class States(Protocol):
    """Where the reading position is kept (ivr.records.store.RecordStore). Blocking."""

    def state(self, name: str) -> Any: ...
    def keep_state(self, name: str, state: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file that may be renamed meanwhile."""

    inode: int = 0
    offset: int = 0

    @classmethod
    def of(cls, state: Any) -> "Spot":
        """From the stored form; anything else is the beginning."""
        try:
            return cls(int(state["inode"]), max(0, int(state["offset"])))
        except (KeyError, TypeError, ValueError):
            return cls()

    def as_state(self) -> dict[str, int]:
        """The form that is stored."""
        return {"inode": self.inode, "offset": self.offset}


class CelImport:
    """Imports from `file` (`.../cel-custom/cel.csv`); rotated files stand beside it as `cel.csv.*`."""

    def __init__(self, file: Path, states: States, desk: Desk, clock: Clock) -> None:
        self._file, self._states, self._desk, self._clock = file, states, desk, clock
        self._seen = Spot()  # the end of the file, at the last call with `lately=False`
        self.broken = 0

    async def fill_gap(
        self, projection: Projection, caller_key: Callable[[str], str], config: str, *, lately: bool = True
    ) -> int:
        """Hand on every fact since the stored spot; returns how many. Raises OSError when the file cannot be read.

        With `lately=False` only up to where the file ended at the last such call: call it so each minute while all is
        well. Newer rows may not have come over AMI yet, which tells more (who hung up); older ones that nobody told
        (AGI was unreachable) are made up for.
        """
        until = Spot()
        if not lately:
            until, self._seen = self._seen, await asyncio.to_thread(self._end)
            if not until.inode:
                return 0
        story = Story(projection, caller_key, config, self._clock.engine_us())
        start = Spot.of(await asyncio.to_thread(self._states.state, STATE))
        told = 0
        spot = start
        for path, offset in await asyncio.to_thread(self._parts, start):
            last = path.stat().st_ino == until.inode
            reader = RowReader()
            at, end = offset, until.offset if last else None
            while (found := await asyncio.to_thread(_rows, reader, path, at, end))[0]:
                at += found[0]
                for row in found[1]:
                    for fact in story.read(row):
                        self._hand_on(fact)
                        told += 1
            self.broken += reader.broken
            spot = Spot(path.stat().st_ino, offset + reader.consumed)
            if last:
                break
        await self._keep(spot)
        if told:
            log.info("facts taken from the channel events", facts=told, broken_rows=self.broken)
        return told

    # ------------------------------------------------------------------ inside
    def _hand_on(self, told: Told) -> None:
        if told.key is None:
            self._desk.submit(told.fact)
        else:
            self._desk.record(told.fact, key=told.key)

    async def _keep(self, spot: Spot) -> None:
        if spot.inode:
            await asyncio.to_thread(self._states.keep_state, STATE, spot.as_state())

    def _end(self) -> Spot:
        """The end of the last whole line now."""
        try:
            with self._file.open("rb") as opened:
                size = opened.seek(0, 2)
                opened.seek(max(0, size - TAIL_BYTES))
                tail = opened.read()
                return Spot(self._file.stat().st_ino, size - len(tail) + tail.rfind(b"\n") + 1)
        except OSError:
            return Spot()

    def _parts(self, start: Spot) -> list[tuple[Path, int]]:
        """The files to read, oldest first, and from where: the rest of a rotated one, then those after it."""
        if not self._file.parent.is_dir():
            return []
        found = sorted(
            (entry for entry in self._file.parent.glob(self._file.name + "*") if entry.is_file()),
            key=lambda entry: (entry == self._file, entry.stat().st_mtime_ns),
        )
        files = [entry for entry in found if entry.suffix not in (".gz", ".xz", ".zst")]
        for i, entry in enumerate(files):
            status = entry.stat()
            if status.st_ino == start.inode and start.offset <= status.st_size:
                return [(entry, start.offset), *((later, 0) for later in files[i + 1 :])]
        return [(entry, 0) for entry in files]


def _rows(reader: RowReader, path: Path, offset: int, end: int | None) -> tuple[int, list[Row]]:
    """How many bytes were read, and the rows that are whole with them."""
    with path.open("rb") as opened:
        opened.seek(offset)
        chunk = opened.read(CHUNK_BYTES if end is None else max(0, min(CHUNK_BYTES, end - offset)))
    return len(chunk), list(reader.feed(chunk))

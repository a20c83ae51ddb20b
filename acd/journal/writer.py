"""Writes drafts in order, many at once when many wait (group commit), and again when the place was unavailable."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from acd.journal.port import Entry, JournalUnavailable, Json
from acd.ports import Clock, Timer

BATCH = 512
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two attempts, each pause twice as long as the one before."""

LIMIT = 100_000
"""So many entries may wait for a journal that is away: hours of a small site, about 100 MB."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that has no position yet: time in microseconds since 1970, event and decisions as JSON text."""

    at_us: int
    event: str
    decisions: str
    key: str | None


def draft(at: datetime, event: Json, decisions: Sequence[Json], key: str | None) -> Draft:
    """Raises TypeError for what is not JSON, so that a faulty entry cannot block those behind it."""
    at_us = (at - _EPOCH) // _MICROSECOND
    return Draft(at_us, to_text(event), to_text(list(decisions)) if decisions else "[]", key)


def to_text(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def entry(position: int, at_us: int, event: str, decisions: str) -> Entry:
    """The entry of a stored row."""
    return Entry(position, _EPOCH + timedelta(microseconds=at_us), json.loads(event), tuple(json.loads(decisions)))


Store = Callable[[Sequence[Draft]], Awaitable[Sequence[int]]]
"""Makes drafts durable, all or none, and returns their positions. Raises JournalUnavailable. Called one at a time."""


class OrderedWriter:
    """The queue in front of a store: an entry that finds it idle goes on at once, the others together behind it."""

    def __init__(self, store: Store, clock: Clock, *, limit: int = LIMIT, name: str = "journal") -> None:
        self.available = True
        self._store = store
        self._clock = clock
        self._limit = limit
        self._name = name
        self._waiting: deque[tuple[Draft, asyncio.Future[int]]] = deque()
        self._batch: asyncio.Future[Sequence[int]] | None = None
        self._again: Timer | None = None
        self._pause = FIRST_PAUSE
        self._closed = False

    def append(self, draft: Draft) -> "asyncio.Future[int]":
        """Queue a draft. The future fails at once when `limit` drafts wait already, or after `close`."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self._closed or len(self._waiting) >= self._limit:
            why = "is closed" if self._closed else f"has been away for too long: {self._limit} entries wait"
            future.set_exception(JournalUnavailable(f"{self._name} {why}"))
            return future
        self._waiting.append((draft, future))
        if self._batch is None and self._again is None:
            self._write()
        return future

    def _write(self) -> None:
        self._again = None
        drafts = [draft for draft, _ in islice(self._waiting, BATCH)]
        self._batch = asyncio.ensure_future(self._store(drafts))
        self._batch.add_done_callback(self._written)

    def _written(self, batch: "asyncio.Future[Sequence[int]]") -> None:
        self._batch = None
        if batch.cancelled():
            return
        try:
            positions = batch.result()
        except JournalUnavailable as error:
            self._tell(False, str(error))
            if not self._closed:
                self._again = self._clock.call_later(self._pause, self._write)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
            return
        self._tell(True, "")
        self._pause = FIRST_PAUSE
        done = [self._waiting.popleft() for _ in positions]
        if self._waiting:
            self._write()
        for (_, future), position in zip(done, positions, strict=True):
            if not future.done():
                future.set_result(position)

    def _tell(self, available: bool, why: str) -> None:
        if available != self.available:
            self.available = available
            if available:
                _log.warning("%s can be written again, %d entries are caught up", self._name, len(self._waiting))
            else:
                _log.error("%s cannot be written, entries are kept and tried again: %s", self._name, why)

    async def close(self) -> None:
        """Write what waits; what cannot be written fails with JournalUnavailable."""
        self._closed = True
        if self._again is not None:
            self._again.cancel()
            self._again = None
        while self._batch is not None:
            if not self.available:
                self._batch.cancel()
            await asyncio.wait([self._batch])
        while self._waiting:
            _, future = self._waiting.popleft()
            if not future.done():
                future.set_exception(JournalUnavailable(f"{self._name} was closed before it could be written"))
                future.exception()  # told by the log; nobody may be waiting any more

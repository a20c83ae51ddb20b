"""Writes drafts in order, many at once when many wait (group commit), and again when the place was unavailable."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from acd.journal.port import Entry, JournalUnavailable, Json
from acd.ports import Clock

BATCH = 512
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
    """The queue in front of a store."""

    def __init__(self, store: Store, clock: Clock, *, limit: int = LIMIT, name: str = "journal") -> None:
        self.available = True
        self._store = store
        self._clock = clock
        self._limit = limit
        self._name = name
        self._waiting: deque[tuple[Draft, asyncio.Future[int]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def append(self, draft: Draft) -> "asyncio.Future[int]":
        """Queue a draft. The future fails at once when `limit` drafts wait already, or after `close`."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self._closed or len(self._waiting) >= self._limit:
            why = "is closed" if self._closed else f"has been away for too long: {self._limit} entries wait"
            future.set_exception(JournalUnavailable(f"{self._name} {why}"))
            return future
        self._waiting.append((draft, future))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write())
        return future

    async def _write(self) -> None:
        pause = 0.05
        while self._waiting:
            batch = [self._waiting[n] for n in range(min(BATCH, len(self._waiting)))]
            try:
                positions = await self._store([draft for draft, _ in batch])
            except JournalUnavailable as error:
                self._tell(False, str(error))
                if self._closed:
                    break
                await self._clock.sleep(pause)
                pause = min(2 * pause, 1.0)
                continue
            self._tell(True, "")
            pause = 0.05
            for (_, future), position in zip(batch, positions, strict=True):
                self._waiting.popleft()
                if not future.done():
                    future.set_result(position)
        self._task = None

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
        if self._task is not None:
            if not self.available:
                self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        while self._waiting:
            _, future = self._waiting.popleft()
            if not future.done():
                future.set_exception(JournalUnavailable(f"{self._name} was closed before it could be written"))
                future.exception()  # told by the log; nobody may be waiting any more

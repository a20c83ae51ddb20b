"""A journal that lives as long as the process: for tests, trials and simulations."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from acd.journal.port import Entry, JournalUnavailable, Json


class MemoryJournal:
    """Entries are stored as JSON text, so that what cannot be journalled elsewhere cannot be journalled here."""

    def __init__(self) -> None:
        self.available = True
        self._rows: list[tuple[datetime, str, str]] = []
        self._keys: dict[str, int] = {}
        self._checkpoint: tuple[int, str] | None = None
        self._closed = False

    def append(
        self, at: datetime, event: Json, decisions: Sequence[Json] = (), key: str | None = None
    ) -> "asyncio.Future[int]":
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self._closed:
            future.set_exception(JournalUnavailable("the journal in memory is closed"))
            return future
        position = self._keys.get(key) if key is not None else None
        if position is None:
            self._rows.append((at, json.dumps(event), json.dumps(list(decisions))))
            position = len(self._rows)
            if key is not None:
                self._keys[key] = position
        future.set_result(position)
        return future

    async def read(self, after: int = 0) -> AsyncIterator[Entry]:
        position = after
        while position < len(self._rows):
            at, event, decisions = self._rows[position]
            position += 1
            yield Entry(position, at, json.loads(event), tuple(json.loads(decisions)))

    async def save_checkpoint(self, position: int, state: Json) -> None:
        self._checkpoint = (position, json.dumps(state))

    async def latest_checkpoint(self) -> tuple[int, dict[str, Any]] | None:
        if self._checkpoint is None:
            return None
        return self._checkpoint[0], json.loads(self._checkpoint[1])

    async def close(self) -> None:
        self._closed = True

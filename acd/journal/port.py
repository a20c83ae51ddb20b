"""What every journal can do. One contract suite (tests/contract/test_journal.py) holds all of them to it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Json = Mapping[str, Any]


class JournalUnavailable(Exception):
    """The journal cannot be written or read now: a full disk, a dead Redis, a locked file. The text says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact or call fact as recorded, with what was decided. `position` counts from 1 and only grows."""

    position: int
    at: datetime
    event: Json
    decisions: tuple[Json, ...]


class Journal(Protocol):
    """An ordered, durable list."""

    @property
    def available(self) -> bool:
        """False while the latest attempt to write has failed; entries are kept in order and tried again."""

    def append(
        self, at: datetime, event: Json, decisions: Sequence[Json] = (), key: str | None = None
    ) -> "asyncio.Future[int]":
        """Store an entry; the future gives its position once it is durable.

        Entries become durable in the order of the calls. An entry whose `key` was stored before is not stored again;
        the future gives the old position. JournalUnavailable comes only when too many entries wait, or at `close`.
        """

    def read(self, after: int = 0) -> AsyncIterator[Entry]:
        """Every durable entry behind the position `after`, in order. Raises JournalUnavailable."""

    async def save_checkpoint(self, position: int, state: Json) -> None:
        """Keep the engine's state as of an entry, instead of the checkpoint before. Raises JournalUnavailable."""

    async def latest_checkpoint(self) -> tuple[int, dict[str, Any]] | None:
        """The position and state of the latest checkpoint."""

    async def close(self) -> None:
        """Write what waits, if the place can be written, and let go of it."""

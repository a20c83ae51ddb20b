"""A Redis stream as the journal. As durable as the server's `appendonly` and `appendfsync` settings make it.

Keys: `NAME` (the stream), `NAME:position`, `NAME:keys`, `NAME:tokens`, `NAME:checkpoint`; their meaning stands in
append.lua. In a Redis cluster the name carries a hash tag: `{centralita}`.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from acd.journal.port import Entry, JournalUnavailable, Json
from acd.journal.writer import Draft, OrderedWriter, draft, entry, to_text
from acd.ports import Clock

_PAGE = 1000
_TIMEOUT = 2.0
"""Seconds for a connection or an answer."""

_SCRIPT = Path(__file__).with_name("append.lua")
_log = logging.getLogger(__name__)


class RedisJournal:
    """Make one with `open`."""

    def __init__(self, redis: "Redis", stream: str, script: str, clock: Clock) -> None:
        self._redis = redis
        self._stream = stream
        self._append = redis.register_script(script)
        self._writer = OrderedWriter(self._store, clock, name=f"journal {stream}")
        self._run = uuid.uuid4().hex
        self._tokens: dict[int, str] = {}
        self._count = 0

    @classmethod
    async def open(cls, url: str, stream: str, clock: Clock) -> "RedisJournal":
        """Connect. Raises JournalUnavailable when nobody answers."""
        server, _, query = url.partition("?")
        rest = "&".join(part for part in query.split("&") if part and not part.startswith("stream="))
        redis = Redis.from_url(
            f"{server}?{rest}" if rest else server,
            decode_responses=True,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
        )
        script = await asyncio.to_thread(_SCRIPT.read_text, "utf-8")
        journal = cls(redis, stream, script, clock)
        try:
            await redis.ping()
            await _warn_if_forgetful(redis)
        except (RedisError, OSError) as error:
            await redis.aclose()
            raise JournalUnavailable(
                f"journal {stream}: no Redis answers ({error}); start it or change the URL"
            ) from error
        return journal

    @property
    def available(self) -> bool:
        return self._writer.available

    def append(
        self, at: datetime, event: Json, decisions: Sequence[Json] = (), key: str | None = None
    ) -> "asyncio.Future[int]":
        return self._writer.append(draft(at, event, decisions, key))

    async def _store(self, drafts: Sequence[Draft]) -> Sequence[int]:
        arguments: list[str | int] = []
        for one in drafts:
            arguments += [one.at_us, one.event, one.decisions, one.key or "", self._token(one)]
        keys = [self._stream, *(f"{self._stream}:{part}" for part in ("position", "keys", "tokens"))]
        try:
            positions = await self._append(keys=keys, args=arguments)
        except (RedisError, OSError) as error:
            raise JournalUnavailable(f"Redis did not take it: {error}") from error
        for one in drafts:
            del self._tokens[id(one)]
        return [int(position) for position in positions]

    def _token(self, one: Draft) -> str:
        """The same for every attempt to store this draft (the writer keeps the draft alive until it is stored)."""
        token = self._tokens.get(id(one))
        if token is None:
            self._count += 1
            token = self._tokens[id(one)] = f"{self._run}:{self._count}"
        return token

    async def read(self, after: int = 0) -> AsyncIterator[Entry]:
        while messages := await self._page(after):
            for name, fields in messages:
                after = int(name.partition("-")[0])
                yield entry(after, int(fields["at"]), fields["event"], fields["decisions"])

    async def _page(self, after: int) -> list[tuple[str, dict[str, str]]]:
        try:
            found: Any = await self._redis.xrange(self._stream, min=f"({after}-0", count=_PAGE)
        except (RedisError, OSError) as error:
            raise JournalUnavailable(f"Redis did not read: {error}") from error
        return list(found)

    async def save_checkpoint(self, position: int, state: Json) -> None:
        text = to_text({"position": position, "state": state})
        try:
            await self._redis.set(f"{self._stream}:checkpoint", text)
        except (RedisError, OSError) as error:
            raise JournalUnavailable(f"Redis did not take the checkpoint: {error}") from error

    async def latest_checkpoint(self) -> tuple[int, dict[str, Any]] | None:
        try:
            text = await self._redis.get(f"{self._stream}:checkpoint")
        except (RedisError, OSError) as error:
            raise JournalUnavailable(f"Redis did not read the checkpoint: {error}") from error
        if text is None:
            return None
        found = json.loads(text)
        return found["position"], found["state"]

    async def close(self) -> None:
        await self._writer.close()
        await self._redis.aclose()


async def _warn_if_forgetful(redis: "Redis") -> None:
    try:
        settings = await redis.config_get("appendonly")
    except RedisError:
        return  # a managed Redis does not tell
    if settings.get("appendonly") != "yes":
        _log.warning("this Redis forgets the journal when it restarts: set `appendonly yes`")

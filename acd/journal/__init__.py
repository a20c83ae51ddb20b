"""The journal: one ordered, durable list of facts and the decisions that they caused.

`open_journal(url, clock)` chooses the place:

- `memory:` for tests and trials; gone with the process.
- `sqlite:///path/to/journal.sqlite`, the embedded default.
- `redis://host:port/0?stream=name` or `unix:///path/to.sock?stream=name`, a Redis stream.
"""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from acd.journal.port import Entry, Journal, JournalUnavailable
from acd.ports import Clock

__all__ = ["Entry", "Journal", "JournalUnavailable", "open_journal"]


async def open_journal(url: str, clock: Clock, *, writing: bool = True) -> Journal:
    """Open the journal that the URL names; `writing=False` opens it for a look beside the server that writes it.

    Raises ValueError for a URL of no known kind, JournalUnavailable when the place cannot be opened.
    """
    parts = urlsplit(url)
    if parts.scheme == "memory":
        from acd.journal.memory import MemoryJournal

        return MemoryJournal()
    if parts.scheme == "sqlite" and url.startswith("sqlite:///"):
        from acd.journal.sqlite import SqliteJournal

        return await SqliteJournal.open(Path(url.removeprefix("sqlite:///")), clock, writing=writing)
    if parts.scheme in ("redis", "rediss", "unix"):
        from acd.journal.redis_stream import RedisJournal

        stream = parse_qs(parts.query).get("stream", ["centralita"])[0]
        return await RedisJournal.open(url, stream, clock)
    raise ValueError(
        f"journal {url!r}: write memory:, sqlite:///PATH, redis://HOST:PORT/0?stream=NAME or unix://SOCKET"
    )

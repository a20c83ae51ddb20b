"""What every journal promises, on each of the three."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from acd.journal import Entry, Journal, JournalUnavailable, open_journal
from acd.journal import sqlite as sqlite_journal
from ivr.clock import LoopClock
from tests.contract.redis_server import RedisServer, redis_server
from tests.tools import run

AT = datetime(2026, 11, 23, 15, 0, 0, 123456, tzinfo=UTC)
CLOCK = LoopClock()
Url = Callable[[], str]


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with TemporaryDirectory() as folder, redis_server(Path(folder)) as server:
        yield server


@pytest.fixture(params=["memory", "sqlite", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "memory":
        return "memory:"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'journal.sqlite'}"
    server: RedisServer = request.getfixturevalue("redis")
    return server.url(f"test-{tmp_path.name}")


async def entries(journal: Journal, after: int = 0) -> list[Entry]:
    return [entry async for entry in journal.read(after)]


def stored_while_the_loop_stands_still(path: Path) -> int:
    """How many entries there are, as soon as there are any; after some seconds none."""
    found = 0
    with closing(sqlite3.connect(path)) as reader:
        for _ in range(5_000):
            if (found := reader.execute("SELECT count(*) FROM entries").fetchone()[0]) > 0:
                break
            time.sleep(0.001)
    return int(found)


@run
async def test_an_entry_that_finds_the_writer_idle_waits_for_no_other(tmp_path: Path) -> None:
    journal = await open_journal(f"sqlite:///{tmp_path / 'journal.sqlite'}", CLOCK)
    first = journal.append(AT, {"e": "fact"})
    assert stored_while_the_loop_stands_still(tmp_path / "journal.sqlite"), "by the writer's own thread"
    assert await first == 1
    await journal.close()


@run
async def test_what_was_appended_is_read_in_order(url: str) -> None:
    journal = await open_journal(url, CLOCK)
    decisions = [{"e": "offer", "to": "ñandú"}, {"e": "x", "n": 2**60, "none": None, "list": [1, True]}]
    futures = [journal.append(AT + timedelta(seconds=n), {"e": "fact", "n": n}, decisions[:n]) for n in range(3)]
    assert await asyncio.gather(*futures) == [1, 2, 3]
    assert await entries(journal) == [
        Entry(1, AT, {"e": "fact", "n": 0}, ()),
        Entry(2, AT + timedelta(seconds=1), {"e": "fact", "n": 1}, tuple(decisions[:1])),
        Entry(3, AT + timedelta(seconds=2), {"e": "fact", "n": 2}, tuple(decisions)),
    ]
    assert [e.position for e in await entries(journal, after=2)] == [3]
    assert await entries(journal, after=3) == []
    await journal.close()


@run
async def test_a_burst_keeps_its_order_and_leaves_no_gap(url: str) -> None:
    journal = await open_journal(url, CLOCK)
    positions = await asyncio.gather(*(journal.append(AT, {"n": n}) for n in range(2500)))
    assert positions == list(range(1, 2501))
    assert [e.event["n"] for e in await entries(journal)] == list(range(2500))
    await journal.close()


@run
async def test_a_key_is_stored_once(url: str) -> None:
    journal = await open_journal(url, CLOCK)
    first = journal.append(AT, {"n": 1}, key="ended:n1-1.1")
    again = journal.append(AT, {"n": 2}, key="ended:n1-1.1")
    other = journal.append(AT, {"n": 3}, key="ended:n1-1.10")
    without = journal.append(AT, {"n": 4})
    assert [await first, await again, await other] == [1, 1, 2]
    assert await without == 3
    assert await journal.append(AT, {"n": 5}, key="ended:n1-1.1") == 1
    assert [e.event["n"] for e in await entries(journal)] == [1, 3, 4]
    await journal.close()


@run
async def test_the_latest_checkpoint_counts(url: str) -> None:
    journal = await open_journal(url, CLOCK)
    assert await journal.latest_checkpoint() is None
    await journal.save_checkpoint(3, {"t": 1})
    await journal.save_checkpoint(9, {"t": 2, "visits": [["a/1", None]]})
    assert await journal.latest_checkpoint() == (9, {"t": 2, "visits": [["a/1", None]]})
    await journal.close()


@run
async def test_a_closed_journal_takes_nothing(url: str) -> None:
    journal = await open_journal(url, CLOCK)
    pending = journal.append(AT, {"n": 1})
    await journal.close()
    assert await pending == 1
    with pytest.raises(JournalUnavailable):
        await journal.append(AT, {"n": 2})


@run
async def test_what_cannot_be_json_is_refused_alone(url: str) -> None:
    journal = await open_journal(url, CLOCK)
    with pytest.raises(TypeError):
        await journal.append(AT, {"n": object()})
    assert await journal.append(AT, {"n": 1}) == 1
    await journal.close()


@run
async def test_it_is_still_there_after_closing(tmp_path: Path, redis: RedisServer) -> None:
    for url in (f"sqlite:///{tmp_path}/deep/journal.sqlite", redis.url(f"reopened-{tmp_path.name}")):
        journal = await open_journal(url, CLOCK)
        await journal.append(AT, {"n": 1}, key="k")
        await journal.save_checkpoint(1, {"t": 7})
        await journal.close()
        journal = await open_journal(url, CLOCK)
        assert await journal.append(AT, {"n": 2}, key="k") == 1
        assert await journal.append(AT, {"n": 2}) == 2
        assert [e.event["n"] for e in await entries(journal)] == [1, 2]
        assert await journal.latest_checkpoint() == (1, {"t": 7})
        await journal.close()


# -- SQLite

WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from acd.journal import open_journal
from ivr.clock import LoopClock

async def main():
    journal = await open_journal(sys.argv[1], LoopClock())
    n = 0
    while True:
        n += 1
        print(await journal.append(datetime.now(UTC), {"n": n}), flush=True)

asyncio.run(main())
"""


@run
async def test_kill_9_loses_nothing_that_was_durable(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    writer = await asyncio.to_thread(
        subprocess.Popen, [sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, env=environ, text=True
    )
    assert writer.stdout is not None
    told = 0
    while told < 200:
        told = int(await asyncio.to_thread(writer.stdout.readline))
    with pytest.raises(JournalUnavailable, match="another server"):
        await open_journal(url, CLOCK)
    writer.send_signal(signal.SIGKILL)
    told = max([told, *(int(line) for line in writer.communicate()[0].split())])
    journal = await open_journal(url, CLOCK)
    found = await entries(journal)
    assert [e.position for e in found] == [e.event["n"] for e in found] == list(range(1, len(found) + 1))
    assert len(found) >= told
    await journal.close()


@run
async def test_a_full_disk_keeps_entries_in_order_and_tries_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = await open_journal(f"sqlite:///{path}", CLOCK)
    assert await journal.append(AT, {"n": 0}) == 1
    connection: sqlite3.Connection = journal._connection  # type: ignore[attr-defined]
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite itself now says "database or disk is full"
    big = {"text": "x" * 50_000}
    futures = [journal.append(AT, {**big, "n": n}) for n in (1, 2, 3)]
    while journal.available:
        await CLOCK.sleep(0.01)
    assert not any(future.done() for future in futures)
    connection.execute("PRAGMA max_page_count = 1000000")
    assert await asyncio.gather(*futures) == [2, 3, 4]
    assert journal.available
    assert [e.event["n"] for e in await entries(journal)] == [0, 1, 2, 3]
    await journal.close()


@run
async def test_a_writer_that_never_pauses_starts_the_wal_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the file beside the journal grows for ever: SQLite starts it over only when nothing is left to copy."""
    limit = 2**20
    monkeypatch.setattr(sqlite_journal, "_WAL_LIMIT", limit)
    path = tmp_path / "journal.sqlite"
    journal = await open_journal(f"sqlite:///{path}", CLOCK)
    wal, text = path.with_name("journal.sqlite-wal"), "x" * 2_000
    sizes, pending = [], [journal.append(AT, {"text": text, "n": n}) for n in range(500)]
    for n in range(500, 20_000):
        pending.append(journal.append(AT, {"text": text, "n": n}))
        await pending.pop(0)  # there is always more to write
        sizes.append(wal.stat().st_size)
    await asyncio.gather(*pending)
    written = 20_000 * len(text)
    assert max(sizes) < written / 3, f"{max(sizes):,} bytes of WAL after {written:,} of entries"
    assert [e.event["n"] for e in await entries(journal)] == list(range(20_000))
    await journal.close()


_OLDER = """
CREATE TABLE entries (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  key TEXT UNIQUE,
  event TEXT NOT NULL,
  decisions TEXT NOT NULL
) STRICT;
CREATE TABLE checkpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  position INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT;
INSERT INTO entries VALUES (1, 0, 'ended:n1-1.1', '{"n":1}', '[]'), (2, 0, NULL, '{"n":2}', '[]');
"""
"""As the file was made while the keys' index was part of the table, with two entries."""


@run
async def test_a_journal_of_an_older_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_OLDER)
    journal = await open_journal(f"sqlite:///{path}", CLOCK)
    assert await journal.append(AT, {"n": 9}, key="ended:n1-1.1") == 1, "it is there already"
    assert await journal.append(AT, {"n": 3}, key="ended:n1-1.2") == 3
    assert [e.event["n"] for e in await entries(journal)] == [1, 2, 3]
    await journal.close()


@run
async def test_a_look_beside_the_writer_sees_what_is_durable(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    journal = await open_journal(url, CLOCK)
    await journal.append(AT, {"n": 1})
    look = await open_journal(url, CLOCK, writing=False)
    assert [e.event["n"] for e in await entries(look)] == [1]
    await journal.append(AT, {"n": 2})
    assert [e.event["n"] for e in await entries(look, after=1)] == [2]
    await look.close()
    await journal.close()


@run
async def test_a_file_that_is_no_journal_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("this is a text, " * 100)
    with pytest.raises(JournalUnavailable, match=r"journal\.sqlite"):
        await open_journal(f"sqlite:///{path}", CLOCK)
    assert path.read_text().startswith("this is a text")


@run
async def test_an_unknown_url_is_told() -> None:
    with pytest.raises(ValueError, match="memory:, sqlite"):
        await open_journal("postgres://x", CLOCK)


# -- Redis


@run
async def test_a_dead_redis_keeps_entries_in_order_and_each_once(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        journal = await open_journal(server.url(), CLOCK)
        assert await journal.append(AT, {"n": 0}) == 1
        server.kill()
        futures = [journal.append(AT, {"n": n}) for n in (1, 2, 3)]
        while journal.available:
            await CLOCK.sleep(0.01)
        server.start()
        assert await asyncio.gather(*futures) == [2, 3, 4]
        assert [e.event["n"] for e in await entries(journal)] == [0, 1, 2, 3]
        await journal.close()


@run
async def test_a_lost_reply_of_redis_stores_nothing_twice(tmp_path: Path) -> None:
    """Redis stores and the reply never comes: the same entries are sent again and keep their positions."""
    with redis_server(tmp_path) as server:
        to_redis = f"{tmp_path}/between.sock"
        cut = Cut(str(server.socket))
        between = await asyncio.start_unix_server(cut.serve, to_redis)
        journal = await open_journal(f"unix://{to_redis}?stream=test", CLOCK)
        assert await journal.append(AT, {"n": 0}) == 1
        cut.swallow_next_reply = True
        futures = [journal.append(AT, {"n": n}) for n in (1, 2)]
        assert await asyncio.gather(*futures) == [2, 3]
        assert cut.swallowed
        assert [e.event["n"] for e in await entries(journal)] == [0, 1, 2]
        await journal.close()
        between.close()


class Cut:
    """A relay that can lose one answer and the connection with it."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.swallow_next_reply = False
        self.swallowed = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(self.target)

        async def forward() -> None:
            while data := await reader.read(65536):
                up_writer.write(data)
            up_writer.close()

        task = asyncio.ensure_future(forward())
        while data := await up_reader.read(65536):
            if self.swallow_next_reply:
                self.swallow_next_reply, self.swallowed = False, True
                break
            writer.write(data)
        writer.close()
        up_writer.close()
        await task


@run
async def test_no_redis_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="no Redis answers"):
        await open_journal(f"unix://{tmp_path}/nobody.sock", CLOCK)


@run
async def test_two_streams_of_one_redis_know_nothing_of_each_other(redis: RedisServer) -> None:
    one = await open_journal(redis.url("one"), CLOCK)
    two = await open_journal(redis.url("two"), CLOCK)
    assert await one.append(AT, {"n": 1}, key="k") == 1
    assert await two.append(AT, {"n": 2}, key="k") == 1
    assert json.dumps([dict(e.event) for e in await entries(two)]) == '[{"n": 2}]'
    await one.close()
    await two.close()

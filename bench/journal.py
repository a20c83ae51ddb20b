"""How long an entry takes to become durable, at 1,000 facts a second and as fast as it goes.

`python -m bench.journal` prints the table. Redis is measured when `redis-server` is installed (appendfsync everysec).
"""

import asyncio
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from time import perf_counter

import uvloop

from acd.codec import encode
from acd.decisions import MakeOffer, PassedOver
from acd.facts import CallerJoined
from acd.journal import Journal, open_journal
from acd.model import AgentId, CallId, OfferId, QueueId, VisitId
from ivr.clock import LoopClock
from ivr.reactor import share_fairly

RATE, SECONDS, ROUNDS, BURST = 1000, 3, 5, 10_000

FACT = CallerJoined(
    at=datetime(2026, 11, 23, 15, 0, tzinfo=UTC),
    t=123_456_789_012,
    visit=VisitId("n1-1795446000.12345/1"),
    call=CallId("n1-1795446000.12345"),
    queue=QueueId("servicio"),
)
DECISION = MakeOffer(
    offer=OfferId("0" * 21),
    visit=FACT.visit,
    call=FACT.call,
    queue=FACT.queue,
    agent=AgentId("101"),
    ring_us=15_000_000,
    rule="longest idle",
    others=tuple(PassedOver(who=f"10{n}", why="idle for less time") for n in range(2, 7)),
)


async def paced(journal: Journal) -> list[float]:
    """Seconds from `append` to durable, for each of RATE x SECONDS entries, a steady stream."""
    clock, took = LoopClock(), []

    async def one() -> None:
        begun = perf_counter()
        await journal.append(FACT.at, encode(FACT), [encode(DECISION)])
        took.append(perf_counter() - begun)

    start, tasks = perf_counter(), []
    for n in range(RATE * SECONDS):
        wait = start + n / RATE - perf_counter()
        if wait > 0:
            await clock.sleep(wait)
        tasks.append(asyncio.ensure_future(one()))
    await asyncio.gather(*tasks)
    return took


async def burst(journal: Journal) -> float:
    """Entries a second when all come at once."""
    begun = perf_counter()
    await asyncio.gather(*(journal.append(FACT.at, encode(FACT), [encode(DECISION)]) for _ in range(BURST)))
    return BURST / (perf_counter() - begun)


async def measure(url: str) -> tuple[float, float, float]:
    """p50 and p99 in ms, and entries a second."""
    journal = await open_journal(url, LoopClock())
    took = sorted(await paced(journal))
    rate = await burst(journal)
    await journal.close()
    return took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000, rate


def main() -> list[dict[str, str]]:
    """Rows for bench/RESULTS.md; the journals take turns, medians over the rounds."""
    share_fairly()  # as the server does
    with tempfile.TemporaryDirectory(prefix="bench-journal-") as folder:
        urls = {"memory": "memory:", "SQLite (WAL, NORMAL)": f"sqlite:///{folder}/journal.sqlite"}
        redis = None
        if shutil.which("redis-server"):
            socket = f"{folder}/redis.sock"
            words = ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--appendonly", "yes"]
            redis = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
            urls["Redis stream (everysec)"] = f"unix://{socket}?stream=bench"
        try:
            found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in urls}
            for _ in range(ROUNDS):
                for name, url in urls.items():
                    found[name].append(uvloop.run(measure(url)))
        finally:
            if redis is not None:
                redis.terminate()
                redis.wait()
    return [row(name, results) for name, results in found.items()]


def row(name: str, results: list[tuple[float, float, float]]) -> dict[str, str]:
    p50, p99, rate = (sorted(column)[len(column) // 2] for column in zip(*results, strict=True))
    return {
        f"journal at {RATE:,} facts/s": name,
        "p50 ms": f"{p50:.3f}",
        "p99 ms": f"{p99:.3f}",
        "burst, entries/s": f"{rate:,.0f}",
    }


if __name__ == "__main__":
    for line in main():
        print(line)

"""How long an entry takes to become durable, which is how long its decision is delayed: at 1,000 and at 5,000 facts a
second, sustained, and as fast as it goes. Promised: 5,000 facts a second with p99 of 2 ms at most.

`python -m bench.journal` prints the table. Redis is measured when `redis-server` is installed (appendfsync everysec).
"""

import asyncio
import shutil
import subprocess
import tempfile
from array import array
from datetime import UTC, datetime
from functools import partial
from time import perf_counter

import uvloop

from acd.codec import encode
from acd.decisions import MakeOffer, PassedOver
from acd.facts import CallerJoined
from acd.journal import Journal, open_journal
from acd.model import AgentId, CallId, OfferId, QueueId, VisitId
from ivr.app.collector import Collector
from ivr.clock import LoopClock
from ivr.reactor import share_fairly

RATES, SECONDS, ROUNDS, BURST = (1000, 5000), 6, 5, 10_000

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


async def paced(journal: Journal, rate: int) -> list[float]:
    """Seconds from `append` to durable, for each of `rate` x SECONDS entries, a steady stream."""
    clock, took = LoopClock(), array("d")

    def durable(_: "asyncio.Future[int]", begun: float) -> None:
        took.append(perf_counter() - begun)

    start = perf_counter()
    for n in range(rate * SECONDS):
        wait = start + n / rate - perf_counter()
        if wait > 0:
            await clock.sleep(wait)
        begun = perf_counter()
        last = journal.append(FACT.at, encode(FACT), [encode(DECISION)])
        last.add_done_callback(partial(durable, begun=begun))
    await last
    return sorted(took)


async def burst(journal: Journal) -> float:
    """Entries a second when all come at once."""
    begun = perf_counter()
    await asyncio.gather(*(journal.append(FACT.at, encode(FACT), [encode(DECISION)]) for _ in range(BURST)))
    return BURST / (perf_counter() - begun)


async def measure(url: str) -> list[float]:
    """p50 and p99 in ms for each rate, and entries a second."""
    clock = LoopClock()
    Collector(clock, lambda: False).begin()  # garbage is looked for when the server says so
    journal = await open_journal(url, clock)
    found = []
    for rate in RATES:
        took = await paced(journal, rate)
        found += [took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000]
    found.append(await burst(journal))
    await journal.close()
    return found


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
            found: dict[str, list[list[float]]] = {name: [] for name in urls}
            for _ in range(ROUNDS):
                for name, url in urls.items():
                    found[name].append(uvloop.run(measure(url)))
        finally:
            if redis is not None:
                redis.terminate()
                redis.wait()
    return [row(name, results) for name, results in found.items()]


def row(name: str, results: list[list[float]]) -> dict[str, str]:
    *delays, burst_rate = (sorted(column)[len(column) // 2] for column in zip(*results, strict=True))
    columns = {"journal": name}
    for place, rate in enumerate(RATES):
        columns[f"p50 ms at {rate:,} facts/s"] = f"{delays[2 * place]:.3f}"
        columns[f"p99 ms at {rate:,}"] = f"{delays[2 * place + 1]:.3f}"
    return columns | {"burst, entries/s": f"{burst_rate:,.0f}"}


if __name__ == "__main__":
    for line in main():
        print(line)

"""What a hundred recorded talks cost Asterisk and our server, and how soon each stands in the catalogue."""

import asyncio
import json
import os
import sqlite3
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from bench.queue.line import NUMBER
from bench.recordings.figures import percentile
from bench.recordings.line import UNRECORDED, RecordedLine, Talks, changes
from ivr import log as logs
from ivr.clock import LoopClock
from ivr.records.recording_watch import RecordingWatch
from ivr.records.store import RecordStore
from recordings.catalogue import SqlCatalogue
from recordings.intake import FRAME_BYTES, FRAMES_A_SECOND, Intake, Talk

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
TOGETHER = int(os.environ.get("BENCH_TALKS", "100"))
SECONDS = 6
LONG_SECONDS = 300
NOT, WAV, OWN = "not", "wav", "ours"
AT_ONCE, ONE_BY_ONE = f"{TOGETHER} end at once", f"{TOGETHER} end one by one, 20 a second"
Row = dict[str, str]


async def asterisk(line: RecordedLine) -> dict[str, list[float]]:
    """Of each kind of recording, CPU seconds of Asterisk in a second of a hundred talks."""
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(ROUNDS):
        kinds = (NOT, WAV, OWN)
        for kind in kinds if number % 2 == 0 else reversed(kinds):
            async with Talks.alone(line, kind) as talks:
                await talks.begin(TOGETHER)
                before = line.asterisk_cpu()
                await asyncio.sleep(SECONDS)
                found[kind].append((line.asterisk_cpu() - before) / SECONDS)
                await talks.drain()
            for file in line.apart.iterdir():
                file.unlink()
    return found


async def server(line: RecordedLine) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """CPU seconds of our server in a second of a hundred talks, by number; and, by how they end, seconds from the end
    of each talk's audio until it stands in the catalogue."""
    cpu: dict[str, list[float]] = defaultdict(list)
    took: dict[str, list[float]] = defaultdict(list)
    await line.start_server()
    await line.register(TOGETHER)
    for number in range(ROUNDS):
        end = ONE_BY_ONE if number % 2 else AT_ONCE
        for called in (NUMBER, UNRECORDED):
            async with Talks.served(line, called) as talks:
                await talks.begin(TOGETHER)
                before, position = line.server_cpu(), _position(line)
                await asyncio.sleep(SECONDS)
                cpu[called].append((line.server_cpu() - before) / SECONDS)
                await _end(line, talks, end)
            if called == NUMBER:
                took[end] += await _completed(line, position)
    await line.stop_server()
    return cpu, took


async def _end(line: RecordedLine, talks: Talks, how: str) -> None:
    if how == ONE_BY_ONE:
        for name in await line.channels():
            if "@bench-agent" in name and name.endswith(";2"):
                await talks.end(name)
                await asyncio.sleep(0.05)
    await talks.drain()


async def _completed(line: RecordedLine, position: int) -> list[float]:
    """Until all of them lie in the vault: what follows is measured without that."""
    for _ in range(600):
        with sqlite3.connect(line.paths.var / "records.sqlite") as store:
            (left,) = store.execute("SELECT count(*) FROM recordings WHERE state = 'taken'").fetchone()
            ends = dict(store.execute("SELECT recording, finished FROM recordings").fetchall())
        told = _told(line, position)
        if len(told) >= TOGETHER and not left and not list(line.paths.recordings_done.iterdir()):
            return [(at - datetime.fromisoformat(ends[name]).replace(tzinfo=UTC)).total_seconds() for name, at in told]
        await asyncio.sleep(0.1)
    raise RuntimeError(f"{len(told)} of {TOGETHER} talks are in the catalogue, {left} not in the vault\n{line.logs()}")


def _position(line: RecordedLine) -> int:
    with sqlite3.connect(f"file:{line.paths.var}/journal.sqlite?mode=ro", uri=True) as store:
        return int(store.execute("SELECT coalesce(max(position), 0) FROM entries").fetchone()[0])


def _told(line: RecordedLine, position: int) -> list[tuple[str, datetime]]:
    """Recordings of which the journal says that they are in the catalogue, and when it was told."""
    with sqlite3.connect(f"file:{line.paths.var}/journal.sqlite?mode=ro", uri=True) as store:
        rows = store.execute(
            """SELECT event FROM entries WHERE position > ? AND event LIKE '%"recording finished"%'""", (position,)
        ).fetchall()
    events = [json.loads(event) for (event,) in rows]
    return [(event["recording"], datetime.fromisoformat(event["at"])) for event in events]


async def long_ones(folder: Path) -> list[float]:
    """A hundred talks of five minutes that end at once: their files lie there, the markers come together."""
    recordings, done, clock = folder / "recordings", folder / "done", LoopClock()
    recordings.mkdir()
    done.mkdir()
    store = RecordStore.open(f"sqlite:///{folder}/records.sqlite")
    took, all_told = list[float](), asyncio.Event()

    def tell(event: object, key: str) -> None:
        took.append(clock.engine_us() / 1e6 - began)
        if len(took) == TOGETHER:
            all_told.set()

    intake = Intake(
        recordings, done, SqlCatalogue(store.engine), lambda call, leg: Talk(call=call, queue="servicio", agent="101")
    )
    watch = RecordingWatch(intake, clock, tell)
    for number in range(TOGETHER):
        (recordings / f"c{number}_1.raw").write_bytes(bytes(LONG_SECONDS * FRAMES_A_SECOND * FRAME_BYTES))
    watch.start()
    await asyncio.sleep(0.7)
    began = clock.engine_us() / 1e6
    for number in range(TOGETHER):
        (done / f"c{number}_1").touch()
    await asyncio.wait_for(all_told.wait(), 60)
    await watch.close()
    store.close()
    return took


async def _live() -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, list[float]]]:
    with tempfile.TemporaryDirectory(prefix="cb-", ignore_cleanup_errors=True) as folder:
        line = await RecordedLine.start(Path(folder), changes=changes(TOGETHER), server=False)
        try:
            await line.add_voices()
            return (await asterisk(line), *await server(line))
        finally:
            await line.stop()


def main() -> list[Row]:
    """Rows for bench/RESULTS.md."""
    logs.configure(level="ERROR")
    cost, cpu, took = asyncio.run(_live())
    long = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="bench-recordings-") as folder:
            long += asyncio.run(long_ones(Path(folder)))
    completed = {**took, f"{TOGETHER} of {LONG_SECONDS // 60} min end at once": long}
    return [*_costs(cost), *_servers(cpu), *(_completion(how, seconds) for how, seconds in completed.items())]


def _costs(cost: dict[str, list[float]]) -> Iterable[Row]:
    middle = {kind: statistics.median(values) for kind, values in cost.items()}
    titles = {NOT: "not recorded", WAV: "Asterisk's MixMonitor(x.wav), mixed", OWN: "ours: raw, both sides apart"}
    for kind, title in titles.items():
        more = middle[kind] - middle[NOT]
        yield {
            f"Asterisk with {TOGETHER} talks": title,
            "CPU ms of a talk's second": f"{middle[kind] * 1000 / TOGETHER:.3f}",
            "of it the recording": f"{more * 1000 / TOGETHER:.3f}" if kind != NOT else "-",
            "÷ that of wav": f"{more / (middle[WAV] - middle[NOT]):.2f}" if kind != NOT else "-",
            "all ÷ wav": f"{middle[kind] / middle[WAV]:.2f}",
        }


def _servers(cpu: dict[str, list[float]]) -> Iterable[Row]:
    for called, title in ((UNRECORDED, "not recorded"), (NUMBER, "recorded")):
        values = [value * 100 for value in cpu[called]]
        yield {
            f"our server while {TOGETHER} talk": title,
            "CPU % of a core": f"{statistics.median(values):.2f}",
            "least": f"{min(values):.2f}",
            "most": f"{max(values):.2f}",
        }


def _completion(how: str, seconds: list[float]) -> Row:
    return {
        "from the end of a talk to the catalogue": how,
        "talks": str(len(seconds)),
        "p50 s": f"{percentile(seconds, 0.5):.2f}",
        "p99 s": f"{percentile(seconds, 0.99):.2f}",
        "bound s": "1",
    }


if __name__ == "__main__":
    for row in main():
        print(row)

"""Our routing against app_queue of the same Asterisk, in turns.

Callers and agents are Local channels; agents talk for a random time (so that no talk locks onto app_queue's look each
second). *Free to ring*: from the end of an agent's leg to the beginning of the same agent's next one, while callers
wait. *Join to ring*: from a caller's joining to the beginning of the leg of the agent whom he meets, while most agents
are idle. Joining is Queue() for app_queue, and the step `queue` of the flow for ours; *with the flow* counts from the
moment at which the call came in, so our whole visit is in it. All other moments are Asterisk's own (CEL). app_queue has
its best settings (`autofill`, `retry = 1`, no wrap-up), and our server is stopped meanwhile. *CPU a call*: of Asterisk,
and of our server, which also visits everybody who waits each 10 s. *Busy*: all processors of the machine. Music for 500
callers takes this machine nearly whole, so the same load is measured in silence, too.

`python -m bench.queue.compare` prints the tables.
"""

import asyncio
import os
import statistics
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from bench.queue.line import OURS, THEIRS, QueueLine, changes
from bench.queue.load import Load
from bench.queue.moments import percentile, reached, read

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


@dataclass(frozen=True, slots=True)
class Size:
    """A load: callers who wait (0: none, they arrive at `rate` a second), agents, seconds of talk and of measuring;
    `silent`: without music."""

    waiting: int
    agents: int
    talk: tuple[int, int]
    seconds: float
    rate: float = 0.0
    silent: bool = False

    @property
    def title(self) -> str:
        if self.waiting:
            return f"free to ring, {self.waiting} waiting{' in silence' * self.silent}, {self.agents} agents"
        return f"join to ring, {self.agents} agents, {self.rate:g} callers a second"


SIZES = (
    Size(100, 10, (2, 5), 40),
    Size(500, 200, (8, 20), 30),
    Size(500, 200, (8, 20), 30, silent=True),
    Size(0, 200, (2, 6), 20, rate=8),
)
Samples = dict[str, list[float]]


async def one_round(line: QueueLine, side: str, size: Size, found: Samples) -> None:
    """One side once."""
    if side == OURS:
        await line.start_server()
    async with Load(line, side) as load:
        if size.waiting:
            await load.fill(size.waiting, size.agents)
        start, server, asterisk = line.cel.stat().st_size, line.server_cpu(), line.asterisk_cpu()
        machine = machine_cpu()
        if size.waiting:
            await load.keep(size.waiting, size.agents, size.seconds)
        else:
            await load.arrive(size.rate, size.seconds)
        server, asterisk = line.server_cpu() - server, line.asterisk_cpu() - asterisk
        busy, whole = (after - before for before, after in zip(machine, machine_cpu(), strict=True))
        moments = read(line.cel, start)
        if side == OURS:
            await line.stop_server()
        await load.drain()
    since = reached(line.paths.var / "journal.sqlite") if side == OURS else moments.came
    times = moments.freed if size.waiting else moments.joined(since)
    calls = moments.calls
    if len(times) < calls / 3:
        raise RuntimeError(f"{side}, {size.title}: only {len(times)} of {calls} legs tell a time")
    found["calls"].append(calls)
    found["busy"].append(100 * busy / whole)
    found["p50"].append(percentile(times, 0.5))
    found["p99"].append(percentile(times, 0.99))
    if not size.waiting:
        found["p50 with the flow"].append(percentile(moments.joined(moments.came), 0.5))
        found["p99 with the flow"].append(percentile(moments.joined(moments.came), 0.99))
    found["server"].append(server / calls * 1000)
    found["asterisk"].append(asterisk / calls * 1000)


async def measure(size: Size) -> dict[str, Samples]:
    """All rounds of a size."""
    found: dict[str, Samples] = {side: defaultdict(list) for side in (OURS, THEIRS)}
    with tempfile.TemporaryDirectory(prefix="cb-", ignore_cleanup_errors=True) as folder:
        line = await QueueLine.start(Path(folder), changes=changes(size.agents), server=False)
        try:
            await line.add_app_queue(size.agents, size.talk)
            if size.silent:
                await line.without_music()
            await line.register(size.agents)
            for number in range(ROUNDS):
                sides = (OURS, THEIRS) if number % 2 == 0 else (THEIRS, OURS)
                for side in sides:
                    await one_round(line, side, size, found[side])
        finally:
            await line.stop()
    return found


def machine_cpu() -> tuple[int, int]:
    """Ticks in which the processors worked, and all, since the machine began (Linux, proc(5), stat)."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def rows(size: Size, found: dict[str, Samples]) -> list[dict[str, str]]:
    """The rows of a size: each side, and the ratio of the rounds' medians."""

    def median(side: str, kind: str) -> float:
        return statistics.median(found[side][kind])

    table = [
        {
            "routing": size.title,
            "side": side,
            "calls a round": f"{median(side, 'calls'):.0f}",
            "p50 ms": f"{median(side, 'p50'):.1f}",
            "p99 ms": f"{median(side, 'p99'):.1f}",
            "CPU ms a call: Asterisk": f"{median(side, 'asterisk'):.1f}",
            "our server": f"{median(side, 'server'):.1f}" if side == OURS else "-",
            "busy %": f"{median(side, 'busy'):.0f}",
        }
        for side in (OURS, THEIRS)
    ]

    if not size.waiting:
        flow = {"routing": size.title, "side": f"{OURS}, with the flow"}
        flow |= {f"{part} ms": f"{median(OURS, f'{part} with the flow'):.1f}" for part in ("p50", "p99")}
        table.append({**dict.fromkeys(table[0], ""), **flow})

    def ratio(kind: str) -> str:
        return f"{median(OURS, kind) / median(THEIRS, kind):.3f}"

    return [
        *table,
        {
            **dict.fromkeys(table[0], ""),
            "routing": size.title,
            "side": "ours ÷ theirs",
            "p50 ms": ratio("p50"),
            "p99 ms": ratio("p99"),
            "CPU ms a call: Asterisk": ratio("asterisk"),
        },
    ]


def main() -> list[dict[str, str]]:
    """Rows for bench/RESULTS.md."""
    return [row for size in SIZES for row in rows(size, asyncio.run(measure(size)))]


if __name__ == "__main__":
    for row in main():
        print(row)

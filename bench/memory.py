"""What a waiting caller costs in memory: growth of the server's resident memory by 10,000 who wait, divided by them.

Everything that the server keeps of a caller is there: the engine's visit, the living call, the open record, the rows of
the figures; so are the checkpoints made on the way. The first 2,000 callers fill caches and are not counted. Each round
is a process of its own. Promised: 4 kB at most.
"""

import asyncio
import gc
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import uvloop

from acd.model import DeviceState
from bench.floor import Shop, open_shop

WARM, WAITING, ROUNDS, TOGETHER = 2_000, 10_000, 5, 200


async def growth(folder: Path) -> float:
    """Bytes a caller."""
    shop = await open_shop(folder)
    shop.link(DeviceState.BUSY)
    await come(shop, 0, WARM)
    before = resident()
    await come(shop, WARM, WARM + WAITING)
    return (resident() - before) / WAITING


async def come(shop: Shop, first: int, last: int) -> None:
    """Callers who wait; what they caused is durable afterwards, and nothing of it is on its way."""
    for number in range(first, last):
        shop.comes(number)
        if number % TOGETHER == 0:
            await shop.floor.dispatcher.settled()
            await asyncio.sleep(0)
    await shop.floor.dispatcher.settled()
    await shop.stores.ledger.flush()
    gc.collect()


def resident() -> int:
    """Bytes."""
    row = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmRSS:"))
    return int(row.split()[1]) * 1024


def main() -> list[dict[str, str]]:
    """Rows for bench/RESULTS.md."""
    command = [sys.executable, "-m", "bench.memory", "once"]
    took = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(ROUNDS)]
    return [
        {
            "memory": f"{WAITING:,} callers wait",
            "kB a caller": f"{statistics.median(took) / 1024:.2f}",
            "most kB": f"{max(took) / 1024:.2f}",
            "bound kB": "4",
        }
    ]


if __name__ == "__main__":
    if sys.argv[1:] == ["once"]:
        with tempfile.TemporaryDirectory(prefix="bench-memory-") as place:
            print(uvloop.run(growth(Path(place))))
    else:
        for line in main():
            print(line)

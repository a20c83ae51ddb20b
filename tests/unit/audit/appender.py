"""A process that appends to an audit until it is killed: `python appender.py FOLDER`. Each entry that is on the disk is
told on a line of its own: `number in the chain, its place in the order of asking`."""

import asyncio
import sys
from pathlib import Path

from ivr.audit.chain import Entry
from ivr.clock import LoopClock
from tests.unit.audit.house import opened


async def main(folder: Path) -> None:
    clock = LoopClock()
    audit = await opened(folder, clock)
    asked = 0

    async def one(n: int) -> None:
        seq = await audit.append(Entry(at=clock.now(), action="test", object=str(n), detail={"filling": "x" * 300}))
        sys.stdout.write(f"{seq} {n}\n")
        sys.stdout.flush()

    async def many() -> None:
        nonlocal asked
        while True:
            asked += 1
            await one(asked)

    await asyncio.gather(*(many() for _ in range(20)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

"""A busy day.

Twelve lines, eleven agents and reception. Callers come faster than the lines can take them; they press keys or none,
hang up in every state (also before anybody answers), and some stay to the end. Phones talk, hear the caller out, hang
up in the whisper, refuse (603), are busy (486), are away (480), ring out, call each other, and lose their registration
now and then.
"""

import asyncio
import functools

from ivr.testing.instance import Instance
from tests.soak.inspection import inspect
from tests.soak.part import MINUTES, SEED, Part, files_open, memory_mb
from tests.soak.traffic import CHANGES as CHANGES
from tests.soak.traffic import Traffic
from tests.tools import run

NAME, ORDER, SHARE = "busy-day", 1, 0.42
MOST_CALLS = 5000
_WARM = 0.2
"""The share of the day after which caches are full and memory is measured for the first time."""


@functools.partial(run, seconds=MINUTES * 60 + 240)
async def test_a_busy_day(part: Part, line: Instance) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    part.surroundings["Asterisk"] = (await line.cli("core show version")).split(" built")[0].removeprefix("Asterisk ")
    assert line.server is not None and line.asterisk is not None
    files = files_open(line.server.pid)
    async with Traffic(line, SEED) as traffic:
        await traffic.flow(part.seconds * _WARM, MOST_CALLS)
        calls, server, asterisk = traffic.placed, memory_mb(line.server.pid), memory_mb(line.asterisk.pid)
        await traffic.flow(part.seconds * (1 - _WARM), MOST_CALLS)
        await traffic.close()
    await inspect(part, line, traffic)
    part.found(f"memory of the server after {calls} calls", f"{server} MB")
    part.found(f"memory of the server after {traffic.placed} calls", f"{memory_mb(line.server.pid)} MB")
    part.found(f"memory of Asterisk after {calls} calls", f"{asterisk} MB")
    part.found(f"memory of Asterisk after {traffic.placed} calls", f"{memory_mb(line.asterisk.pid)} MB")
    part.at_most("files that the server holds open more than before", files_open(line.server.pid) - files, 4)
    block = await line.metric("centralita_loop_longest_block_seconds")
    part.found("longest block of the server's loop", f"{block * 1000:.0f} ms")
    part.finish(loop.time() - began)

"""A storm of kill -9.

The same traffic, while the server is killed with SIGKILL at random moments and started again, now and then only after
the dialplan alone has begun to ring reception. Asterisk is never touched: no call may end because of a kill, and the
same rules hold afterwards.
"""

import asyncio
import functools

from ivr.testing.instance import Instance
from tests.soak.inspection import inspect
from tests.soak.part import MINUTES, SEED, Part, memory_mb
from tests.soak.traffic import CHANGES as CHANGES
from tests.soak.traffic import Traffic
from tests.tools import run

NAME, ORDER, SHARE = "kill-storm", 2, 0.34
MOST_CALLS, MOST_KILLS = 5000, 500
_AWAY = (0, 0, 0.2, 0.5, 1, 2, 8)
"""Seconds before the server is started again; the dialplan rings reception after 5."""


class Storm:
    """Kills the server. `away` are the seconds from each kill until it said again that it is ready."""

    def __init__(self, line: Instance, traffic: Traffic) -> None:
        self.line = line
        self.traffic = traffic
        self.away: list[float] = []
        self.kills = 0

    async def blow(self, seconds: float) -> None:
        """Kill and start for so long; the server runs at the end."""
        loop, source = asyncio.get_running_loop(), self.traffic.source
        ends = loop.time() + seconds
        while loop.time() < ends and self.kills < MOST_KILLS:
            await asyncio.sleep(source.uniform(0.3, 6))
            killed = loop.time()
            await self._kill()
            await asyncio.sleep(source.choice(_AWAY))
            await self.line.start_server(ready=False)
            if source.random() < 0.15:  # dies again before it is up
                await asyncio.sleep(source.uniform(0, 1))
                await self._kill()
                await self.line.start_server(ready=False)
            await self.line.until_ready(30)
            self.away.append(loop.time() - killed)

    async def _kill(self) -> None:
        await self.line.kill_server()
        self.kills += 1


@functools.partial(run, seconds=MINUTES * 60 + 240)
async def test_a_storm_of_kill_9(part: Part, line: Instance) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert line.asterisk is not None
    async with Traffic(line, SEED + 1, gap=0.9) as traffic:
        storm = Storm(line, traffic)
        await traffic.flow_during(storm.blow(part.seconds), part.seconds, MOST_CALLS)
        await traffic.close()
    part.found("kills", storm.kills)
    part.found("longest time without the server", f"{max(storm.away, default=0):.1f} s")
    part.found("shortest time from a kill to ready", f"{min(storm.away, default=0):.2f} s")
    part.found("callers rung at reception by the dialplan alone", await line.metric("centralita_fallbacks_total"))
    await inspect(part, line, traffic, exact=False)
    part.found("memory of Asterisk afterwards", f"{memory_mb(line.asterisk.pid)} MB")
    part.finish(loop.time() - began)

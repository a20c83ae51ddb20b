"""Outages on the way.

The same traffic, while the connections between the two are cut or hold everything back (AMI and FastAGI, each alone),
and Asterisk is restarted or killed with SIGKILL. Calls end only with Asterisk itself; whatever it took with it is
counted all the same, once.
"""

import asyncio
import functools
from collections import Counter

from ivr.testing.instance import Instance
from ivr.testing.relay import Relay
from tests.soak.inspection import inspect
from tests.soak.part import MINUTES, SEED, Part
from tests.soak.traffic import CHANGES as CHANGES
from tests.soak.traffic import Traffic
from tests.tools import run

NAME, ORDER, SHARE = "outages", 3, 0.16
MOST_CALLS, MOST_OUTAGES = 5000, 500
KINDS = ("AMI cut", "FastAGI cut", "AMI silent", "Asterisk restarted", "AMI cut", "Asterisk killed")


class Outages:
    """Makes one outage after the other, each kind in its turn. `made` counts them, `longest` is until all was well."""

    def __init__(self, line: Instance, traffic: Traffic) -> None:
        self.line = line
        self.traffic = traffic
        self.made: Counter[str] = Counter()
        self.longest: dict[str, float] = {}

    async def happen(self, seconds: float) -> None:
        """Outages for so long; everything is whole at the end."""
        loop, source = asyncio.get_running_loop(), self.traffic.source
        ends = loop.time() + seconds
        while loop.time() < ends and self.made.total() < MOST_OUTAGES:
            await asyncio.sleep(source.uniform(2, 6))
            kind = KINDS[self.made.total() % len(KINDS)]
            began = loop.time()
            await self._make(kind)
            await self.line.until_ready(40)
            self.made[kind] += 1
            self.longest[kind] = max(self.longest.get(kind, 0.0), loop.time() - began)

    async def _make(self, kind: str) -> None:
        source = self.traffic.source
        match kind:
            case "AMI cut":
                await self._without(self.line.ami, source.uniform(0, 5))
            case "FastAGI cut":
                await self._without(self.line.agi, source.uniform(0, 4))
            case "AMI silent":
                self.line.ami.hold(True)
                await asyncio.sleep(source.uniform(0.5, 8))
                self.line.ami.hold(False)
            case _:
                self.traffic.asterisk_died()
                await self.line.stop_asterisk(kill=kind == "Asterisk killed")
                self.traffic.asterisk_died()
                await asyncio.sleep(source.uniform(0, 2))
                await self.line.start_asterisk()

    @staticmethod
    async def _without(relay: Relay, seconds: float) -> None:
        await relay.cut()
        await asyncio.sleep(seconds)
        await relay.join()


@functools.partial(run, seconds=MINUTES * 60 + 240)
async def test_outages_on_the_way(part: Part, line: Instance) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with Traffic(line, SEED + 2, gap=0.9) as traffic:
        outages = Outages(line, traffic)
        await traffic.flow_during(outages.happen(part.seconds), part.seconds, MOST_CALLS)
        await traffic.close()
    for kind, count in outages.made.items():
        part.found(f"{kind}: times, and longest until all was well", f"{count}, {outages.longest[kind]:.1f} s")
    await inspect(part, line, traffic, exact=False)
    part.found("beliefs about calls that a resynchronisation repaired", await line.metric("centralita_drift_total"))
    part.finish(loop.time() - began)

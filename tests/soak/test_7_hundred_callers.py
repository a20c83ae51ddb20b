"""A hundred callers at a time.

SIPp keeps a hundred callers in the line; each waits as long as his patience lasts, a tenth of them hardly at all.
Twenty real phones serve four queues of four strategies, with widening circles: they talk, hear the caller out, hang up
in the whisper, refuse (603), are busy (486), away (480), let it ring, hold, transfer blind and attended to colleagues,
queues and reception, log out and in, pause and are ready by code and at a terminal, and go away and come back
(`tests/soak/crowd.py`, `tests/soak/staff.py`). Afterwards every call is held against Asterisk's own record, the
records, and SIPp's log; a second model of the rules judges every decision and every reason; every call is explained.
"""

import asyncio
import functools
from typing import Any

from ivr.testing.instance import Instance
from ivr.testing.ports import free_audio_ports
from tests.live.scenes import short
from tests.soak.crowd import Crowd
from tests.soak.part import MINUTES, SEED, Part, memory_mb
from tests.soak.reconciled import reconcile
from tests.soak.staff import Staff
from tests.tools import run

NAME, ORDER, SHARE = "hundred-callers", 7, 1.0
MOST_CALLS = 20_000

SKILLS = {
    "servicio": ("101", "102", "103", "104", "105", "106", "107"),
    "tesoreria": ("201", "202", "203", "204"),
    "cartera": ("301", "302", "303", "304", "305"),
    "contabilidad": ("401", "402", "403", "404"),
}
AGENTS = tuple(agent for agents in SKILLS.values() for agent in agents)


def site() -> dict[str, Any]:
    """The changes of the site: twenty agents, four queues, all that a queue can do."""
    of_the_repository = ("101", "102", "103", "104", "105", "106", "201", "202", "301", "302", "401")
    new = [agent for agent in AGENTS if agent not in of_the_repository]
    second = {"101": "cartera", "201": "contabilidad", "301": "tesoreria", "401": "servicio"}
    agents = {
        agent: {
            "skills": {skill: str(5 - place % 4)} | ({second[agent]: "2"} if agent in second else {}),
            "weight": "2",
        }
        for skill, members in SKILLS.items()
        for place, agent in enumerate(members)
    }
    changes = short(
        site={"lines": "120", "extensions": {agent: f"Asesor {agent}" for agent in new}},
        queues={
            "servicio": {
                "needs": "servicio at least 3",
                "widen": [
                    {"after": "8 s", "needs": "servicio"},
                    {"after": "15 s", "also": ["cartera"], "when": "waiting at least 3"},
                ],
                "service level": "80 % in 10 s",
            },
            "tesoreria": {"strategy": "ring all", "longest wait": "45 s"},
            "cartera": {"strategy": "ring progressively", "ring another after": "2 s", "weight": "2"},
            "contabilidad": {"strategy": "weighted", "most callers": "25", "last agent": "off"},
        },
        agents=agents,
    )
    changes["queues.yaml"]["offers"] = {"no answer": {"again after": "5 s", "pause after": "3", "pause for": "10 s"}}
    return changes


CHANGES = site()
STARTED = {"rtp": free_audio_ports(1200)}
"""A hundred callers and twenty phones, each with up to four ports, and those that have just been used."""


@functools.partial(run, seconds=MINUTES * 60 * 3 + 1800)
async def test_a_hundred_callers_at_a_time(part: Part, line: Instance) -> None:
    await hundred_callers(part, line, kills=0)


async def hundred_callers(part: Part, line: Instance, kills: int) -> None:
    """The whole part, with so many kill -9 of the server on the way."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    crowd = Crowd(line, SEED)
    async with Staff(line, AGENTS, SEED) as staff:
        try:
            await crowd.come(MOST_CALLS)
            for _ in range(kills):
                await asyncio.sleep(part.seconds / (kills + 1))
                await line.kill_server()
                await line.start_server()
            await asyncio.sleep(max(0.0, part.seconds - (loop.time() - began)))
            assert crowd.comes, "SIPp ended by itself"
            await staff.settle()
            await staff.everybody_ready()
            await crowd.end()
        finally:
            await crowd.leave_at_once()
        await line.until_idle(60)
        await reconcile(part, line, crowd, staff, exact=not kills)
    part.found("kill -9 of the server", kills)
    assert line.server is not None
    part.found("memory of the server afterwards", f"{memory_mb(line.server.pid)} MB")
    part.finish(loop.time() - began)

"""What a running server tells of its queues and calls: who waits, why, and what would have answered sooner."""

import asyncio
import json
import re
from typing import Any

import pytest

from ivr.testing.installation import IVR
from ivr.testing.instance import Instance
from tests.live.scenes import hear_each_other, live, ring_only, short, waiting

CHANGES = short(queues={"cartera": {"ring": "6 s", "last agent": "off", "strategy": "linear"}})

MENDED = re.compile(r"sin la pausa de 301 \(Almuerzo\): (?P<saved>[\d.]+) s antes, a los [\d.]+ s \(301\)")


async def queue(line: Instance, name: str) -> dict[str, Any]:
    rows = [json.loads(row) for row in (await line.command("queues", "--json")).splitlines()]
    return next(row for row in rows if row["queue"] == name)


@pytest.mark.soak
@live
async def test_a_pause_that_cost_a_caller_ten_seconds_is_named_with_the_seconds(line: Instance) -> None:
    await line.phone("301")
    silent = await line.phone("302")
    await line.until_metric("centralita_agents", 2, state="available")
    silent.on_call = ring_only
    reasons = await line.command("agents", "pause", "301", "Almuerzo")
    assert "paused" in reasons
    caller = await waiting(line, "3000000901", "3")
    await line.until_metric("centralita_agents", 1, state="ringing")
    now = await queue(line, "cartera")
    assert (now["waiting"], now["offered"], now["paused"], now["doors"]) == (1, 1, 1, "open")
    await asyncio.sleep(9)
    await line.command("agents", "ready", "301")
    agent = await line.agent("301", seconds=15)
    await hear_each_other(caller, agent)
    await caller.hang_up()
    await agent.call.ended()
    await line.until_idle()
    (row,) = [row for row in await line.records() if row["queue"] == "cartera"]
    assert [(leg["agent"], leg["result"]) for leg in row["legs"]] == [("302", "no answer"), ("301", "answered")]
    told = await line.command("explain", row["call"])
    assert "timbra el teléfono de 302" in told and "no 301 (Almuerzo): en pausa" in told
    found = MENDED.search(told)
    assert found is not None, told
    assert 7 < float(found["saved"]) < 14, told
    assert "Aproximado" not in told, told
    english = await line.command("explain", row["call"], "--language", "en")
    assert "without the pause of 301 (Almuerzo)" in english


@live
async def test_the_watch_of_a_running_server_goes_on_over_its_death(line: Instance) -> None:
    looking = await asyncio.create_subprocess_exec(
        str(IVR),
        *("queues", "--watch", "--every", "0.3"),
        env=line._environ(),
        stdout=asyncio.subprocess.PIPE,
    )
    assert looking.stdout is not None

    async def until(word: str) -> None:
        assert looking.stdout is not None
        while word not in (await asyncio.wait_for(looking.stdout.readline(), 20)).decode():
            pass

    try:
        await until("doors")
        await line.kill_server()
        await until("mean wait")
        await line.heal()
        await until("doors")
    finally:
        looking.terminate()
        await looking.wait()

"""The long proof of invariant 4: traffic at random, and kill -9 of the server again and again (`make soak`)."""

import asyncio
import functools
import os
import random

import pytest

from ivr.testing.instance import Instance
from ivr.testing.phone import Call, CallFailed, CallState, Phone
from tests.live.scenes import DIRECT, OPEN, short, sums_agree
from tests.tools import run

SECONDS = float(os.environ.get("SOAK_SECONDS", "120"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
CHANGES = short(site={"lines": "12"})
AGENTS = ("101", "102", "103", "201", "202", "301", "302", "401")


class Traffic:
    """Callers who come, wait, talk and go as a seeded source says; agents who answer, refuse or let it ring."""

    def __init__(self, line: Instance) -> None:
        self.line = line
        self.source = random.Random(SEED)
        self.taken = 0
        self.dropped: list[str] = []

    async def agent(self, call: Call) -> None:
        await call.ring()
        await asyncio.sleep(self.source.uniform(0.1, 2))
        choice = self.source.random()
        if choice < 0.7:
            await call.answer()
            await asyncio.sleep(self.source.uniform(1.5, 5))
            await call.hang_up()
        elif choice < 0.85:
            await call.reject(self.source.choice((486, 603, 480)))

    async def caller(self, number: int) -> None:
        did = self.source.choice([*DIRECT.values(), "6017436967"])
        person = await self.line.dial(f"30000{number:05}", did=did, at=OPEN)
        try:
            await person.call.answered(10)
        except CallFailed as failed:
            assert failed.code == 486
            return
        self.taken += 1
        stays = self.source.uniform(1, 20)
        if did == "6017436967":
            await asyncio.sleep(self.source.uniform(1, 5))
            if person.call.state is CallState.TALKING:
                await person.press(self.source.choice("1234"))
        try:
            await person.call.ended(stays)
        except TimeoutError:
            await person.hang_up()


@pytest.mark.soak
@functools.partial(run, seconds=SECONDS * 3 + 120)
async def test_nothing_is_lost_or_counted_twice_however_often_the_server_dies(line: Instance) -> None:
    traffic = Traffic(line)
    phones: list[Phone] = [await line.phone(extension) for extension in AGENTS]
    for phone in phones:
        phone.on_call = traffic.agent
    loop = asyncio.get_running_loop()
    ends, callers, number, kills = loop.time() + SECONDS, set(), 0, 0
    next_kill = loop.time() + 3
    while loop.time() < ends:
        callers.add(asyncio.ensure_future(traffic.caller(number := number + 1)))
        await asyncio.sleep(traffic.source.uniform(0.2, 1.5))
        if loop.time() > next_kill:
            await line.kill_server()
            kills += 1
            await asyncio.sleep(traffic.source.choice((0, 0.3, 1, 3)))
            await line.start_server()
            next_kill = loop.time() + traffic.source.uniform(1, 6)
    await asyncio.gather(*callers)
    for phone in phones:
        for call in phone.calls.values():
            await call.hang_up()
    await line.until_idle(30)
    await line.until_metric("centralita_lines_in_use", 0, seconds=10)
    await line.until_metric("centralita_queue_length", 0, seconds=10)
    await line.until_metric("centralita_calls_started_total", traffic.taken, seconds=10)
    refused = await line.metric("centralita_calls_total", outcome="refused")
    await line.until_metric("centralita_calls_total", traffic.taken + refused, seconds=10)
    await sums_agree(line)
    print(f"{kills} kills, {traffic.taken} calls, {refused:g} refused")

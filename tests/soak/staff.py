"""Twenty phones with people who do anything: talk, refuse, let it ring, hold, transfer blind and attended, dial the
codes of their state, go away and come back. What each phone saw of each ring is kept."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Self

from ivr.testing.installation import InstanceError
from ivr.testing.instance import Instance
from ivr.testing.phone import Call, CallFailed, CallState, Phone
from tests.soak.traffic import CALLER, RECEPTION, Leg

TRANSFER_QUEUES = ("*71", "*72", "*73", "*74")
LOG_IN, LOG_OUT, PAUSE, READY = "*41", "*42", "*431", "*44"

PLANS = {
    "talk": 40,
    "hear the caller out": 5,
    "hang up in the whisper": 6,
    "hold": 9,
    "to an agent": 6,
    "to a queue": 5,
    "to reception": 2,
    "attended, to an agent": 6,
    "attended, to a queue": 4,
    "603": 5,
    "486": 4,
    "480": 2,
    "ring out": 8,
}
_VOICE = 2300.0
_TALK = 4.0
"""Seconds that a talk lasts on average."""


class Staff:
    """The phones and what they did."""

    def __init__(self, line: Instance, agents: tuple[str, ...], seed: int) -> None:
        self.line = line
        self.agents = agents
        self.legs: list[Leg] = []
        self.done: Counter[str] = Counter()
        self._source = random.Random(seed)
        self._phones: dict[str, Phone] = {}
        self._living: dict[Call, Leg] = {}
        self._given: dict[Call, float] = {}  # when a call was handed on
        self._tasks: list[asyncio.Task[None]] = []
        self._handed: set[str] = set()  # phones that are in the middle of something of their own

    async def __aenter__(self) -> Self:
        for extension in (RECEPTION, *self.agents):
            phone = self._phones[extension] = await self.line.phone(extension)
            phone.on_call = self._behaviour(extension)
        habits = (self._codes(), self._commands(), self._absences())
        self._tasks = [asyncio.ensure_future(habit) for habit in habits]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.settle()
        for phone in self._phones.values():
            for call in list(phone.calls.values()):
                await call.hang_up()

    async def settle(self) -> None:
        """Nobody changes anything any more: all are there, logged in and ready."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def everybody_ready(self) -> None:
        """After `settle`: so that who still waits is served."""
        for agent in self.agents:
            for command in ("login", "ready"):
                with contextlib.suppress(InstanceError):
                    await self.line.command("agents", command, agent)

    # ---- a ring

    def _behaviour(self, extension: str) -> Callable[[Call], Coroutine[Any, Any, None]]:
        async def behave(call: Call) -> None:
            plan = self._source.choices([*PLANS], [*PLANS.values()])[0]
            leg = Leg(extension, call.shown_number, call.shown_name, call.marks["invited"], plan)
            self._living[call] = leg
            try:
                await self._serve(call, plan)
            except (CallFailed, TimeoutError):
                pass
            finally:
                await call.hang_up()
                leg.talking, leg.by = call.marks.get("talking"), call.ended_by
                leg.ended = self._given.pop(call, call.marks["ended"])
                if leg.talking is not None:
                    leg.heard = await asyncio.to_thread(_heard, call)
                call.media.heard.ulaw = bytearray()
                self._living.pop(call)
                self.legs.append(leg)

        return behave

    async def _serve(self, call: Call, plan: str) -> None:
        if plan.isdigit():
            await asyncio.sleep(self._source.uniform(0, 0.3))
            await call.reject(int(plan))
            return
        await call.ring()
        if plan == "ring out":
            await _until_end(call, 25)
            return
        await _until_end(call, self._source.uniform(0.1, 1.5))
        await call.answer()
        if plan == "hang up in the whisper":
            await _until_end(call, self._source.uniform(0, 0.5))
            return
        call.media.tone(_VOICE, 60)
        await _until_end(call, 1.0 + min(self._source.expovariate(1 / _TALK), 12))
        if call.state is CallState.TALKING and plan in _DEEDS:
            self._handed.add(call.phone.user)
            try:
                async with asyncio.timeout(20):  # the call may be gone, and nobody answers
                    await _DEEDS[plan](self, call)
                self.done[plan] += 1
            finally:
                self._handed.discard(call.phone.user)
        elif plan == "hear the caller out":
            await _until_end(call, 20)

    # ---- in a talk

    async def _hold(self, call: Call) -> None:
        await call.hold()
        await _until_end(call, self._source.uniform(0.3, 3))
        await call.unhold()
        await _until_end(call, self._source.uniform(0.3, 2))

    async def _blind(self, call: Call, number: str) -> None:
        self._given[call] = asyncio.get_running_loop().time()
        transfer = await call.transfer(number)
        with contextlib.suppress(TimeoutError):
            if await transfer.final(3) >= 300:
                del self._given[call]
                await _until_end(call, 1)

    async def _to_agent(self, call: Call) -> None:
        await self._blind(call, self._colleague(call))

    async def _to_queue(self, call: Call) -> None:
        await self._blind(call, self._source.choice(TRANSFER_QUEUES))

    async def _to_reception(self, call: Call) -> None:
        await self._blind(call, RECEPTION)

    async def _attended_agent(self, call: Call) -> None:
        await self._attended(call, self._colleague(call))

    async def _attended_queue(self, call: Call) -> None:
        await self._attended(call, self._source.choice(TRANSFER_QUEUES))

    async def _attended(self, call: Call, number: str) -> None:
        """Asks first; joins the two when somebody answers, or while it still rings; else back to the caller."""
        await call.hold()
        consult = await call.phone.call(number)
        try:
            early = self._source.random() < 0.3
            await (consult.ringing(4) if early else consult.answered(8))
            await _until_end(consult, self._source.uniform(0.2, 1.5))
            if CallState.ENDED not in (call.state, consult.state):
                self._given[call] = asyncio.get_running_loop().time()
                transfer = await call.transfer_to(consult)
                await transfer.final(3)
        except (CallFailed, TimeoutError):
            with contextlib.suppress(CallFailed, TimeoutError):
                await call.unhold()
            await _until_end(call, 1)
        finally:
            await consult.hang_up()

    def _colleague(self, call: Call) -> str:
        return self._source.choice([agent for agent in self.agents if agent != call.phone.user])

    # ---- between the talks

    async def _codes(self) -> None:
        """One phone after the other dials a code; who is out or pauses comes back the same way."""
        while True:
            await asyncio.sleep(self._source.uniform(0.5, 3))
            agent = self._source.choice(self.agents)
            code, back = self._source.choice(((PAUSE, READY), (LOG_OUT, LOG_IN), (READY, ""), (LOG_IN, "")))
            await self._dials(agent, code)
            if back:
                await asyncio.sleep(self._source.uniform(0.5, 5))
                await self._dials(agent, back)

    async def _dials(self, agent: str, code: str) -> None:
        if agent in self._handed:
            return
        call = await self._phones[agent].call(code)
        try:
            await call.answered(5)
            await _until_end(call, self._source.choice((0.3, 10)))
            self.done[f"code {code}"] += 1
        except (CallFailed, TimeoutError):
            pass
        finally:
            await call.hang_up()
            call.media.heard.ulaw = bytearray()

    async def _commands(self) -> None:
        """The same at a terminal."""
        while True:
            await asyncio.sleep(self._source.uniform(4, 10))
            agent = self._source.choice(self.agents)
            words, back = self._source.choice(((("pause", agent, "Baño"), "ready"), (("logout", agent), "login")))
            for command in (words, (back, agent)):
                with contextlib.suppress(InstanceError):  # the server may be away
                    await self.line.command("agents", *command)
                    self.done[f"ivr agents {command[0]}"] += 1
                await asyncio.sleep(self._source.uniform(0.5, 4))

    async def _absences(self) -> None:
        """Now and then a phone goes away and comes back."""
        while True:
            await asyncio.sleep(self._source.uniform(6, 15))
            phone = self._phones[self._source.choice(self.agents)]
            try:
                with contextlib.suppress(Exception):
                    await phone.unregister()
                    self.done["phone gone and back"] += 1
                await asyncio.sleep(self._source.uniform(1, 5))
            finally:
                with contextlib.suppress(Exception):
                    await phone.register()


_DEEDS: dict[str, Callable[[Staff, Call], Coroutine[Any, Any, None]]] = {
    "hold": Staff._hold,
    "to an agent": Staff._to_agent,
    "to a queue": Staff._to_queue,
    "to reception": Staff._to_reception,
    "attended, to an agent": Staff._attended_agent,
    "attended, to a queue": Staff._attended_queue,
}


async def _until_end(call: Call, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await call.ended(seconds)


def _heard(call: Call) -> float:
    """Seconds of a caller's voice."""
    from ivr.testing.ears import tones

    return tones(call.media.heard.samples(), [CALLER])[CALLER]

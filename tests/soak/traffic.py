"""A busy day at random: callers who press, wait, talk and hang up at any moment, phones that answer, refuse, ring out.

Everybody speaks with a tone of their own, so afterwards it is known from the audio alone who heard whom. What a person
does is drawn from one seeded source. Kept of each call is only what its two ends saw.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ivr.testing.ears import tones
from ivr.testing.instance import LINE, Instance
from ivr.testing.person import Person
from ivr.testing.phone import Call, CallFailed, CallState, Phone
from tests.live.scenes import DIRECT, LABELS, OPEN, short

AGENTS = ("101", "102", "103", "104", "105", "106", "201", "202", "301", "302", "401")
RECEPTION = "100"
PHONES = (RECEPTION, *AGENTS)

VOICES = {extension: 2200.0 + 90 * place for place, extension in enumerate(PHONES)}
"""The tone of each phone, in hertz: above the music and away from each other."""

CALLER = 1500.0
"""The tone of every caller."""

CLEARLY = 0.2
"""Seconds of a voice from which two people have talked for certain; less may be the end of a hang-up on its way."""

PATIENCE = 45.0
"""Nobody stays longer, in seconds."""

_LINES = (*DIRECT.values(), LINE, LINE, LINE, "6010000005", "6010000006", "6010000007")
_KEYS = "1122334400" + "9*"
_LAST_WORDS = 15.0
_GOOD_BYES = frozenset({"despedida", "recepcion_no_contesta"})

CHANGES = short(site={"lines": "12"})
"""The site of every part: twelve lines, short prompts, phones that ring for 5 s, one second of wrap-up."""


@dataclass(slots=True)
class Seen:
    """A call as its caller saw it. Times are the loop's."""

    number: str
    did: str
    code: int = 0  # SIP's refusal, 0 when answered
    placed: float = 0.0
    answered: float | None = None
    ended: float = 0.0
    by: str = ""  # us (the caller), them; outage when Asterisk died
    voices: dict[str, float] = field(default_factory=dict)  # extension -> seconds heard
    farewell: bool = False  # the flow said good-bye before it hung up

    @property
    def talked_with(self) -> list[str]:
        """The phones that were heard for certain."""
        return [extension for extension, seconds in self.voices.items() if seconds >= CLEARLY]


@dataclass(slots=True)
class Leg:
    """A ring at a phone, as the phone saw it."""

    extension: str
    number: str  # the caller shown
    shown: str  # the name shown: the queue, or nothing
    rang: float
    plan: str
    talking: float | None = None
    ended: float = 0.0
    by: str = ""
    heard: float = 0.0  # seconds of the caller's voice

    @property
    def offered(self) -> bool:
        """A queue rang, not a colleague and not the dialplan alone."""
        return self.shown in LABELS.values() and len(self.number) > 3


class Traffic:
    """The people. `seen` and `legs` grow as calls end."""

    def __init__(self, line: Instance, seed: int, *, gap: float = 0.6, phones: Sequence[str] = PHONES) -> None:
        """`gap`: seconds between two callers, on average; `phones`: who is at work."""
        self.line = line
        self.extensions = tuple(phones)
        self.source = random.Random(seed)
        self.gap = gap
        self.seen: list[Seen] = []
        self.legs: list[Leg] = []
        self.placed = 0
        self._phones: dict[str, Phone] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._living: dict[Call, Seen | Leg] = {}

    # ---- the day

    async def __aenter__(self) -> Self:
        """Every phone of the company registers."""
        for extension in self.extensions:
            phone = self._phones[extension] = await self.line.phone(extension)
            phone.on_call = self._behaviour(extension)
        return self

    async def __aexit__(self, *_: object) -> None:
        """A day that was broken off leaves nobody waiting."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def flow(self, seconds: float, most: int) -> None:
        """Callers come for so long, and at most so many."""
        loop = asyncio.get_running_loop()
        ends, limit = loop.time() + seconds, self.placed + most
        idle = [self._spawn(self._colleagues()), self._spawn(self._absences())]
        while loop.time() < ends and self.placed < limit:
            self.placed += 1
            self._spawn(self._caller(f"30{self.placed:08}"))
            await asyncio.sleep(min(self.source.expovariate(1 / self.gap), 5 * self.gap))
        for task in idle:
            task.cancel()

    async def flow_during(self, work: Coroutine[Any, Any, None], seconds: float, most: int) -> None:
        """As `flow`, while `work` goes on, and until both are done; the failure of one ends both."""
        async with asyncio.TaskGroup() as group:
            group.create_task(work)
            group.create_task(self.flow(seconds, most))

    async def close(self) -> None:
        """The last callers finish, the last phones hang up."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))
        for phone in self._phones.values():
            for call in list(phone.calls.values()):
                await call.hang_up()
        for _ in range(200):  # what the phones still write down
            if not self._living:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"calls that never end: {list(self._living)}")

    def asterisk_died(self) -> None:
        """Whatever lives now ends with it; no phone is told."""
        now = asyncio.get_running_loop().time()
        for call, kept in self._living.items():
            if call.state is not CallState.ENDED:
                kept.by, kept.ended = "outage", now

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ---- callers

    async def _caller(self, number: str) -> None:
        did = self.source.choice(_LINES)
        hurry, patience, keys = self.source.random() < 0.05, self._patience(), self._keys()
        await self.call(number, did, hurry=hurry, patience=patience, keys=keys)

    async def call(
        self, number: str, did: str, *, patience: float, keys: Sequence[tuple[float, str]] = (), hurry: bool = False
    ) -> None:
        """A caller from the first digit to the last word. `patience`: seconds after the answer; who is in a `hurry` is
        gone before anybody answers, or just then."""
        person = await self.line.dial(number, did=did, at=OPEN)
        self.line.persons.remove(person)
        seen = Seen(number, did, placed=asyncio.get_running_loop().time())
        self._living[person.call] = seen
        try:
            if hurry:
                await asyncio.sleep(self.source.uniform(0, 0.12))
            else:
                await person.call.answered(10)
                person.say(CALLER, patience)
                await self._wait_and_press(person, patience, keys)
        except (CallFailed, TimeoutError):
            pass
        finally:
            await person.hang_up()
            await self._remember_caller(person, seen)

    def _patience(self) -> float:
        """Many go soon, in whatever state the call is; some wait for as long as it takes."""
        return PATIENCE if self.source.random() < 0.25 else min(0.05 + self.source.expovariate(1 / 12), PATIENCE)

    def _keys(self) -> list[tuple[float, str]]:
        """When which key is pressed, seconds after the answer or the key before."""
        if self.source.random() < 0.1:
            return []
        count = self.source.choice((1, 1, 1, 2, 3))
        return [(self.source.uniform(0.2, 4), self.source.choice(_KEYS)) for _ in range(count)]

    async def _wait_and_press(self, person: Person, patience: float, keys: Sequence[tuple[float, str]]) -> None:
        loop = asyncio.get_running_loop()
        leaves = loop.time() + patience
        for pause, key in keys:
            await self._until_end(person.call, min(pause, max(0.0, leaves - loop.time())))
            if person.call.state is CallState.TALKING and loop.time() < leaves:
                await person.press(key)
        await self._until_end(person.call, max(0.0, leaves - loop.time()))

    async def _remember_caller(self, person: Person, seen: Seen) -> None:
        call = person.call
        seen.code, seen.answered = call.code, call.marks.get("talking")
        seen.ended = seen.ended or call.marks["ended"]
        seen.by = seen.by or call.ended_by
        heard = call.media.heard.samples()
        voices = await asyncio.to_thread(tones, heard, list(VOICES.values()))
        seen.voices = {extension: voices[tone] for extension, tone in VOICES.items() if voices[tone] > 0}
        if seen.by == "them" and not seen.talked_with and seen.answered is not None:
            said = await asyncio.to_thread(self.line.ears.listen, heard[-int(_LAST_WORDS * 8000) :])
            # Not only as the last word: a server that dies in the good-bye is followed by a moment of music.
            seen.farewell = any(sound.name in _GOOD_BYES for sound in said)
        self._forget(call)
        self.seen.append(seen)

    # ---- phones

    def _behaviour(self, extension: str) -> Callable[[Call], Coroutine[Any, Any, None]]:
        async def behave(call: Call) -> None:
            leg = Leg(extension, call.shown_number, call.shown_name, call.marks["invited"], self._plan(extension))
            self._living[call] = leg
            try:
                await self._serve(call, leg)
            except CallFailed:
                pass
            finally:
                await call.hang_up()
                await self._remember_leg(call, leg)

        return behave

    def _plan(self, extension: str) -> str:
        plans = {"talk": 60, "hear the caller out": 6, "hang up in the whisper": 8, "603": 7, "486": 5, "480": 2}
        return self.source.choices([*plans, "ring out"], [*plans.values(), 12])[0]

    async def _serve(self, call: Call, leg: Leg) -> None:
        if leg.plan.isdigit():
            await asyncio.sleep(self.source.uniform(0, 0.3))
            await call.reject(int(leg.plan))
            return
        await call.ring()
        if leg.plan == "ring out":
            with contextlib.suppress(TimeoutError):
                await call.ended(20)
            return
        await self._until_end(call, self.source.uniform(0.05, 1.5))
        await call.answer()
        if leg.plan == "hang up in the whisper":
            await self._until_end(call, self.source.uniform(0.0, 0.6))
            return
        talk = PATIENCE if leg.plan == "hear the caller out" else 0.8 + min(self.source.expovariate(1 / 3), 12)
        call.media.tone(VOICES[leg.extension], min(talk, 20))
        await self._until_end(call, min(talk, 20))

    async def _until_end(self, call: Call, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await call.ended(seconds)

    async def _remember_leg(self, call: Call, leg: Leg) -> None:
        leg.talking, leg.by = call.marks.get("talking"), leg.by or call.ended_by
        leg.ended = leg.ended or call.marks["ended"]
        if leg.talking is not None:
            heard = call.media.heard.samples()
            leg.heard = (await asyncio.to_thread(tones, heard, [CALLER]))[CALLER]
        self._forget(call)
        self.legs.append(leg)

    async def _colleagues(self) -> None:
        """Now and then one colleague calls another: their phones are busy and nobody told the server why."""
        while True:
            await asyncio.sleep(self.source.uniform(4, 12))
            one, other = self.source.sample(AGENTS, 2)
            call = await self._phones[one].call(other)
            try:
                await self._until_end(call, self.source.uniform(1, 5))
            finally:
                await call.hang_up()
                self._forget(call)

    async def _absences(self) -> None:
        """Now and then a phone goes away and comes back."""
        while True:
            await asyncio.sleep(self.source.uniform(8, 20))
            phone = self._phones[self.source.choice(AGENTS)]
            with contextlib.suppress(Exception):
                await phone.unregister()
            try:
                await asyncio.sleep(self.source.uniform(1, 5))
            finally:
                with contextlib.suppress(Exception):
                    await phone.register()

    def _forget(self, call: Call) -> None:
        """Keep no audio of a call that is over."""
        self._living.pop(call, None)
        call.media.heard.ulaw = bytearray()

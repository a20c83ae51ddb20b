"""Twenty callers and six agents who always do the same: a quarter of a minute in which everything happens once.

What the people do is written down here; only what chance and the machine's load do to the order is left. So the n-th
entry of the journal is about the same one each time, and every entry that can be reached is reached by some n.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.testing.installation import InstanceError
from ivr.testing.instance import LINE, Instance
from ivr.testing.phone import Call, CallState
from tests.live.scenes import DIRECT, short
from tests.soak.traffic import RECEPTION, VOICES, Leg, Traffic

_PATIENT = 6.0
"""Seconds after which a phone gives up what it asked for and nobody answered: its call may be gone."""

AGENTS = ("101", "102", "103", "201", "202", "301")
SERVICE, TREASURY, DEBTS, BOOKS = (DIRECT[key] for key in "1234")

CHANGES = short(
    site={"lines": "18"},
    queues={
        "servicio": {"widen": [{"after": "5 s", "also": ["tesoreria"]}]},
        "cartera": {"longest wait": "10 s", "last agent": {"who": "any", "wait": "5 s"}},
        "contabilidad": {"needs": None, "agents": ["301"], "most callers": "2", "open": "siempre"},
    },
)
"""The site: eighteen lines for twenty callers, a circle that widens, a queue that nobody waits in for long, and one
that is full with two and closes."""

_WEEK = {"monday to friday": "00:00 to 24:00", "saturday": "00:00 to 24:00", "sunday": "00:00 to 24:00"}
CHANGES["hours.yaml"] = {"hours": {"siempre": {"label": "Siempre", "week": _WEEK, "holidays": "00:00 to 24:00"}}}
CHANGES["queues.yaml"]["offers"] = {"no answer": {"again after": "5 s", "pause after": "1", "pause for": "5 s"}}


@dataclass(frozen=True, slots=True)
class Role:
    """A caller: when (seconds), where to, for how long after the answer, with which keys."""

    at: float
    did: str
    patience: float = 14.0
    keys: Sequence[tuple[float, str]] = ()
    hurry: bool = False
    again: int = 0  # the number of the caller at this place, who calls once more


CALLERS = (
    *(Role(0.05 * n, SERVICE) for n in range(4)),
    Role(0.3, DEBTS, patience=4.5),  # talks, and hangs up first
    Role(0.35, DEBTS),  # waits too long
    Role(0.4, TREASURY),
    Role(0.45, TREASURY, patience=3.2),  # hangs up while a phone rings
    Role(0.5, TREASURY, patience=1.8),  # hangs up while nobody is free
    *(Role(0.6 + n / 10, BOOKS) for n in range(3)),  # two wait until the queue closes, one is too many
    Role(0.7, LINE, keys=((3.0, "1"),)),
    Role(0.75, LINE, keys=((3.0, "9"), (1.2, "2"))),  # a wrong key first
    Role(0.8, LINE, patience=6.0),  # presses nothing
    Role(0.9, SERVICE, patience=0.4),  # hangs up in the notice
    Role(0.95, SERVICE, hurry=True),
    Role(1.0, SERVICE, patience=2.0),
    Role(1.05, TREASURY),  # no line is free, or the last one
    Role(5.0, SERVICE, again=2),  # who hung up before calls again
)

PLANS: dict[str, Sequence[tuple[str, float]]] = {
    # what a phone does at its first ring, its second, ...; the last one is for all that come. Seconds after picking up.
    "101": (("talk", 2.5), ("603", 0), ("hold", 2.0), ("talk", 2.0)),
    "102": (("ring out", 0), ("talk", 2.0)),
    "103": (("486", 0), ("blind 102", 2.0), ("hang up in the whisper", 0.3), ("talk", 2.0)),
    "201": (("talk", 3.0), ("480", 0), ("attended *71", 2.0), ("talk", 2.0)),
    "202": (("ring out", 0), ("attended 201", 2.0), ("talk", 2.0)),
    "301": (("hear the caller out", 20.0), ("ring out", 0)),
    RECEPTION: (("talk", 1.5), ("ring out", 0), ("talk", 1.5)),
}

CODES = ((2.5, "103", "*44"), (7.0, "202", "*42"), (9.0, "201", "*431"), (10.0, "202", "*41"), (11.0, "201", "*44"))
"""Who dials which code, when."""

COMMANDS = (
    (3.0, ("agents", "pause", "102", "Almuerzo")),
    (5.0, ("override", "siempre", "closed")),
    (6.5, ("agents", "ready", "102")),
    (8.0, ("override", "siempre", "none")),
)
"""What somebody types at a terminal, when."""


class Script(Traffic):
    """The people of this script. `await script.play()` is the whole of it."""

    def __init__(self, line: Instance) -> None:
        super().__init__(line, seed=1, phones=(RECEPTION, *AGENTS))
        self.rung: dict[str, int] = {}

    async def play(self, numbered: int = 0) -> None:
        """Everybody comes, and goes; `numbered` tells the callers of one play from those of another."""
        async with asyncio.TaskGroup() as group:
            for place, role in enumerate(CALLERS):
                group.create_task(self._comes(f"30{numbered:06}{role.again or place:02}", role))
            for at, extension, code in CODES:
                group.create_task(self._dials(at, extension, code))
            for at, words in COMMANDS:
                group.create_task(self._types(at, words))
        await self.close()

    async def _comes(self, number: str, role: Role) -> None:
        await asyncio.sleep(role.at)
        self.placed += 1
        await self.call(number, role.did, patience=role.patience, keys=role.keys, hurry=role.hurry)

    async def _dials(self, at: float, extension: str, code: str) -> None:
        await asyncio.sleep(at)
        call = await self._phones[extension].call(code)
        await self._until_end(call, 3)
        await call.hang_up()
        self._forget(call)

    async def _types(self, at: float, words: Sequence[str]) -> None:
        await asyncio.sleep(at)
        for _ in range(5):  # the server may be away
            with contextlib.suppress(InstanceError):
                await self.line.command(*words)
                return
            await asyncio.sleep(0.5)

    def _plan(self, extension: str) -> str:
        self.rung[extension] = self.rung.get(extension, 0) + 1
        return self._now(extension)[0]

    def _now(self, extension: str) -> tuple[str, float]:
        plans = PLANS[extension]
        return plans[min(self.rung[extension], len(plans)) - 1]

    async def _serve(self, call: Call, leg: Leg) -> None:
        (plan, *to), seconds = leg.plan.split(), self._now(leg.extension)[1]
        if plan.isdigit():
            await asyncio.sleep(0.1)
            await call.reject(int(plan))
            return
        await call.ring()
        if leg.plan == "ring out":
            await self._until_end(call, 20)
            return
        await self._until_end(call, 0.3)
        await call.answer()
        if plan != "hang":
            call.media.tone(VOICES[leg.extension], seconds)
        await self._until_end(call, seconds)
        if call.state is CallState.TALKING and plan in ("hold", "blind", "attended"):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENT):
                    await self._hands_on(call, plan, *to)

    async def _hands_on(self, call: Call, plan: str, to: str = "") -> None:
        if plan == "blind":
            await (await call.transfer(to)).final(3)
            return
        await call.hold()
        await self._until_end(call, 0.7)
        if plan == "hold":
            await call.unhold()
            await self._until_end(call, 0.7)
            return
        consult = await call.phone.call(to)
        try:
            await consult.answered(4)
            await self._until_end(consult, 0.5)
            await (await call.transfer_to(consult)).final(3)
        finally:
            await consult.hang_up()
            self._forget(consult)

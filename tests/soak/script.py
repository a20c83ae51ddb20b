"""Twenty callers and six agents who always do the same: a quarter of a minute in which everything happens once.

What the people do is written down here; only what chance and the machine's load do to the order is left. So the n-th
entry of the journal is about the same one each time, and every entry that can be reached is reached by some n.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.testing.instance import LINE, Instance
from ivr.testing.phone import Call
from tests.live.scenes import DIRECT, short
from tests.soak.traffic import RECEPTION, VOICES, Leg, Traffic

AGENTS = ("101", "102", "103", "201", "202", "301")
SERVICE, TREASURY, DEBTS, BOOKS = (DIRECT[key] for key in "1234")

CHANGES = short(site={"lines": "18"}, queues={"cartera": {"longest wait": "10 s"}})
"""The site: eighteen lines for twenty callers, and a queue that nobody waits in for long."""


@dataclass(frozen=True, slots=True)
class Role:
    """A caller: when (seconds), where to, for how long after the answer, with which keys."""

    at: float
    did: str
    patience: float = 16.0
    keys: Sequence[tuple[float, str]] = ()
    hurry: bool = False


CALLERS = (
    *(Role(0.05 * n, SERVICE) for n in range(5)),
    Role(0.3, DEBTS, patience=4.5),  # talks, and hangs up first
    Role(0.35, DEBTS),  # waits too long
    Role(0.4, TREASURY),
    Role(0.45, TREASURY, patience=3.2),  # hangs up while a phone rings
    Role(0.5, TREASURY, patience=1.8),  # hangs up while nobody is free
    Role(0.55, TREASURY),
    Role(0.6, BOOKS),  # nobody is there
    Role(0.7, LINE, keys=((3.0, "1"),)),
    Role(0.75, LINE, keys=((3.0, "9"), (1.2, "2"))),  # a wrong key first
    Role(0.8, LINE, patience=6.0),  # presses nothing
    Role(0.9, SERVICE, patience=0.4),  # hangs up in the notice
    Role(0.95, SERVICE, hurry=True),
    Role(1.0, SERVICE, patience=2.0),
    Role(1.05, TREASURY),  # no line is free, or the last one
    Role(5.0, SERVICE),
)

PLANS: dict[str, Sequence[tuple[str, float]]] = {
    # what a phone does at its first ring, its second, ...; the last one is for all that come. Seconds after picking up.
    "101": (("talk", 2.5), ("603", 0), ("talk", 2.0)),
    "102": (("ring out", 0), ("talk", 2.0)),
    "103": (("486", 0), ("talk", 2.5), ("hang up in the whisper", 0.3), ("talk", 2.0)),
    "201": (("talk", 3.0), ("480", 0), ("talk", 2.0)),
    "202": (("ring out", 0), ("talk", 2.0)),
    "301": (("hear the caller out", 20.0), ("ring out", 0)),
    RECEPTION: (("talk", 1.5), ("ring out", 0), ("talk", 1.5)),
}


class Script(Traffic):
    """The people of this script. `await script.play()` is the whole of it."""

    def __init__(self, line: Instance) -> None:
        super().__init__(line, seed=1, phones=(RECEPTION, *AGENTS))
        self.rung: dict[str, int] = {}

    async def play(self, numbered: int = 0) -> None:
        """Everybody comes, and goes; `numbered` tells the callers of one play from those of another."""
        async with asyncio.TaskGroup() as group:
            for place, role in enumerate(CALLERS):
                group.create_task(self._comes(f"30{numbered:06}{place:02}", role))
        await self.close()

    async def _comes(self, number: str, role: Role) -> None:
        await asyncio.sleep(role.at)
        self.placed += 1
        await self.call(number, role.did, patience=role.patience, keys=role.keys, hurry=role.hurry)

    def _plan(self, extension: str) -> str:
        self.rung[extension] = self.rung.get(extension, 0) + 1
        return self._now(extension)[0]

    def _now(self, extension: str) -> tuple[str, float]:
        plans = PLANS[extension]
        return plans[min(self.rung[extension], len(plans)) - 1]

    async def _serve(self, call: Call, leg: Leg) -> None:
        plan, seconds = self._now(leg.extension)
        if plan.isdigit():
            await asyncio.sleep(0.1)
            await call.reject(int(plan))
            return
        await call.ring()
        if plan == "ring out":
            await self._until_end(call, 20)
            return
        await self._until_end(call, 0.3)
        await call.answer()
        if plan != "hang up in the whisper":
            call.media.tone(VOICES[leg.extension], seconds)
        await self._until_end(call, seconds)

"""Carries out what a call's machine asks for, over one AGI session.

`DONE` is always written last: an empty `DONE` tells the dialplan that nobody finished the visit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from acd.facts import Fact
from acd.model import QueueId, VisitId
from ivr.asterisk.agi.session import Session
from ivr.call import effects
from ivr.call.calls import LiveCall, LiveCalls
from ivr.call.facts import PromptMissing
from ivr.call.place import Place
from ivr.clock import Clock
from ivr.exchange.ticket import Ticket
from ivr.site import Site

log = structlog.get_logger(__name__)

ALL_KEYS = "0123456789*#"


class Desk(Protocol):
    """Where facts go in (ivr.exchange.desk)."""

    def submit(self, fact: Fact) -> object: ...
    def record(self, event: object, key: str | None = None) -> object: ...


class Sounds(Protocol):
    """Where prompts are; None = not available, to be skipped."""

    def path_of(self, name: str, language: str) -> str | None: ...
    def version_of(self, name: str, language: str) -> str | None: ...


class Waiting(Protocol):
    """What the engine knows of a visit."""

    def place_of(self, visit: VisitId) -> int | None:
        """1 for the next in line; None when the visit does not wait."""

    def is_over(self, visit: VisitId) -> bool:
        """Whether the visit has its outcome."""

    def exit_of(self, visit: VisitId) -> str | None:
        """The queue's exit of a visit that overflowed; None for every other."""


@dataclass(frozen=True, kw_only=True)
class House:
    """What runner and performer work with. `caller_key(number, name)` gives the opaque key of a caller and keeps the
    number in the erasable table; `complain(problem, detail)` tells an administrator."""

    site: Callable[[], Site]
    sounds: Sounds
    desk: Desk
    calls: LiveCalls
    clock: Clock
    waiting: Waiting
    caller_key: Callable[[str, str], str]
    complain: Callable[[str, str], None]
    trust_pretended_time: bool


class Performer:
    """Carries out the effects of one visit of the flow."""

    def __init__(
        self,
        house: House,
        session: Session,
        live: LiveCall,
        time_of_day: Callable[[], datetime],
        join: Callable[[Ticket], None],
        returned: bool,
    ) -> None:
        """`join` tells the engine of a caller whose ticket is written; `returned`: RETURNED is to be used up."""
        self._house = house
        self._session = session
        self._live = live
        self._time = time_of_day
        self._join = join
        self._returned = returned

    async def perform(self, effect: effects.Effect) -> effects.Input | None:
        """Do it, and give the machine's next input; None when the visit is over."""
        match effect:
            case effects.Play():
                return await self._play(effect)
            case effects.WaitKey(seconds=seconds):
                return effects.Pressed(await self._session.wait_for_digit(int(seconds * 1000)))
            case effects.Remember(place=place):
                return await self._remember(place)
            case effects.Tell(fact=fact):
                if isinstance(fact, PromptMissing):
                    log.warning("a prompt is missing and was skipped", prompt=fact.prompt)
                self._house.desk.record(fact)
                return effects.Done()
            case effects.Complain(problem=problem, detail=detail):
                self._house.complain(problem, detail)
                return effects.Done()
            case effects.AskTime():
                return effects.Time(self._time())
            case effects.JoinQueue():
                await self._queue(effect)
            case effects.Ring(extension=extension, seconds=seconds):
                await self._session.set_variable("DIAL_TO", extension)
                await self._session.set_variable("DIAL_FOR", str(int(seconds)))
                await self._session.set_variable("DONE", "dial")
            case effects.HangUp(reason=reason):
                self._live.reason = reason
                await self._session.set_variable("DONE", "hangup")
        return None

    async def _play(self, effect: effects.Play) -> effects.Input:
        sound = self._house.sounds.path_of(effect.prompt, effect.language)
        if sound is None:
            return effects.Played(complete=False, missing=True)
        if not effect.notice:
            played = await self._session.stream_file(sound, effect.keys)
            return effects.Played(key=played.key, complete=played.key is None and played.ok, missing=not played.ok)
        version = self._house.sounds.version_of(effect.prompt, effect.language) or ""
        # A key pressed while STREAM FILE listens to none is lost to AGI. So it listens to all, and the notice goes on
        # from the sample at which the key stopped it.
        first, offset = None, 0
        while True:
            played = await self._session.stream_file(sound, ALL_KEYS, offset)
            if played.key is None:
                # nothing more to play after a key in the last sample is no missing file
                whole = played.ok or offset > 0
                return effects.Played(key=first, complete=whole, missing=not whole, version=version)
            first, offset = first or played.key, played.offset

    async def _remember(self, place: Place) -> effects.Input:
        """The place and the used-up RETURNED change together: a crash in between would repeat a dial."""
        if self._returned:
            await self._session.execute("MSet", f"PLACE={place.encode()},RETURNED=,TICKET=")
            self._returned = False
        else:
            await self._session.set_variable("PLACE", place.encode())
        return effects.Done()

    async def _queue(self, effect: effects.JoinQueue) -> None:
        live = self._live
        visit = VisitId(f"{live.call}/{live.visits + 1}")
        ticket = Ticket(visit, QueueId(effect.queue), self._house.clock.now(), effect.priority)
        await self._session.set_variable("TICKET", str(ticket))
        self._join(ticket)
        await self._session.set_variable("DONE", "wait")

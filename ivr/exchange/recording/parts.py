"""When a recording goes on in another file (ADR 24), and that nothing is heard there which was to be silent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

import structlog

from ivr.call.calls import LiveCall, LiveCalls
from ivr.clock import Clock
from ivr.exchange.errands import Errands
from ivr.exchange.recording.leg import hears, talk_of, was_ended
from ivr.exchange.recording.monitor import MixMonitor
from ivr.exchange.recording.renewal import NoFile, Renewals
from ivr.exchange.recording.telling import Telling

log = structlog.get_logger(__name__)

REST = 3.0
"""Seconds from one file of a recording to the next: a phone that holds and goes on all the time makes no storm."""

ATTEMPTS = 3
"""How often another file is tried where Asterisk does not begin it, REST apart."""


class Parts:
    """The files of every recording. A part is the number of its file, from 1."""

    def __init__(
        self,
        calls: LiveCalls,
        clock: Clock,
        monitor: MixMonitor,
        renewals: Renewals,
        telling: Telling,
        errands: Errands,
        not_renewed: Callable[[], None],
    ) -> None:
        """`not_renewed()` counts that a recording should have gone on in another file, and did not."""
        self._calls, self._clock, self._monitor, self._renewals = calls, clock, monitor, renewals
        self._telling, self._errands, self._not_renewed = telling, errands, not_renewed
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._handed_over: set[str] = set()
        self._waiting: dict[str, asyncio.Task[None]] = {}  # legs that are to go on in another file
        self._renewed: dict[str, int] = {}  # engine time of the latest file of a leg

    @asynccontextmanager
    async def alone(self, leg: str) -> AsyncIterator[None]:
        """One change of a leg's recording after the other: a pause must not fall between another file's order and its
        beginning, which would be heard."""
        async with self._locks.setdefault(leg, asyncio.Lock()):
            await self._renewals.settled(leg)
            yield

    # ------------------------------------------------------------------ after a hold
    def anew(self, live: LiveCall, leg: str) -> None:
        """A party of this talk may number its packets anew from now on, which Asterisk would take for silence. A silent
        recording stays as it is: it goes on in another file when it is let hear. One file that waits is enough."""
        if leg not in self._waiting and hears(live, leg):
            self._waiting[leg] = self._errands.begin(self._go_on(live, leg))

    def linked_again(self) -> None:
        """Asterisk was away, or we were: somebody may have been on hold meanwhile."""
        for live in self._calls:
            for leg in live.ruled:
                if talk_of(self._calls, leg) is live:
                    self.anew(live, leg)

    def waits_no_more(self, leg: str) -> bool:
        """Nobody is kept waiting by a file that is not begun yet. Returns whether one waited."""
        task = self._waiting.pop(leg, None)
        return task is not None and task.cancel()

    async def _go_on(self, live: LiveCall, leg: str, attempts: int = ATTEMPTS) -> None:
        rested = (self._clock.engine_us() - self._renewed[leg]) / 1e6 if leg in self._renewed else REST
        if rested < REST:
            await self._clock.sleep(REST - rested)
        async with self.alone(leg):
            self._waiting.pop(leg, None)
            if not hears(live, leg):
                return
            try:
                if await self._renewals.press(live.call, leg):
                    return
            except NoFile:
                return
        self._not_renewed()
        log.warning("a recording does not go on in another file: a voice may be missing", call=live.call, leg=leg)
        self._renewed[leg] = self._clock.engine_us()
        if attempts > 1 and leg not in self._waiting:
            self._waiting[leg] = self._errands.begin(self._go_on(live, leg, attempts - 1))

    # ------------------------------------------------------------------ let hear: the caller holds `alone`
    async def hear(self, live: LiveCall, leg: str) -> bool:
        """Let a silent recording hear. In another file: what went by while it was silent may have numbered its packets
        anew. False: Asterisk has not done it."""
        try:
            return await self._renewals.press(live.call, leg) or await self._monitor.hear(leg)
        except NoFile:
            return False

    async def hear_handed_over(self, live: LiveCall, leg: str) -> bool:
        """The same for a talk of which nothing is told yet."""
        self._handed_over.add(leg)
        try:
            return await self.hear(live, leg)
        finally:
            self._handed_over.discard(leg)

    def by_itself(self, live: LiveCall, leg: str, part: int) -> None:
        """The leg's channel goes on to this part now, and is not asked to."""
        self._renewals.at_once(live.call, leg)
        self._tell(live, leg, part)

    # ------------------------------------------------------------------ the channel is there
    def may_begin(self, leg: str, part: int) -> bool:
        """Whether the channel that asks is to begin this part: it was asked to, and may be heard still."""
        if part < 2 or was_ended(self._calls, leg):
            return False
        live = self._calls.get(self._renewals.expects(leg) or "")
        if live is None or not self._may_be_heard(leg):
            return False
        self._tell(live, leg, part)
        return True

    def begun(self, leg: str) -> None:
        """The channel has begun the other file. Where it came so late that silence was ordered meanwhile, for the file
        before, it is made silent too."""
        self._renewals.begun(leg)
        if not self._may_be_heard(leg):
            self._errands.begin(self._silence(leg))

    async def _silence(self, leg: str) -> None:
        async with self.alone(leg):
            over = was_ended(self._calls, leg)
            if not self._may_be_heard(leg) and (over or not await self._monitor.silence(leg)):
                await self._monitor.end(leg)

    def _may_be_heard(self, leg: str) -> bool:
        live = talk_of(self._calls, leg)
        return leg in self._handed_over or (live is not None and hears(live, leg))

    def _tell(self, live: LiveCall, leg: str, part: int) -> None:
        now = self._clock.engine_us()
        self._renewed = {other: at for other, at in self._renewed.items() if now - at < REST * 1e6} | {leg: now}
        self._telling.renewed(live, leg, part)

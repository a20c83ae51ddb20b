"""What agents, the API and a full disk change about the recording of a talk while it lasts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from ivr.call.calls import LiveCall, LiveCalls
from ivr.exchange.errands import Errands
from ivr.exchange.recording.beforehand import Beforehand
from ivr.exchange.recording.leg import (
    CannotChange,
    NotDone,
    check_begin,
    check_pause,
    check_resume,
    has_a_file,
    is_recorded,
    talk_of,
)
from ivr.exchange.recording.monitor import MixMonitor
from ivr.exchange.recording.parts import Parts
from ivr.exchange.recording.telling import Telling
from recordings.policy import Why

log = structlog.get_logger(__name__)

Hear = Callable[[LiveCall, str], Awaitable[bool]]
"""Lets the silent recording of a leg hear; False: Asterisk has not done it."""


class Recorder:
    """Every talk's recording. `by`: who changes it."""

    def __init__(
        self,
        calls: LiveCalls,
        beforehand: Beforehand,
        parts: Parts,
        monitor: MixMonitor,
        telling: Telling,
        errands: Errands,
    ) -> None:
        self._calls, self._beforehand, self._parts = calls, beforehand, parts
        self._monitor, self._telling, self._errands = monitor, telling, errands

    # ------------------------------------------------------------------ another caller's talk
    def joined(self, live: LiveCall, leg: str, extension: str) -> None:
        """A caller was handed to somebody who talked already (attended transfer): that talk is his from now on."""
        known = next((other.ruled[leg] for other in self._calls if leg in other.ruled), None)
        self._errands.begin(self._takes_over(live, leg, known.queue if known else "", extension))

    async def _takes_over(self, live: LiveCall, leg: str, queue: str, extension: str) -> None:
        """Where nothing began silent (the server was away then) there is nothing to let hear."""
        async with self._parts.alone(leg):
            ruling, since = self._beforehand.ruling(live, queue, extension), self._telling.now()
            if ruling.record and not await self._parts.hear_handed_over(live, leg):
                ruling = replace(ruling, why=Why.IMPOSSIBLE)
            self._telling.ruled(live, leg, queue, extension, ruling, since)

    # ------------------------------------------------------------------ pause, resume, begin
    async def turn(self, call: str, leg: str, hear: Hear) -> str:
        """The agent's key: begins what is on demand, pauses what is recorded, resumes what is paused. `hear`: how this
        leg is let hear. Raises CannotChange; of a talk that nobody knows NotDone."""
        self._parts.waits_no_more(leg)
        async with self._parts.alone(leg):
            # A caller who is just handed over is ruled by now.
            live = talk_of(self._calls, leg) or self._calls.get(call)
            if live is None or leg not in live.ruled:
                if self._beforehand.is_nobodys(leg):
                    raise CannotChange("no caller is in this talk")
                log.warning("the recording's key was pressed in a talk that nobody knows", leg=leg)
                raise NotDone("nobody knows this talk")  # it may be recorded: nobody may be told that it is not
            try:
                return await self._turn(live, leg, hear)
            except NotDone:
                raise
            except CannotChange as why:
                log.info("the recording's key has changed nothing", call=live.call, leg=leg, why=str(why))
                raise

    async def _turn(self, live: LiveCall, leg: str, hear: Hear) -> str:
        if leg in live.silenced:
            return await self._resume(live, leg, "telephone", hear)
        if is_recorded(live, leg):
            return await self._pause(live, leg, "telephone")
        return await self._begin(live, leg, "telephone", hear)

    async def pause(self, live: LiveCall, leg: str, by: str) -> str:
        """From now on silence, on both sides. Raises CannotChange."""
        waited = self._parts.waits_no_more(leg)
        try:
            async with self._parts.alone(leg):
                return await self._pause(live, leg, by)
        except NotDone:
            if waited:
                self._parts.anew(live, leg)
            raise

    async def _pause(self, live: LiveCall, leg: str, by: str) -> str:
        check_pause(live, leg)
        if not await self._monitor.silence(leg):
            raise NotDone("Asterisk has not done it")
        self._telling.paused(live, leg, by)
        return "paused"

    async def resume(self, live: LiveCall, leg: str, by: str) -> str:
        """From now on voices again. Raises CannotChange."""
        async with self._parts.alone(leg):
            return await self._resume(live, leg, by, self._parts.hear)

    async def _resume(self, live: LiveCall, leg: str, by: str, hear: Hear) -> str:
        check_resume(live, leg)
        self._telling.resumed(live, leg, by)
        await self._let_hear(live, leg, by, hear)
        return "resumed"

    async def begin(self, live: LiveCall, leg: str, by: str) -> str:
        """Let a silent recording hear from now on. Raises CannotChange."""
        async with self._parts.alone(leg):
            return await self._begin(live, leg, by, self._parts.hear)

    async def _begin(self, live: LiveCall, leg: str, by: str, hear: Hear) -> str:
        ruled = live.ruled.get(leg)
        check_begin(live, leg, self._beforehand.ruling(live, ruled.queue, ruled.agent) if ruled is not None else None)
        self._telling.begun(live, leg, by)
        await self._let_hear(live, leg, by, hear)
        return "begun"

    async def _let_hear(self, live: LiveCall, leg: str, by: str, hear: Hear) -> None:
        """It was told first: whatever is heard from then on is no gap."""
        if not await hear(live, leg):
            self._telling.paused(live, leg, by)
            raise NotDone("Asterisk has not done it")

    # ------------------------------------------------------------------ the end before its time
    async def stop_all(self, why: str) -> int:
        """End the recording of every talk for good; the talks go on. How many were ended. The files are complete, and
        taken in as they are. Harmless when it is asked again, for those that have begun since: a talk whose phone was
        ringing may begin to be recorded a moment later. What Asterisk has not done is tried again then; which channels
        live, and record, it knows alone."""
        legs = [(live, leg) for live in self._calls for leg in live.ruled if has_a_file(live, leg)]
        asked = [self._stop(live, leg, why) for live, leg in legs if talk_of(self._calls, leg) is live]
        return sum(await asyncio.gather(*asked))

    async def _stop(self, live: LiveCall, leg: str, why: str) -> bool:
        async with self._parts.alone(leg):
            if not await self._monitor.end(leg):
                return False
            self._telling.stopped(live, leg, why)
            return True

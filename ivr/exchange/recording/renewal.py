"""A recording that goes on in another file (ADR 24), in talks that go on meanwhile.

AMI may not begin a recording, but press a key in the name of a phone: the key of features.conf runs [recording-part] on
that phone's channel, which asks us first and tells us when it is done. Whoever presses that key at a phone is not
expected and gets nothing. A channel whose leg never asked about its recording does not have the key, and the caller
would hear it: FILE, which the dialplan sets together with the key, tells. Until it is done nothing else may be changed:
a pause would be lost on the file that ends.
"""

import asyncio
from dataclasses import dataclass, field

import structlog

from acd.model import CallId
from ivr.asterisk.ami import AmiError, AmiLink, AmiRefused
from ivr.exchange.errands import Errands
from ivr.exchange.recording.leg import channel_of

log = structlog.get_logger(__name__)

KEY = "D"
"""The contract with recording-part of asterisk-conf/features.conf."""

TRIES = 3
ASKED_WITHIN, BEGUN_WITHIN = 0.5, 2.0
"""Seconds. A key is lost when the phone has just begun to press others (featuredigittimeout)."""


class NoFile(Exception):
    """The channel is gone, or it records nothing that could go on in another file."""


@dataclass(slots=True, eq=False)
class _Renewal:
    call: CallId
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Renewals:
    """Those that go on now, by leg."""

    def __init__(self, link: AmiLink, errands: Errands) -> None:
        self._link, self._errands = link, errands
        self._going: dict[str, _Renewal] = {}

    async def settled(self, leg: str) -> None:
        """Until none goes on."""
        while (going := self._going.get(leg)) is not None:
            await going.over.wait()

    async def press(self, call: CallId, leg: str) -> bool:
        """Let the leg's recording go on in another file. False: it goes on as it was, or nobody knows it. Raises
        NoFile."""
        await self.settled(leg)
        channel = channel_of(leg)
        going = self._going[leg] = _Renewal(call)
        try:
            if not await self._has_a_file(channel):
                raise NoFile
            for _ in range(TRIES):
                await self._link.action("PlayDTMF", {"Channel": channel, "Digit": KEY, "Receive": "true"})
                if await _within(ASKED_WITHIN, going.asked):
                    return await _within(BEGUN_WITHIN, going.begun)
        except AmiError as error:
            log.warning("a recording could not go on in another file", leg=leg, why=str(error))
        finally:
            self._over(leg, going)
        return False

    async def _has_a_file(self, channel: str) -> bool:
        try:
            answer = await self._link.action("Getvar", {"Channel": channel, "Variable": "FILE"})
        except AmiRefused:
            return False  # there is no such channel
        return bool(answer.get("Value"))

    def expects(self, leg: str) -> CallId | None:
        """Whose talk it is, when the leg's channel, which asks, is to do it: once for each time."""
        going = self._going.get(leg)
        if going is None or going.asked.is_set():
            return None
        going.asked.set()
        return going.call

    def at_once(self, call: CallId, leg: str) -> None:
        """The leg's channel does it by itself, now."""
        going = self._going[leg] = _Renewal(call)
        self._errands.begin(self._expire(leg, going))

    def begun(self, leg: str) -> None:
        """The leg's channel has done it."""
        if (going := self._going.get(leg)) is not None:
            going.begun.set()

    async def _expire(self, leg: str, going: _Renewal) -> None:
        await _within(BEGUN_WITHIN, going.begun)
        self._over(leg, going)

    def _over(self, leg: str, going: _Renewal) -> None:
        going.over.set()
        if self._going.get(leg) is going:
            del self._going[leg]


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False

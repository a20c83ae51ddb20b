"""Who is being served over FastAGI at this moment, for whoever wants to send a caller elsewhere.

A Redirect that meets a channel between two steps of the dialplan can end it: Asterisk sets context, extension and
priority one after the other while the channel's own thread reads them (measured with Asterisk 22.10 beside the end of
an AGI visit: 4 of 25,000 channels were hung up, on a busy machine many more). A waiting channel is between two steps
when a visit ends and when the next one is due; both moments are ours to know.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from ivr.clock import Clock
from ivr.settings.waiting import WAIT_SECONDS

AFTERWARDS_US = 100_000
"""How long after a visit the channel may be on its way to the next application."""
PATIENCE_SECONDS = 0.5
"""A visit that lasts longer is playing something: there a Redirect is safe, and nobody waits for the end of it."""
_REMEMBERED = 4096


class Visiting:
    """The open visits, and when the latest ones ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, asyncio.Future[None]] = {}
        self._ended: OrderedDict[str, int] = OrderedDict()

    @contextmanager
    def visit(self, call: str) -> Iterator[None]:
        """While a visit of this call is open."""
        over = self._open[call] = asyncio.get_running_loop().create_future()
        try:
            yield
        finally:
            if self._open.get(call) is over:
                del self._open[call]
            over.set_result(None)
            self._ended[call] = self._clock.engine_us()
            self._ended.move_to_end(call)
            if len(self._ended) > _REMEMBERED:
                self._ended.popitem(last=False)

    async def rests(self, call: str) -> None:
        """Until the channel of this call is in an application of the dialplan, as far as visits tell."""
        for _ in range(2):  # a visit that was due has come meanwhile
            if (over := self._open.get(call)) is not None:
                await asyncio.wait([over], timeout=PATIENCE_SECONDS)
            left = 0 if call in self._open else self._left_us(call)
            if left <= 0:
                return
            await self._clock.sleep(left / 1e6)

    def _left_us(self, call: str) -> int:
        """How long the channel may be on its way, to the music or to its next visit."""
        ended = self._ended.get(call)
        if ended is None:
            return 0
        since, due = self._clock.engine_us() - ended, round(WAIT_SECONDS * 1e6)
        if since < AFTERWARDS_US:
            return AFTERWARDS_US - since
        return due + AFTERWARDS_US - since if abs(since - due) <= AFTERWARDS_US else 0

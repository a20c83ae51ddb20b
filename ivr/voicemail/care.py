"""Looks after the mailboxes now and then: what a crash left behind, what is too old."""

import asyncio
from collections.abc import Callable, Iterable

from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.clock import Clock
from ivr.voicemail.inbox import Inbox

log = logs.get(__name__)

LOOK_EVERY_SECONDS = 15.0
TIDY_EVERY_SECONDS = 3600.0


class Care:
    """Opens the inbox and looks after it. A folder or a database that is away is tried again, and keeps no call from
    being served: until then no message can be left. `open_messages` gives `(call, message)` of ended calls whose
    message the records believe to be open."""

    def __init__(self, inbox: Inbox, clock: Clock, open_messages: Callable[[], Iterable[tuple[str, str]]]) -> None:
        self._inbox, self._clock, self._open_messages = inbox, clock, open_messages
        self._opened = False
        self._tidied_us: int | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Look once, and go on by itself."""
        await self.look()
        self._task = asyncio.ensure_future(self._again())

    async def close(self) -> None:
        """Look no more, and finish what is being written."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._inbox.close()

    async def look(self) -> None:
        """One round. Faults are logged."""
        try:
            if not self._opened:
                await self._inbox.open()
                self._opened = True
            await self._inbox.adopt()
            self._inbox.settle(self._open_messages())
            if self._tidied_us is None or self._clock.engine_us() - self._tidied_us >= TIDY_EVERY_SECONDS * 1e6:
                await self._inbox.tidy()
                self._tidied_us = self._clock.engine_us()
        except (OSError, SQLAlchemyError) as error:
            log.error("the mailboxes cannot be looked after", why=str(error).splitlines()[0])
        except Exception:
            log.exception("the mailboxes cannot be looked after")

    async def _again(self) -> None:
        while True:
            await self._clock.sleep(LOOK_EVERY_SECONDS)
            await self.look()

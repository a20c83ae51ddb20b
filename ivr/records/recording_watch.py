"""Watches for finished recordings and tells the journal. The folder's work runs in a thread."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from acd.model import CallId
from ivr import log as logs
from ivr.call.facts import RecordingFinished
from ivr.clock import Clock
from recordings.catalogue import Recording
from recordings.intake import Intake, Refused

log = logs.get(__name__)

EVERY_SECONDS = 0.5
"""A record is to be complete within a second of the call's end."""
TOGETHER = 4
"""Files that are taken at the same time: when many talks end at once, the last one is to be soon, too. One is hashed
while the disk writes down what is known of another. Calls wait for threads of the same few."""
AGAIN_SECONDS = 30.0
"""After one that cannot be taken yet: a disk without room for its parts, a file that cannot be read."""
ADOPT_EVERY = 120
"""Looks between two searches for what Asterisk was killed in the middle of."""


class RecordingWatch:
    """Looks for markers each half second; `tell(event, key)` is the dispatcher's `record`."""

    def __init__(self, intake: Intake, clock: Clock, tell: Callable[[RecordingFinished, str], Any]) -> None:
        self._intake, self._clock, self._tell = intake, clock, tell
        self._task: asyncio.Task[None] | None = None
        self._refused: set[str] = set()  # told once
        self._again: dict[str, int] = {}  # when in engine time
        self._failed: list[str] = []  # who was tried last is the last one
        self._trouble = ""

    def start(self) -> None:
        """Begin to watch; also takes what finished while the server was away, and what was cut off."""
        self._task = asyncio.ensure_future(self._watch())

    async def close(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def look(self) -> int:
        """Take every recording that has finished; returns how many. What cannot be taken ends it, and is tried next
        time when no other one waits. Raises OSError, SQLAlchemyError."""
        now, taken = self._clock.engine_us(), 0
        self._again = {name: at for name, at in self._again.items() if at > now}
        waiting = [name for name in await asyncio.to_thread(self._intake.waiting) if name not in self._again]
        late = set(self._failed) & set(waiting)
        self._failed = [name for name in self._failed if name in late]
        names = [name for name in waiting if name not in late] + self._failed
        for start in range(0, len(names), TOGETHER):
            some = names[start : start + TOGETHER]
            results = await asyncio.gather(
                *(asyncio.to_thread(self._intake.take, name) for name in some), return_exceptions=True
            )
            became = await asyncio.gather(*map(self._became, some, results), return_exceptions=True)
            taken += sum(one is True for one in became)
            errors = [one for one in became if isinstance(one, BaseException)]
            if errors:
                raise errors[0]
        return taken

    async def _became(self, name: str, result: Recording | Refused | BaseException) -> bool:
        """Tell of what a marker gave, in the order of the calls; whether it is a recording. Raises what it is."""
        if isinstance(result, BaseException):
            self._failed = [other for other in self._failed if other != name] + [name]
            raise result
        if isinstance(result, Refused):
            self._refuse(result)
            if result.final:
                await asyncio.to_thread(self._intake.settle, name)
            else:
                self._again[name] = self._clock.engine_us() + round(AGAIN_SECONDS * 1e6)
            return False
        await self._told(result)
        await asyncio.to_thread(self._intake.settle, name)
        return True

    async def _told(self, recording: Recording) -> None:
        event = RecordingFinished(
            at=self._clock.now(),
            call=CallId(recording.call),
            recording=recording.recording,
            queue=recording.queue,
            agent=recording.agent,
            seconds_us=recording.length_us,
        )
        durable = self._tell(event, f"recording:{recording.recording}")
        if asyncio.isfuture(durable) or asyncio.iscoroutine(durable):
            await durable
        log.info("recording finished", call=recording.call, recording=recording.recording, bytes=recording.bytes)

    def _refuse(self, refused: Refused) -> None:
        if refused.name not in self._refused:
            self._refused.add(refused.name)
            log.warning("no recording", name_of_marker=refused.name, why=refused.why)

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.error("recordings cannot be taken in; they wait", why=trouble)
        elif self._trouble and not trouble:
            log.info("recordings are taken in again")
        self._trouble = trouble

    async def _watch(self) -> None:
        for looks in itertools.count():
            try:
                if looks % ADOPT_EVERY == 0:
                    for name in await asyncio.to_thread(self._intake.adopt, self._clock.now()):
                        log.warning("a recording was cut off; what there is of it is kept", recording=name)
                await self.look()
                self._say("")
            except (OSError, SQLAlchemyError) as error:
                self._say(logs.first_line(error))
            except Exception:  # a watch that is gone is worse than one that fails
                log.exception("the watch over recordings could not do its work")
            await self._clock.sleep(EVERY_SECONDS)

"""Lamps of phones: new messages (MWI), overridden timetables and agents (device states of our own), told by AMI.

Asterisk forgets the messages when it ends, so everything is told again after every login. Debian's Asterisk has no
res_mwi_external: the count goes through the application MinivmMWI, which an originated channel runs (context [lamps]).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from ivr import log as logs
from ivr.asterisk.ami import AmiError, AmiLost, Event

log = logs.get(__name__)

DARK, LIT, BLINKING = "NOT_INUSE", "INUSE", "RINGING"
"""Device states as phones show them."""

STATES = {"": DARK, "open": LIT, "closed": LIT, "emergency": BLINKING}
AGENT_STATES = {"logged out": DARK, "ready": LIT, "paused": BLINKING}

SEEN_WITHIN_SECONDS = 2.0
"""How long Asterisk's word is waited for that a count has arrived: an originated channel runs when it likes, and a
newer count must not be overtaken by an older one."""

Fields = Mapping[str, str]


class Link(Protocol):
    """What is needed of the AMI link."""

    @property
    def connected(self) -> bool: ...
    def action(self, name: str, fields: Fields) -> Awaitable[object]: ...
    def subscribe(self, handler: Callable[[Event], None], *names: str) -> Callable[[], None]: ...


class Lamps:
    """Keeps what every lamp shall show, and tells what has changed, one after the other."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._wanted: dict[str, tuple[str, Fields]] = {}
        self._told: dict[str, Fields] = {}
        self._task: asyncio.Task[None] | None = None
        self._seen = asyncio.Event()
        self._unsubscribe = link.subscribe(lambda _: self._seen.set(), "MessageWaiting")

    def mailbox(self, mailbox: str, new: int, heard: int) -> None:
        """How many messages a mailbox has now."""
        data = f"{mailbox}@centralita,0,{new},{heard}"
        fields = {"Channel": "Local/s@lamps/n", "Application": "MinivmMWI", "Data": data, "Timeout": "5000"}
        self._wanted[f"mailbox {mailbox}"] = "Originate", fields
        self._begin()

    def timetable(self, timetable: str, state: str) -> None:
        """What overrides a timetable: open, closed, emergency, or empty for its own hours."""
        fields = {"Variable": f"DEVICE_STATE(Custom:timetable-{timetable})", "Value": STATES.get(state, DARK)}
        self._wanted[f"timetable {timetable}"] = "Setvar", fields
        self._begin()

    def agent(self, agent: str, state: str) -> None:
        """How an agent is: one of `AGENT_STATES`."""
        fields = {"Variable": f"DEVICE_STATE(Custom:agent-{agent})", "Value": AGENT_STATES[state]}
        self._wanted[f"agent {agent}"] = "Setvar", fields
        self._begin()

    async def tell_again(self) -> None:
        """Asterisk may have forgotten everything: for every login. Returns at once."""
        self._told.clear()
        self._begin()

    async def close(self) -> None:
        """Tell no more."""
        self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _begin(self) -> None:
        if self._link.connected and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._tell(), name="lamps")

    async def _tell(self) -> None:
        while changed := [name for name, (_, fields) in self._wanted.items() if self._told.get(name) != fields]:
            for lamp in changed:
                try:
                    await self._tell_one(lamp)
                except AmiLost:
                    return  # everything is told again after the next login

    async def _tell_one(self, lamp: str) -> None:
        """What is wanted of it now. Raises AmiLost."""
        action, fields = self._wanted[lamp]
        self._seen.clear()
        try:
            await self._link.action(action, fields)
            if action == "Originate":
                await self._until_seen()
        except AmiLost:
            raise
        except AmiError as error:
            log.warning("a lamp may show what was", lamp=lamp, why=str(error))
        self._told[lamp] = fields

    async def _until_seen(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SEEN_WITHIN_SECONDS):
                await self._seen.wait()

"""A link to a scripted Asterisk, and what it was told, for the tests of the link."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ivr.asterisk.ami import AmiLink, LinkTimes
from ivr.clock import LoopClock
from ivr.testing.asterisk_ami import ScriptedAmi

QUICK = LinkTimes(
    connect=0.5,
    login=0.2,
    booted=5,
    ping_every=0.02,
    pong=0.2,
    first_pause=0.01,
    longest_pause=0.05,
    refused_pause=0.02,
)
CALM = LinkTimes(ping_every=60, first_pause=0.01, longest_pause=0.05)


class Told:
    """Counts what the link tells."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.whys: list[str] = []

    def ami_up(self) -> None:
        self.counts["up"] += 1

    def ami_down(self, why: str) -> None:
        self.counts["down"] += 1
        self.whys.append(why)

    def ami_refused(self, message: str) -> None:
        self.counts["refused"] += 1

    def ami_action(self, name: str, seconds: float, result: str) -> None:
        self.counts[f"{name} {result}"] += 1
        assert seconds >= 0

    def ami_fault(self, kind: str) -> None:
        self.counts[f"fault {kind}"] += 1


class Linked:
    """A link and what a test wants to know of it."""

    def __init__(self, asterisk: ScriptedAmi, times: LinkTimes, secret: str | None = None) -> None:
        self.asterisk = asterisk
        self.told = Told()
        self.logins = 0
        self.story: list[str] = []
        self._changed = asyncio.Event()
        self.link = AmiLink(
            "127.0.0.1",
            asterisk.port,
            asterisk.user,
            asterisk.secret if secret is None else secret,
            clock=LoopClock(),
            observer=self.told,
            times=times,
        )
        self.link.on_login(self._login)
        self.link.on_loss(lambda: self.note("loss"))

    async def _login(self) -> None:
        self.logins += 1
        self.note("login")

    def note(self, word: str) -> None:
        self.story.append(word)
        self._changed.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self._changed.clear()
            done = asyncio.ensure_future(self._changed.wait())
            await asyncio.wait({done}, timeout=0.01)  # also what nobody tells: counters
            done.cancel()

    async def up(self, times: int = 1) -> None:
        await self.until(lambda: self.link.connected and self.logins >= times)


@asynccontextmanager
async def linked(times: LinkTimes = CALM, **changes: object) -> AsyncIterator[Linked]:
    async with ScriptedAmi() as asterisk:
        for name, value in changes.items():
            setattr(asterisk, name, value)
        both = Linked(asterisk, times)
        both.link.start()
        try:
            yield both
        finally:
            await both.link.close()

"""The link to Asterisk: what is done when it is there again, while it is away, and each minute."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from ivr import log as logs
from ivr.app.floor import Floor, at_phones
from ivr.asterisk import snapshot
from ivr.asterisk.ami import AmiLink
from ivr.exchange.cel_import import CelImport
from ivr.figures.health import Health
from ivr.records.ledger import Ledger
from ivr.site import Site

log = logs.get(__name__)

PATIENCE_SECONDS = 2.0
"""How long a caller is kept for the channel events of a gap; a long gap is read on while calls are served."""


class Synchronisation:
    """Keeps what we believe equal to what Asterisk says."""

    def __init__(
        self, link: AmiLink, floor: Floor, ledger: Ledger, cel: CelImport, site: Callable[[], Site], health: Health
    ) -> None:
        self._link, self._floor, self._ledger = link, floor, ledger
        self._cel, self._site, self._health = cel, site, health
        self._there = False
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading = asyncio.Lock()
        self._coming: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Log in, and follow the events."""
        self._link.subscribe(self._floor.switchboard.event)
        self._link.on_login(self._logged_in)
        self._link.on_loss(self._lost)
        self._link.start()

    def stopping(self) -> None:
        """What is lost from now on is lost on purpose."""
        self._stopping = True

    @property
    def trouble(self) -> str | None:
        """Why Asterisk does not hear us; None when it does."""
        return None if self._there else self._link.trouble or "resynchronising with Asterisk"

    async def _logged_in(self) -> None:
        agents = [agent.agent for agent in self._floor.engine.agents()]
        outside = frozenset(agents) - at_phones(self._site())
        look = partial(snapshot.take, self._link, agents, outside)
        drift = await self._floor.switchboard.logged_in(look, self._fill_gap)
        self._there = True
        self._floor.recording.parts.linked_again()
        if drift:
            self._health.drift.labels("calls").inc(drift)
        log.info("in step with Asterisk", calls=len(self._floor.calls), drift=drift)

    def _lost(self) -> None:
        self._there = False
        if self._stopping:
            return
        self._floor.switchboard.lost()
        log.warning("Asterisk's manager is away; talks and waiting callers go on, no phone is rung meanwhile")

    async def catch_up(self) -> None:
        """Before a caller is served while we are not in step: what happened meanwhile is heard first. Who was talking
        and was transferred while nobody listened has talked before he waits again."""
        if self._there or self._stopping:
            return
        if self._coming is None:
            self._coming = self._spawn(self._fill_gap_soon())
        await asyncio.wait([self._coming], timeout=PATIENCE_SECONDS)

    async def _fill_gap_soon(self) -> None:
        """One reading for all who ask before it begins."""
        async with self._reading:
            self._coming = None
            await self._read()

    async def _fill_gap(self, lately: bool = True) -> None:
        async with self._reading:
            await self._read(lately)

    async def _read(self, lately: bool = True) -> None:
        """Take facts from Asterisk's channel events; without `lately` those of the last minute are left to AMI."""
        ledger = self._ledger
        try:
            await self._cel.fill_gap(ledger.projection, ledger.caller_key, self._site().version, lately=lately)
        except OSError as error:
            log.error("the channel events cannot be read; the gap stays open", why=str(error))

    def reconcile(self) -> None:
        """What AMI told a minute ago must stand in the channel events too; what it did not tell is taken from them."""
        if self._there:
            self._spawn(self._fill_gap(lately=False))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

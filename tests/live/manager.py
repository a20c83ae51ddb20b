"""Asterisk's manager, for tests that make calls of Asterisk to itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ivr.asterisk.ami import AmiLink
from ivr.clock import LoopClock
from ivr.install.secrets import ensure
from ivr.testing.instance import Instance


@asynccontextmanager
async def linked(line: Instance) -> AsyncIterator[AmiLink]:
    at = line.environment.ami
    link = AmiLink(at.host, at.port, "centralita", ensure(line.paths.secrets, ()).ami, clock=LoopClock())
    there = asyncio.Event()

    async def logged_in() -> None:
        there.set()

    link.on_login(logged_in)
    link.start()
    try:
        await asyncio.wait_for(there.wait(), 5)
        yield link
    finally:
        await link.close()

"""The audit as the server opens it: a day's anchor stands in the real journal, and verification reads it there."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from acd.codec import decode, encode
from ivr.access.anchor import AuditAnchored
from ivr.app.audit import AT_ONCE, journalled, open_audit
from ivr.app.closing import Closing
from ivr.app.stores import open_stores
from ivr.audit.chain import Entry
from ivr.clock import LoopClock
from ivr.install import secrets
from ivr.install.paths import Paths
from ivr.settings.environment import Environment
from ivr.testing.api import ADMIN, Api
from ivr.testing.clock import ManualClock
from tests.tools import run
from tests.unit.audit.test_audit import tampered
from tests.unit.voicemail.house import site_with


@run
async def test_the_journal_holds_an_anchor_that_verification_finds(tmp_path: Path) -> None:
    environment = Environment.from_environ({"CENTRALITA_VAR": str(tmp_path)})
    clock, site = ManualClock(), site_with()

    async def life(closing: Closing, journalled: list[Any], who: str = "ana") -> Api:
        stores = await open_stores(environment, site, secrets.ensure(tmp_path / "secrets", []), clock, closing)

        def record(event: Any, key: str) -> None:
            journalled.append(stores.journal.append(event.at, encode(event), (), key))

        floor: Any = SimpleNamespace(desk=SimpleNamespace(record=record))
        opened = await open_audit(environment, stores, floor, Paths.of(environment), clock, closing)
        await opened.audit.append(Entry(at=clock.now(), action="agent.pause", who=who))
        return Api([opened.routes])

    for _ in range(3):
        closing, journalled = Closing(), []
        api = await life(closing, journalled)
        for future in journalled:
            await future
        assert (await api.told(ADMIN, "GET", "/audit/verify"))["sound"]
        await closing.all()
    closing = Closing()
    stores = await open_stores(environment, site, secrets.ensure(tmp_path / "secrets", []), clock, closing)
    kept = [decode(entry.event) async for entry in stores.journal.read()]
    assert [type(event) for event in kept] == [AuditAnchored] and kept[0].seq == 1  # once a day
    await closing.all()
    tampered(tmp_path, "DELETE FROM audit")
    shutil.rmtree(tmp_path / "audit")
    api = await life(closing, [], "eva")
    told = await api.told(ADMIN, "GET", "/audit/verify")
    assert not told["sound"] and "the journal" in told["faults"][0]["why"]
    assert (await api.told(ADMIN, "GET", "/audit/verify", journal=False))["sound"]
    await closing.all()


@run
async def test_a_long_journal_lets_calls_go_first() -> None:
    """It gives a whole page without waiting in between."""
    read, seen = 0, []

    class LongJournal:
        async def read(self) -> AsyncIterator[Any]:
            nonlocal read
            for _ in range(20 * AT_ONCE):
                read += 1
                yield SimpleNamespace(event={"e": "call started"})

    async def calls() -> None:
        while True:
            seen.append(read)
            await asyncio.sleep(0)

    journal: Any = LongJournal()
    beside = asyncio.ensure_future(calls())
    await asyncio.sleep(0)
    assert [anchor async for anchor in journalled(journal, LoopClock())] == []
    beside.cancel()
    assert max(b - a for a, b in pairwise(seen)) <= AT_ONCE

"""The audit as the server opens it: a day's anchor stands in the real journal, and verification reads it there."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from acd.codec import decode, encode
from acd.journal import open_journal
from ivr.access.anchor import AuditAnchored
from ivr.app.audit import journalled, open_audit
from ivr.app.closing import Closing
from ivr.app.stores import open_stores
from ivr.audit.chain import Entry
from ivr.audit.routes import AuditRoutes
from ivr.clock import LoopClock
from ivr.install import secrets
from ivr.install.paths import Paths
from ivr.settings.environment import Environment
from ivr.testing.api import ADMIN, Api
from ivr.testing.clock import ManualClock
from tests.tools import run
from tests.unit.audit.house import opened
from tests.unit.audit.test_audit import tampered
from tests.unit.voicemail.house import site_with


@run
async def test_the_journal_holds_an_anchor_that_verification_finds(tmp_path: Path) -> None:
    environment = Environment.from_environ({"CENTRALITA_VAR": str(tmp_path)})
    clock, site = ManualClock(), site_with()

    async def life(closing: Closing, told: list[Any], who: str = "ana") -> Api:
        stores = await open_stores(environment, site, secrets.ensure(tmp_path / "secrets", []), clock, closing)

        def record(event: Any, key: str) -> None:
            told.append(stores.journal.append(event.at, encode(event), (), key))

        floor: Any = SimpleNamespace(desk=SimpleNamespace(record=record))
        opened = await open_audit(environment, stores, floor, Paths.of(environment), clock, closing)
        await opened.audit.append(Entry(at=clock.now(), action="agent.pause", who=who))
        return Api([opened.routes])

    for _ in range(3):
        closing, told_ = Closing(), []
        api = await life(closing, told_)
        for future in told_:
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
async def test_a_long_journal_is_not_read_by_the_server(tmp_path: Path) -> None:
    """At any auditor's wish it would hold up calls for seconds."""
    environment = Environment.from_environ({"CENTRALITA_VAR": str(tmp_path)})
    clock, at = LoopClock(), datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    journal = await open_journal(environment.journal, clock)
    for n in range(300):
        anchored = AuditAnchored(at=at, seq=n, hash=f"{n:064d}")
        event = encode(anchored) if n % 100 == 7 else {"e": "call started", "call": f"n1-{n}.0"}
        await journal.append(at, event)

    class NotHere:
        def read(self, after: int = 0) -> AsyncIterator[Any]:
            raise AssertionError("the server reads its journal")

    here: Any = NotHere()
    found = [anchor async for anchor in journalled(environment, here)]
    assert [(a.seq, a.hash, a.place) for a in found] == [(n, f"{n:064d}", "the journal") for n in (7, 107, 207)]
    await journal.close()


@run
async def test_a_journal_in_memory_is_read_here() -> None:
    environment = Environment.from_environ({"CENTRALITA_JOURNAL": "memory:"})
    journal = await open_journal("memory:", LoopClock())
    at = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    await journal.append(at, encode(AuditAnchored(at=at, seq=7, hash="a" * 64)))
    assert [anchor.seq async for anchor in journalled(environment, journal)] == [7]


@run
async def test_that_the_journal_cannot_be_read_is_said(tmp_path: Path) -> None:
    """It is no sound chain then, and nobody changed anything either."""
    environment = Environment.from_environ({"CENTRALITA_VAR": str(tmp_path)})
    audit, journal = await opened(tmp_path, ManualClock()), await open_journal("memory:", LoopClock())
    api = Api([AuditRoutes(audit, lambda: journalled(environment, journal))])
    (tmp_path / "journal.sqlite").write_bytes(b"this is no journal" * 100)
    answer = await api.ask(ADMIN, "GET", "/audit/verify")
    assert answer.status_code == 503 and "the journal's anchors: " in answer.json()["error"]
    assert (await api.told(ADMIN, "GET", "/audit/verify", journal=False))["sound"]
    await audit.close()

"""The audit, opened on the records' database, anchored beside it and in the journal."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from acd.journal import Journal
from ivr.access.anchor import AuditAnchored
from ivr.app.closing import Closing
from ivr.app.floor import Floor
from ivr.app.stores import Stores
from ivr.audit.anchors import AnchorFiles, anchor_of
from ivr.audit.audit import Audit
from ivr.audit.chain import Anchor
from ivr.audit.routes import AuditRoutes
from ivr.audit.store import AuditStore
from ivr.clock import Clock
from ivr.install.paths import Paths
from ivr.settings.environment import Environment

_ANCHORED = "audit anchored"
AT_ONCE = 50
"""Entries of the journal between which nothing else is done: about a millisecond."""


@dataclass(frozen=True, slots=True)
class OpenAudit:
    """`audit` for whoever appends (the Door), `routes` for the API."""

    audit: Audit
    routes: AuditRoutes


async def open_audit(
    environment: Environment, stores: Stores, floor: Floor, paths: Paths, clock: Clock, closing: Closing
) -> OpenAudit:
    """After the floor, before the first request. Raises SQLAlchemyError when the chain's end cannot be read."""

    def record(event: AuditAnchored, key: str) -> None:
        floor.desk.record(event, key=key)

    store = AuditStore.open(environment.records, stores.ledger.store.engine)
    audit = Audit(store, AnchorFiles(paths.var / "audit"), clock, record)
    closing.add(audit.close)
    await audit.open()
    return OpenAudit(audit, AuditRoutes(audit, lambda: journalled(stores.journal, clock)))


async def journalled(journal: Journal, clock: Clock) -> AsyncIterator[Anchor]:
    """The anchors that a journal holds. All of it is read; it comes in large parts, and calls go first within each."""
    read = 0
    async for entry in journal.read():
        read += 1
        if read % AT_ONCE == 0:
            await clock.sleep(0)
        if entry.event.get("e") == _ANCHORED and (anchor := anchor_of(entry.event, "the journal")) is not None:
            yield anchor

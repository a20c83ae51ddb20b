"""The audit, opened on the records' database, anchored beside it and in the journal."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from acd.journal import Journal
from ivr.access.anchor import AuditAnchored
from ivr.app.closing import Closing
from ivr.app.floor import Floor
from ivr.app.stores import Stores
from ivr.aside import aside
from ivr.audit import in_journal
from ivr.audit.anchors import AnchorFiles
from ivr.audit.audit import Audit
from ivr.audit.chain import Anchor, Entry
from ivr.audit.routes import AuditRoutes
from ivr.audit.store import AuditStore
from ivr.clock import Clock
from ivr.install.paths import Paths
from ivr.settings.environment import Environment


@dataclass(frozen=True, slots=True)
class OpenAudit:
    """`audit` for whoever appends (the Door), `routes` for the API."""

    audit: Audit
    routes: AuditRoutes


async def open_audit(
    environment: Environment,
    stores: Stores,
    floor: Floor,
    paths: Paths,
    clock: Clock,
    closing: Closing,
    told: Callable[[Entry], None] = lambda entry: None,
) -> OpenAudit:
    """After the floor, before the first request. `told` hears of each entry. Raises SQLAlchemyError when the chain's
    end cannot be read."""

    def record(event: AuditAnchored, key: str) -> None:
        floor.desk.record(event, key=key)

    records = stores.ledger.store
    store = AuditStore.open(environment.records, records.engine, records.patience)
    audit = Audit(store, AnchorFiles(paths.var / "audit"), clock, record, told)
    closing.add(audit.close)
    await audit.open()
    return OpenAudit(audit, AuditRoutes(audit, lambda: journalled(environment, stores.journal)))


async def journalled(environment: Environment, journal: Journal) -> AsyncIterator[Anchor]:
    """The anchors that the journal holds, read by a process of its own; only what is in the server's memory is read
    here. Raises JournalUnread."""
    if environment.journal.startswith("memory:"):
        async for anchor in in_journal.read(journal):
            yield anchor
    else:
        for anchor in await aside(in_journal.elsewhere, environment.journal):
            yield anchor

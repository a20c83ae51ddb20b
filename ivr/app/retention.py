"""Retention and legal holds in the running server."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from ivr.app.closing import Closing
from ivr.app.recordings import SERVER
from ivr.aside import aside
from ivr.audit.audit import Audit, AuditUnavailable
from ivr.audit.chain import Entry
from ivr.audit.store import Wanted
from ivr.clock import Clock
from ivr.erasure.records import alone, settle
from ivr.figures.call_record import CallRecord
from ivr.install.paths import Paths
from ivr.recordings.archiver import Archiver
from ivr.recordings.copies import Archive, Copies
from ivr.recordings.hold_routes import HoldRoutes
from ivr.recordings.hold_store import HoldStore
from ivr.recordings.open_work import OpenWork
from ivr.recordings.remover import LedgerAway, Remover
from ivr.recordings.retention import Retention
from ivr.recordings.retention_routes import RetentionRoutes
from ivr.records.store import RecordStore
from ivr.site import Site
from recordings.catalogue import SqlCatalogue


class SureLedger:
    """The audit's chain for what cannot be taken back: nothing is done that does not stand in it before."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit, self._clock = audit, clock

    async def write(self, what: str, told: Mapping[str, Mapping[str, object]]) -> None:
        """As entries `recordings.WHAT`, one about each recording. Raises LedgerAway."""
        now = self._clock.now()
        entries = [
            Entry(at=now, action=f"recordings.{what}", who=SERVER, object=recording, detail=detail)
            for recording, detail in told.items()
        ]
        done = await asyncio.gather(*(self._audit.append(entry) for entry in entries), return_exceptions=True)
        for one in done:
            if isinstance(one, AuditUnavailable):
                raise LedgerAway(str(one))
            if isinstance(one, BaseException):
                raise one

    async def written(self, what: str, recording: str) -> bool:
        """Whether there is such an entry. Raises SQLAlchemyError."""
        wanted = Wanted(action=f"recordings.{what}", object=recording)
        return bool(await aside(self._audit.store.find, wanted, 1))


@dataclass(frozen=True, slots=True)
class OpenRetention:
    """`routes` come before those of single recordings; `remover` is for the erasure of a caller."""

    retention: Retention
    remover: Remover
    holds: HoldStore
    routes: tuple[HoldRoutes, RetentionRoutes]


def remover_of(
    *,
    paths: Paths,
    engine: Engine,
    site: Callable[[], Site],
    audit: Audit,
    clock: Clock,
    copies: Copies | None = None,
    archive: Archive | None = None,
) -> Remover:
    """Who deletes recordings of an instance."""
    return Remover(
        OpenWork(engine),
        SqlCatalogue(engine),
        SureLedger(audit, clock),
        clock,
        folder=paths.recordings,
        done=paths.recordings_done,
        vault=paths.vault,
        zone=lambda: site().zone,
        settle=lambda: settle_keys(engine),
        copies=copies,
        archive=archive,
    )


def open_retention(
    *,
    paths: Paths,
    site: Callable[[], Site],
    store: RecordStore,
    record_of: Callable[[str], CallRecord | None],
    keys_of: Callable[[str], Collection[str]],
    audit: Audit,
    clock: Clock,
    closing: Closing,
    copies: Copies | None = None,
    archive: Archive | None = None,
) -> OpenRetention:
    """Begin to look each night for what has to go. Without `copies` there is no backup, without `archive` nothing is
    archived."""
    engine = store.engine
    remover = remover_of(
        paths=paths, engine=engine, site=site, audit=audit, clock=clock, copies=copies, archive=archive
    )
    archiver = None
    if archive is not None:
        ledger = SureLedger(audit, clock)
        archiver = Archiver(archive, OpenWork(engine), ledger, clock, vault=paths.vault, zone=lambda: site().zone)
    retention = Retention(store, remover, clock, site, lock=paths.var / "retention.lock", archiver=archiver)
    retention.start()
    closing.add(retention.close)
    holds = HoldStore(engine)
    routes = HoldRoutes(holds, SqlCatalogue(engine), site, keys_of, record_of, clock)
    return OpenRetention(retention, remover, holds, (routes, RetentionRoutes(retention, site, clock)))


def settle_keys(engine: Engine) -> None:
    """Let no destroyed key, and no note that went with it, stand in a file of the database any more. Blocking. Raises
    SQLAlchemyError."""
    if engine.dialect.name == "sqlite":
        settle(engine)  # what is deleted is overwritten (secure_delete), once it leaves the WAL
    else:
        alone(engine, "VACUUM recording_keys, recordings")

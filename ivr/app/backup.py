"""Copies in the running server: when they are made, what the ledger and the figures say of them."""

from collections.abc import Callable, Mapping
from typing import Any

from ivr.app.closing import Closing
from ivr.audit.audit import Audit
from ivr.audit.chain import Entry
from ivr.backup.archive import TargetArchive
from ivr.backup.backup import Backups
from ivr.backup.figures import BackupFigures
from ivr.backup.instance import Instance
from ivr.backup.targets import named
from ivr.backup.worker import Job
from ivr.clock import Clock
from ivr.figures.metrics import Metrics
from ivr.settings.environment import Environment
from ivr.site import Site

SERVER = "server"
"""Who does what nobody asked for."""


class BackupLedger:
    """What became of each copy, in the audit's chain: `backup.done`, `backup.failed`, `backup.proved`."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit, self._clock = audit, clock

    async def note(self, what: str, target: str, why: str, detail: Mapping[str, Any]) -> None:
        """As the entry `backup.WHAT` about this target; it never fails."""
        await self._audit.settle(
            Entry(
                at=self._clock.now(),
                action=f"backup.{what}",
                who=SERVER,
                object=target,
                result="failed" if why else "done",
                why=why,
                detail=detail,
            )
        )


def open_archive(
    backups: Backups,
    *,
    environment: Environment,
    site: Callable[[], Site],
    away: Callable[[str], Exception],
    closing: Closing,
) -> TargetArchive:
    """The target that `archive` of config/recordings.yaml names. `away`: ivr.recordings.copies.ArchiveAway."""
    instance = Instance.of(environment)

    def job() -> Job | None:
        settings = site().recordings.backup
        if settings is None or not settings.archive:
            return None
        return Job(named(settings, settings.archive), instance)

    archive = TargetArchive(backups, job, away)
    closing.add_now(archive.close)
    return archive


def open_backup(
    *,
    environment: Environment,
    site: Callable[[], Site],
    audit: Audit,
    metrics: Metrics,
    clock: Clock,
    closing: Closing,
) -> Backups:
    """Begin to make copies. What comes back implements retention's port `Copies`: `forget(files)`."""
    backups = Backups(lambda: site().recordings.backup, Instance.of(environment), BackupLedger(audit, clock), clock)
    metrics.show(BackupFigures(backups.states, backups.running))
    backups.start()
    closing.add(backups.close)
    return backups

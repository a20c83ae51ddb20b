"""The room for recordings in the running server: the guard of the disk, forecast, nightly proof, figures."""

from collections.abc import Callable

from ivr.app.closing import Closing
from ivr.clock import Clock
from ivr.exchange.recording.recorder import Recorder
from ivr.figures.metrics import Metrics
from ivr.install.paths import Paths
from ivr.recordings.capacity import Capacity
from ivr.recordings.capacity_routes import CapacityRoutes
from ivr.recordings.disk_guard import DiskGuard, Ledger
from ivr.recordings.figures import Keeping, LedgerTally, RecordingFigures
from ivr.recordings.nightly import Nightly
from ivr.records.store import RecordStore
from ivr.settings.environment import Environment
from ivr.site import Site


def guard_of(paths: Paths, site: Callable[[], Site], clock: Clock) -> DiskGuard:
    """The guard of the disks of recordings; `look` once before calls are taken, so that none begins recorded on a full
    disk."""
    folders = {"recordings": paths.recordings, "vault": paths.vault}
    return DiskGuard(folders, lambda: site().recordings.alarms, clock)


def open_capacity(
    *,
    guard: DiskGuard,
    recorder: Recorder,
    keeper: Keeping,
    ledger: Ledger,
    tally: LedgerTally,
    environment: Environment,
    paths: Paths,
    site: Callable[[], Site],
    store: RecordStore,
    metrics: Metrics,
    clock: Clock,
    closing: Closing,
) -> CapacityRoutes:
    """Begin to watch. `tally` hears of every entry of the audit (Audit). The routes have to
    stand before those of `RecordingRoutes`."""
    guard.attach(recorder.stop_all, ledger)
    capacity = Capacity(store, environment.records, paths.vault, site, clock, ledger)
    nightly = Nightly(store, environment.records, site, clock, ledger, folder=paths.recordings, vault=paths.vault)
    figures = RecordingFigures(
        engine=store.engine,
        folder=paths.recordings,
        clock=clock,
        keeper=keeper,
        guard=guard,
        capacity=capacity,
        nightly=nightly,
        tally=tally,
    )
    for part in (guard, capacity, nightly, figures):
        part.start()
        closing.add(part.close)
    metrics.show(figures)
    return CapacityRoutes(capacity, guard, lambda: site().language)

"""Recordings for Prometheus: how many there are and where, how full the disks are, and whether all is as is written.

What stands in the database is counted now and then, never at a scrape.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.aside import aside
from ivr.audit.chain import Entry
from ivr.clock import Clock
from ivr.recordings.capacity import Capacity
from ivr.recordings.disk_guard import DiskGuard, Room
from ivr.recordings.nightly import Nightly
from recordings.capacity import HORIZON, Alarm
from recordings.catalogue import State, holds, table
from recordings.intake import QUARANTINE
from recordings.proof import Fault

log = logs.get(__name__)

COUNT_EVERY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Counted:
    """What the catalogue and the folder held at the latest count. `oldest`: when the one finished that waits longest
    for the vault."""

    states: Mapping[str, int] = field(default_factory=dict)
    oldest: datetime | None = None
    quarantined: int = 0
    holds: int = 0


def count(engine: Engine, folder: Path) -> Counted:
    """Blocking; by the indexes alone, so that a million recordings are counted in a moment. Raises SQLAlchemyError,
    OSError."""
    r = table.c
    with engine.connect() as connection:
        rows = connection.execute(select(r.state, func.count()).group_by(r.state)).all()
        oldest = connection.execute(select(func.min(r.finished)).where(r.state == State.TAKEN.value)).scalar()
        standing = connection.execute(select(func.count()).select_from(holds).where(holds.c.lifted.is_(None))).scalar()
    quarantine = folder / QUARANTINE
    return Counted(
        states={str(state): int(number) for state, number in rows},
        oldest=oldest,
        quarantined=len(list(quarantine.iterdir())) if quarantine.is_dir() else 0,
        holds=int(standing or 0),
    )


class LedgerTally:
    """How often the audit was written to about recordings, since the server began: actions `recordings.*`. Of what is
    deleted or archived the detail `rule` names the rule of retention."""

    def __init__(self) -> None:
        self.entries: Counter[str] = Counter()
        self.by_rule: Counter[tuple[str, str]] = Counter()

    def entry(self, entry: Entry) -> None:
        """One more was written; that something only begins does not count."""
        area, _, what = entry.action.partition(".")
        if area != "recordings" or entry.result == "begun":
            return
        self.entries[what] += 1
        if what in _DEEDS:
            self.by_rule[what, str(entry.detail.get("rule") or "")] += 1


_DEEDS = ("deleted", "archived")


class Keeping(Protocol):
    """What is asked of the keeper."""

    @property
    def trouble(self) -> str: ...


class RecordingFigures(Collector):
    """Computed at each scrape, of what is in memory."""

    def __init__(
        self,
        *,
        engine: Engine,
        folder: Path,
        clock: Clock,
        keeper: Keeping,
        guard: DiskGuard,
        capacity: Capacity,
        nightly: Nightly,
        tally: LedgerTally,
    ) -> None:
        self._engine, self._folder, self._clock = engine, folder, clock
        self._keeper, self._guard, self._capacity, self._nightly = keeper, guard, capacity, nightly
        self._tally = tally
        self._counted = Counted()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Count now and then."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="count of recordings")

    async def close(self) -> None:
        """Count no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def count(self) -> None:
        """Count anew; what cannot be counted stays as it was."""
        try:
            self._counted = await aside(count, self._engine, self._folder)
        except (SQLAlchemyError, OSError) as error:
            log.warning("recordings cannot be counted", why=logs.first_line(error))

    async def _run(self) -> None:
        while True:
            await self.count()
            await self._clock.sleep(COUNT_EVERY_SECONDS)

    def describe(self) -> Iterator[Metric]:
        """Nothing is computed when the collector is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from self._stored()
        yield from self._disks()
        yield from self._until_full()
        yield from self._verified()
        yield from self._deeds()

    def _stored(self) -> Iterator[Metric]:
        counted = self._counted
        states = {state.value: counted.states.get(state.value, 0) for state in State}
        yield _gauge("stored", "Recordings by state.", "state", states)
        stored = {state.value: self._capacity.states.get(state.value, (0, 0))[1] for state in State}
        yield _gauge("stored_bytes", "Bytes of recordings by state, as of the day's look.", "state", stored)
        age = (self._clock.now() - counted.oldest).total_seconds() if counted.oldest is not None else 0.0
        yield _one("oldest_taken_seconds", "Age of the one that waits longest for the vault; 0: none waits.", age)
        yield _one("quarantined", "Files in quarantine: nobody knows whose they are.", counted.quarantined)
        yield _one("holds", "Holds that stand.", counted.holds)
        trouble = int(bool(self._keeper.trouble))
        yield _one("keeper_trouble", "1 while nothing can be brought into the vault.", trouble)

    def _disks(self) -> Iterator[Metric]:
        volumes = self._guard.volumes
        for name, text, value in (
            ("disk_size_bytes", "Size of the disk that a folder lies on.", {n: v.size for n, v in volumes.items()}),
            ("disk_free_bytes", "Free on that disk.", {n: v.free for n, v in volumes.items()}),
            ("disk_free_percent", "Free of bytes or of files.", {n: v.free_percent for n, v in volumes.items()}),
        ):
            yield _gauge(name, text, "folder", value)
        unseen = {name: self._guard.unseen_seconds(name) for name in self._guard.folders}
        yield _gauge("disk_unseen_seconds", "How long ago that disk answered when it was looked at.", "folder", unseen)
        low = {name: int(self._guard.room_of(name) is not Room.OK) for name in volumes}
        yield _gauge("disk_low", "1 while less is free than recordings.yaml wants.", "folder", low)
        stopped = int(not self._guard.has_room())
        yield _one("stopped", "1 while nobody is recorded, for want of room.", stopped)

    def _until_full(self) -> Iterator[Metric]:
        report = self._capacity.report
        days: dict[str, float] = {}
        if report is not None and report.foreseen.days_known:
            foreseen = report.foreseen
            bounds = {"earliest": foreseen.earliest, "middle": foreseen.days, "latest": foreseen.latest}
            days = {bound: HORIZON if value is None else value for bound, value in bounds.items()}
        yield _gauge("days_until_full", f"Days until the disk is full; {HORIZON}: not before.", "bound", days)
        standing = report.alarms if report is not None else frozenset()
        alarms = {alarm.value: int(alarm in standing) for alarm in Alarm}
        yield _gauge("capacity_alarm", "1 for each alarm of the day's look.", "alarm", alarms)

    def _verified(self) -> Iterator[Metric]:
        last = self._nightly.last
        found = {fault.value: last.kinds.get(fault.value, 0) for fault in Fault} if last is not None else {}
        at, sound, read, took = (
            (last.at.timestamp(), int(last.sound), last.bytes, last.seconds) if last is not None else (None,) * 4
        )
        yield _one("verify_last_timestamp_seconds", "When all recordings were verified.", at)
        yield _one("verify_sound", "1: at that time everything agreed.", sound)
        yield _one("verify_read_bytes", "Read of the vault then.", read)
        yield _one("verify_seconds", "How long it took.", took)
        yield _gauge("verify_findings", "What did not agree, by kind.", "kind", found)
        yield _one("verify_trouble", "1: the latest proof came to no end.", int(bool(self._nightly.trouble)))

    def _deeds(self) -> Iterator[Metric]:
        tally = self._tally
        yield _counter("ledger_entries", "Entries of the ledger about recordings.", "what", tally.entries.items())
        for what, name in (("deleted", "deletions"), ("archived", "archivings")):
            done = [(rule, number) for (deed, rule), number in tally.by_rule.items() if deed == what]
            yield _counter(name, f"Recordings {what}, by the rule of retention.", "rule", done)


def _one(name: str, text: str, value: float | None) -> Metric:
    """None: not known."""
    return GaugeMetricFamily(f"centralita_recordings_{name}", text, value=value)


def _gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"centralita_recordings_{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counter(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = CounterMetricFamily(f"centralita_recordings_{name}", text, labels=[label])
    for key, value in sorted(values):
        family.add_metric([key], value)
    return family

"""How long the disk of the vault will do, looked at once a day, and sooner when the disk or the rules have changed. The
last report of each month is kept with the records."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.apart import NotAnswered
from ivr.aside import aside
from ivr.clock import Clock
from ivr.recordings import capacity_work
from ivr.recordings.capacity_wire import plain_report, report_of
from ivr.recordings.capacity_work import Seen
from ivr.recordings.disk_guard import Ledger, volume_of
from ivr.records.store import RecordStore
from ivr.site import Site
from recordings.capacity import Alarm
from recordings.monthly import Report

log = logs.get(__name__)

FIRST_SECONDS = 60.0
"""The server has other work at its start."""
EVERY_SECONDS = 3600.0


class NotKnown(Exception):
    """There is no report. The message says why."""


class Capacity:
    """The report of this moment, and those of the months before. `records`: the address of the records' database, for
    a process of its own that reads it."""

    def __init__(
        self,
        store: RecordStore,
        records: str,
        vault: Path,
        site: Callable[[], Site],
        clock: Clock,
        ledger: Ledger,
        make: Callable[..., Seen] = capacity_work.elsewhere,
    ) -> None:
        self._store, self._records, self._vault, self._site = store, records, vault, site
        self._clock, self._ledger, self._make = clock, ledger, make
        self.report: Report | None = None
        self.states: Mapping[str, tuple[int, int]] = {}
        """State of the catalogue -> how many recordings, how many bytes, as the latest look counted them."""
        self._stands_on: object = None
        self._one = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look now and then."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="capacity of recordings")

    async def close(self) -> None:
        """Look no more; a process that is at work is ended by ivr.apart."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def latest(self) -> Report:
        """The report of today. Raises NotKnown."""
        async with self._one:
            try:
                await self._look()
            except (OSError, NotAnswered) as error:
                if self.report is None:
                    raise NotKnown(f"the disk or the catalogue cannot be read: {error}") from None
                log.warning("the capacity for recordings is not known anew", why=str(error))
        assert self.report is not None
        return self.report

    async def of_month(self, month: str) -> Report:
        """The last report of a month (2026-11) that has passed, or today's. Raises NotKnown."""
        if month == f"{self._today():%Y-%m}":
            return await self.latest()
        try:
            return report_of(await aside(self._store.state, _name(month)))
        except SQLAlchemyError as error:
            raise NotKnown(f"the records cannot be read: {logs.first_line(error)}") from None
        except (KeyError, TypeError, ValueError, AssertionError):
            raise NotKnown(
                f"there is no report of {month}; one is kept for each month in which the server ran"
            ) from None

    async def _look(self) -> None:
        """A new report, unless the one of today still holds. Raises OSError, NotAnswered."""
        site, today = self._site(), self._today()
        settings = site.recordings
        percent = round((await aside(volume_of, self._vault)).free_percent)
        stands_on = (today, percent, settings.keep, settings.alarms, site.timezone)
        if stands_on == self._stands_on:
            return
        before = self.report.alarms if self.report is not None else frozenset()
        made = await aside(
            self._make,
            self._records,
            self._vault,
            site=site.label,
            today=today,
            zone=site.timezone,
            labels={name: queue.label for name, queue in site.queues.items()},
            rules=settings.keep,
            limits=settings.alarms,
            before=before,
        )
        self.report, self.states, self._stands_on = made.report, made.states, stands_on
        await self._tell(before, made.report)
        await self._keep(made.report)

    async def _tell(self, before: frozenset[Alarm], now: Report) -> None:
        """What is low or full now is told by the guard of the disk, within seconds."""
        if Alarm.FULL_SOON not in now.alarms ^ before:
            return
        foreseen = {"days": now.foreseen.days, "earliest": now.foreseen.earliest, "latest": now.foreseen.latest}
        if Alarm.FULL_SOON in now.alarms:
            log.warning("the disk of recordings will be full soon", **foreseen)
            await self._ledger.note("full_soon", "", **foreseen)
        else:
            log.info("the disk of recordings will do for long enough again", **foreseen)
            await self._ledger.note("full_later", "", **foreseen)

    async def _keep(self, report: Report) -> None:
        try:
            await aside(self._store.keep_state, _name(f"{report.today:%Y-%m}"), plain_report(report))
        except SQLAlchemyError as error:
            log.error("the report about recordings cannot be kept", why=logs.first_line(error))

    def _today(self) -> date:
        return self._site().local(self._clock.now()).date()

    async def _run(self) -> None:
        await self._clock.sleep(FIRST_SECONDS)
        while True:
            try:
                await self.latest()
            except NotKnown as why:
                log.error("the capacity for recordings is not known", why=str(why))
            await self._clock.sleep(EVERY_SECONDS)


def _name(month: str) -> str:
    """Under which a report stands among the records' states."""
    return f"recordings report {month}"

"""Retention at work: each night, in the quiet hours, recordings whose time is up go into the archive or for ever; at
most so many an hour, so that calls do not suffer. What is not done tonight is done tomorrow.

Nothing is deleted by a clock that may be wrong (`recordings.retention.trusted`): the latest moment that was sure is
kept with the records.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.aside import aside
from ivr.clock import Clock
from ivr.recordings.allowance import Allowance, AtOnce, Nightly, Run
from ivr.recordings.archiver import Archiver
from ivr.recordings.counting import dry_run
from ivr.recordings.due import After, Due, SegmentOf
from ivr.recordings.open_work import Doomed, OpenWork
from ivr.recordings.pace import Pace
from ivr.recordings.remover import RETENTION, Removed, Remover
from ivr.records.store import RecordStore
from ivr.site import Site
from ivr.site.callers import caller_facts
from ivr.site.recordings import RecordingSettings
from recordings.backup.gate import only_one
from recordings.judge import Judge
from recordings.retention import ClockLeapt, DryRun, Planned, State, Verdict, trusted

log = logs.get(__name__)

STANDING = "recordings.retention"
"""The row of `standing` with the latest moment that was sure."""
LOOK_SECONDS = 60.0
SURE_EVERY = timedelta(hours=1)
AGAIN_SECONDS = 900.0
"""After a pass in the same night, and after trouble."""
MOST_OPEN = 500
"""Deletions that have begun: then all copies are forgotten together. When as many wait for a place that cannot be
reached, nothing else is begun."""
REMEDY = "if it is right: ivr recordings retention --run --clock-is-right"


class Busy(Exception):
    """A pass runs already, here or in another process."""


class Retention:
    """Of one instance."""

    def __init__(
        self,
        store: RecordStore,
        remover: Remover,
        clock: Clock,
        site: Callable[[], Site],
        *,
        lock: Path,
        archiver: Archiver | None = None,
    ) -> None:
        """`lock`: a file that only one process of this instance has at a time."""
        self._store, self._remover, self._archiver = store, remover, archiver
        self._clock, self._site, self._lock = clock, site, lock
        self._work, self._pace = OpenWork(store.engine), Pace()
        self._going_on: Run | None = None
        self._task: asyncio.Task[None] | None = None
        self._not_before_us = 0
        self.last: Run | None = None
        self.trouble = ""
        """Why nothing can be deleted at the moment; empty when all is well."""

    def start(self) -> None:
        """Look each minute whether there is something to do."""
        self._task = asyncio.get_running_loop().create_task(self._nights(), name="retention of recordings")

    async def close(self) -> None:
        """Stop; what had begun is finished at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def going_on(self) -> Run | None:
        """The pass that runs now."""
        return self._going_on

    @property
    def archives(self) -> bool:
        """Whether there is an archive."""
        return self._archiver is not None

    async def dry_run(self, limit: int = 100) -> DryRun:
        """What is due now, and would be done. Raises SQLAlchemyError."""
        site = self._site()
        judge = Judge(site.recordings.keep, self._clock.now().astimezone(site.zone))
        return await aside(dry_run, self._due(site), judge, limit)

    async def nightly(self) -> Run:
        """One pass within the quiet hours. Raises Busy, ClockLeapt, LedgerAway, OSError, SQLAlchemyError."""
        return await self._pass(Nightly(self._pace, self._clock, self._site))

    async def at_once(self, most: int) -> Run:
        """One pass at any hour, of at most so many recordings; it waits for nothing. Raises as `nightly`."""
        return await self._pass(AtOnce(self._pace, self._clock, most))

    async def believe(self) -> None:
        """Somebody says that the clock is right. Raises SQLAlchemyError."""
        await aside(self._keep_sure, self._clock.now())
        self.trouble = ""

    # ------------------------------------------------------------------ by itself
    async def look(self) -> None:
        """One look at the clock; in the quiet hours what is due is done. Faults are told in `trouble`."""
        site, now_us = self._site(), self._clock.engine_us()
        try:
            await self._sure()
            if self.trouble.endswith(REMEDY):
                self._say("")
            if now_us < self._not_before_us or not site.recordings.quiet.hold(site.local(self._clock.now())):
                return
            self._not_before_us = now_us + round(AGAIN_SECONDS * 1e6)
            await self.nightly()
            self._say("")
        except Busy:
            return
        except ClockLeapt as why:
            self._say(f"{why}; {REMEDY}")
        except (OSError, SQLAlchemyError) as error:
            self._say(logs.first_line(error))

    async def _nights(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("retention failed")
            await self._clock.sleep(LOOK_SECONDS)

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            log.error("no recording is deleted", why=trouble)
        self.trouble = trouble

    # ------------------------------------------------------------------ a pass
    async def _pass(self, allowance: Allowance) -> Run:
        if self._going_on is not None:
            raise Busy("retention is at work already")
        run = Run(self._clock.now())
        with only_one(self._lock) as alone:
            if not alone:
                raise Busy("retention is at work already, in another process")
            self._going_on = run
            try:
                now = await self._sure()
                await self._resume(run)
                run.stopped = await self._work_through(run, allowance, now)
            except (ClockLeapt, OSError, SQLAlchemyError) as error:
                run.stopped = logs.first_line(error)
                raise
            finally:
                run.ended = self._clock.now()
                self._going_on, self.last = None, run
        if run.deleted or run.archived or run.left:
            log.info("recordings whose time is up", deleted=run.deleted, archived=run.archived, held=run.held,
                     left=len(run.left), stopped=run.stopped)  # fmt: skip
        return run

    async def _resume(self, run: Run) -> None:
        """What a crash, or a place that was away, had ended in the middle."""
        archived = await self._archiver.resume() if self._archiver is not None else Removed()
        run.add(await self._remover.finish(), archived)

    async def _work_through(self, run: Run, allowance: Allowance, now: datetime) -> str:
        """Why it ended; empty: nothing is left that is due at that moment, which is sure."""
        stopped = await self._begin_all(run, allowance, now)
        await self._finish(run)
        return stopped

    async def _finish(self, run: Run) -> None:
        run.begun = 0
        run.add(await self._remover.finish(), Removed())

    async def _begin_all(self, run: Run, allowance: Allowance, now: datetime) -> str:
        site = self._site()
        rules = site.recordings
        due, judge = self._due(site), Judge(rules.keep, now.astimezone(site.zone))
        for state in (State.ARCHIVED, State.KEPT):
            after: After | None = None
            while True:
                page = await aside(due.page, judge, state, after)
                planned = [one for one in page.planned if self._can(one) and one.kept.recording not in run.left]
                while planned:
                    count, why = await self._some(run, allowance, rules)
                    if not count:
                        return why
                    some, planned = planned[:count], planned[count:]
                    allowance.took(len(some))
                    await self._carry_out(run, some)
                if page.next is None:
                    break
                after = page.next
        quarantined = await self._remover.overdue(rules.keep, judge.now)
        quarantined = [one for one in quarantined if one.recording not in run.left]
        while quarantined:
            count, why = await self._some(run, allowance, rules)
            if not count:
                return why
            doomed, quarantined = quarantined[:count], quarantined[count:]
            allowance.took(len(doomed))
            await self._delete(run, doomed)
        return ""

    async def _some(self, run: Run, allowance: Allowance, rules: RecordingSettings) -> tuple[int, str]:
        """How many may be begun now; of none: why."""
        if len(run.left) >= MOST_OPEN:
            return 0, "too many wait for a place that cannot be reached"
        count = await allowance.more(rules.deletions_an_hour)
        if not count:
            return 0, allowance.why
        return (count, "") if self._site().recordings == rules else (0, "the rules have changed")

    async def _carry_out(self, run: Run, planned: Sequence[Planned]) -> None:
        rows = {row.recording: row for row in await aside(self._work.rows, [one.kept.recording for one in planned])}
        doomed: dict[Verdict, list[Doomed]] = {Verdict.DELETE: [], Verdict.ARCHIVE: []}
        for one in planned:
            row, fate = rows.get(one.kept.recording), one.fate
            if row is None or row.state.value != one.kept.state.value or fate.at is None:
                continue
            judged_as = one.kept.disposition
            doomed[fate.verdict].append(
                Doomed.of(row, rule=str(fate.rule), due=fate.at, by=RETENTION, judged_as=judged_as)
            )
        await self._delete(run, doomed[Verdict.DELETE])
        if self._archiver is not None and doomed[Verdict.ARCHIVE]:
            run.add(Removed(), await self._archiver.archive(doomed[Verdict.ARCHIVE]))

    async def _delete(self, run: Run, doomed: Sequence[Doomed]) -> None:
        begun = await self._remover.begin(doomed)
        run.add(Removed((), begun.held), Removed())
        run.begun += len(begun.open)
        if run.begun >= MOST_OPEN:
            await self._finish(run)

    def _can(self, planned: Planned) -> bool:
        return planned.fate.verdict is Verdict.DELETE or self._archiver is not None

    # ------------------------------------------------------------------ the clock
    async def _sure(self) -> datetime:
        """What the clock says now, when it is believed. Raises ClockLeapt: nobody asks the clock again in this pass."""
        told: Mapping[str, str] = await aside(self._store.state, STANDING)
        known = datetime.fromisoformat(told["sure"]) if "sure" in told else None
        now = trusted(self._clock.now(), known)
        if known is None or now - known >= SURE_EVERY:
            await aside(self._keep_sure, now)
        return now

    def _keep_sure(self, now: datetime) -> None:
        self._store.keep_state(STANDING, {"sure": now.isoformat()})

    def _due(self, site: Site) -> Due:
        return Due(self._store.engine, site.zone, segments(site))


def segments(site: Site) -> SegmentOf:
    """By the lists of a site; each caller is looked for once."""
    found: dict[tuple[str, date], str] = {}

    def segment_of(number: str, on: date) -> str:
        if (number, on) not in found:
            found[number, on] = caller_facts(site, number, on).segment
        return found[number, on]

    return segment_of

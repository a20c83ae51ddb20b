"""When copies are made, proved, and made to forget: each target for itself, one thing at a time.

A backup begins when `every` has passed since the last one began, also over a restart of the server; one that failed is
tried again sooner. A proof follows a backup when it is due. What retention deletes is forgotten at once, beside a
backup that runs (the engine keeps the two apart).
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from ivr import log as logs
from ivr.apart import NotAnswered
from ivr.aside import aside
from ivr.backup import state as states
from ivr.backup import worker
from ivr.backup.instance import STATE, Instance
from ivr.backup.state import Proved, TargetState
from ivr.backup.worker import Busy, Job, Told
from ivr.clock import Clock
from ivr.site.recordings import BackupSettings, BackupTarget
from recordings.certificate import Place

log = logs.get(__name__)

LOOK_SECONDS = 30.0
AGAIN = timedelta(minutes=15)
"""After a backup or proof that failed, unless `every` is less."""
FORGET_SECONDS = 3_600.0
MOST_THREADS = 20
"""Ten targets, and each may forget while a backup runs."""


_FORMER = (
    "no target has this name any more: name it again under `backup`, or, when its storage is destroyed, remove "
    f"var/{STATE}/{{}}"
)


class Ledger(Protocol):
    """Where it is written what became of a copy."""

    async def note(self, what: str, target: str, why: str, detail: Mapping[str, Any]) -> None:
        """`what`: done, failed, proved. `why`: empty when all is well. It never fails."""


class Work(Protocol):
    """What is done for a target, blocking."""

    def run_apart(self, job: Job) -> Told: ...
    def proof_apart(self, job: Job, recordings: int) -> Told: ...
    def forget_apart(self, job: Job, files: Collection[str], seconds: float) -> str: ...


class Backups:
    """Of one instance. `settings()`: those of the site in force; None: there are no copies."""

    def __init__(
        self,
        settings: Callable[[], BackupSettings | None],
        instance: Instance,
        ledger: Ledger,
        clock: Clock,
        work: Work = worker,
    ) -> None:
        self._settings, self._instance, self._ledger, self._clock, self._work = settings, instance, ledger, clock, work
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="backup")
        self._states: dict[str, TargetState] = {}
        self._turns: dict[str, asyncio.Task[None]] = {}
        self._forgetting: dict[str, asyncio.Lock] = {}
        self._tried: dict[str, datetime] = {}
        self._tried_to_prove: dict[str, datetime] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.get_running_loop().create_task(self._look_again(), name="backups")

    async def close(self) -> None:
        """Stop; a process that is at work is ended by ivr.apart, and the next run goes on."""
        tasks = [task for task in (self._task, *self._turns.values()) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._threads.shutdown(wait=False, cancel_futures=True)

    # ------------------------------------------------------------------ asked
    def states(self) -> list[TargetState]:
        """Of every target of the site, by name."""
        names = sorted(target.name for target in self._targets())
        return [self._states.get(name, TargetState(target=name)) for name in names]

    def running(self) -> frozenset[str]:
        """Targets that are being copied to, or proved."""
        return frozenset(self._turns)

    async def rest(self) -> None:
        """Return when nothing is at work."""
        while self._turns:
            await asyncio.wait(list(self._turns.values()))

    # ------------------------------------------------------------------ retention
    async def forget(self, files: Collection[str]) -> tuple[Place, ...]:
        """Retention deleted recordings: remove these files of the vault (`Recording.file`) from every target and make
        sure. Their data keys have to be destroyed before: the list of keys there is made anew.

        One place for each target, also for those that the site names no more, `gone` only where it was looked for
        afterwards. Again is harmless. Never raises."""
        wanted = self._targets()
        asked = await asyncio.gather(*(self.forget_at(target, files) for target in wanted))
        return (*asked, *await self._former({target.name for target in wanted}))

    async def forget_at(self, target: BackupTarget, files: Collection[str]) -> Place:
        """As `forget`, at one target."""
        name = f"backup {target.name}"
        async with self._forgetting.setdefault(target.name, asyncio.Lock()):
            try:
                why = await self._in_thread(self._work.forget_apart, self._job(target), files, FORGET_SECONDS)
            except NotAnswered as error:
                why = str(error)
        if why:
            log.error("deleted recordings may still lie in a backup", target=target.name, why=why)
        how = why or "removed, asked for one by one and listed; the list of keys there is without theirs"
        return Place(name, not why, self._clock.now(), how)

    async def _former(self, named: Collection[str]) -> list[Place]:
        """Targets that nobody can ask any more: what was sent there may lie there still."""
        now = self._clock.now()
        try:
            used = await aside(states.used, self._instance.var)
        except OSError as error:
            return [Place("former backups", False, now, f"var/{STATE} cannot be read: {error.strerror}")]
        return [Place(f"backup {name}", False, now, _FORMER.format(name)) for name in used if name not in named]

    # ------------------------------------------------------------------ turns
    async def _look_again(self) -> None:
        for target in self._targets():
            self._states[target.name] = await aside(self._load, target.name)
        while True:
            await self.look()
            await self._clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Begin what is due."""
        settings = self._settings()
        if settings is None:
            return
        for target in settings.targets:
            if target.name not in self._states:
                self._states[target.name] = await aside(self._load, target.name)
            due = self._copy_due(settings, target.name) or self._proof_due(target.name)
            if due and target.name not in self._turns:
                self._turns[target.name] = asyncio.get_running_loop().create_task(self._turn(target))

    async def _turn(self, target: BackupTarget) -> None:
        try:
            settings = self._settings()
            if settings is not None and self._copy_due(settings, target.name):
                self._tried[target.name] = self._clock.now()
                await self._copy(target)
            if settings is not None and self._proof_due(target.name):
                self._tried_to_prove[target.name] = self._clock.now()
                await self._prove(target, settings.proof.recordings)
        finally:
            self._turns.pop(target.name, None)

    async def _copy(self, target: BackupTarget) -> None:
        name = target.name
        try:
            told = await self._in_thread(self._work.run_apart, self._job(target))
        except Busy:
            self._states[name] = await aside(self._load, name)
            return
        except NotAnswered as error:
            now = self._clock.now()
            before = self._states.get(name, TargetState(target=name))
            self._states[name] = replace(before, began=now, ended=now, whole=False, problems=1, why=str(error))
            log.error("the backup failed", target=name, why=str(error))
            await self._ledger.note("failed", name, str(error), {})
            return
        self._states[name] = told.state
        if told.state.whole:
            log.info("backed up", target=name, items=told.state.items, sent=told.state.sent)
            await self._ledger.note("done", name, "", told.facts)
        else:
            log.error("the backup failed, or is not whole", target=name, why=told.state.why)
            await self._ledger.note("failed", name, told.state.why, told.facts)

    async def _prove(self, target: BackupTarget, recordings: int) -> None:
        name = target.name
        try:
            told = await self._in_thread(self._work.proof_apart, self._job(target), recordings)
        except Busy:
            self._states[name] = await aside(self._load, name)
            return
        except NotAnswered as error:
            died = Proved(at=self._clock.now(), sound=False, drawn=0, proved=0, why=str(error))
            self._states[name] = replace(self._states[name], proof=died)
            log.error("the backup could not be proved", target=name, why=str(error))
            await self._ledger.note("proved", name, str(error), {})
            return
        self._states[name] = told.state
        why = told.state.proof.why if told.state.proof is not None else ""
        if why:
            log.error("what was fetched back from the backup is not right", target=name, why=why)
        await self._ledger.note("proved", name, why, told.facts)

    # ------------------------------------------------------------------ when
    def _copy_due(self, settings: BackupSettings, name: str) -> bool:
        state, now = self._states[name], self._clock.now()
        if _recent(self._tried.get(name), now, min(AGAIN, settings.every)):
            return False
        pause = settings.every if state.whole else min(AGAIN, settings.every)
        return not _recent(state.began, now, pause)

    def _proof_due(self, name: str) -> bool:
        """Of a backup that is there; one that was not sound is proved again after the next backup."""
        settings, state = self._settings(), self._states[name]
        if settings is None or state.success is None:
            return False
        if _recent(self._tried_to_prove.get(name), self._clock.now(), max(AGAIN, settings.every)):
            return False
        if state.proof is None:
            return True
        pause = settings.proof.every if state.proof.sound else max(AGAIN, settings.every)
        return not _recent(state.proof.at, self._clock.now(), pause)

    # ------------------------------------------------------------------ inside
    def _targets(self) -> Sequence[BackupTarget]:
        settings = self._settings()
        return settings.targets if settings is not None else ()

    def _job(self, target: BackupTarget) -> Job:
        return Job(target, self._instance)

    def _load(self, name: str) -> TargetState:
        return states.load(self._instance.state_of(name), name)

    async def _in_thread(self, function: Callable[..., Any], *values: Any) -> Any:
        """In threads of their own: a slow target must not take those of others."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *values)


def _recent(moment: datetime | None, now: datetime, pause: timedelta) -> bool:
    """Whether it is less than that ago. One in the future is none: the clock was set back."""
    return moment is not None and timedelta(0) <= now - moment < pause

"""The overrides in force. Questions are answered at once, from memory; changes are on the disk before they are told."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from ivr import log as logs
from ivr.clock import Clock, Timer
from ivr.overrides import store
from ivr.site import Prompt
from ivr.site.hours import OpeningHours
from ivr.site.overrides import LONGEST_WHY, Override, OverrideSet, State
from ivr.text import printable, quoted

log = logs.get(__name__)

NONE = "none"
LOOK_AGAIN_SECONDS = 30.0
"""How often the wall clock is compared with the ends, and a disk that could not be written is tried again."""

UNUSED_FILES_STAY = timedelta(hours=1)
"""A recording that nothing refers to: somebody may still be reviewing it, or a caller listening to it."""


class OverrideRefused(Exception):
    """It cannot be set. The message says why, and what to do."""


class OfSite(Protocol):
    """What is asked of the active site."""

    @property
    def hours(self) -> Mapping[str, OpeningHours]: ...
    @property
    def prompts(self) -> Mapping[str, Prompt]: ...


Listener = Callable[[str, Override | None], None]


class Overrides:
    """All overrides of one instance. On the loop's thread only."""

    def __init__(
        self, folder: Path, *, clock: Clock, site: Callable[[], OfSite], record: Callable[[OverrideSet], object]
    ) -> None:
        """Use `open`, which also reads what was in force."""
        self._folder, self._file = folder, folder / "overrides.json"
        self._clock, self._site, self._record = clock, site, record
        self._held: dict[str, Override] = {}
        self._listeners: list[Listener] = []
        self._changing = asyncio.Lock()
        self._timer: Timer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self.changes: Counter[tuple[str, str, str]] = Counter()
        """(timetable, state, by) -> how often since the start."""
        self.trouble = ""
        """Why what is in force is not on the disk; empty = it is."""

    @classmethod
    async def open(
        cls, folder: Path, *, clock: Clock, site: Callable[[], OfSite], record: Callable[[OverrideSet], object]
    ) -> "Overrides":
        """Take up what was in force. `site` gives the active site, `record` writes to the journal.

        Never fails for what stands on the disk: the hours decide then, and the log says so.
        """
        self = cls(folder, clock=clock, site=site, record=record)
        try:
            found = await asyncio.to_thread(store.load, self._file)
        except store.StoreUnreadable as fault:
            log.error("the overrides cannot be read; the timetables decide", file=str(self._file), why=str(fault))
            found = []
            await asyncio.to_thread(self._put_aside)
        except OSError as fault:
            log.error("the overrides cannot be read; the timetables decide", file=str(self._file), why=str(fault))
            found = []
        self._held = {override.timetable: override for override in found}
        for override in found:
            log.warning("an override is in force", timetable=override.timetable, state=override.state.value)
        await self._whole(self._look())
        return self

    # ------------------------------------------------------------------ questions
    def state(self, timetable: str, at: datetime | None = None) -> Override | None:
        """What overrides a timetable now (or at `at`); None = its hours decide."""
        override = self._held.get(timetable)
        return override if override is not None and override.holds(at or self._clock.now()) else None

    def all(self) -> list[Override]:
        """Everything that is in force, by the timetable's name."""
        now = self._clock.now()
        return [override for _, override in sorted(self._held.items()) if override.holds(now)]

    def on_change(self, listener: Listener) -> None:
        """Tell `listener` of each change, the ends by the clock too. One that raises is logged."""
        self._listeners.append(listener)

    def announce(self) -> None:
        """Tell every listener how all timetables stand now: lamps forget when Asterisk is started again."""
        for timetable in self._site().hours:
            self._told(timetable, self.state(timetable))

    # ------------------------------------------------------------------ changes
    async def set(
        self,
        timetable: str,
        state: State,
        *,
        by: str,
        who: str,
        why: str = "",
        until: datetime | None = None,
        prompt: str = "",
        file: str = "",
    ) -> Override:
        """Override a timetable. It is on the disk when this returns; where the disk cannot be written it holds all the
        same, and `trouble` says so. Raises OverrideRefused."""
        override = Override(
            timetable=timetable,
            state=state,
            since=self._clock.now(),
            until=until,
            by=by,
            who=printable(who, 60),
            why=printable(why, LONGEST_WHY),
            prompt=prompt,
            file=file,
        )
        await self._check(override)
        await self._whole(self._change(timetable, override, by, override.who, override.why))
        return override

    async def clear(self, timetable: str, *, by: str, who: str, why: str = "") -> bool:
        """Give a timetable its hours back; False when nothing overrode it."""
        if self.state(timetable) is None:
            return False
        await self._whole(self._change(timetable, None, by, printable(who, 60), printable(why, LONGEST_WHY)))
        return True

    def new_file(self, timetable: str) -> str:
        """The id of a recording that somebody is about to make for a timetable. Raises OverrideRefused, also when there
        is no place for recordings."""
        self._known(timetable)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise OverrideRefused(f"no message can be recorded: {fault.strerror or 'no folder'}") from None
        return f"overrides/{timetable}-{self._clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"

    def path_of(self, file: str) -> Path | None:
        """Where a recording of ours lies (or will); None for everything else."""
        match = store.FILE_ID.fullmatch(file)
        return self._folder / f"{match[1]}.wav" if match is not None else None

    async def close(self) -> None:
        """Watch no more. What could not be written is tried a last time."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self.trouble:
            async with self._changing:
                await self._save()

    # ------------------------------------------------------------------ inside
    async def _check(self, override: Override) -> None:
        self._known(override.timetable)
        if not override.holds(override.since):
            raise OverrideRefused("the end is in the past; give a later one, or none")
        if override.state is not State.EMERGENCY and (override.prompt or override.file):
            raise OverrideRefused("only an emergency has words of its own")
        if override.prompt and override.prompt not in self._site().prompts:
            raise OverrideRefused(f"there is no prompt {quoted(override.prompt)} in prompts.yaml")
        if override.file:
            path = self.path_of(override.file)
            if path is None or not await asyncio.to_thread(path.is_file):
                raise OverrideRefused("the recorded message is not there; record it again")

    def _known(self, timetable: str) -> None:
        known = self._site().hours
        if timetable not in known:
            raise OverrideRefused(f"there is no timetable {quoted(timetable)}; there are: {', '.join(known)}")

    async def _whole(self, change: Coroutine[None, None, None]) -> None:
        """Carry a change out to its end, also when whoever asked hangs up in the middle of it."""

        async def alone() -> None:
            async with self._changing:
                await change

        task = asyncio.get_running_loop().create_task(alone())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.shield(task)

    async def _change(self, timetable: str, override: Override | None, by: str, who: str, why: str) -> None:
        """Hold it, write it, then tell it. Where the server ends in between, the disk has the new state and the journal
        does not tell of it: rather so than a fact without the state."""
        recorded = any(held.file for held in self._held.values())
        self._held = {name: held for name, held in self._held.items() if name != timetable}
        if override is not None:
            self._held[timetable] = override
        await self._save()
        state = override.state.value if override is not None else NONE
        self._record(
            OverrideSet(
                at=self._clock.now(),
                timetable=timetable,
                state=state,
                until=override.until if override is not None else None,
                by=by,
                who=who,
                why=why,
                prompt=override.prompt if override is not None else "",
                file=override.file if override is not None else "",
            )
        )
        self.changes[(timetable, state, by)] += 1
        log.warning("the override changed", timetable=timetable, state=state, by=by, who=who)
        self._told(timetable, override)
        self._watch()
        if recorded:
            await asyncio.to_thread(self._remove_unused)

    async def _save(self) -> None:
        try:
            await asyncio.to_thread(store.save, self._file, list(self._held.values()))
        except OSError as fault:
            self.trouble = fault.strerror or type(fault).__name__
            log.error("the override holds, but would be lost with a restart", file=str(self._file), why=self.trouble)
            return
        self.trouble = ""

    def _told(self, timetable: str, override: Override | None) -> None:
        for listener in self._listeners:
            try:
                listener(timetable, override)
            except Exception:
                log.exception("somebody who listens to overrides failed")

    def _watch(self) -> None:
        """Look again at the next end, and now and then: the wall clock may be set."""
        if self._timer is not None:
            self._timer.cancel()
        if self._closed or not (self._held or self.trouble):
            return
        now = self._clock.now()
        ends = [(o.until - now).total_seconds() for o in self._held.values() if o.until is not None]
        self._timer = self._clock.call_later(max(0.0, min([*ends, LOOK_AGAIN_SECONDS])), self._look_soon)

    def _look_soon(self) -> None:
        if not self._closed:
            task = asyncio.get_running_loop().create_task(self._whole(self._look()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look(self) -> None:
        """End what is over, and write what could not be written."""
        for timetable in self._over(self._clock.now()):
            await self._change(timetable, None, "clock", "", "")
        if self.trouble:
            await self._save()
        await asyncio.to_thread(self._remove_unused)
        self._watch()

    def _over(self, now: datetime) -> list[str]:
        return [name for name, override in self._held.items() if not override.holds(now)]

    def _put_aside(self) -> None:
        try:
            store.put_aside(self._file)
        except OSError as fault:
            log.error("the unreadable overrides cannot be put aside", why=str(fault))

    def _remove_unused(self) -> None:
        """Recordings that no override refers to, an hour after they were made."""
        used = {path.name for o in self._held.values() if o.file and (path := self.path_of(o.file))}
        before = (self._clock.now() - UNUSED_FILES_STAY).timestamp()
        try:
            for path in self._folder.glob("*.wav"):
                if path.name not in used and path.stat().st_mtime < before:
                    path.unlink(missing_ok=True)
        except OSError as fault:
            log.warning("a recording that nobody needs stays", why=str(fault))

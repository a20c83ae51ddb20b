"""Overriding a timetable by telephone: open, closed, an emergency with an announcement, or back to its hours."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from ivr.features.dialog import TRIES, Dialog, GaveUp
from ivr.features.handset import Sound
from ivr.site.overrides import Override, State

OPEN, CLOSED, EMERGENCY, TIMETABLE, END = "1", "2", "3", "0", "*"
"""The keys of the menu."""

USE, LISTEN, AGAIN = "1", "2", "3"
"""The keys behind a recorded announcement; * leaves everything as it was."""

LONGEST_HOURS = 24 * 30
LONGEST_SECONDS = 120.0
"""Of an announcement."""

SILENCE_SECONDS = 4.0
SHORTEST_SAMPLES = 8_000 * 3 // 2
"""Who says nothing leaves a second of silence."""

TELEPHONE = "telephone"


class Overrides(Protocol):
    """What is asked of the overrides (ivr.overrides)."""

    def state(self, timetable: str) -> Override | None: ...
    async def set(
        self, timetable: str, state: State, *, by: str, who: str, until: datetime | None = None, file: str = ""
    ) -> Override: ...
    async def clear(self, timetable: str, *, by: str, who: str) -> bool: ...
    def new_file(self, timetable: str) -> str: ...
    def path_of(self, file: str) -> Path | None: ...


class Overriding:
    """One person who overrides one timetable."""

    def __init__(
        self, dialog: Dialog, overrides: Overrides, timetable: str, who: str, now: Callable[[], datetime]
    ) -> None:
        """`who`: the extension; `now`: the site's local time."""
        self._dialog, self._overrides, self._timetable, self._who, self._now = dialog, overrides, timetable, who, now

    async def change(self) -> None:
        """Say how it is, ask how it shall be, do it and say it again. Raises GaveUp, and what the overrides raise."""
        dialog = self._dialog
        pressed = await dialog.say(*self._how_it_is())
        key = await dialog.choose("0123*", ["phrase_override_menu"], pressed)
        file = ""
        if key == EMERGENCY:
            file = await self._announcement()
        if key == END or (key == EMERGENCY and not file):
            await dialog.say("phrase_nothing_changed")
            return
        if key == TIMETABLE:
            await self._overrides.clear(self._timetable, by=TELEPHONE, who=self._who)
        else:
            state = {OPEN: State.OPEN, CLOSED: State.CLOSED, EMERGENCY: State.EMERGENCY}[key]
            until = await self._until()
            await self._overrides.set(self._timetable, state, by=TELEPHONE, who=self._who, until=until, file=file)
        await dialog.say(*self._how_it_is())

    def _how_it_is(self) -> Sequence[Sound]:
        override = self._overrides.state(self._timetable)
        if override is None:
            return ["phrase_now_timetable"]
        said: list[Sound] = [f"phrase_now_{override.state.value}"]
        if override.until is None:
            return [*said, "phrase_override_until_further_notice"]
        end = override.until.astimezone(self._now().tzinfo)
        said += ["phrase_override_until", *self._dialog.words("date", end.date())]
        return [*said, "phrase_at", *self._dialog.words("time", end.time())]

    async def _until(self) -> datetime | None:
        """The end of it; None = until somebody ends it. Raises GaveUp for three impossible answers."""
        for _ in range(TRIES):
            hours = await self._dialog.number(3, "phrase_override_hours")
            if not hours:
                return None
            if 0 < int(hours) <= LONGEST_HOURS:
                end = self._now() + timedelta(hours=int(hours))
                return end.replace(second=0, microsecond=0)
            await self._dialog.say("phrase_wrong_key")
        raise GaveUp

    async def _announcement(self) -> str:
        """The id of an announcement that the person has recorded and approved; empty = none."""
        dialog = self._dialog
        file = self._overrides.new_file(self._timetable)
        path = self._overrides.path_of(file)
        if path is None:
            raise LookupError(file)
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        for _ in range(TRIES * 2):
            await dialog.say("phrase_record_emergency")
            recorded = await dialog.handset.record(path, longest=LONGEST_SECONDS, silence=SILENCE_SECONDS)
            if recorded.ended == "failed":
                raise OSError(f"Asterisk cannot write {path.name}")
            if recorded.samples < SHORTEST_SAMPLES:
                await dialog.say("phrase_nothing_said")
                continue
            key = await self._review(path)
            if key != AGAIN:
                return file if key == USE else ""
        raise GaveUp

    async def _review(self, path: Path) -> str:
        pressed: str | None = None
        while (key := await self._dialog.choose("123*", ["phrase_record_review"], pressed)) == LISTEN:
            pressed = await self._dialog.say(path)
        return key

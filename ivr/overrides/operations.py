"""What the server can be told to do with overrides (`ivr override`)."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from ivr.clock import Clock
from ivr.control.operations import Refusal, given, operation, text_of, who
from ivr.overrides.overrides import NONE, OverrideRefused, Overrides
from ivr.site import Site
from ivr.site.overrides import LONGEST_WHY, Override, State, moment


class OverrideOperations:
    """Shows, sets and ends overrides. `by` says in the journal on which way it was done."""

    def __init__(self, overrides: Overrides, clock: Clock, site: Callable[[], Site], by: str = "cli") -> None:
        self._overrides, self._clock, self._site, self._by = overrides, clock, site, by

    def routes(self) -> list[Route]:
        """Show all, set one, end one."""
        return [
            operation("GET", "/overrides", self._show),
            operation("PUT", "/overrides/{timetable}", self._set),
            operation("DELETE", "/overrides/{timetable}", self._end),
        ]

    async def _show(self, request: Request) -> Mapping[str, Any]:
        return {"timetables": [self._standing(name) for name in self._site().hours]}

    async def _set(self, request: Request) -> Mapping[str, Any]:
        values = await given(request)
        timetable = request.path_params["timetable"]
        word = text_of(values, "state")
        if word == NONE:
            return await self._ended(request, text_of(values, "why", longest=LONGEST_WHY))
        try:
            state = State(word)
        except ValueError:
            words = ", ".join(one.value for one in State)
            raise Refusal(f"the state is one of: {words}, {NONE}", status=400) from None
        try:
            until = moment(text_of(values, "until"), self._site().local(self._clock.now()))
        except ValueError as fault:
            raise Refusal(str(fault), status=400) from None
        try:
            await self._overrides.set(
                timetable,
                state,
                by=self._by,
                who=who(request),
                why=text_of(values, "why", longest=LONGEST_WHY),
                until=until,
                prompt=text_of(values, "prompt"),
            )
        except OverrideRefused as refused:
            raise Refusal(str(refused)) from None
        return self._standing(timetable)

    async def _end(self, request: Request) -> Mapping[str, Any]:
        return await self._ended(request, "")

    async def _ended(self, request: Request, why: str) -> Mapping[str, Any]:
        timetable = request.path_params["timetable"]
        if timetable not in self._site().hours and self._overrides.state(timetable) is None:
            known = ", ".join(self._site().hours)
            raise Refusal(f"there is no timetable of this name; there are: {known}", status=404)
        await self._overrides.clear(timetable, by=self._by, who=who(request), why=why)
        return self._standing(timetable)

    def _standing(self, timetable: str) -> dict[str, Any]:
        """A timetable: what its hours say now, and what overrides them."""
        site = self._site()
        hours = site.hours.get(timetable)
        override = self._overrides.state(timetable)
        local = site.local(self._clock.now())
        by_hours = State.OPEN if hours is not None and hours.is_open(local, site.holidays) else State.CLOSED
        return {
            "timetable": timetable,
            "label": hours.label if hours is not None else "",
            "code": hours.code if hours is not None else "",
            "hours": by_hours.value,
            "override": self._plain(override) if override is not None else None,
            "trouble": self._overrides.trouble,
        }

    def _plain(self, override: Override) -> dict[str, Any]:
        local = self._site().local
        return {
            "state": override.state.value,
            "since": local(override.since).isoformat(timespec="minutes"),
            "until": local(override.until).isoformat(timespec="minutes") if override.until is not None else None,
            "by": override.by,
            "who": override.who,
            "why": override.why,
            "words": "recorded" if override.file else override.prompt,
        }

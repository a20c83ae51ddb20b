"""What of overrides is shown and told over the API."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ivr.access.limits import Limits, limits
from ivr.access.model import Reach, Via
from ivr.access.rights import reads, writes
from ivr.clock import Clock
from ivr.overrides.overrides import NONE, OverrideRefused, Overrides
from ivr.site import Site
from ivr.site.overrides import LONGEST_WHY, Override, State, moment
from ivr.web.api.answers import Name, Words, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router

COMMAND, API = "cli", "api"
"""`by` in the journal."""

LOOK = Allowed(reads("overrides", admin=Reach.EVERYTHING, supervisor=Reach.OWN_QUEUES, auditor=Reach.EVERYTHING))
TELL = Allowed(writes("overrides", urgent=True, admin=Reach.EVERYTHING, supervisor=Reach.OWN_QUEUES))

Looks = Annotated[Granted, LOOK]
Tells = Annotated[Granted, TELL]


class OverrideAnswer(BaseModel):
    """What overrides a timetable. Moments are of the site's time zone; without `until` somebody has to end it."""

    state: str
    since: str
    until: str | None
    by: str
    who: str
    why: str
    words: str


class TimetableAnswer(BaseModel):
    """What the hours say now, and what overrides them. `trouble`: why it would be lost with a restart."""

    timetable: str
    label: str
    code: str
    hours: str
    override: OverrideAnswer | None
    trouble: str


class TimetablesAnswer(BaseModel):
    """In the order of hours.yaml."""

    timetables: list[TimetableAnswer]


class OverrideRequest(BaseModel):
    """`state`: open, closed, emergency, or none to end it. `until`: 17:00, 2026-12-24, "2026-12-24 17:00", 30 min, 3 h,
    2 d; left out: until somebody ends it. `prompt` (prompts.yaml): what callers hear in an emergency."""

    state: Annotated[Words, Field(max_length=20)]
    until: Annotated[Words, Field(max_length=40)] = ""
    why: Annotated[Words, Field(max_length=LONGEST_WHY)] = ""
    prompt: Name = ""


class OverrideRoutes:
    """Shows, sets and ends overrides of the timetables within reach."""

    def __init__(self, overrides: Overrides, clock: Clock, site: Callable[[], Site]) -> None:
        self._overrides, self._clock, self._site = overrides, clock, site

    def routes(self) -> APIRouter:
        """Show all, show one, set one, end one."""
        router, one = api_router("overrides"), "/overrides/{timetable}"
        router.get("/overrides", responses=refusals())(self.show)
        router.get(one, responses=refusals(404))(self.show_one)
        router.put(one, responses=refusals(404, 409))(self.set)
        router.delete(one, responses=refusals(404))(self.end)
        return router

    async def show(self, granted: Looks) -> TimetablesAnswer:
        """Every timetable: what its hours say now, and what overrides it."""
        within = self._limits(granted)
        return TimetablesAnswer(
            timetables=[self._standing(name) for name in self._site().hours if within.timetable(name)]
        )

    async def show_one(self, timetable: Name, granted: Looks) -> TimetableAnswer:
        """One timetable."""
        self._known(timetable, granted)
        return self._standing(timetable)

    async def set(self, timetable: Name, wanted: OverrideRequest, granted: Tells) -> TimetableAnswer:
        """Override a timetable. It counts for the next caller and survives restarts."""
        self._known(timetable, granted)
        if wanted.state == NONE:
            return await self._ended(timetable, wanted.why, granted)
        try:
            state = State(wanted.state)
        except ValueError:
            words = ", ".join(one.value for one in State)
            raise Refusal(f"the state is one of: {words}, {NONE}", status=400) from None
        try:
            until = moment(wanted.until, self._site().local(self._clock.now()))
        except (ValueError, OverflowError) as fault:
            raise Refusal(str(fault), status=400) from None
        before = self._plain(timetable)
        try:
            await self._overrides.set(
                timetable,
                state,
                by=self._by(granted),
                who=granted.principal.who,
                why=wanted.why,
                until=until,
                prompt=wanted.prompt,
            )
        except OverrideRefused as refused:
            raise Refusal(str(refused)) from None
        granted.changes(timetable, before, self._plain(timetable))
        return self._standing(timetable)

    async def end(self, timetable: Name, granted: Tells) -> TimetableAnswer:
        """Give a timetable its hours back; nothing happens when nothing overrides it."""
        self._known(timetable, granted)
        return await self._ended(timetable, "", granted)

    # ------------------------------------------------------------------ within
    async def _ended(self, timetable: str, why: str, granted: Granted) -> TimetableAnswer:
        before = self._plain(timetable)
        await self._overrides.clear(timetable, by=self._by(granted), who=granted.principal.who, why=why)
        granted.changes(timetable, before, None)
        return self._standing(timetable)

    def _known(self, timetable: str, granted: Granted) -> None:
        """Refuse a timetable that is not within reach, or not there. One that the site no longer has can be ended."""
        granted.changes(timetable)
        if not self._limits(granted).timetable(timetable):
            raise Refusal("this timetable is not within your account's reach", status=403)
        if timetable not in self._site().hours and self._overrides.state(timetable) is None:
            known = ", ".join(self._site().hours)
            raise Refusal(f"there is no timetable of this name; there are: {known}", status=404)

    def _limits(self, granted: Granted) -> Limits:
        return limits(granted.principal, granted.reach, self._site())

    def _by(self, granted: Granted) -> str:
        return COMMAND if granted.principal.via is Via.LOCAL else API

    def _plain(self, timetable: str) -> dict[str, str | None] | None:
        override = self._overrides.state(timetable)
        return self._told(override).model_dump() if override is not None else None

    def _standing(self, timetable: str) -> TimetableAnswer:
        site = self._site()
        hours = site.hours.get(timetable)
        override = self._overrides.state(timetable)
        local = site.local(self._clock.now())
        by_hours = State.OPEN if hours is not None and hours.is_open(local, site.holidays) else State.CLOSED
        return TimetableAnswer(
            timetable=timetable,
            label=hours.label if hours is not None else "",
            code=hours.code if hours is not None else "",
            hours=by_hours.value,
            override=self._told(override) if override is not None else None,
            trouble=self._overrides.trouble,
        )

    def _told(self, override: Override) -> OverrideAnswer:
        local = self._site().local
        return OverrideAnswer(
            state=override.state.value,
            since=local(override.since).isoformat(timespec="minutes"),
            until=local(override.until).isoformat(timespec="minutes") if override.until is not None else None,
            by=override.by,
            who=override.who,
            why=override.why,
            words="recorded" if override.file else override.prompt,
        )

"""The room for recordings over the API: how long it will do, what frees it, and the monthly report."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from ivr.access.model import Reach
from ivr.access.rights import reads
from ivr.recordings.capacity import Capacity, NotKnown
from ivr.recordings.disk_guard import DiskGuard
from ivr.web.api.answers import refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from recordings.capacity_report import html, table
from recordings.monthly import Report

LOOK = Allowed(reads("recordings", admin=Reach.EVERYTHING, auditor=Reach.EVERYTHING, monitor=Reach.EVERYTHING))
Looks = Annotated[Granted, LOOK]


class DiskAnswer(BaseModel):
    """A disk at this moment, in bytes. `room`: ok, low, stop (nobody is recorded). `free_percent`: of bytes or of
    files, whichever is scarcer."""

    folder: str
    size: int
    free: int
    free_percent: float
    room: str


class UntilFullAnswer(BaseModel):
    """Days until the disk is full, of 20 futures 18 between `earliest` and `latest`; null: not within five years.
    `days_known`: days of history that this stands on; with 0 nothing is known."""

    days: int | None
    earliest: int | None
    latest: int | None
    days_known: int


class FreedAnswer(BaseModel):
    """What a rule frees in a month, in bytes: `known` lies there already, `expected` is still to be recorded."""

    month: str
    rule: str
    known: int
    expected: int


class CapacityAnswer(BaseModel):
    """`today`: the day of these figures. `stored` and `count`: bytes and number of the recordings in the vault;
    `bytes_a_day`: by queue, the mean of the last four weeks; empty for talks without a queue. `alarms`: full soon, disk
    low, recording stops."""

    today: date
    disks: list[DiskAnswer]
    stored: int
    count: int
    bytes_a_day: dict[str, int]
    until_full: UntilFullAnswer
    freed: list[FreedAnswer]
    alarms: list[str]


Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


class CapacityRoutes:
    """Asked before the routes of recordings: a recording is never called `capacity` or `report`."""

    def __init__(self, capacity: Capacity, guard: DiskGuard, language: Callable[[], str]) -> None:
        """`language()`: of the site, for a report in none."""
        self._capacity, self._guard, self._language = capacity, guard, language

    def routes(self) -> APIRouter:
        """The figures, and the report."""
        router = api_router("recordings")
        router.get("/recordings/capacity", responses=refusals())(self.capacity)
        report: dict[str, Any] = {"response_class": Response}
        router.get("/recordings/report", responses=_REPORT | refusals(404), **report)(self.report)
        return router

    async def capacity(self, granted: Looks) -> CapacityAnswer:
        """How full the disks are, days until full, bytes a day by queue, and what each rule of retention will free."""
        told = (await _known(self._capacity.latest(), 503)).as_json()
        disks = [
            DiskAnswer(
                folder=name,
                size=seen.size,
                free=seen.free,
                free_percent=round(seen.free_percent, 1),
                room=self._guard.room_of(name).value,
            )
            for name, seen in self._guard.volumes.items()
        ]
        return CapacityAnswer(disks=disks, **{name: told[name] for name in CapacityAnswer.model_fields if name in told})

    async def report(
        self,
        granted: Looks,
        month: Annotated[Month | None, Query(description="2026-11; the one that runs, when it is left out")] = None,
        format: Annotated[Literal["html", "csv"], Query(description="a page, or a table for a spreadsheet")] = "html",
        language: Annotated[Literal["", "es", "en"], Query(description="the site's, when it is left out")] = "",
    ) -> Response:
        """The monthly report: a page that needs nothing else, or a table. Of a month that has passed it is the last one
        that was made."""
        asked = self._capacity.latest() if month is None else self._capacity.of_month(month)
        report = await _known(asked, 503 if month is None else 404)
        words = language or self._language()
        name = f"recordings-{report.today:%Y-%m}.{format}"
        head = {"Cache-Control": "no-store"}
        if format == "csv":
            head["Content-Disposition"] = f'attachment; filename="{name}"'
            return Response(table(report, words), media_type="text/csv", headers=head)
        head["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        return Response(html(report, words), media_type="text/html", headers=head)


_REPORT: dict[int | str, dict[str, Any]] = {
    200: {"description": "the report", "content": {"text/html": {}, "text/csv": {}}}
}


async def _known(asked: Awaitable[Report], status: int) -> Report:
    try:
        return await asked
    except NotKnown as why:
        raise Refusal(str(why), status=status) from None

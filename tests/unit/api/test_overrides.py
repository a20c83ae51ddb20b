"""Overrides over the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr.access.model import Role, Via
from ivr.overrides import Overrides
from ivr.overrides.routes import OverrideRoutes
from ivr.site.hours import HolidayCalendar, OpeningHours, Span
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from ivr.testing.clock import ManualClock
from ivr.web.api.door import Result
from tests.tools import run

BOGOTA = ZoneInfo("America/Bogota")
OFFICE = OpeningHours(label="Office", week=((Span(0, 1440),),) * 7, holiday=None, code="1")
SITE: Any = SimpleNamespace(
    hours={"oficina": OFFICE, "cobros": OFFICE},
    holidays=HolidayCalendar(country=""),
    prompts={"averia": object()},
    local=lambda at: at.astimezone(BOGOTA),
    queues={"cartera": SimpleNamespace(agents_ever=(), open="cobros")},
    mailboxes={},
)
OWN = principal(Role.SUPERVISOR, queues=["cartera"])


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Api, Overrides]]:
    clock = ManualClock()
    held = await Overrides.open(folder, clock=clock, site=lambda: SITE, record=lambda fact: None)
    try:
        yield Api([OverrideRoutes(held, clock, lambda: SITE)]), held
    finally:
        await held.close()


@run
async def test_who_may_sees_sets_and_ends(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, held):
        closed = {"state": "closed", "until": "17:00", "why": "inventory"}
        shown = await api.told(OWN, "PUT", "/overrides/cobros", closed)
        assert shown["override"]["until"] == "2026-11-23T17:00-05:00"
        override = held.state("cobros")
        assert override is not None and (override.by, override.who) == ("api", "supervisor")
        noted = api.door.noted[-1].note
        assert (noted.action, noted.object, noted.before) == ("overrides.set", "cobros", None)
        assert noted.after["state"] == "closed"
        for who, names in ((ADMIN, ["oficina", "cobros"]), (AUDITOR, ["oficina", "cobros"]), (OWN, ["cobros"])):
            assert [t["timetable"] for t in (await api.told(who, "GET", "/overrides"))["timetables"]] == names
            assert await api.status(who, "GET", "/overrides/oficina") == (200 if "oficina" in names else 403)
        assert await api.status(OWN, "DELETE", "/overrides/cobros") == 200 and held.all() == []
        assert api.door.noted[-1].note.before["why"] == "inventory"
        await api.told(principal(Role.ADMIN, via=Via.LOCAL), "PUT", "/overrides/oficina", {"state": "open"})
        assert held.all()[0].by == "cli"
        await api.told(ADMIN, "PUT", "/overrides/oficina", {"state": "none"})
        for who in (MONITOR, principal(Role.AGENT, extension="101")):
            assert await api.status(who, "GET", "/overrides") == 403
        for who in (MONITOR, AUDITOR, principal(Role.SUPERVISOR), principal(Role.AGENT, extension="101")):
            assert await api.status(who, "PUT", "/overrides/cobros", closed) == 403
        assert await api.status(OWN, "PUT", "/overrides/oficina", closed) == 403
        assert held.all() == [] and api.door.noted[-1].result is Result.REFUSED


@pytest.mark.parametrize(
    ("timetable", "wanted", "status"),
    [
        ("nada", {"state": "open"}, 404),
        ("cobros", {}, 400),
        ("cobros", {"state": "ajar"}, 400),
        ("cobros", {"state": "open", "until": "yesterday"}, 400),
        ("cobros", {"state": "open", "until": "9999-12-31 23:59"}, 400),
        ("cobros", {"state": "open", "until": "2026-11-20"}, 400),
        ("cobros", {"state": "open", "why": "x" * 201}, 400),
        ("cobros", {"state": "closed", "prompt": "averia"}, 409),
        ("cobros", {"state": "emergency", "prompt": "no_hay"}, 409),
    ],
)
@run
async def test_what_cannot_be_is_refused(tmp_path: Path, timetable: str, wanted: dict[str, Any], status: int) -> None:
    async with serving(tmp_path) as (api, held):
        answer = await api.ask(ADMIN, "PUT", f"/overrides/{timetable}", wanted)
        assert answer.status_code == status and answer.json()["error"] and held.all() == []

"""`ivr override` against a server's real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main
from ivr.overrides import Overrides
from ivr.overrides.routes import OverrideRoutes
from ivr.site.hours import HolidayCalendar, OpeningHours, Span
from ivr.site.overrides import OverrideSet, State
from ivr.testing.api import control
from ivr.testing.clock import ManualClock
from tests.tools import run

BOGOTA = ZoneInfo("America/Bogota")
OFFICE = OpeningHours(label="Office", week=((Span(0, 1440),),) * 7, holiday=None, code="1")
STORE = OpeningHours(label="Store", week=((),) * 7, holiday=None, code="7")


class Line:
    """Overrides and the socket at which a command asks for them. It is Monday, ten o'clock."""

    def __init__(self, folder: Path, **hours: OpeningHours) -> None:
        self.clock = ManualClock()
        self.site: Any = SimpleNamespace(
            hours=hours,
            holidays=HolidayCalendar(country=""),
            prompts={"averia": object()},
            local=lambda at: at.astimezone(BOGOTA),
        )
        self.facts: list[OverrideSet] = []
        self.folder = folder
        self.overrides: Overrides

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Line"]:
        self.overrides = await Overrides.open(
            self.folder / "overrides", clock=self.clock, site=lambda: self.site, record=self.facts.append
        )
        routes = OverrideRoutes(self.overrides, self.clock, lambda: self.site)
        server = control([routes], self.folder)
        server.start()
        try:
            yield self
        finally:
            await server.close()
            await self.overrides.close()

    async def ivr(self, *words: str) -> Result:
        environ = {"CENTRALITA_VAR": str(self.folder), "SUDO_USER": "ana"}
        return await asyncio.to_thread(CliRunner().invoke, main, ["override", *words], env=environ)


@run
async def test_it_is_set_shown_and_ended_from_a_terminal(tmp_path: Path) -> None:
    async with Line(tmp_path, oficina=OFFICE, bodega=STORE).serving() as line:
        closed = await line.ivr("oficina", "closed", "--until", "17:00", "--why", "inventory")
        # the server of this test logs into the same output
        assert "oficina: closed until Mon 2026-11-23 17:00\n" in closed.output
        override = line.overrides.state("oficina")
        assert override is not None
        assert (override.state, override.by, override.who, override.why) == (State.CLOSED, "cli", "ana", "inventory")
        table = (await line.ivr()).output
        assert "oficina" in table
        assert "Mon 2026-11-23 17:00" in table
        assert "*287" in table
        only = (await line.ivr("bodega", "--json")).output
        assert json.loads(only)["override"] is None
        assert json.loads(only)["hours"] == "closed"
        ended = await line.ivr("oficina", "none")
        assert "oficina: its hours decide; it is open now\n" in ended.output
        assert line.overrides.all() == []
        assert [(fact.state, fact.who) for fact in line.facts] == [("closed", "ana"), ("none", "ana")]


@run
async def test_the_one_timetable_need_not_be_named(tmp_path: Path) -> None:
    async with Line(tmp_path, oficina=OFFICE).serving() as line:
        assert (await line.ivr("emergency", "--prompt", "averia")).exit_code == 0
        override = line.overrides.state("oficina")
        assert override is not None
        assert (override.state, override.prompt) == (State.EMERGENCY, "averia")
        assert "emergency (averia)" in (await line.ivr()).output
        assert "ended by hand" in (await line.ivr()).output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["oficna", "closed"], "no timetable 'oficna'"),
        (["closed"], "say which timetable"),
        (["oficina", "ajar"], "'ajar'"),
        (["oficina", "bodega", "closed"], "too many words"),
        (["oficina", "closed", "--until", "yesterday"], "17:00"),
        (["oficina", "closed", "--until", "2026-11-20"], "past"),
        (["oficina", "closed", "--prompt", "averia"], "only an emergency"),
        (["oficina", "emergency", "--prompt", "no_hay"], "no prompt 'no_hay'"),
        (["oficina", "--until", "17:00"], "say what to do"),
    ],
)
@run
async def test_what_cannot_be_done_is_said_and_nothing_changes(tmp_path: Path, words: list[str], says: str) -> None:
    async with Line(tmp_path, oficina=OFFICE, bodega=STORE).serving() as line:
        result = await line.ivr(*words)
        assert result.exit_code in (1, 2)
        assert says in result.output
        assert line.overrides.all() == []


@run
async def test_a_full_disk_is_told_beside_the_answer(tmp_path: Path) -> None:
    (tmp_path / "overrides").write_text("a file where the folder should be")
    async with Line(tmp_path, oficina=OFFICE).serving() as line:
        result = await line.ivr("closed")
        assert result.exit_code == 0
        assert "oficina: closed until somebody ends it" in result.output
        assert "would be lost with a restart" in result.output


@run
async def test_without_a_server_it_says_how_to_start_one(tmp_path: Path) -> None:
    result = await Line(tmp_path, oficina=OFFICE).ivr("oficina", "closed")
    assert result.exit_code == 1
    assert "no server is running here" in result.output

"""`ivr agents` against a server's real socket, and without one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from click.testing import CliRunner, Result

from acd.journal import open_journal
from ivr.agents.routes import AgentRoutes
from ivr.cli import main
from ivr.clock import LoopClock
from ivr.testing.api import control
from tests.tools import run
from tests.unit.agents.staff import Staff, staff


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Staff]:
    async with staff() as s:
        server = control([AgentRoutes(s.agents, lambda: s.site)], folder)
        server.start()
        try:
            yield s
        finally:
            await server.close()


async def ivr(folder: Path, *words: str) -> Result:
    environ = {"CENTRALITA_VAR": str(folder), "SUDO_USER": "ana"}
    return await asyncio.to_thread(CliRunner().invoke, main, ["agents", *words], env=environ)


@run
async def test_an_agent_is_told_and_shown_at_a_terminal(tmp_path: Path) -> None:
    async with serving(tmp_path) as s:
        for words, sentence in (
            (("pause", "301", "almuerzo"), "301: paused (Almuerzo)"),
            (("ready", "301"), "301: available"),
            (("logout", "301"), "301: logged out"),
            (("login", "301"), "301: available"),
            (("pause", "302", "2"), "302: paused (Baño)"),
        ):
            assert sentence in (await ivr(tmp_path, *words)).output
        offer = await s.talk("n1-1.0")
        assert "301: talking; a pause follows (Baño)" in (await ivr(tmp_path, "pause", "301", "Baño")).output
        assert "301: talking; logged out afterwards" in (await ivr(tmp_path, "logout", "301")).output
        table = (await ivr(tmp_path)).output
        line = next(line for line in table.splitlines() if "301" in line)
        for part in ("Agent 301", "talking", "cartera", "n1-1.0", "2026-11-23"):
            assert part in line
        assert "Baño" in next(line for line in table.splitlines() if "302" in line) and "?" not in table
        s.hangs_up(offer)
        rows = [json.loads(line) for line in (await ivr(tmp_path, "--json")).output.splitlines() if line[0] == "{"]
        assert [row["state"] for row in rows if "agent" in row] == ["logged out", "paused"], (
            "logging out ends the wrap-up"
        )


@run
async def test_what_cannot_be_is_refused_with_what_could(tmp_path: Path) -> None:
    async with serving(tmp_path) as s:
        for words, said in (
            (("login", "9/../99"), "nobody is agent"),
            (("pause", "301"), "1 (Almuerzo), 2 (Baño)"),
            (("pause", "301", "vacations", "in", "Cuba"), "one of these reasons"),
        ):
            result = await ivr(tmp_path, *words)
            assert result.exit_code == 1 and (said in result.output or "no such address" in result.output)
            assert "Traceback" not in result.output
        assert s.state() == "available"


@run
async def test_without_a_server_the_journal_tells_and_nobody_can_be_told(tmp_path: Path) -> None:
    async with staff() as s:
        s.agents.pause("301", "1", "telephone")
        await s.dispatcher.settled()
        journal = await open_journal(f"sqlite:///{tmp_path / 'journal.sqlite'}", LoopClock())
        async for entry in s.journal.read():
            await journal.append(entry.at, entry.event, entry.decisions)
        await journal.close()
    shown = await ivr(tmp_path)
    line = next(line for line in shown.output.splitlines() if "301" in line)
    assert "paused ?" in line and "Almuerzo" in line
    refused = await ivr(tmp_path, "ready", "301")
    assert refused.exit_code == 1 and "no server is running" in refused.output

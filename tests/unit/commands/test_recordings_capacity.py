"""`ivr recordings capacity` and `report`, asked of routes at a real socket file."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ivr.commands._recordings_capacity import capacity, report
from ivr.recordings.capacity_routes import CapacityRoutes
from ivr.recordings.disk_guard import DiskGuard, Volume
from ivr.testing.api import control
from recordings.capacity import Disk, Limits
from tests.tools import run
from tests.unit.recordings.test_room import DAY, MB, TODAY, Office, Records


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    records = Records(tmp_path)
    yield Office(records, tmp_path)
    records.store.close()


async def told(office: Office, folder: Path, command: Any, *arguments: str) -> str:
    """What a command prints beside a server."""
    guard = DiskGuard({"vault": folder}, Limits, office.clock, lambda path: Volume(1000 * MB, 50 * MB))
    await guard.look()
    var = folder / "var"
    (var / "run").mkdir(parents=True, exist_ok=True)
    server = control([CapacityRoutes(office.capacity, guard, lambda: "es-CO")], var)
    server.start()
    try:
        runner = CliRunner(env={"CENTRALITA_VAR": str(var), "COLUMNS": "160"})
        done = await asyncio.to_thread(runner.invoke, command, list(arguments))
    finally:
        await server.close()
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


@run
async def test_capacity_is_shown(office: Office, tmp_path: Path) -> None:
    for ago in range(1, 57):
        office.records.recorded(TODAY - ago * DAY, 10 * MB)
    office.disk = Disk(1000 * MB, 100 * MB)
    shown = await told(office, tmp_path, capacity)
    assert "vault: 50.0 MB of 1.0 GB free (5 %); little room" in shown
    assert "56 recordings in the vault, 560 MB" in shown and "days until full: 10 (between 10 and 10)" in shown
    assert "may be full soon" in shown and "servicio" in shown and "2027-05" in shown
    assert '"room": "low"' in await told(office, tmp_path, capacity, "--json")


@run
async def test_without_history_it_says_so(office: Office, tmp_path: Path) -> None:
    assert "days until full: not known" in await told(office, tmp_path, capacity)


@run
async def test_the_report_is_written(office: Office, tmp_path: Path) -> None:
    office.records.recorded(TODAY - DAY)
    file = tmp_path / "report"
    await told(office, tmp_path, report, "--language", "en", str(file))
    assert file.read_text().startswith("<!DOCTYPE html>")
    await told(office, tmp_path, report, "--format", "csv", "--month", "2026-11", str(file))
    assert file.read_text(encoding="utf-8-sig").startswith("clase;")

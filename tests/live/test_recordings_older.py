"""What days do to recordings of real talks: a database that is older than the vault, and the figures of a few days."""

import asyncio
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ivr.testing.installation import InstanceError
from ivr.testing.instance import Instance
from tests.live.recorded import heard, loudness, proved, sound
from tests.live.retained import ahead, file_of, talk
from tests.live.scenes import CALLER, live, short

_DISK = Path(tempfile.gettempdir(), f"cl-older-{uuid4().hex}")
KEPT_DAYS = 40
CHANGES = short(site={"lines": "12"})
CHANGES["recordings.yaml"] = {
    "keep": [{"queue": "servicio", "for": f"{KEPT_DAYS} days"}, {"for": "1 year"}],
    "backup": {"targets": {"disco": {"folder": str(_DISK)}}, "every": "24 h"},
}
DAYS = 4
"""On so many days somebody is recorded."""


@pytest.fixture(scope="module", autouse=True)
def disk() -> Iterator[Path]:
    _DISK.mkdir(mode=0o700)
    yield _DISK
    shutil.rmtree(_DISK)


def copied(database: Path, into: Path) -> None:
    """As it is at this moment, while it is written."""
    with closing(sqlite3.connect(database)) as here, closing(sqlite3.connect(into)) as there:
        here.backup(there)


async def put_in_place(line: Instance, database: Path) -> None:
    """Somebody has put another file where the records are, and started the server."""
    await line.stop_server()
    records = line.paths.var / "records.sqlite"
    for rest in ("-wal", "-shm"):
        records.with_name(records.name + rest).unlink(missing_ok=True)
    shutil.copy(database, records)
    await line.start_server()


async def audible(line: Instance, found: dict[str, Any]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        audio = await heard(line, found["recording"], Path(folder))
    return loudness(audio[:, 0], CALLER) > 0.02


@pytest.mark.soak
@live
async def test_records_of_an_older_backup_beside_a_newer_vault(line: Instance, disk: Path, tmp_path: Path) -> None:
    await line.command("backup", "prepare", "disco")
    first = await talk(line, "3000000931")
    older = tmp_path / "older.sqlite"
    await asyncio.to_thread(copied, line.paths.var / "records.sqlite", older)
    second = await talk(line, "3000000932")
    lies = file_of(line, second["recording"]).relative_to(line.paths.vault)
    assert json.loads(await line.command("backup", "run", "disco", "--json"))["items"] == 2

    await put_in_place(line, older)
    assert await audible(line, first)
    with pytest.raises(InstanceError):
        await heard(line, second["recording"], tmp_path)
    told = await proved(line)
    assert {finding.about for finding in told.findings} & {str(lies), second["recording"]}, told.findings
    assert (line.paths.vault / lies).exists(), "what nobody knows is told, and never thrown away"
    assert second["call"] in {one["call"] for one in await line.records()}, (
        "what became of the call stands in the journal"
    )

    identity = tmp_path / "identity"
    shutil.copy(line.paths.identity, identity)
    identity.chmod(0o600)
    into = tmp_path / "back"
    done = json.loads(await line.command("restore", str(disk), str(into), "--identity", str(identity), "--json"))
    assert done["whole"], done
    await put_in_place(line, into / "var/records.sqlite")
    assert await audible(line, first) and await audible(line, second)
    await sound(line)


@pytest.mark.soak
@live
async def test_what_a_few_days_of_talks_say_of_the_disk(line: Instance) -> None:
    stored = dict[int, int]()
    for day in range(DAYS):
        async with ahead(line, day):
            found = await talk(line, f"300000094{day}", 2 + day)
            stored[day] = file_of(line, found["recording"]).stat().st_size
    async with ahead(line, DAYS):
        told = json.loads(await line.command("recordings", "capacity", "--json"))
        seen = await line.command("recordings", "capacity")
    assert told["count"] >= DAYS and told["stored"] >= sum(stored.values())
    assert told["bytes_a_day"]["servicio"] > 0
    until = told["until_full"]
    assert until["days_known"] >= DAYS, until
    assert until["days"] is None or until["earliest"] <= until["days"] <= (until["latest"] or until["days"])
    today = datetime.now(UTC).date()
    leaves = {str(today + timedelta(days=day + KEPT_DAYS + late))[:7] for day in stored for late in (-1, 0, 1)}
    freed = [one for one in told["freed"] if one["known"]]
    assert {one["month"] for one in freed} <= leaves and sum(one["known"] for one in freed) >= sum(stored.values())
    assert f"{KEPT_DAYS} days" in freed[0]["rule"], freed
    assert "days until full" in seen and freed[0]["month"] in seen

"""The life of recordings of real talks: found and heard by whom they concern, held, archived, deleted with a
certificate; and what the disk's figures say of them."""

import asyncio
import csv
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import create_engine, text

from ivr.install.asterisk import tied
from ivr.testing.installation import ROOT
from ivr.testing.instance import Instance
from tests.live.recorded import kept
from tests.live.scenes import AGENT, CALLER, live, short, talking

_DISK = Path(tempfile.gettempdir(), f"cl-archive-{uuid4().hex}")
CHANGES = short(site={"lines": "12"})
CHANGES["recordings.yaml"] = {
    "keep": [{"queue": "servicio", "for": "180 days", "archive after": "30 days"}, {"for": "1 year"}],
    "backup": {"targets": {"archivo": {"folder": str(_DISK)}}, "archive": "archivo", "every": "24 h"},
}


@pytest.fixture(scope="module", autouse=True)
def disk() -> Iterator[Path]:
    _DISK.mkdir(mode=0o700)
    yield _DISK
    shutil.rmtree(_DISK)


async def talk(line: Instance, number: str, seconds: float = 2) -> dict[str, Any]:
    """A recorded talk, in the vault."""
    caller, agent = await talking(line, number)
    call = await line.call_id(caller)
    caller.say(CALLER, seconds)
    agent.say(AGENT, seconds)
    await asyncio.sleep(seconds)
    await caller.hang_up()
    await agent.call.ended(5)
    (found,) = await kept(line, call)
    await line.until_metric("centralita_records_behind", 0, seconds=20)
    return found


async def listed(line: Instance, *wanted: str) -> list[str]:
    rows = (await line.command("recordings", "list", *wanted, "--json")).splitlines()
    return [json.loads(row)["recording"] for row in rows]


async def listener(line: Instance, account: str, *how: str) -> dict[str, str]:
    """The headers of a program of a new account."""
    await line.command("accounts", "add", account, "--no-login", *how)
    return {"Authorization": f"Bearer {(await line.command('tokens', 'add', account, '--scope', '*')).strip()}"}


@asynccontextmanager
async def ahead(line: Instance, days: int) -> AsyncIterator[None]:
    """The server runs so many days later."""
    await line.stop_server()
    try:
        with (line.paths.var / "log" / "server.log").open("ab") as log:
            line.server = await asyncio.create_subprocess_exec(
                *tied([sys.executable, "-m", "tests.live.ahead"]),
                env=line._environ() | {"AHEAD_DAYS": str(days)},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        await line.until_ready()
        yield
    finally:
        await line.stop_server()
        await line.start_server()


async def retain(line: Instance) -> dict[str, Any]:
    """What is due is done, by somebody who has looked at the clock."""
    return json.loads(  # type: ignore[no-any-return]
        await line.command("recordings", "retention", "--run", "--yes", "--clock-is-right", "--json")
    )


def wrapped_key(line: Instance, recording: str) -> bytes | None:
    engine = create_engine(line.environment.records)
    with engine.connect() as connection:
        asked = text("SELECT wrapped FROM recording_keys WHERE recording = :recording")
        found = connection.execute(asked, {"recording": recording}).scalar()
    return bytes(found) if found is not None else None


@live
async def test_it_is_found_by_what_is_known_of_it_and_a_browser_seeks(line: Instance) -> None:
    first, second = await talk(line, "3000000701"), await talk(line, "3000000702", seconds=5)
    both, number = {first["recording"], second["recording"]}, ("--number", "3000000701")
    assert await listed(line, *number) == await listed(line, *number, "--agent", "101", "--queue", "servicio")
    assert await listed(line, *number) == [first["recording"]]
    assert set(await listed(line, "--agent", "101")) >= both and await listed(line, *number, "--agent", "201") == []
    longer = (first["seconds"] + second["seconds"]) / 2
    assert both.intersection(await listed(line, "--shortest", str(longer))) == {second["recording"]}
    assert await listed(line, "--call", second["call"], "--outcome", "answered") == [second["recording"]]
    assert await listed(line, "--call", second["call"], "--to", first["began"]) == []
    supervisor = await listener(line, "jefe", "--role", "supervisor", "--queue", "servicio")
    async with httpx.AsyncClient(base_url=f"http://{line.environment.http}", headers=supervisor, timeout=10) as client:
        address = f"/api/recordings/{second['recording']}/audio"
        whole = await client.get(address)
        assert whole.status_code == 200 and whole.headers["accept-ranges"] == "bytes" and len(whole.content) > 2_000
        piece = await client.get(address, headers={"Range": "bytes=1000-1999"})
        assert piece.status_code == 206 and piece.content == whole.content[1000:2000]
        last = await client.get(address, headers={"Range": "bytes=-300"})
        assert last.content == whole.content[-300:]
    told = (await line.command("audit", "--object", second["recording"], "--json")).splitlines()
    played = [json.loads(row) for row in told if json.loads(row)["action"] == "recordings.play"]
    assert [one["who"] for one in played] == ["jefe"], "three requests of one listening"


@live
async def test_who_may_not_hear_it_does_not_and_it_is_written_down(line: Instance) -> None:
    found = await talk(line, "3000000703")
    ways = {
        "otra": ("--role", "agent", "--extension", "201"),
        "ajena": ("--role", "supervisor", "--queue", "cartera"),
        "pantalla": ("--role", "monitor"),
    }
    for account, how in ways.items():
        headers = await listener(line, account, *how)
        async with httpx.AsyncClient(base_url=f"http://{line.environment.http}", headers=headers, timeout=10) as client:
            heard = await client.get(f"/api/recordings/{found['recording']}/audio")
            copied = await client.post(f"/api/recordings/{found['recording']}/copy", json={"reason": "curiosidad"})
            assert {heard.status_code, copied.status_code} <= {403, 404}, account
    told = (await line.command("audit", "--object", found["recording"], "--json")).splitlines()
    refused = {one["who"] for one in map(json.loads, told) if one["result"] == "refused"}
    assert refused == set(ways)


@live
async def test_it_is_archived_held_and_at_last_deleted_with_a_certificate(line: Instance, disk: Path) -> None:
    found = await talk(line, "3000000704")
    recording = found["recording"]
    assert wrapped_key(line, recording)
    await line.command("backup", "prepare", "archivo")

    async def state() -> str:
        (row,) = (await line.api(f"/recordings?call={found['call']}"))["recordings"]
        return str(row["state"])

    told = await line.command("recordings", "hold", "--recording", recording, "--reason", "proceso 2026-118", "--json")
    hold = json.loads(told)["hold"]
    async with ahead(line, 31):
        done = await retain(line)
        assert (done["archived"], done["deleted"]) == (0, 0) or await state() == "kept", "a hold beats everything"
        assert await state() == "kept"
        await line.command("recordings", "release", hold, "--reason", "terminó")
        assert (await retain(line))["archived"] >= 1
        assert await state() == "archived"
        there = [path for path in line.paths.vault.rglob("*.cva") if path.stat().st_size]
        assert recording not in json.dumps([path.name for path in there])
        assert any(path.is_file() for path in disk.rglob("*")), "it lies in the archive"
    async with ahead(line, 190):
        assert (await line.api("/recordings/retention"))["delete"]["count"] >= 1
        assert (await retain(line))["deleted"] >= 1
        assert await state() == "deleted"
        entries = (await line.command("audit", "--object", recording, "--json")).splitlines()
        actions = {json.loads(row)["action"]: json.loads(row)["detail"] for row in entries}
        certificate = actions["recordings.deleted"]
        assert certificate["complete"] and certificate["key_destroyed"] and "180 days" in certificate["rule"]
        assert {"recordings.created", "recordings.archived"} <= set(actions)
        assert wrapped_key(line, recording) is None, "no copy anywhere can be heard again"


@live
async def test_the_disk_and_the_monthly_report_tell_of_real_talks(line: Instance, tmp_path: Path) -> None:
    await talk(line, "3000000705")
    told = await line.command("recordings", "capacity")
    assert "servicio" in told
    page, table = tmp_path / "informe.html", tmp_path / "report.csv"
    await line.command("recordings", "report", "--language", "es", str(page))
    await line.command("recordings", "report", "--language", "en", "--format", "csv", str(table))
    assert "servicio" in page.read_text("utf-8") and "<html" in page.read_text("utf-8")
    rows = list(csv.reader(table.open(encoding="utf-8")))
    assert any(kind == "stored" and unit == "recordings" and int(value) >= 1 for kind, _, _, value, unit in rows[1:])

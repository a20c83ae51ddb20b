"""The life of recordings of real talks: found and heard by whom they concern, held, archived, deleted with a
certificate; and what the disk's figures say of them."""

import csv
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from ivr.testing.instance import Instance
from tests.live.retained import ahead, listener, retain, state_of, talk, wrapped_key
from tests.live.scenes import live, short

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


async def listed(line: Instance, *wanted: str) -> list[str]:
    rows = (await line.command("recordings", "list", *wanted, "--json")).splitlines()
    return [json.loads(row)["recording"] for row in rows]


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

    told = await line.command("recordings", "hold", "--recording", recording, "--reason", "proceso 2026-118", "--json")
    hold = json.loads(told)["hold"]
    async with ahead(line, 31):
        done = await retain(line)
        assert (done["archived"], done["deleted"]) == (0, 0) or await state_of(line, found) == "kept", (
            "a hold beats everything"
        )
        assert await state_of(line, found) == "kept"
        await line.command("recordings", "release", hold, "--reason", "terminó")
        assert (await retain(line))["archived"] >= 1
        assert await state_of(line, found) == "archived"
        there = [path for path in line.paths.vault.rglob("*.cva") if path.stat().st_size]
        assert recording not in json.dumps([path.name for path in there])
        assert any(path.is_file() for path in disk.rglob("*")), "it lies in the archive"
    async with ahead(line, 190):
        assert (await line.api("/recordings/retention"))["delete"]["count"] >= 1
        assert (await retain(line))["deleted"] >= 1
        assert await state_of(line, found) == "deleted"
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

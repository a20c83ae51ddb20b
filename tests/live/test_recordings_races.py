"""Recordings of real talks whose time is up, and others who want something of them at the same moment; and who is
killed in the middle of a deletion or a backup.

Whatever comes first: what was held can be heard, what was deleted is gone everywhere with its certificate, and nothing
is in between.
"""

import asyncio
import itertools
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest

from ivr.backup.instance import STATE
from ivr.control.client import ask
from ivr.testing.installation import IVR, ROOT
from ivr.testing.instance import Instance
from tests.live.recorded import heard, loudness, proved
from tests.live.retained import ahead, file_of, start_ahead, state_of, talk, wrapped_key
from tests.live.scenes import CALLER, live, short

_DISK = Path(tempfile.gettempdir(), f"cl-races-{uuid4().hex}")
CHANGES = short(site={"lines": "12"})
CHANGES["recordings.yaml"] = {
    "keep": [{"queue": "servicio", "for": "30 days"}, {"for": "1 year"}],
    "backup": {"targets": {"disco": {"folder": str(_DISK)}}, "every": "24 h"},
}
LATER = 31
"""Days."""
BLINKS = (0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.45)
"""Seconds after which somebody is killed: the longer one has come further."""
NUMBERS = itertools.count(3000000901)


@pytest.fixture(scope="module", autouse=True)
def disk() -> Iterator[Path]:
    _DISK.mkdir(mode=0o700)
    yield _DISK
    shutil.rmtree(_DISK)


async def talks(line: Instance, count: int) -> list[dict[str, Any]]:
    return [await talk(line, str(next(NUMBERS)), 1.5) for _ in range(count)]


async def retention(line: Instance) -> dict[str, Any]:
    """What is due is done as far as it can be now."""
    wanted = {"most": 500, "clock_is_right": True}
    return await asyncio.to_thread(ask, line.environment, "POST", "/recordings/retention/run", wanted, seconds=60)


async def gone(line: Instance, found: dict[str, Any], file: Path, disk: Path) -> None:
    """Deleted in all places, and it is written down."""
    recording = found["recording"]
    assert await state_of(line, found) == "deleted" and wrapped_key(line, recording) is None
    assert not file.exists()
    assert [path for path in disk.rglob("*") if file.name in path.name] == [], "a copy"
    entries = [json.loads(row) for row in (await line.command("audit", "--object", recording, "--json")).splitlines()]
    certificates = [one["detail"] for one in entries if one["action"] == "recordings.deleted"]
    assert certificates and certificates[0]["complete"] and certificates[0]["key_destroyed"], certificates


async def audible(line: Instance, found: dict[str, Any], folder: Path) -> None:
    audio = await heard(line, found["recording"], folder)
    assert loudness(audio[:, 0], CALLER) > 0.02


async def listening(line: Instance, found: dict[str, Any], began: asyncio.Event) -> tuple[int, bytes, int]:
    """Status, what came, and how much was promised: slowly, as a browser that plays."""
    await line.command("accounts", "add", "oyente", "--no-login", "--role", "supervisor", "--queue", "servicio")
    token = (await line.command("tokens", "add", "oyente", "--scope", "*")).strip()
    base, headers = f"http://{line.environment.http}", {"Authorization": f"Bearer {token}"}
    path = f"/api/recordings/{found['recording']}/audio"
    async with (
        httpx.AsyncClient(base_url=base, headers=headers, timeout=20) as client,
        client.stream("GET", path) as told,
    ):
        began.set()
        content = b""
        async for piece in told.aiter_raw(1_000):
            content += piece
            await asyncio.sleep(0.01)
        return told.status_code, content, int(told.headers.get("content-length", 0))


@pytest.mark.soak
@live
async def test_a_hold_a_playback_and_a_backup_in_the_moment_of_deletion(
    line: Instance, disk: Path, tmp_path: Path
) -> None:
    found = held, played, *others = await talks(line, 4)
    files = {one["recording"]: file_of(line, one["recording"]) for one in found}
    await line.command("backup", "prepare", "disco")
    await line.command("backup", "run", "disco")
    async with ahead(line, LATER):
        began = asyncio.Event()
        playing = asyncio.create_task(listening(line, played, began))
        await began.wait()
        hold = ("recordings", "hold", "--recording", held["recording"], "--reason", "proceso 2026-119", "--json")
        told = await asyncio.gather(
            retention(line), line.command(*hold), line.command("backup", "run", "disco"), return_exceptions=True
        )
        status, content, promised = await playing
        assert status == 200 and len(content) == promised, "who had begun to listen heard it to its end"
        assert isinstance(told[0], dict) and isinstance(told[1], str), told
        # The server makes one of its own when a day has gone by.
        assert isinstance(told[2], str) or "runs already" in str(told[2]), told[2]
        if await state_of(line, held) == "kept":
            await audible(line, held, tmp_path)
        else:
            assert json.loads(told[1])["recordings"] == 0, "whoever held it was told that it was too late"
            await gone(line, held, files[held["recording"]], disk)
        await retention(line)  # what was busy
        for one in (played, *others):
            await gone(line, one, files[one["recording"]], disk)
        await line.command("backup", "run", "disco")
        for one in (played, *others):
            await gone(line, one, files[one["recording"]], disk)
        told_of = await proved(line)
        assert told_of.sound, told_of.findings


@pytest.mark.soak
@live
async def test_kill_9_of_the_server_in_the_middle_of_a_deletion(line: Instance, disk: Path, tmp_path: Path) -> None:
    found = await talks(line, 6)
    files = {one["recording"]: file_of(line, one["recording"]) for one in found}
    await line.command("backup", "prepare", "disco")
    await line.command("backup", "run", "disco")
    cut = 0
    async with ahead(line, LATER):
        for blink in BLINKS:
            deleting = asyncio.create_task(retention(line))
            await asyncio.sleep(blink)
            await line.kill_server()
            await asyncio.wait([deleting])
            cut += deleting.exception() is not None
            await start_ahead(line, LATER)
            for one in found:  # whoever has its key still is heard; of the others the rest follows
                if wrapped_key(line, one["recording"]) is not None:
                    await audible(line, one, Path(tempfile.mkdtemp(dir=tmp_path)))
        for _ in range(20):
            if not (await retention(line))["left"]:
                break
            await asyncio.sleep(0.5)
        for one in found:
            await gone(line, one, files[one["recording"]], disk)
        told = await proved(line)
        assert told.sound, told.findings
    assert cut >= 2, "it was killed while it worked"


@pytest.mark.soak
@live
async def test_kill_9_in_the_middle_of_a_backup(line: Instance, disk: Path, tmp_path: Path) -> None:
    await line.command("backup", "prepare", "disco")
    found, cut = list[dict[str, Any]](), 0
    making = line.paths.var / STATE / "disco" / "making"
    for blink in (*BLINKS, 0.7, 1.0):
        found += await talks(line, 1)  # there is always something to send
        running = await asyncio.create_subprocess_exec(
            str(IVR), "backup", "run", "disco", env=line._environ(), cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(1000):  # until it has begun
            if making.exists() or running.returncode is not None:
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(blink)
        if running.returncode is None:
            running.kill()
        await running.wait()
        cut += making.exists()  # nobody has put it away
    told = json.loads(await line.command("backup", "run", "disco", "--json"))
    assert told["problems"] == [] and told["items"] >= len(found), told
    proof = await line.command("backup", "prove", "disco", "--recordings", "100")
    drawn = re.search(r"(\d+) of \1 came back right", proof)
    assert drawn and int(drawn[1]) >= told["items"] + len(told["snapshots"]), proof  # others lie there unchanged
    copies = {path.name.rpartition(".")[0] for path in disk.rglob("*") if path.is_file()}
    assert {file_of(line, one["recording"]).name for one in found} <= copies
    one = found[0]
    assert np.any(await heard(line, one["recording"], tmp_path))
    assert cut >= 2, "it was killed while it worked"

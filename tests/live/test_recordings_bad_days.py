"""Bad days of recordings: two servers in one folder, a clock that leaps, callers who send what they like."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from ivr.install.asterisk import tied
from ivr.testing.installation import IVR, ROOT, InstanceError
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.ports import free_port
from tests.live.recorded import RATE, heard, kept, loudness
from tests.live.retained import ahead, file_of, listener
from tests.live.scenes import CALLER, DIRECT, OPEN, hear_each_other, live, short, talking

CHANGES = short(site={"lines": "12"})
CHANGES["recordings.yaml"] = {"format": "wav"}

YEARS_AHEAD_DAYS = 6 * 366
"""Every rule of the site is over by then."""


async def recorded(line: Instance, caller: Person, agent: Person, call: str) -> dict[str, Any]:
    """Its talk ends, and is in the vault."""
    await caller.hang_up()
    await agent.call.ended(5)
    (found,) = await kept(line, call)
    return found


@live
async def test_a_second_server_in_the_folder_refuses_and_the_first_goes_on(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000821")
    call = await line.call_id(caller)
    others = {f"CENTRALITA_{name}": f"127.0.0.1:{free_port()}" for name in ("FASTAGI", "HTTP")}
    second = await asyncio.create_subprocess_exec(
        *tied([str(IVR), "serve"]),
        env=line._environ() | others,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(second.communicate(), 60)
    assert second.returncode and b"another server" in said, said
    caller.say(CALLER, 2)
    await asyncio.sleep(2)
    found = await recorded(line, caller, agent, call)
    audio = await heard(line, found["recording"], tmp_path)
    assert loudness(audio[-2 * RATE :, 0], CALLER) > 0.02


@live
async def test_after_a_leap_of_the_clock_nothing_is_deleted(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000822")
    found = await recorded(line, caller, agent, await line.call_id(caller))
    assert (await line.api("/recordings/retention"))["trouble"] == ""
    async with ahead(line, YEARS_AHEAD_DAYS):
        told = await line.api("/recordings/retention")
        assert told["delete"]["count"] >= 1, "all of it would be deleted"
        with pytest.raises(InstanceError, match="days after the last time that was sure"):
            await line.command("recordings", "retention", "--run", "--yes")
    assert (await line.api("/recordings/retention"))["trouble"] == ""
    audio = await heard(line, found["recording"], tmp_path)
    assert len(audio) / RATE == pytest.approx(found["seconds"], abs=0.01)


NASTY = {
    "a command": '$(touch {0})"; touch {0}; "${{SHELL(touch {0})}}',
    "a way out": "../../../..{0}",
    "a line end": "%0d%0a{0}%0d%0aAction: Logoff%0d%0a",
    "a page and a query": "<script>{0}</script>' OR '1'='1' --",
}
"""What a caller's number and name may hold; {0} stands for the path of a file that must not come into being."""

MOST = 50_000_000
"""Bytes of a file that is looked through."""

_ESCAPED = {ord(sign): f"%{ord(sign):02x}" for sign in " \"<>{}'`\\^|"}
"""What may not stand in the user part of an address as it is (RFC 3261, 25.1); who receives it reads it as it was."""


@pytest.mark.parametrize("what", NASTY)
@live
async def test_what_a_caller_sends_is_in_no_name_and_does_nothing(line: Instance, tmp_path: Path, what: str) -> None:
    digits = f"30000008{30 + list(NASTY).index(what)}"
    made = line.folder / f"made_{digits}"  # another one each time: what was searched for stands in the audit
    nasty = NASTY[what].format(made)
    sent = (nasty if what == "a line end" else nasty.replace("%", "%25")).translate(_ESCAPED)
    sent = sent.replace("/", "%2f").replace(";", "%3b")
    known = {one["recording"] for one in (await line.api("/recordings"))["recordings"]}
    await line.phone("101")
    caller = await line.caller(f"{digits}{sent}", did=DIRECT["1"], at=OPEN, name=nasty.replace("%0d%0a", " "))
    agent = await line.agent("101")
    await hear_each_other(caller, agent)
    assert re.fullmatch(r"\+?\d+", agent.call.shown_number), "the phone is shown digits"
    assert not set(agent.call.shown_name) & set("<>$'\"{}/;"), agent.call.shown_name
    caller.say(CALLER, 1)
    await asyncio.sleep(1)
    await caller.hang_up()
    await agent.call.ended(5)
    for _ in range(75):
        fresh = [one for one in (await line.api("/recordings"))["recordings"] if one["recording"] not in known]
        if fresh and fresh[0]["state"] == "kept":
            break
        await asyncio.sleep(0.2)
    (found,) = fresh
    assert re.fullmatch(r"[\w.-]+_[\w.-]+", found["recording"])
    assert nasty not in json.dumps(found) and nasty not in await line.command("recordings", "why", found["call"])
    names = [str(path.relative_to(line.paths.var)) for path in line.paths.vault.rglob("*")]
    assert names and all(re.fullmatch(r"[\w./-]+", name) and digits not in name for name in names)
    assert len(await heard(line, found["recording"], tmp_path)) > RATE / 2
    record = next(one for one in await line.records() if one["call"] == found["call"])
    assert nasty not in json.dumps(record)
    assert not made.exists()
    written = [path for path in line.paths.var.rglob("*") if path.is_file() and path.stat().st_size < MOST]
    there = await asyncio.to_thread(lambda: [path for path in written if bytes(made) in path.read_bytes()])
    assert there == [], "what was sent stands in no file"
    assert await line.command("recordings", "list", "--number", f"{digits}{nasty}"[:64], "--json") in (
        "",
        json.dumps(found, ensure_ascii=False) + "\n",
    ), "it finds this one or none, and never all"


LEADS_OUT = (
    "../../secrets/recordings.identity",
    "..",
    "./../secrets/recordings.identity",
    "/etc/passwd",
    "..\\..\\secrets",
    "a\0b",
    "recording" * 500,
)
"""In place of a recording's name."""


@live
async def test_a_name_or_a_link_that_leads_out_leads_nowhere(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000823")
    found = await recorded(line, caller, agent, await line.call_id(caller))
    secret = line.paths.identity.read_bytes()
    headers = await listener(line, "curiosa", "--role", "supervisor", "--queue", "servicio")
    async with httpx.AsyncClient(base_url=f"http://{line.environment.http}", headers=headers, timeout=10) as client:
        for name in LEADS_OUT:
            for escaped in {quote(name, safe=""), quote(name)}:
                for what in ("audio", "waveform"):
                    answer = await client.get(f"/api/recordings/{escaped}/{what}")
                    assert 400 <= answer.status_code < 500 and secret not in answer.content, (escaped, what)
        address, file = f"/api/recordings/{found['recording']}/audio", file_of(line, found["recording"])
        away = file.with_name("away")
        file.rename(away)
        file.symlink_to(line.paths.identity)
        answer = await client.get(address)
        assert answer.status_code >= 400 and secret not in answer.content, "a link in its place"
        file.unlink()
        away.rename(file)
        assert (await client.get(address)).status_code == 200
    for name in (one for one in LEADS_OUT if "\0" not in one):
        with pytest.raises(InstanceError):
            await line.command("recordings", "save", name, str(tmp_path / "stolen.wav"), "--reason", "a test")
    assert not (tmp_path / "stolen.wav").exists()


@live
async def test_the_certificate_of_a_hostile_callers_recording_holds_nothing_of_it(line: Instance) -> None:
    caller = await line.caller("3000000849%22%3b$(id)%3cb%3e", did=DIRECT["1"], at=OPEN, name="<b>Ana</b> $(id)")
    agent = await line.agent("101") if await line.phone("101") else None
    assert agent is not None
    await hear_each_other(caller, agent)
    shown = agent.call.shown_number
    await caller.hang_up()
    await agent.call.ended(5)
    await asyncio.sleep(1)
    newest = (await line.api("/recordings?limit=1"))["recordings"][0]
    await kept(line, newest["call"])
    await line.command("callers", "erase", shown, "--yes")
    entries = [
        json.loads(row)
        for row in (await line.command("audit", "--action", "recordings.deleted", "--json")).splitlines()
    ]
    (told,) = [one for one in entries if one["object"] == newest["recording"]]
    assert told["detail"]["complete"] and not set(json.dumps(told["detail"])) & set("<>$;")
    assert shown not in json.dumps(told)
    assert (await line.api(f"/recordings?call={newest['call']}"))["recordings"][0]["state"] == "deleted"

"""kill -9 of the server while talks are recorded: Asterisk goes on, and nothing is lost."""

import asyncio
import json
from pathlib import Path

import pytest

from ivr.testing.instance import Instance
from tests.live.recorded import RATE, heard, kept, loudness
from tests.live.scenes import AGENT, CALLER, hear_each_other, live, short, talking

CHANGES = short(site={"lines": "12"})
CHANGES["recordings.yaml"] = {"format": "wav"}


@live
async def test_a_talk_is_recorded_on_while_the_server_is_away(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000801")
    call = await line.call_id(caller)
    began = caller.now
    caller.say(CALLER, 30)
    agent.say(AGENT, 30)
    await asyncio.sleep(1.5)
    await line.kill_server()
    await asyncio.sleep(1.5)
    await line.start_server()
    await asyncio.sleep(1.5)
    spoken = caller.now - began
    await caller.hang_up()
    await agent.call.ended(5)
    (found,) = await kept(line, call)
    assert found["seconds"] > spoken and found["gaps"] == []
    audio = await heard(line, found["recording"], tmp_path)
    last = audio[-round((spoken - 0.5) * RATE) :]
    for at in range(0, len(last) - RATE // 2, RATE // 2):  # each half second of it, whoever was away
        piece = last[at : at + RATE // 2]
        assert loudness(piece[:, 0], CALLER) > 0.02 and loudness(piece[:, 1], AGENT) > 0.02, at / RATE


@live
async def test_a_talk_that_ended_while_the_server_was_away_is_kept(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000802")
    call = await line.call_id(caller)
    caller.say(CALLER, 2)
    await asyncio.sleep(2)
    await line.kill_server()
    await caller.hang_up()
    await agent.call.ended(5)
    assert len(line.recordings()) == 1, "nobody was there to take it"
    await line.start_server()
    (found,) = await kept(line, call)
    assert (found["queue"], found["agent"]) == ("servicio", "101") and found["notice"]
    audio = await heard(line, found["recording"], tmp_path)
    assert len(audio) / RATE == pytest.approx(found["seconds"], abs=0.01) and loudness(audio[:, 0], CALLER) > 0.02


@live
async def test_a_pause_outlives_the_server(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000803")
    call = await line.call_id(caller)
    assert "paused" in await line.command("recordings", "change", call, "pause")
    caller.say(CALLER, 30)
    await asyncio.sleep(1)
    await line.kill_server()
    await asyncio.sleep(1)
    await line.start_server()
    await asyncio.sleep(0.5)
    assert "resumed" in await line.command("recordings", "change", call, "resume")
    await hear_each_other(caller, agent)
    await caller.hang_up()
    await agent.call.ended(5)
    (found,) = await kept(line, call)
    (gap,) = found["gaps"]
    assert gap["end"] - gap["begin"] > 2
    (told,) = (await line.command("audit", "--object", found["recording"], "--json")).splitlines()
    created = json.loads(told)
    assert created["action"] == "recordings.created" and created["detail"]["notice"] == found["notice"]
    ((begin, end, why),) = created["detail"]["gaps"]
    assert (begin / 1e6, end / 1e6, why) == (pytest.approx(gap["begin"]), pytest.approx(gap["end"]), "paused")
    audio = await heard(line, found["recording"], tmp_path)
    within = audio[round((gap["begin"] + 0.3) * RATE) : round((gap["end"] - 0.3) * RATE)]
    assert len(within) > RATE and not within.any(), "silent to the last bit"

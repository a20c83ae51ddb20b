"""Recorded talks with real phones: both sides apart, silent while they are paused, never against the caller's will."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ivr.speech import BUILT_IN
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from tests.live.recorded import RATE, heard, kept, loudness, silences
from tests.live.scenes import AGENT, CALLER, MENU, at_menu, hear_each_other, live, short, talking

CHANGES = short(site={"lines": "12"}, queues={"tesoreria": {"record": "on demand"}})
CHANGES["recordings.yaml"] = {"format": "wav"}  # what is silent there is so to the last bit
CHANGES["queues.yaml"]["queues"]["contabilidad"]["record"] = "force"
CHANGES["contabilidad_directa.yaml"] = {
    "start": "aviso",
    "variables": {"clave": 'text = ""'},
    "steps": {
        "bienvenida": None,
        "cola": {"after the talk": "clave"},
        "clave": {"collect": "no_le_escuche", "into": "clave", "digits": "5", "secret": "yes", "then": "hang up"},
    },
}
CHANGES["linea_principal.yaml"]["steps"] |= {
    "menu": {"wait": "1 s", "keys": {"9": "sin_grabacion"}},
    "sin_grabacion": {"recording": "declined", "then": "menu"},
}
SENTENCES = ("phrase_recording_on", "phrase_recording_paused", "phrase_recording_off")
START = {"knows": lambda sound: sound not in BUILT_IN or sound in SENTENCES}


async def end(caller: Person, agent: Person) -> None:
    await caller.hang_up()
    await agent.call.ended(5)


async def both_speak(caller: Person, agent: Person, seconds: float = 2) -> None:
    """For so long, however soon they have heard each other."""
    caller.say(CALLER, seconds)
    agent.say(AGENT, seconds)
    await asyncio.sleep(seconds)


@live
async def test_both_sides_apart_found_and_heard_again(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000951")
    call = await line.call_id(caller)
    caller.say(CALLER, 2)
    agent.say(AGENT, 2)
    await asyncio.sleep(2.5)
    await end(caller, agent)
    (found,) = await kept(line, call)
    assert (found["queue"], found["agent"], found["direction"]) == ("servicio", "101", "inbound")
    assert found["notice"] and found["gaps"] == [] and found["codec"] == "wav"
    audio = await heard(line, found["recording"], tmp_path)
    assert len(audio) / RATE == pytest.approx(found["seconds"], abs=0.01) and found["seconds"] > 1
    left, right = audio[:, 0], audio[:, 1]
    assert loudness(left, CALLER) > 5 * loudness(left, AGENT) and loudness(right, AGENT) > 5 * loudness(right, CALLER)
    assert list(line.paths.recordings.glob("*.raw")) == [], "what Asterisk has written is gone"
    drawn = await line.api(f"/recordings/{found['recording']}/waveform")
    assert max(point[0] for point in drawn["points"]) > 20 and max(point[1] for point in drawn["points"]) > 20


@live
async def test_the_agents_key_leaves_silence_on_both_sides_and_nothing_else(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000952")
    call = await line.call_id(caller)
    await agent.press("#3")
    await agent.hears("phrase_recording_paused")
    paused = agent.now
    caller.say(CALLER, 3)
    agent.say(AGENT, 3)
    await asyncio.sleep(3.5)
    await agent.press("#3")
    await agent.hears("phrase_recording_on", after=paused)
    await hear_each_other(caller, agent)
    await both_speak(caller, agent)
    await end(caller, agent)
    (found,) = await kept(line, call)
    (gap,) = found["gaps"]
    audio = await heard(line, found["recording"], tmp_path)
    (silent,) = silences(audio)
    assert gap["why"] == "paused" and silent[1] - silent[0] > 3
    assert silent[0] <= gap["begin"] + 0.05 and gap["end"] <= silent[1] + 0.1, "the phones were silent before, too"
    assert gap["end"] - gap["begin"] > 3 and silent[1] - gap["end"] < 1.5
    after = audio[round(silent[1] * RATE) :]
    assert loudness(after[:, 0], CALLER) > 0.02 and loudness(after[:, 1], AGENT) > 0.02, "it goes on"


@live
async def test_on_demand_begins_with_the_agents_key(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000953", "2")
    call = await line.call_id(caller)
    caller.say(CALLER, 2)
    await asyncio.sleep(2)
    await agent.press("#3")
    await agent.hears("phrase_recording_on")
    await hear_each_other(caller, agent)
    await both_speak(caller, agent)
    await end(caller, agent)
    (found,) = await kept(line, call)
    audio = await heard(line, found["recording"], tmp_path)
    first = np.flatnonzero(audio.any(axis=1))[0] / RATE
    assert first > 1.5, "nothing before the key"
    assert loudness(audio[round(first * RATE) :, 0], CALLER) > 0.02


@live
async def test_what_nobody_demands_is_not_kept(line: Instance) -> None:
    caller, agent = await talking(line, "3000000954", "2")
    call = await line.call_id(caller)
    await end(caller, agent)
    await asyncio.sleep(2)
    assert (await line.api(f"/recordings?call={call}"))["recordings"] == [] and line.recordings() == {}
    told = await line.command("recordings", "why", call)
    assert "on demand" in told and "not recorded" in told


@live
async def test_what_a_flow_asks_for_after_a_talk_is_in_no_recording(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000957", "4")
    call = await line.call_id(caller)
    hung_up = caller.now
    await agent.hang_up()
    await caller.hears("no_le_escuche", after=hung_up)
    asked = datetime.now(UTC)
    caller.say(CALLER, 3)  # they say the digits, too
    await caller.press("48162")
    await caller.call.ended(10)
    (found,) = await kept(line, call)
    ended = datetime.fromisoformat(found["began"]) + timedelta(seconds=found["seconds"])
    assert ended < asked, "it ended with the talk"
    audio = await heard(line, found["recording"], tmp_path)
    assert len(audio) / RATE == pytest.approx(found["seconds"], abs=0.01)
    assert line.recordings() == {} and len((await line.api(f"/recordings?call={call}"))["recordings"]) == 1


@live
async def test_a_caller_who_declines_is_not_recorded(line: Instance) -> None:
    await line.phone("101")
    caller = await at_menu(line, "3000000955")
    await caller.press("9")
    await caller.hears(MENU, after=caller.now)
    await caller.press("1")
    agent = await line.agent("101")
    await hear_each_other(caller, agent)
    call = await line.call_id(caller)
    await agent.press("#3")
    await agent.hears("phrase_recording_off")
    await end(caller, agent)
    await asyncio.sleep(2)
    assert (await line.api(f"/recordings?call={call}"))["recordings"] == [] and line.recordings() == {}
    assert "declined" in await line.command("recordings", "why", call)


@live
async def test_the_api_pauses_and_resumes(line: Instance) -> None:
    caller, agent = await talking(line, "3000000956")
    call = await line.call_id(caller)
    assert "paused" in await line.command("recordings", "change", call, "pause")
    await asyncio.sleep(1.5)
    assert "resumed" in await line.command("recordings", "change", call, "resume")
    await end(caller, agent)
    (found,) = await kept(line, call)
    (gap,) = found["gaps"]
    assert 1.2 < gap["end"] - gap["begin"] < 4

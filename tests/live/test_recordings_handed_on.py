"""One set of recordings for a call through hold and transfers, and no voice lost on the way."""

import asyncio
from pathlib import Path

import pytest

from ivr.testing.instance import Instance
from ivr.testing.person import Person
from tests.live.recorded import RATE, heard, kept, tones
from tests.live.scenes import AGENT, CALLER, hear_each_other, live, short, talking
from tests.live.transfer_scenes import consults, hang_up

CHANGES = short(site={"lines": "12"})
CHANGES["recordings.yaml"] = {"format": "wav", "record": {"directions": {"inbound": "yes"}}}


SENTENCE_SECONDS = 4
"""After the agent's key: until the phone has been told what became of it. The two do not hear each other meanwhile."""


async def speak(caller: Person, other: Person, seconds: float = 3) -> None:
    caller.say(CALLER, seconds)
    other.say(AGENT, seconds)
    await asyncio.sleep(seconds + 0.3)


def both_are_heard(audio: object, seconds: float = 2.5) -> None:
    """In its last part, each for about so long."""
    last = audio[-round((seconds + 2) * RATE) :]  # type: ignore[index]
    for side, hertz in ((0, CALLER), (1, AGENT)):
        assert len(tones(last[:, side], hertz)) >= (seconds - 0.3) * 10, f"side {side}"


@pytest.mark.parametrize("another_source", [True, False])
@pytest.mark.parametrize("behind", [20, 500])
@live
async def test_no_voice_is_lost_when_a_phone_numbers_its_packets_anew(
    line: Instance, tmp_path: Path, behind: int, another_source: bool
) -> None:
    caller, agent = await talking(line, f"30000009{60 + behind // 100 + another_source:02}")
    call = await line.call_id(caller)
    await agent.call.hold()
    await asyncio.sleep(1)
    agent.call.media.begin_anew(behind, another_source=another_source)
    await agent.call.unhold()
    await speak(caller, agent)
    await caller.hang_up()
    await agent.call.ended(5)
    (found,) = await kept(line, call)
    both_are_heard(await heard(line, found["recording"], tmp_path))


@pytest.mark.parametrize("another_source", [True, False])
@live
async def test_no_voice_is_lost_when_the_callers_side_numbers_its_packets_anew(
    line: Instance, tmp_path: Path, another_source: bool
) -> None:
    caller, agent = await talking(line, f"30000009{80 + another_source}")
    call = await line.call_id(caller)
    await caller.call.hold()
    await asyncio.sleep(1)
    caller.call.media.begin_anew(500, another_source=another_source)
    await caller.call.unhold()
    await speak(caller, agent)
    await caller.hang_up()
    await agent.call.ended(5)
    (found,) = await kept(line, call)
    both_are_heard(await heard(line, found["recording"], tmp_path))


@live
async def test_a_hold_in_a_pause_leaves_it_silent_and_both_are_heard_after_it(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000973")
    call = await line.call_id(caller)
    assert "paused" in await line.command("recordings", "change", call, "pause")
    await agent.call.hold()
    await asyncio.sleep(0.5)
    agent.call.media.begin_anew(500, another_source=True)
    await agent.call.unhold()
    await speak(caller, agent)
    assert "resumed" in await line.command("recordings", "change", call, "resume")
    await speak(caller, agent)
    await caller.hang_up()
    await agent.call.ended(5)
    (found,) = await kept(line, call)
    (gap,) = found["gaps"]
    audio = await heard(line, found["recording"], tmp_path)
    both_are_heard(audio)
    paused = audio[round((gap["begin"] + 0.2) * RATE) : round((gap["end"] - 0.2) * RATE)]
    assert len(paused) > 3 * RATE and not paused.any()


@live
async def test_a_blind_transfer_makes_another_recording_of_the_same_set(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000971")
    call = await line.call_id(caller)
    await line.phone("100")
    await agent.call.transfer("100")
    reception = await line.agent("100")
    await hang_up(agent)
    await speak(caller, reception)
    await caller.hang_up()
    first, second = await kept(line, call, 2)
    assert (first["agent"], second["agent"]) == ("101", "100")
    both_are_heard(await heard(line, second["recording"], tmp_path))


@live
async def test_the_key_pauses_also_at_a_phone_to_which_the_caller_was_sent(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000974")
    call = await line.call_id(caller)
    await line.phone("100")
    await agent.call.transfer("100")
    reception = await line.agent("100")
    await hang_up(agent)
    await speak(caller, reception, 1)
    await reception.press("#3")
    await asyncio.sleep(SENTENCE_SECONDS)
    await speak(caller, reception, 2)
    await reception.press("#3")
    await asyncio.sleep(SENTENCE_SECONDS)
    await speak(caller, reception)
    await caller.hang_up()
    _, second = await kept(line, call, 2)
    (gap,) = second["gaps"]
    assert gap["why"] == "paused" and gap["end"] - gap["begin"] > 2
    audio = await heard(line, second["recording"], tmp_path)
    both_are_heard(audio)
    assert not audio[round((gap["begin"] + 0.2) * RATE) : round((gap["end"] - 0.2) * RATE)].any()


@live
async def test_after_a_word_with_the_colleague_the_callers_talk_is_recorded(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000972")
    call = await line.call_id(caller)
    await line.phone("103")
    await agent.call.hold()
    asked = await consults(line, "101", "103")
    colleague = await line.agent("103")
    await speak(asked, colleague, 2)
    assert await (await agent.call.transfer_to(asked.call)).final() == 200
    await hear_each_other(caller, colleague)
    await hang_up(agent, asked)
    await speak(caller, colleague)
    await caller.hang_up()
    first, second = await kept(line, call, 2)
    assert (first["agent"], second["agent"]) == ("101", "103")
    audio = await heard(line, second["recording"], tmp_path)
    both_are_heard(audio)
    (before,) = second["gaps"]
    assert (before["begin"], before["why"]) == (0, "before the caller") and before["end"] > 2
    assert not audio[: round(before["end"] * RATE)].any(), "what the two of the house said is nobody's"


@live
async def test_a_talk_between_phones_of_the_house_is_kept_nowhere(line: Instance) -> None:
    await line.phone("103")
    asked = await consults(line, "101", "103")
    colleague = await line.agent("103")
    await speak(asked, colleague, 1)
    await hang_up(asked, colleague)
    for _ in range(50):
        if not line.recordings():
            break
        await asyncio.sleep(0.1)
    assert line.recordings() == {} and not list(line.paths.recordings.glob("quarantine/*"))

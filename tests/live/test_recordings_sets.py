"""One set of recordings for a call, whatever becomes of it; and who is recorded by number and agent."""

from pathlib import Path

from ivr.testing.instance import Instance
from tests.live.recorded import heard, kept, loudness
from tests.live.scenes import AGENT, CALLER, hear_each_other, live, refuse, short, talking
from tests.live.transfer_scenes import hang_up, talk_ends

CHANGES = short(
    site={"lines": "12"},
    queues={"tesoreria": {"record": "yes"}, "cartera": {"record": "no"}, "contabilidad": {"record": "yes"}},
)
CHANGES["recordings.yaml"] = {
    "format": "wav",
    "record": {"numbers": {"6010000003": "force"}, "agents": {"401": "never", "201": "0.01 % of the calls"}},
}
TESORERIA = "*72"


async def both_are_heard(line: Instance, recordings: list[str], folder: Path) -> None:
    """In each of them the caller on the left and the agent on the right."""
    for recording in recordings:
        audio = await heard(line, recording, folder)
        assert loudness(audio[:, 0], CALLER) > 0.01 and loudness(audio[:, 1], AGENT) > 0.01, recording


@live
async def test_after_a_failed_transfer_there_is_one_set_and_both_are_heard(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000881")
    call = await line.call_id(caller)
    (await line.phone("103")).on_call = lambda leg: refuse(leg, 603)
    await agent.call.transfer("103")
    await hang_up(agent)
    again = await line.agent("101", seconds=15)
    await talk_ends(caller, again)
    first, second = await kept(line, call, 2)
    assert (first["agent"], second["agent"]) == ("101", "101") and first["recording"] != second["recording"]
    await both_are_heard(line, [first["recording"], second["recording"]], tmp_path)


@live
async def test_a_change_of_queue_is_another_recording_of_the_same_set(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000882")
    call = await line.call_id(caller)
    await line.phone("202")
    await agent.call.transfer(TESORERIA)
    await hang_up(agent)
    second = await line.agent("202")
    await talk_ends(caller, second)
    found = await kept(line, call, 2)
    assert [(one["queue"], one["agent"]) for one in found] == [("servicio", "101"), ("tesoreria", "202")]
    await both_are_heard(line, [one["recording"] for one in found], tmp_path)


@live
async def test_a_number_forces_what_its_queue_does_not_want(line: Instance, tmp_path: Path) -> None:
    caller, agent = await talking(line, "3000000883", "3")
    call = await line.call_id(caller)
    await talk_ends(caller, agent)
    (found,) = await kept(line, call)
    assert (found["queue"], found["did"]) == ("cartera", "6010000003")
    await both_are_heard(line, [found["recording"]], tmp_path)
    assert "recorded (forced)" in await line.command("recordings", "why", call)


@live
async def test_an_agent_who_is_never_recorded_and_one_who_was_not_drawn(line: Instance) -> None:
    for number, key, why in (("3000000884", "4", "not recorded (never)"), ("3000000885", "2", "not drawn")):
        caller, agent = await talking(line, number, key)
        call = await line.call_id(caller)
        await hear_each_other(caller, agent)
        await caller.hang_up()
        await agent.call.ended(5)
        await line.until_idle()
        assert why in await line.command("recordings", "why", call)
        assert (await line.api(f"/recordings?call={call}"))["recordings"] == []

"""A desktop is told by a signed web hook when the phone rings, when the talk begins, and when it ends."""

import pytest

from ivr.testing.instance import Instance
from ivr.testing.ports import free_port
from tests.live.scenes import hear_each_other, live, moved, offers, ring_only, short, waiting
from tests.unit.screenpops.desktop import SECRET, Desktop, desktop

PORT = free_port()
CHANGES = short(queues={"cartera": {"screen pop": "crm"}, "contabilidad": {"screen pop": "nobody"}})
CHANGES["queues.yaml"]["screen pops"] = {
    "crm": {"post": f"http://127.0.0.1:{PORT}/pop", "secret": "crm", "at most": "1 s"},
    "nobody": {"post": f"http://127.0.0.1:{free_port()}/pop", "secret": "crm", "at most": "1 s", "tries": "2"},
}


def told(there: Desktop) -> list[tuple[str, str]]:
    """Event and agent of each message."""
    return [(message["event"], message["agent"]) for message in there.told]


@live
async def test_ringing_answered_and_ended_with_the_number(line: Instance) -> None:
    (line.paths.secrets / "crm.secret").write_text(SECRET + "\n")
    async with desktop(500, 200, port=PORT) as there:
        await line.phone("301")
        caller = await waiting(line, "3000003001", "3")
        agent = await line.agent("301", answer=False)
        await there.until_told(2)  # the first one met a desktop that failed
        assert there.told[0] == there.told[1] and there.headers[0]["centralita-delivery"] == there.told[0]["id"]
        ringing = there.told[1]
        assert (ringing["event"], ringing["caller"], ringing["did"]) == ("ringing", "3000003001", "6010000003")
        assert ringing["call"] == await line.call_id(caller)
        assert agent.call.invite is not None and agent.call.invite.get("x-call-id") == ringing["call"]
        await agent.call.answer()
        await hear_each_other(caller, agent)
        await caller.hang_up()
        await there.until_told(4)
        assert told(there)[1:] == [("ringing", "301"), ("answered", "301"), ("ended", "301")]
        ended = there.told[-1]
        assert ended["result"] == "answered" and ended["talk_seconds"] > 0 and ended["caller"] == "3000003001"
        assert all(there.proves(number) for number in range(4))
    assert await line.metric("centralita_screen_pops_total", hook="crm", outcome="delivered") == 3
    log = (line.paths.var / "log" / "server.log").read_text()
    assert "3000003001" not in log and SECRET not in log


@live
async def test_a_phone_that_nobody_picks_up_is_told_to_its_end(line: Instance) -> None:
    (line.paths.secrets / "crm.secret").write_text(SECRET)
    async with desktop(port=PORT) as there, moved(line, offers("cartera", "no answer")):
        phone = await line.phone("301")
        phone.on_call = ring_only
        caller = await waiting(line, "3000003002", "3")
        await there.until_told(2, seconds=10)
        assert told(there)[:2] == [("ringing", "301"), ("ended", "301")]
        assert there.told[1]["result"] == "no answer"
        await caller.hang_up()


@live
async def test_a_desktop_that_is_away_delays_no_call(line: Instance) -> None:
    (line.paths.secrets / "crm.secret").write_text(SECRET)
    await line.phone("401")
    caller = await waiting(line, "3000003003", "4")
    agent = await line.agent("401")
    await hear_each_other(caller, agent)
    await caller.hang_up()
    await line.until_metric("centralita_screen_pops_total", 3, seconds=15, hook="nobody", outcome="gave up")
    assert caller.music_gaps() == []


@pytest.mark.soak
@live
async def test_a_talk_that_outlives_the_server_is_told_to_its_end(line: Instance) -> None:
    (line.paths.secrets / "crm.secret").write_text(SECRET)
    async with desktop(port=PORT) as there:
        await line.phone("302")
        caller = await waiting(line, "3000003004", "3")
        agent = await line.agent("302")
        await hear_each_other(caller, agent)
        await there.until_told(2)
        await line.stop_server()
        await line.start_server()
        await hear_each_other(caller, agent)
        await agent.hang_up()
        await there.until_told(3)
        assert told(there) == [("ringing", "302"), ("answered", "302"), ("ended", "302")]
        assert there.told[-1]["caller"] == "3000003004"

"""What Asterisk does by itself: phones that send calls on, a server that hangs, the end of a talk without a server."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import PropertyMock, patch

from ivr.asterisk.agi import AgiServer, Handler, Session
from ivr.call.effects import Kind, Returned
from ivr.clock import LoopClock
from ivr.testing.instance import Instance
from ivr.testing.person import Person
from ivr.testing.phone import CallState, Phone
from tests.live.scenes import (
    MENU,
    NOTICE,
    OPEN,
    at_menu,
    hear_each_other,
    live,
    moved,
    occupy,
    offers,
    short,
    waiting,
    waiting_by_menu,
)

CHANGES = short(site={"lines": "12", "fallback after": "30 s"})
CHANGES["linea_principal.yaml"]["steps"]["contabilidad"] = {"after the talk": "menu"}

ABROAD = "sip:93001234567@127.0.0.1:5060"
"""What a phone whose user forwards it to a mobile answers as Contact of a 302; 9 = to outside."""


async def sends_on(phone: Person) -> None:
    with patch.object(Phone, "contact", PropertyMock(return_value=ABROAD)):
        await phone.call.ring()
        await phone.call.reject(302)


def went_outside(line: Instance) -> bool:
    """Whether the trunk was ever dialled since the start."""
    notes = (line.paths.log / "cel-custom" / "cel.csv").read_text(encoding="utf-8")
    assert "3000000901" in notes
    return "PJSIP/3001234567@trunk" in notes


@live
async def test_a_phone_cannot_send_a_queues_caller_to_outside(line: Instance) -> None:
    await line.phone("301")
    async with moved(line, offers("cartera", "unreachable")):
        caller = await waiting(line, "3000000901", "3")
        await sends_on(await line.agent("301", answer=False))
    assert caller.call.state is CallState.TALKING and caller.music_gaps() == []
    assert not went_outside(line)


@live
async def test_a_phone_cannot_send_a_dialled_caller_to_outside(line: Instance) -> None:
    await line.phone("100")
    caller = await at_menu(line, "3000000902")
    await caller.press("0")
    await sends_on(await line.agent("100", answer=False))
    await caller.hears("phrase_leave_message")
    assert not went_outside(line)


@live
async def test_a_server_that_hangs_leaves_music(line: Instance) -> None:
    await occupy(line, "4")
    caller = await waiting(line, "3000000903", "4")
    assert line.server is not None
    line.server.send_signal(signal.SIGSTOP)
    try:
        # A visit comes every 10 s, so the second half of this is under one that nobody answers.
        await caller.hears("music", seconds=25, after=caller.now + 18)
    finally:
        line.server.send_signal(signal.SIGCONT)
    assert caller.music_gaps() == []
    # A server that stood still for so long may end itself, or go on if its loop is faster than its alarm.
    await asyncio.sleep(1)
    await line.heal()


@live
async def test_reception_does_not_ring_for_who_has_just_talked_to_it(line: Instance) -> None:
    await line.phone("100")
    caller = await at_menu(line, "3000000904")
    await caller.press("0")
    reception = await line.agent("100")
    await hear_each_other(caller, reception)
    await line.kill_server()
    await reception.hang_up()
    await caller.call.ended(5)


@live
async def test_a_caller_who_left_before_the_server_looked_does_not_live(line: Instance) -> None:
    assert line.server is not None
    before = await line.metric("centralita_lines_in_use")
    line.server.send_signal(signal.SIGSTOP)
    try:
        caller = await line.caller("3000000905")
        await caller.hang_up()
        await line.until_idle()
    finally:
        line.server.send_signal(signal.SIGCONT)
    await line.until_ready()
    await line.until_metric("centralita_lines_in_use", before)
    await at_menu(line, "3000000906")
    await line.until_metric("centralita_lines_in_use", before + 1)
    assert [row["ended"] is None for row in await line.records()][:2] == [True, False]


@live
async def test_a_flow_that_goes_on_after_the_talk_survives_the_server(line: Instance) -> None:
    await line.phone("401")
    caller = await waiting_by_menu(line, "3000000907", "4")
    agent = await line.agent("401")
    await hear_each_other(caller, agent)
    talked = caller.now
    await agent.hang_up()
    await caller.hears(MENU, after=talked)
    await line.kill_server()
    await caller.hears("music", after=talked)
    killed = caller.now
    await line.start_server()
    await caller.hears(MENU, after=killed)


@live
async def test_a_caller_s_number_forges_no_line_of_ami_or_agi(line: Instance) -> None:
    """Asterisk decodes %0d%0a in a From: printed raw it would be an event, or an AGI variable."""
    refused = await line.metric("centralita_lines_refused_total")
    number = "3000000907%0d%0a%0d%0aEvent%3a%20UserEvent%0d%0aUserEvent%3a%20LineRefused%0d%0aagi_arg_1%3a%20x%0d%0a"
    caller = await line.caller(number, at=OPEN)
    await caller.hears(NOTICE)
    assert await line.metric("centralita_lines_refused_total") == refused
    (concise,) = (await line.cli("core show channels concise")).splitlines()[:1]
    assert concise.split("!")[7] == "30000009071", "the digits of it"
    await caller.hang_up()


@asynccontextmanager
async def answered_by(line: Instance, handler: Handler) -> AsyncIterator[None]:
    """Instead of the server, `handler` answers the dialplan."""
    await line.stop_server()
    agi = AgiServer(handler, clock=LoopClock())
    await agi.start("127.0.0.1", line.environment.fastagi.port)
    try:
        yield
    finally:
        await agi.close()


@live
async def test_who_hangs_up_is_asked_once_what_is_to_be_undone(line: Instance) -> None:
    undone: list[tuple[str, ...]] = []
    to_undo = ["1", "0", "", "1"]

    async def handler(session: Session) -> None:
        if session.path == "/undo":
            await session.execute("MSet", "PLACE=there,UNDO=0")
            undone.append((*session.arguments[:2], await session.get_variable("PLACE") or ""))
            return
        await session.execute("MSet", f"PLACE=here,UNDO={to_undo.pop(0)}")
        await session.stream_file("silence/10")

    async with answered_by(line, handler):
        for times in (1, 1, 1, 2):
            caller = await line.caller("3000000908")
            await asyncio.sleep(0.5)
            await caller.hang_up()
            await line.until_idle()
            assert undone == [("6017436967", "here", "there")] * times


@live
async def test_a_dial_comes_back_with_its_result_and_the_extension(line: Instance) -> None:
    returned: list[str] = []

    async def handler(session: Session) -> None:
        if session.path == "/leg":  # whether this one's talk is recorded: no
            return
        returned.append(session.arguments[2])
        if returned[-1]:
            await session.set_variable("DONE", "hangup")
        else:
            await session.execute("MSet", "DIAL_TO=100,DIAL_FOR=5")
            await session.set_variable("DONE", "dial")

    async with answered_by(line, handler):
        await line.phone("100")
        caller = await line.caller("3000000909")
        await (await line.agent("100", answer=False)).call.reject(486)
        await caller.call.ended(5)
    assert returned == ["", "dial BUSY 100"]
    assert Returned.parse(returned[1]) == Returned(Kind.DIAL, "BUSY", "100")

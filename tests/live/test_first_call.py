"""Done when 1: every way through the main line, heard, recorded, listed and counted."""

import asyncio
from pathlib import Path

import pytest

from ivr.testing.instance import LINE, Instance
from tests.live.recorded import heard, kept, loudness
from tests.live.scenes import (
    AGENT,
    CALLER,
    CLOSED,
    HOLIDAY,
    LABELS,
    MENU,
    NOTICE,
    OPEN,
    PHONES,
    QUEUES,
    WELCOME,
    at_menu,
    calls,
    hear_each_other,
    live,
    moved,
    offers,
    refuse,
    short,
    sums_agree,
    visits,
    waiting,
    waiting_by_menu,
)

CHANGES = short()


async def department(line: Instance, key: str) -> str:
    """One whole call to a department; returns its id."""
    queue, number = QUEUES[key], f"300000010{key}"
    caller = await waiting_by_menu(line, number, key)
    agent = await line.agent(PHONES[key])
    assert agent.call.shown_number == number
    assert LABELS[key] in agent.call.shown_name
    whisper = await agent.hears_whole(f"susurro_{queue}")
    await hear_each_other(caller, agent)
    assert caller.music_gaps() == []
    [music] = [heard for heard in caller.listen() if heard.name == "music"]
    assert caller.when(music.end) >= agent.when(whisper.end) - 0.15, "the music ended before the whisper"
    assert caller.story() == [WELCOME, NOTICE, f"{MENU}!", "music"]
    assert agent.story() == [f"susurro_{queue}"]
    call = await line.call_id(caller)
    # Either side ends it.
    leaver, other = (caller, agent) if key in "13" else (agent, caller)
    await leaver.hang_up()
    await other.call.ended(5)
    return call


@live
async def test_each_department_answers_as_written(line: Instance, tmp_path: Path) -> None:
    for extension in PHONES.values():
        await line.phone(extension)
    expected = [
        ("centralita_menu_choices_total", 4, {}),
        ("centralita_talk_seconds_count", 4, {}),
        *(visits(queue, "answered") for queue in QUEUES.values()),
        *(offers(queue, "answered") for queue in QUEUES.values()),
        ("centralita_recordings_total", 1, {"queue": "servicio"}),
    ]
    async with moved(line, calls("answered", 4, did=LINE), *expected):
        ids = await asyncio.gather(*(department(line, key) for key in QUEUES))
        await line.until_idle()
    rows = {row["call"]: row for row in await line.records()}
    for key, call in zip(QUEUES, ids, strict=True):
        row = rows[call]
        assert (row["did"], row["outcome"], row["queue"], row["agent"]) == (
            LINE,
            "answered",
            QUEUES[key],
            PHONES[key],
        )
    assert [len(rows[call]["recordings"]) for call in ids] == [1, 0, 0, 0], "queue 1 is recorded, the others are not"
    (recorded,) = await kept(line, ids[0])
    audio = await heard(line, recorded["recording"], tmp_path)
    assert loudness(audio[:, 0], CALLER) > 0.02 and loudness(audio[:, 1], AGENT) > 0.02
    await sums_agree(line)


@live
async def test_reception_by_key_0(line: Instance) -> None:
    await line.phone("100")
    async with moved(line, calls("transferred directly")):
        caller = await at_menu(line, "3000000110")
        await caller.press("0")
        reception = await line.agent("100")
        await hear_each_other(caller, reception)
        await caller.hang_up()
        await reception.call.ended()
        await line.until_idle()


@live
async def test_no_key_three_times_leads_to_reception(line: Instance) -> None:
    await line.phone("100")
    async with moved(line, ("centralita_menu_failures_total", 3, {"kind": "no key"})):
        caller = await line.caller("3000000111", at=OPEN)
        reception = await line.agent("100", seconds=40)
        await hear_each_other(caller, reception)
        again = [MENU, "no_le_escuche"]
        assert [name for name in caller.story() if name != "music"] == [WELCOME, NOTICE, *again, *again, *again]
        await reception.hang_up()
        await caller.call.ended()


@pytest.mark.soak
@live
async def test_a_wrong_key_three_times_leads_to_reception(line: Instance) -> None:
    await line.phone("100")
    async with moved(line, ("centralita_menu_failures_total", 3, {"kind": "wrong key"})):
        caller = await at_menu(line, "3000000112")
        for _ in range(3):
            await caller.hears(MENU, after=caller.now)
            await caller.press("9")
            await caller.hears_whole("opcion_invalida", after=caller.now)
        reception = await line.agent("100")
        await hear_each_other(caller, reception)
        again = [f"{MENU}!", "opcion_invalida"]
        assert [name for name in caller.story() if name != "music"] == [WELCOME, NOTICE, *again, *again, *again]
        await caller.hang_up()


@live
async def test_a_key_during_the_notice_counts_in_the_menu(line: Instance) -> None:
    await line.phone("301")
    caller = await line.caller("3000000113", at=OPEN)
    await caller.hears(NOTICE)
    await caller.press("3")
    agent = await line.agent("301")
    await hear_each_other(caller, agent)
    assert caller.story() == [WELCOME, NOTICE, "music"], "the notice to its end, and no menu"
    await caller.hang_up()


@pytest.mark.parametrize("moment", [CLOSED, HOLIDAY])
@live
async def test_closed_hours(line: Instance, moment: str) -> None:
    async with moved(line, calls("closed")):
        caller = await line.caller("3000000114", at=moment)
        await caller.call.ended(15)
        assert caller.call.ended_by == "them"
        assert caller.story() == [WELCOME, NOTICE, "cerrado"]


@live
async def test_all_service_phones_busy_the_caller_waits_for_the_first_one_free(line: Instance) -> None:
    for extension in ("101", "102", "103"):
        phone = await line.phone(extension)
        phone.on_call = lambda call: refuse(call, 486)
    async with moved(line, visits("servicio", "answered")):
        caller = await waiting(line, "3000000115")
        await line.until_metric("centralita_offers_total", 3, at_least=True, queue="servicio", result="busy")
        assert caller.music_gaps() == []
        freed = await line.phone("104")
        assert freed.on_call is None
        agent = await line.agent("104")
        await hear_each_other(caller, agent)
        assert caller.music_gaps() == []
        assert caller.story()[-1] == "music" and caller.story().count("music") == 1
        await caller.hang_up()


@live
async def test_who_does_not_reach_reception_may_leave_a_message(line: Instance) -> None:
    caller = await at_menu(line, "3000000116")
    await caller.press("0")
    await caller.hears("phrase_leave_message")
    await caller.call.ended(30)
    assert caller.call.ended_by == "them"
    assert [name for name in caller.story() if name != "music"][-2:] == ["phrase_nothing_said", "despedida"]


@pytest.mark.soak
@live
async def test_the_trial_call_of_the_command_line(line: Instance) -> None:
    """`make call KEY=1` on the running line, and `AT=now` without a key on a Sunday."""
    async with moved(line, calls("answered"), calls("closed")):
        told = await line.command("call", "--key", "1", "--at", OPEN)
        for part in (
            "caller  calls 6017436967",
            "caller  hears bienvenida: Bienvenidos",
            "caller  presses 1",
            "caller  hears music",
            "101     rings: Servicio al Cliente, 3000000001",
            "101     hears susurro_servicio",
            "caller  hears 101",
            "101     hears the caller",
            "caller  hangs up",
            "Answered by 101; both heard each other.",
        ):
            assert part in told, told
        told = await line.command("call", "--at", CLOSED)
        assert "hears cerrado: Cerrado." in told and "the line hangs up" in told, told

"""Visits of the dialplan, through the real runner, engine and AGI wire; the channel is the scripted one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from acd.facts import CallerGone, CallerJoined, CallerParked
from acd.model import DeviceState
from ivr.exchange.ticket import Ticket
from ivr.testing.asterisk_agi import ScriptedChannel
from tests.tools import run
from tests.unit.exchange.bench import CALL, CARTERA, VISIT, Bench, bench

MENU = "1;linea_principal;menu;0;1;;anuncio_grabacion"
QUEUE = "1;linea_principal;cartera;0;1;;anuncio_grabacion"


def channel(
    path: str,
    place: str = "",
    returned: str = "",
    ticket: str = "",
    at: str = "",
    keys: Sequence[tuple[float, str]] = (),
) -> ScriptedChannel:
    given = ("6017436967", place, returned, ticket, at)
    environment = {"agi_uniqueid": CALL, "agi_callerid": "3000000001"}
    environment |= {f"agi_arg_{n}": text for n, text in enumerate(given, 1)}
    return ScriptedChannel(path=path, environment=environment, keys=list(keys))


async def waits(b: Bench) -> str:
    """The caller waits; the text of the ticket."""
    await b.starts()
    joined_at = b.clock.now() - timedelta(seconds=30)
    b.desk.submit(CallerJoined(at=joined_at, t=0, visit=VISIT, call=CALL, queue=CARTERA))
    await b.dispatcher.settled()
    return str(Ticket(VISIT, CARTERA, joined_at, 0))


def heard(channel: ScriptedChannel) -> list[str]:
    return [sound.sound for sound in channel.heard]


@run
async def test_a_new_call_goes_through_the_flow_to_the_queue_and_carries_its_ticket() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        call = channel("call", at="2026-11-23T10:00", keys=[(2.5, "3")])
        variables = await b.visits(call)
        assert heard(call) == ["bienvenida", "anuncio_grabacion", "menu_principal"]
        ticket = Ticket.parse(variables["TICKET"])
        assert ticket is not None and (ticket.visit, ticket.queue) == (VISIT, CARTERA)
        assert variables["DONE"] == "wait"
        assert (await b.story())[2:] == [
            "call started",
            *["step entered"] * 2,
            "notice heard",
            *["step entered"] * 2,
            "key chosen",
            "step entered",
            "caller joined",
        ]


@run
async def test_a_key_in_the_notice_is_kept_and_the_notice_goes_on_where_it_was() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        call = channel("call", at="2026-11-23T10:00", keys=[(1.4, "3"), (1.6, "5")])
        variables = await b.visits(call)
        assert heard(call) == ["bienvenida", *["anuncio_grabacion"] * 3], "no menu: the first key counts"
        assert sum(sound.seconds for sound in call.heard[1:]) == pytest.approx(1)
        assert variables["TICKET"].split("|")[1] == CARTERA


@run
async def test_after_a_dial_that_nobody_answered_the_flow_goes_on_and_the_result_is_used_up() -> None:
    async with bench() as b:
        await b.login()
        await b.starts()
        call = channel("call", "1;linea_principal;recepcion;0;1;;", "dial NOANSWER")
        variables = await b.visits(call)
        assert heard(call) == ["phrase_leave_message", "phrase_mailbox_full", "recepcion_no_contesta", "despedida"]
        assert (variables["RETURNED"], variables["DONE"]) == ("", "hangup")


@run
async def test_on_a_sunday_the_line_is_closed() -> None:
    async with bench() as b:
        await b.login()
        call = channel("call", at="2026-11-22T10:00")
        variables = await b.visits(call)
        assert heard(call) == ["bienvenida", "anuncio_grabacion", "cerrado"] and variables["DONE"] == "hangup"


@run
async def test_a_waiting_caller_goes_on_waiting() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        ticket = await waits(b)
        assert await b.visits(channel("visit", QUEUE, ticket=ticket)) == {"DONE": "wait"}
        assert len(await b.story("caller joined")) == 1


@run
async def test_a_caller_of_whom_only_the_ticket_is_left_joins_at_the_old_place() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        await b.starts()
        ticket = Ticket(VISIT, CARTERA, b.clock.now() - timedelta(minutes=3), 0)
        await b.visits(channel("visit", QUEUE, ticket=str(ticket)))
        (view,) = b.dispatcher.engine.waiting(CARTERA)
        assert view.visit == VISIT


@run
async def test_a_caller_whom_reception_did_not_take_waits_again() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        ticket = await waits(b)
        live = b.calls.get(CALL)
        assert live is not None
        b.desk.submit(CallerParked(at=b.clock.now(), t=0, visit=VISIT))
        live.fallback = True
        await b.visits(channel("visit", QUEUE, ticket=ticket))
        assert not b.dispatcher.engine.in_queue(CARTERA)[0].parked


@run
async def test_who_overflowed_is_sent_on_although_the_redirect_was_lost() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.UNREACHABLE)
        ticket = await waits(b)
        b.clock.advance(20)
        await b.dispatcher.settled()
        assert b.deeds == [("send back", "nobody there")]
        variables = await b.visits(channel("visit", QUEUE, ticket=ticket))
        assert variables == {"RETURNED": "queue nobody there", "TICKET": "", "DONE": "call"}


@run
async def test_who_was_counted_as_gone_and_is_here_waits_in_a_new_visit_at_the_old_place() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        ticket = await waits(b)
        b.desk.submit(CallerGone(at=b.clock.now(), t=0, visit=VISIT, hung_up=True))
        assert b.dispatcher.engine.waiting(CARTERA) == ()
        variables = await b.visits(channel("visit", QUEUE, ticket=ticket))
        again = Ticket.parse(variables["TICKET"])
        assert again is not None and again.visit == f"{CALL}/2"
        assert str(again).split("|")[1:] == ticket.split("|")[1:]
        assert [view.visit for view in b.dispatcher.engine.waiting(CARTERA)] == [again.visit]


@run
async def test_a_visit_without_a_ticket_goes_back_to_the_flow() -> None:
    async with bench() as b:
        await b.login()
        for text in ("", "rubbish", "|||"):
            assert await b.visits(channel("visit", QUEUE, ticket=text)) == {"DONE": "call"}


@run
async def test_an_unknown_path_and_a_call_without_a_name_change_nothing() -> None:
    async with bench() as b:
        await b.login()
        before = await b.story()
        assert await b.visits(channel("passwd")) == {}
        nobody = channel("call")
        nobody.environment = {**nobody.environment, "agi_uniqueid": ""}
        assert await b.visits(nobody) == {}
        assert await b.story() == before


@run
async def test_a_place_that_nobody_knows_starts_anew_and_is_told() -> None:
    async with bench() as b:
        await b.login()
        await b.visits(channel("call", "1;gone;nowhere;0;1;;", "talk", at="2026-11-22T10:00"))
        assert "step gone" in b.complaints


@run
async def test_a_pretended_time_that_is_none_is_not_used() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        b.clock.wall = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # a Sunday
        call = channel("call", at="tomorrow")
        await b.visits(call)
        assert heard(call)[-1] == "cerrado"


@run
async def test_two_who_talk_wait_for_no_gap_to_be_filled() -> None:
    """They hear nothing of each other while the agent's leg asks about its recording."""
    async with bench() as b:
        asked: list[bool] = []

        async def catch_up() -> None:
            asked.append(True)

        b.catch_up = catch_up
        for path, done, waited in (("recording", "refused", 0), ("hush", "", 0), ("leg", "0", 1)):
            variables = await b.visits(channel(path))
            assert (variables.get("DONE", ""), len(asked)) == (done, waited)

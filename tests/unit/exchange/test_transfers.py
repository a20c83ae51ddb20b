"""Visits of callers who are handed on, and of phones that dial a queue, through the real runner and engine."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from acd.codec import decode
from acd.facts import CallerJoined, OfferBridged
from acd.model import AgentId, DeviceState, VisitId
from ivr.call import facts
from ivr.exchange.ticket import Ticket
from ivr.testing.asterisk_agi import ScriptedChannel
from tests.tools import run
from tests.unit.exchange.bench import ANNA, CALL, CARTERA, VISIT, Bench, bench

TALK = "n1-1795291423.0/1|cartera|1795446000123457|3|key||1"


def channel(*given: str, path: str = "transfer", number: str = "3000000001") -> ScriptedChannel:
    """`given`: TICKET, TALKED, TRANSFER_AT, TRANSFER_TO, TRANSFER_BY, FAILED."""
    environment = {"agi_uniqueid": CALL, "agi_callerid": number}
    environment |= {f"agi_arg_{n}": text for n, text in enumerate(given, 1)}
    return ScriptedChannel(path=path, environment=environment)


async def told(b: Bench, *kinds: type) -> Sequence[object]:
    """The journal's facts of these classes."""
    return [body async for entry in b.journal.read(0) if isinstance(body := decode(entry.event), kinds)]


async def joined(b: Bench) -> list[CallerJoined]:
    return [fact for fact in await told(b, CallerJoined) if isinstance(fact, CallerJoined)]


@run
async def test_an_agent_is_rung_by_the_engine_alone_and_through_the_queue_of_the_talk() -> None:
    async with bench() as b:
        await b.login()
        await b.starts()
        variables = await b.visits(channel("", TALK, "", "301", "102"))
        assert (variables["DONE"], variables["TRANSFER_AT"]) == ("wait", "to")
        ticket = Ticket.parse(variables["TICKET"])
        assert ticket is not None and (ticket.queue, ticket.only, ticket.transfer) == (CARTERA, ANNA, "to")
        [fact] = await joined(b)
        assert (fact.only, fact.queue, fact.priority, fact.caller) == (ANNA, CARTERA, 0, "")
        assert b.deeds[-1][0] == "ring"


@run
async def test_an_extension_that_is_no_agent_s_is_dialled() -> None:
    async with bench() as b:
        await b.login()
        await b.starts()
        variables = await b.visits(channel("", TALK, "", "100", "301"))
        assert {name: variables[name] for name in ("DONE", "TRANSFER_AT", "DIAL_TO", "DIAL_FOR", "TICKET")} == {
            "DONE": "ring",
            "TRANSFER_AT": "to",
            "DIAL_TO": "100",
            "DIAL_FOR": "20",
            "TICKET": "",
        }
        assert [fact.extension for fact in await told(b, facts.DialBegun) if isinstance(fact, facts.DialBegun)] == [
            "100"
        ]


@run
async def test_a_queue_is_joined_like_any_other() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        await b.starts()
        variables = await b.visits(channel("", "", "", "cartera", "102"))
        assert variables["DONE"] == "wait"
        [fact] = await joined(b)
        assert (fact.only, fact.caller, fact.queue) == (None, "k", CARTERA)
        assert variables["TICKET"].endswith("||to")


@pytest.mark.parametrize(
    ("failed", "why"), [("BUSY", "busy"), ("CHANUNAVAIL", "unreachable"), ("queue closed", "closed")]
)
@run
async def test_who_is_not_taken_goes_back_to_who_transferred(failed: str, why: str) -> None:
    async with bench() as b:
        await b.login()
        await b.starts()
        ticket = str(Ticket(VISIT, CARTERA, b.clock.now(), 0, transfer="to")) if failed.startswith("queue") else ""
        variables = await b.visits(channel(ticket, TALK, "to", "100", "301", failed))
        assert (variables["DONE"], variables["TRANSFER_AT"], variables["FAILED"]) == ("wait", "by", "")
        [fact] = await joined(b)
        assert fact.only == ANNA
        [back] = await told(b, facts.TransferReturned)
        assert isinstance(back, facts.TransferReturned)
        assert (back.to, back.why, back.back) == ("100", why, "301")
        ended = [fact.result for fact in await told(b, facts.DialEnded) if isinstance(fact, facts.DialEnded)]
        assert ended == ([why] if ticket == "" else [])


@run
async def test_who_transferred_may_be_no_agent() -> None:
    async with bench() as b:
        await b.login()
        await b.starts()
        variables = await b.visits(channel("", "", "to", "301", "100", "queue transfer failed"))
        assert (variables["DONE"], variables["TRANSFER_AT"], variables["DIAL_TO"]) == ("ring", "by", "100")


@run
async def test_a_caller_whom_a_queue_kept_for_a_while_goes_on_in_the_flow() -> None:
    async with bench() as b:
        await b.login()
        await b.starts()
        before = b.clock.now() - timedelta(seconds=30)
        b.desk.submit(CallerJoined(at=before, t=0, visit=VISIT, call=CALL, queue=CARTERA))
        ticket = Ticket(VISIT, CARTERA, before, 0, transfer="to")
        variables = await b.visits(channel(str(ticket), TALK, "to", "cartera", "102", "queue waited too long"))
        assert (variables["DONE"], variables["RETURNED"], variables["TICKET"]) == ("call", "queue waited too long", "")


@run
async def test_whom_nobody_takes_waits_in_the_queue_of_the_talk_with_its_priority() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        await b.starts()
        variables = await b.visits(channel("", TALK, "by", "100", "102", "NOANSWER"))
        assert (variables["DONE"], variables["TRANSFER_AT"]) == ("wait", "")
        [fact] = await joined(b)
        assert (fact.only, fact.queue, fact.priority) == (None, CARTERA, 3)
        assert Ticket.parse(variables["TICKET"]).transfer == ""  # type: ignore[union-attr]


@pytest.mark.parametrize("talk", ["", "n1-1795291423.0/1|closed_down|1795446000123457|0"])
@run
async def test_after_a_talk_without_a_queue_the_flow_goes_on_as_if_nobody_had_answered(talk: str) -> None:
    async with bench() as b:
        await b.login()
        await b.starts()
        variables = await b.visits(channel("", talk, "by", "101", "100", "NOANSWER"))
        assert (variables["DONE"], variables["RETURNED"]) == ("call", "dial NOANSWER 101")


@run
async def test_a_server_that_died_in_the_middle_goes_on_where_it_was() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        await b.starts()
        ticket = Ticket(VisitId(f"{CALL}/2"), CARTERA, b.clock.now(), 0, transfer="to")
        variables = await b.visits(channel(str(ticket), TALK, "to", "cartera", "102"))
        assert variables["DONE"] == "wait" and "TICKET" not in variables
        assert [fact.visit for fact in await joined(b)] == [f"{CALL}/2"]


@run
async def test_a_lost_way_back_is_made_up_for_by_the_next_visit() -> None:
    """The engine gave up, but the Redirect was lost with the link."""
    async with bench() as b:
        await b.login()
        await b.starts()
        ticket = Ticket(VISIT, CARTERA, b.clock.now(), 0, only=AgentId("302"), transfer="to")
        gone = CallerJoined(at=b.clock.now(), t=0, visit=VISIT, call=CALL, queue=CARTERA, only=AgentId("302"))
        b.desk.submit(gone)
        await b.dispatcher.settled()
        assert b.deeds[-1] == ("send back", "transfer failed")
        variables = await b.visits(channel("6017436967", "", "", str(ticket), path="visit"))
        assert (variables["DONE"], variables["RETURNED"]) == ("left", "queue transfer failed")
        assert "TICKET" not in variables, "it says who was tried"


# ---- phones of the house
@run
async def test_a_phone_of_the_house_waits_like_a_caller() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        variables = await b.visits(channel("cartera", path="inside", number="102"))
        assert variables["DONE"] == "wait"
        [started] = await told(b, facts.CallStarted)
        assert isinstance(started, facts.CallStarted)
        assert (started.did, started.flow, started.caller) == ("*73", "", "key-102")
        [fact] = await joined(b)
        assert (fact.queue, fact.only) == (CARTERA, None)
        live = b.calls.get(CALL)
        assert live is not None and live.number == "102"


@run
async def test_a_queue_that_is_not_there_is_told_to_nobody() -> None:
    async with bench() as b:
        await b.login()
        assert "DONE" not in await b.visits(channel("nothing", path="inside"))
        assert "DONE" not in await b.visits(channel(path="inside"))


@run
async def test_a_phone_of_the_house_has_no_flow_to_go_on_in() -> None:
    async with bench() as b:
        await b.login()
        assert (await b.visits(channel("", "", "talk", path="call")))["DONE"] == "hangup"


@run
async def test_a_queue_s_exit_at_a_step_that_is_no_queue_rings_there_again() -> None:
    """Reception transferred the caller to a queue that let him go: reception rings, and he is not told good-bye."""
    async with bench() as b:
        await b.login()
        await b.starts()
        place = "1;linea_principal;recepcion;0;1;;"
        variables = await b.visits(channel("6017436967", place, "queue waited too long", path="call"))
        assert (variables["DONE"], variables["DIAL_TO"]) == ("dial", "100")


@run
async def test_a_talk_that_nobody_told_of_is_heard_of_before_the_transferred_caller_waits_again() -> None:
    """The server was away while the agent answered, talked and handed the caller on."""
    async with bench() as b:
        await b.login()
        offer = await b.joins()

        async def catch_up() -> None:
            b.desk.submit(OfferBridged(at=b.clock.now(), t=b.clock.engine_us(), offer=offer))

        b.catch_up = catch_up
        await b.visits(channel("", TALK, "", "cartera", "301"))
        story = await b.story()
    bridged = next(place for place, line in enumerate(story) if line.startswith("offer bridged"))
    again = [place for place, line in enumerate(story) if line.startswith("caller joined")][-1]
    assert bridged < again and "answered" in story[bridged], story

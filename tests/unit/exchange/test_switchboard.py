"""Literal AMI events in, journalled facts out, through the real engine and a journal in memory."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from acd.codec import decode
from acd.facts import CallerJoined, Resynchronised
from acd.model import AgentId, DeviceState, LegState, OfferId, VisitId, offer_channel
from ivr.asterisk.snapshot import ChannelSeen, Snapshot
from ivr.call import facts
from ivr.exchange.ticket import Ticket
from ivr.testing.clock import ManualClock
from tests.tools import run
from tests.unit.exchange.bench import ANNA, CALL, CARTERA, VISIT, bench, event


def originate_failed(offer: OfferId) -> str:
    return f"Event: OriginateResponse\nResponse: Failure\nReason: 0\nUniqueid: {offer_channel(offer)}"


def hangup(uniqueid: str, cause: int) -> str:
    return f"Event: Hangup\nChannel: PJSIP/x-1\nUniqueid: {uniqueid}\nCause: {cause}"


def enter(uniqueid: str) -> str:
    return f"Event: BridgeEnter\nBridgeUniqueid: b1\nUniqueid: {uniqueid}"


def up(uniqueid: str) -> str:
    return f"Event: Newstate\nChannelState: 6\nUniqueid: {uniqueid}"


def claim(offer: OfferId) -> str:
    return f"Event: UserEvent\nUserEvent: AcdClaim\nUniqueid: {offer_channel(offer)}\nOffer: {offer}"


def caller(ticket: bool = True, bridge: str = "", **variables: str) -> ChannelSeen:
    carried = {"CALL_ID": CALL, "DID": "6017436967", **variables}
    if ticket:
        joined = ManualClock().now() - timedelta(minutes=1)
        carried["TICKET"] = str(Ticket(VISIT, CARTERA, joined, 0))
    return ChannelSeen(CALL, CALL, "PJSIP/t-1", 6, "acd-wait", "s", bridge, "WaitExten", "3000000001", carried)


def leg(offer: OfferId, state: int, bridge: str = "", claimed: str = "1") -> ChannelSeen:
    uniqueid, carried = offer_channel(offer), {"CALL_ID": CALL, "CLAIMED": claimed}
    return ChannelSeen(uniqueid, CALL, "PJSIP/301-2", state, "acd-agent", "s", bridge, "", "301", carried)


@run
async def test_from_ringing_to_the_end_of_the_talk() -> None:
    async with bench() as b:
        await b.login()
        offer = await b.joins()
        leg_id = offer_channel(offer)
        await b.tell(up(leg_id), up(leg_id), claim(offer), claim(offer), enter(leg_id), enter(CALL))
        live = b.calls.get(CALL)
        assert live is not None and live.talk == offer and live.visit is None
        await b.tell(f"Event: HangupRequest\nUniqueid: {leg_id}", hangup(leg_id, 16), hangup(CALL, 16))
        assert (await b.story())[2:] == [
            "call started",
            "caller joined",
            "offer answered",
            "offer bridged -> answered",
            "talk ended",
            "call ended by agent",
        ]


@pytest.mark.parametrize(
    "told",
    [
        "Event: Newstate\nChannelState: 5\nUniqueid: {}",
        "Event: DialState\nDialStatus: RINGING\nDestUniqueid: {}",
        "Event: DialState\nDialStatus: PROGRESS\nDestUniqueid: {}",
    ],
)
@run
async def test_a_phone_rings_once(told: str) -> None:
    async with bench() as b:
        await b.login()
        leg_id = offer_channel(await b.joins())
        await b.tell(told.format(f"{leg_id};2"))
        assert await b.story("offer ringing") == []
        await b.tell(told.format(leg_id), f"Event: Newstate\nChannelState: 5\nUniqueid: {leg_id}")
        assert await b.story("offer ringing") == ["offer ringing"]


@run
async def test_a_phone_that_is_answered_rings_no_more() -> None:
    async with bench() as b:
        await b.login()
        leg_id = offer_channel(await b.joins())
        await b.tell(up(leg_id), f"Event: DialState\nDialStatus: RINGING\nDestUniqueid: {leg_id}")
        assert await b.story("offer ringing") == []


@pytest.mark.parametrize(
    ("cause", "result"),
    [(19, "no answer"), (17, "busy"), (21, "refused"), (20, "unreachable"), (1, "unreachable"), (0, "unreachable")],
)
def test_the_cause_of_an_unanswered_leg_is_its_result(cause: int, result: str) -> Callable[[], None]:
    async def body() -> None:
        async with bench() as b:
            await b.login()
            offer = await b.joins()
            await b.tell(hangup(offer_channel(offer), cause))
            assert await b.story("offer failed") == [f"offer failed {result}"]

    return run(body)()


@run
async def test_a_phone_that_is_not_registered_has_no_channel_and_no_hangup() -> None:
    async with bench() as b:
        await b.login()
        offer = await b.joins()
        await b.tell(originate_failed(offer))
        assert await b.story("offer failed") == ["offer failed unreachable"]


@run
async def test_a_busy_phone_is_busy_although_the_response_comes_first() -> None:
    async with bench() as b:
        await b.login()
        offer = await b.joins()
        await b.tell(f"Event: Newchannel\nUniqueid: {offer_channel(offer)}", originate_failed(offer))
        assert await b.story("offer failed") == []
        await b.tell(hangup(offer_channel(offer), 17))
        assert await b.story("offer failed") == ["offer failed busy"]


@run
async def test_an_agent_who_hangs_up_during_the_whisper_has_refused() -> None:
    async with bench() as b:
        await b.login()
        offer = await b.joins()
        await b.tell(up(offer_channel(offer)), hangup(offer_channel(offer), 16))
        assert await b.story("offer failed") == ["offer failed refused"]


@run
async def test_who_picks_up_has_answered_when_the_caller_is_his_alone() -> None:
    async with bench() as b:
        await b.login()
        offer = await b.joins()
        await b.tell(up(offer_channel(offer)))
        assert await b.story("offer answered") == []
        await b.tell(claim(OfferId("unknown")), claim(offer))
        assert await b.story("offer answered") == ["offer answered"]


@run
async def test_a_machine_that_picks_up_and_presses_no_key_is_no_answer() -> None:
    async with bench() as b:
        await b.login()
        offer = await b.joins()
        await b.tell(up(offer_channel(offer)), hangup(offer_channel(offer), 19))
        assert await b.story("offer failed") == ["offer failed no answer"]


@run
async def test_a_caller_who_hangs_up_stops_the_ringing_phone() -> None:
    async with bench() as b:
        await b.login()
        offer = await b.joins()
        await b.tell(f"Event: HangupRequest\nUniqueid: {CALL}", hangup(CALL, 16))
        assert b.deeds[-1] == ("cancel", offer)
        await b.tell(hangup(offer_channel(offer), 16))
        assert await b.story("offer failed") == ["offer failed cancelled"]
        assert await b.story("ended by") == ["call ended by caller"]
        assert await b.story("gone") == ["caller gone -> abandoned"]
        assert len(b.calls) == 0


@run
async def test_a_foreign_channel_is_nobody() -> None:
    async with bench() as b:
        await b.login()
        before = await b.story()
        await b.tell(
            hangup("n1-1.1", 16),
            enter("n1-1.1"),
            up("n1-1.2"),
            "Event: DeviceStateChange\nDevice: PJSIP/999\nState: INUSE",
            "Event: DeviceStateChange\nDevice: Custom:301\nState: INUSE",
            "Event: UserEvent\nUserEvent: AcdLost\nOffer: nobody",
            "Event: UserEvent\nUserEvent: FallbackBegun\nCallId: nobody",
            "Event: Hangup\nCause: rubbish",
        )
        assert await b.story() == before


@run
async def test_events_during_the_snapshot_are_held_back_and_the_newest_word_wins() -> None:
    async with bench() as b:
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def snapshot() -> Snapshot:
            reached.set()
            await go_on.wait()
            return Snapshot(channels=(), devices={ANNA: DeviceState.FREE})

        async def gap() -> None: ...

        login = asyncio.ensure_future(b.switchboard.logged_in(snapshot, gap))
        await reached.wait()
        b.switchboard.event(event("Event: DeviceStateChange\nDevice: PJSIP/301\nState: INUSE"))
        assert b.dispatcher.engine.agents()[0].device is DeviceState.UNREACHABLE
        go_on.set()
        await login
        assert b.dispatcher.engine.agents()[0].device is DeviceState.BUSY


@run
async def test_after_a_login_what_lives_is_adopted_and_what_is_gone_is_closed() -> None:
    async with bench() as b:
        await b.login()
        offer = await b.joins()
        b.switchboard.lost()
        assert await b.login(caller(), leg(offer, 5)) == 0
        assert [view.offer for view in b.dispatcher.engine.offers()] == [offer]
        b.switchboard.lost()
        await b.login(caller(bridge="b1"), leg(offer, 6, "b1"))
        assert (await b.story("resynchronised"))[-1] == "resynchronised -> answered"
        b.switchboard.lost()
        assert await b.login() == 1, "a call that Asterisk does not know any more is drift"
        assert await b.story("call ended") == ["call ended by unknown"]


@run
async def test_who_comes_while_the_picture_is_taken_is_not_in_it_and_lives() -> None:
    async with bench() as b:

        async def snapshot() -> Snapshot:
            await b.starts()
            return Snapshot(channels=(), devices={})

        async def gap() -> None: ...

        assert await b.switchboard.logged_in(snapshot, gap) == 0
        assert await b.story("call ended") == []


@run
async def test_a_waiting_caller_whom_nobody_knew_takes_the_place_of_the_ticket() -> None:
    async with bench() as b:
        await b.login(caller(), state=DeviceState.BUSY)
        (waiting,) = b.dispatcher.engine.waiting(CARTERA)
        assert (waiting.visit, waiting.call) == (VISIT, CALL)


@run
async def test_whoever_was_handed_to_one_agent_is_that_agent_s_after_the_journal_was_lost_too() -> None:
    async with bench() as b:
        joined = b.clock.now() - timedelta(minutes=1)
        ticket = Ticket(VISIT, CARTERA, joined, 0, "key", only=AgentId("999"), transfer="to")
        await b.login(caller(ticket=False, TICKET=str(ticket)))
        (entry,) = [decode(e.event) async for e in b.journal.read(0) if e.event["e"] == "resynchronised"]
        assert [(seen.caller, seen.only) for seen in entry.callers] == [("key", "999")]
        assert [deed for deed in b.deeds if deed[0] == "ring"] == [], "nobody else is rung"


@run
async def test_a_caller_in_the_reception_fallback_is_not_offered_until_he_is_back() -> None:
    async with bench() as b:
        await b.login(caller(FALLBACK="1"))
        assert [d for d in b.deeds if d[0] == "ring"] == []
        (visit,) = b.dispatcher.engine.in_queue(CARTERA)
        assert visit.parked


@run
async def test_a_caller_whom_reception_took_has_left_the_queue() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        await b.starts()
        joined = CallerJoined(at=b.clock.now(), t=0, visit=VISIT, call=CALL, queue=CARTERA)
        b.desk.submit(joined)
        await b.tell(
            f"Event: UserEvent\nUserEvent: FallbackBegun\nCallId: {CALL}",
            f"Event: DialEnd\nUniqueid: {CALL}\nDialStatus: ANSWER\nDestChannel: PJSIP/100-00000003\nDestUniqueid: 9",
            hangup(CALL, 16),
        )
        assert (await b.story())[-4:] == [
            "caller parked",
            "dial answered",
            "caller gone -> left",
            "call ended by unknown",
        ]


@pytest.mark.parametrize(("claimed", "state"), [("1", LegState.ANSWERED), ("", LegState.RINGING)])
@run
async def test_the_resynchronised_fact_says_what_was_seen(claimed: str, state: LegState) -> None:
    async with bench() as b:
        offer = OfferId("0000000000000" + "00000001")
        await b.login(caller(), leg(offer, 6, claimed=claimed))
        async for entry in b.journal.read(0):
            seen = decode(entry.event)
            if isinstance(seen, Resynchronised):
                assert [(one.offer, one.state) for one in seen.legs] == [(offer, state)]
                assert [one.visit for one in seen.callers] == [VISIT]
        assert b.deeds[-1][0] in ("cancel", "ring")


@run
async def test_a_caller_without_a_journal_who_hangs_up_rings_no_phone_any_more() -> None:
    async with bench() as b:
        await b.login(caller())
        offer = OfferId(b.deeds[-1][1])
        await b.tell(hangup(CALL, 16))
        assert b.deeds[-1] == ("cancel", offer)
        assert b.dispatcher.engine.in_queue(CARTERA) == ()


@run
async def test_a_ticket_on_the_way_back_into_the_flow_is_used_up() -> None:
    async with bench() as b:
        await b.login(caller(RETURNED="queue waited too long"))
        assert b.dispatcher.engine.in_queue(CARTERA) == () and b.deeds == []
        assert b.calls.get(CALL) is not None, "the call lives"


@run
async def test_an_end_that_is_told_before_the_beginning_ends_the_call() -> None:
    async with bench() as b:
        await b.login()
        await b.tell(hangup(CALL, 16) + f"\nChanVariable: CALL_ID={CALL}")
        await b.starts()
        assert b.calls.meet(CALL) is not None
        assert len(b.calls) == 0
        assert (await b.story())[-2:] == ["call ended by unknown", "call started"]


@run
async def test_who_hangs_up_before_any_visit_is_a_call_all_the_same() -> None:
    """Seen with a real Asterisk: answered, and a BYE 3 ms later; FastAGI was never called."""
    async with bench() as b:
        await b.login()
        gone = (
            hangup(CALL, 16) + f"\nCallerIDNum: 3000000001\nChanVariable: CALL_ID={CALL}\nChanVariable: DID=6017436967"
        )
        await b.tell(gone, gone)
        assert (await b.story("call"))[-2:] == ["call started", "call ended by unknown"]
        assert len(b.calls) == 0
        started = [decode(entry.event) async for entry in b.journal.read(0) if entry.event["e"] == "call started"]
        assert [(one.did, one.caller) for one in started] == [("6017436967", "key-3000000001")]


@run
async def test_the_channel_of_a_colleague_is_no_call() -> None:
    async with bench() as b:
        await b.login()
        before = await b.story()
        await b.tell(hangup("n1-1.1", 16) + "\nChanVariable: CALL_ID=", hangup("n1-1.2", 16))
        assert await b.story() == before


@run
async def test_who_hangs_up_after_the_talk_is_told_by_the_last_word() -> None:
    async with bench() as b:
        await b.login()
        offer = await b.joins()
        leg_id = offer_channel(offer)
        await b.tell(up(leg_id), enter(leg_id), enter(CALL), f"Event: HangupRequest\nUniqueid: {leg_id}")
        await b.tell(hangup(leg_id, 16), f"Event: HangupRequest\nUniqueid: {CALL}", hangup(CALL, 16))
        assert await b.story("ended by") == ["call ended by caller"]


@run
async def test_a_leg_that_appears_after_its_offer_was_cancelled_is_hung_up_again() -> None:
    async with bench() as b:
        await b.login()
        offer = await b.joins()
        await b.tell(hangup(CALL, 16))
        assert b.deeds[-1] == ("cancel", offer)
        await b.tell(f"Event: Newchannel\nUniqueid: {offer_channel(offer)}")
        assert b.deeds[-1] == ("cancel again", offer)


@run
async def test_who_left_by_a_key_just_before_a_crash_is_no_abandoned_caller() -> None:
    async with bench() as b:
        await b.login(state=DeviceState.BUSY)
        await b.starts()
        b.desk.submit(CallerJoined(at=b.clock.now(), t=0, visit=VISIT, call=CALL, queue=CARTERA))
        await b.login(caller(ticket=False, RETURNED="key 5"), state=DeviceState.BUSY)
        assert await b.story("caller gone") == ["caller gone -> left"]


@run
async def test_who_hung_up_after_the_picture_was_begun_rings_no_phone() -> None:
    """Seen with a real Asterisk: its record of the channel told the end while the picture still showed the caller."""
    async with bench() as b:

        async def snapshot() -> Snapshot:
            return Snapshot(channels=(caller(),), devices={ANNA: DeviceState.FREE})

        async def gap() -> None:
            b.desk.record(
                facts.CallEnded(at=b.clock.now(), call=CALL, cause=16, by="caller", source="cel"), key=f"ended:{CALL}"
            )

        await b.starts()
        await b.switchboard.logged_in(snapshot, gap)
        await b.tell(hangup(CALL, 16))
        assert b.deeds == [] and b.dispatcher.engine.in_queue(CARTERA) == () and len(b.calls) == 0
        assert (await b.story("call"))[-1] == "call ended by caller"


@pytest.mark.parametrize("seen_again", [True, False])
@run
async def test_a_phone_of_the_house_that_was_asked_nothing_was_no_call(seen_again: bool) -> None:
    """It came to a queue while we were away, and was transferred, or hung up, before it was served."""
    inside = "n1-1795291423.7"
    async with bench() as b:
        there = ChannelSeen(inside, inside, "PJSIP/201-28", 6, "inside-queue", "s", "", "AGI", "201", {"INSIDE": "1"})
        await b.login(there)
        before = await b.story("call")
        await (b.tell(hangup(inside, 16)) if seen_again else b.login())
        assert await b.story("call") == before == [] and len(b.calls) == 0
        await b.login(there)
        assert len(b.calls) == 0, "what is told late does not bring it back"


@run
async def test_a_phone_of_the_house_that_talks_since_before_a_restart_ends_as_a_call() -> None:
    """After an orderly end nothing of it stands behind the journal's checkpoint: its ticket alone tells."""
    inside = "n1-1795291423.7"
    ticket = str(Ticket(VisitId(f"{inside}/2"), CARTERA, ManualClock().now(), 0))
    variables = {"INSIDE": "1", "TICKET": ticket}
    async with bench() as b:
        talking = ChannelSeen(inside, inside, "PJSIP/201-28", 6, "acd-wait", "s", "b1", "", "201", variables)
        other = ChannelSeen("acd-1", inside, "PJSIP/301-2", 6, "acd-agent", "s", "b1", "", "301", {"CALL_ID": inside})
        await b.login(talking, other)
        live = b.calls.get(inside)
        assert live is not None and live.visits == 2
        await b.tell(hangup(inside, 16))
        assert await b.story("call") == ["call ended by unknown"]


@run
async def test_a_phone_of_the_house_that_is_gone_before_its_visit_is_read_does_not_come_back() -> None:
    inside = "n1-1795291423.7"
    async with bench() as b:
        await b.login()
        await b.tell(hangup(inside, 16) + "\nContext: inside-queue")
        assert await b.story("call") == [] and b.calls.has_ended(inside)

"""Hold and transfers as AMI tells them (events as a real Asterisk 22.10 sent them, shortened), and the facts."""

import pytest

from acd.codec import decode
from acd.facts import CallerGone, CallerJoined, CallerSwapped
from acd.model import CallId, OfferId, VisitId, offer_channel
from ivr.asterisk.snapshot import ChannelSeen
from ivr.call import facts
from tests.tools import run
from tests.unit.exchange.bench import CALL, CARTERA, Bench, bench

SECOND = "n1-1795313104.13"
"""The phone's second call."""

COLLEAGUE = "n1-1795313104.14"


async def talks(b: Bench) -> OfferId:
    """A caller and an agent in one bridge."""
    offer = await b.joins()
    leg = offer_channel(offer)
    claim = f"Event: UserEvent\nUserEvent: AcdClaim\nUniqueid: {leg}\nOffer: {offer}"
    await b.tell(claim, enter(leg), enter(CALL))
    return offer


def enter(uniqueid: str, bridge: str = "b1") -> str:
    return f"Event: BridgeEnter\nBridgeUniqueid: {bridge}\nUniqueid: {uniqueid}"


def hangup(uniqueid: str) -> str:
    return f"Event: Hangup\nUniqueid: {uniqueid}\nCause: 16"


def blind(by: str, channel: str, to: str, external: str = "Yes", result: str = "Success") -> str:
    return (
        f"Event: BlindTransfer\nResult: {result}\nIsExternal: {external}\nTransfererUniqueid: {by}\n"
        f"TransfererChannel: {channel}\nTransfereeUniqueid: {CALL}\nContext: acd-transfer\nExtension: {to}"
    )


def attended(by: str, target: str = COLLEAGUE, channel: str = "PJSIP/103-3", second: str = SECOND) -> str:
    return (
        "Event: AttendedTransfer\nResult: Success\nDestType: Bridge\nOrigBridgeUniqueid: b1\nSecondBridgeUniqueid: b2\n"
        f"OrigTransfererUniqueid: {by}\nOrigTransfererChannel: PJSIP/301-1\nSecondTransfererUniqueid: {second}\n"
        f"SecondTransfererChannel: PJSIP/301-2\nTransfereeUniqueid: {CALL}\nTransfereeChannel: PJSIP/trunk-x-1\n"
        + (f"TransferTargetUniqueid: {target}\nTransferTargetChannel: {channel}\n" if target else "")
    )


def into_app(by: str, dialled: str = "103") -> str:
    return (
        "Event: AttendedTransfer\nResult: Success\nDestType: App\nDestApp: Dial\nOrigBridgeUniqueid: b1\n"
        f"OrigTransfererUniqueid: {by}\nOrigTransfererChannel: PJSIP/301-1\nSecondTransfererUniqueid: {SECOND}\n"
        f"SecondTransfererChannel: PJSIP/301-2\nSecondTransfererExten: {dialled}\nTransfereeUniqueid: {CALL}\n"
        "TransfereeChannel: PJSIP/trunk-x-1"
    )


def picked_up(by: str, channel: str, context: str, linked: str = "") -> str:
    return (
        f"Event: DialEnd\nDialStatus: ANSWER\nUniqueid: {by}\nChannel: {channel}\nContext: {context}\n"
        f"Linkedid: {linked or by}\nDestUniqueid: {COLLEAGUE}\nDestChannel: PJSIP/103-00000003"
    )


async def told(b: Bench, *kinds: type) -> list[object]:
    return [body async for entry in b.journal.read(0) if isinstance(body := decode(entry.event), kinds)]


async def transferred(b: Bench) -> facts.TalkTransferred:
    [fact] = await told(b, facts.TalkTransferred)
    assert isinstance(fact, facts.TalkTransferred)
    return fact


# ---- hold
@run
async def test_hold_and_its_end_are_told_of_legs_of_offers_alone() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        for uniqueid in (leg, f"{leg};2", CALL, SECOND, "acd-unknown"):
            await b.tell(f"Event: Hold\nUniqueid: {uniqueid}", f"Event: Unhold\nUniqueid: {uniqueid}")
        assert await b.story("talk") == ["talk held", "talk resumed"]


async def ruled(b: Bench, call: str, leg: str) -> None:
    fact = facts.RecordingRuled(
        at=b.clock.now(), call=CallId(call), leg=leg, queue="", agent="103", record=True, why="yes"
    )
    b.desk.record(fact)


@run
async def test_when_either_end_is_taken_off_hold_the_talk_s_recording_is_told() -> None:
    async with bench() as b:
        await b.login()
        offer = await talks(b)
        await ruled(b, CALL, offer)
        before = len(b.deeds)
        for uniqueid in (offer_channel(offer), CALL, SECOND, "acd-unknown"):
            await b.tell(f"Event: Hold\nUniqueid: {uniqueid}", f"Event: Unhold\nUniqueid: {uniqueid}")
        assert b.deeds[before:] == [("anew", f"{CALL} {offer}")] * 2


@run
async def test_it_is_told_of_a_phone_that_was_dialled_too() -> None:
    async with bench() as b:
        await b.login()
        await b.starts()
        await ruled(b, CALL, COLLEAGUE)
        await b.tell(picked_up(CALL, "PJSIP/trunk-x-1", "ring"))
        before = len(b.deeds)
        await b.tell(f"Event: Unhold\nUniqueid: {COLLEAGUE}", f"Event: Unhold\nUniqueid: {CALL}")
        assert b.deeds[before:] == [("anew", f"{CALL} {COLLEAGUE}")] * 2
        await b.tell(hangup(COLLEAGUE), f"Event: Unhold\nUniqueid: {CALL}")
        assert len(b.deeds) == before + 2


def bridged(uniqueid: str, name: str, application: str, context: str, **variables: str) -> ChannelSeen:
    return ChannelSeen(
        uniqueid=uniqueid,
        linkedid=CALL,
        name=name,
        state=6,
        context=context,
        extension="103",
        bridge="b1",
        application=application,
        caller_number="",
        variables=variables,
    )


@pytest.mark.parametrize(
    ("application", "context", "transfer"),
    [("Dial", "ring", False), ("Dial", "fallback", False), ("Dial", "transfer-ring", True), ("", "acd-wait", True)],
)
@run
async def test_after_a_gap_the_phones_that_were_dialled_are_known_from_the_picture(
    application: str, context: str, transfer: bool
) -> None:
    async with bench() as b:
        await b.login()
        await b.starts()
        await ruled(b, CALL, COLLEAGUE)
        b.switchboard.lost()
        caller = bridged(CALL, "PJSIP/trunk-x-1", application, context, CALL_ID=CALL)
        await b.login(caller, bridged(COLLEAGUE, "PJSIP/103-3", "AppDial", "from-extension"))
        before = len(b.deeds)
        await b.tell(f"Event: Unhold\nUniqueid: {COLLEAGUE}", f"Event: Unhold\nUniqueid: {CALL}")
        assert b.deeds[before:] == [("anew", f"{CALL} {COLLEAGUE}")] * 2
        await b.tell(hangup(COLLEAGUE))
        assert len(await b.story("dial ended")) == transfer


# ---- blind
@run
async def test_a_blind_transfer_is_told_and_the_agent_s_part_ends_with_the_leg() -> None:
    async with bench() as b:
        await b.login()
        offer = await talks(b)
        leg = offer_channel(offer)
        await b.tell(blind(leg, "PJSIP/301-1", "*71"), blind(leg, "PJSIP/301-1", "*71"), hangup(leg))
        fact = await transferred(b)
        assert (fact.offer, fact.by, fact.how, fact.to) == (offer, "301", "blind", "servicio")
        assert (await b.story())[-2:] == ["talk transferred by 301", "talk ended"]
        assert b.calls.get(CALL) is not None


@run
async def test_a_transfer_by_key_is_told_apart_and_one_that_failed_is_none() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        await b.tell(
            blind(leg, "PJSIP/301-1", "999", result="Invalid"), blind(leg, "PJSIP/301-1", "103", external="No")
        )
        assert (await transferred(b)).how == "feature code"


@run
async def test_an_agent_at_a_number_outside_is_known_by_the_offer() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        await b.tell(blind(leg, "PJSIP/trunk-x-2", "103", external="No"))
        assert (await transferred(b)).by == "301"


@run
async def test_who_was_dialled_and_hands_the_caller_on_has_ended_his_part() -> None:
    async with bench() as b:
        await b.login()
        await b.starts()
        await b.tell(picked_up(CALL, "PJSIP/trunk-x-1", "ring"), blind(COLLEAGUE, "PJSIP/103-00000003", "101"))
        assert (await transferred(b)).offer == ""
        [ended] = await told(b, facts.DialEnded)
        assert isinstance(ended, facts.DialEnded) and (ended.extension, ended.result) == ("103", "answered")
        await b.tell(hangup(COLLEAGUE))
        assert len(await told(b, facts.DialEnded)) == 1


@run
async def test_the_end_of_a_leg_that_a_transfer_dialled_is_told_with_the_leg() -> None:
    async with bench() as b:
        await b.login()
        await b.starts()
        await b.tell(picked_up(CALL, "PJSIP/trunk-x-1", "transfer-ring"))
        await b.tell(f"Event: HangupRequest\nUniqueid: {COLLEAGUE}", hangup(COLLEAGUE), hangup(CALL))
        assert (await b.story())[-3:] == ["dial answered", "dial ended answered", "call ended by agent"]


# ---- attended
@run
async def test_both_talked_with_a_colleague_before() -> None:
    async with bench() as b:
        await b.login()
        offer = await talks(b)
        leg = offer_channel(offer)
        await b.tell(picked_up(SECOND, "PJSIP/301-2", "from-extension"), attended(leg))
        await b.tell(hangup(leg), hangup(SECOND), hangup(COLLEAGUE), hangup(CALL))
        fact = await transferred(b)
        assert (fact.offer, fact.how, fact.to, fact.leg) == (offer, "attended", "103", "")
        words = ["talk transferred by 301", "dial begun", "dial answered", "talk ended", "dial ended answered"]
        assert (await b.story())[-6:-1] == words


@run
async def test_the_request_may_come_in_the_second_call() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        turned = (
            "Event: AttendedTransfer\nResult: Success\nDestType: Bridge\n"
            "OrigBridgeUniqueid: b2\nSecondBridgeUniqueid: b1\n"
            f"OrigTransfererUniqueid: {SECOND}\nOrigTransfererChannel: PJSIP/301-2\nSecondTransfererUniqueid: {leg}\n"
            f"SecondTransfererChannel: PJSIP/301-1\nTransfereeUniqueid: {COLLEAGUE}\nTransfereeChannel: PJSIP/103-3\n"
            f"TransferTargetUniqueid: {CALL}\nTransferTargetChannel: PJSIP/trunk-x-1"
        )
        await b.tell(turned)
        fact = await transferred(b)
        assert (fact.call, fact.by, fact.to) == (CALL, "301", "103") and fact.offer


@run
async def test_the_other_one_is_an_agent_whom_a_queue_gave() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        await b.tell(attended(leg, target="acd-other", channel="PJSIP/302-7"), hangup(leg))
        fact = await transferred(b)
        assert (fact.to, fact.leg) == ("302", "other")
        live = b.calls.get(CALL)
        assert live is not None and (live.talk, live.agent) == ("other", "302")
        assert await told(b, facts.DialAnswered) == []


@run
async def test_by_key_the_colleague_is_found_also_when_the_event_does_not_name_him() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        await b.tell(picked_up("n1-1795313104.20", "Local/103@acd-transfer-0005;2", "from-extension", linked=CALL))
        await b.tell(attended(leg, target="", second=leg), hangup(leg))
        fact = await transferred(b)
        assert (fact.how, fact.to) == ("feature code", "103")
        await b.tell(hangup(COLLEAGUE))
        assert (await b.story())[-1] == "dial ended answered"


@run
async def test_by_key_the_leg_behind_the_local_channel_counts() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        await b.tell(picked_up("n1-1795313104.20", "Local/103@acd-transfer-0005;2", "from-extension", linked="x"))
        local = "n1-1795313104.19"
        await b.tell(attended(leg, target=local, channel="Local/103@acd-transfer-0005;1", second=leg), hangup(local))
        assert await told(b, facts.DialEnded) == []
        await b.tell(hangup(COLLEAGUE))
        assert len(await told(b, facts.DialEnded)) == 1


@run
async def test_while_the_colleague_s_phone_rings_the_caller_is_put_there() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        await b.tell(into_app(leg), hangup(leg), hangup(SECOND))
        fact = await transferred(b)
        assert (fact.how, fact.to) == ("attended", "103")
        assert (await b.story())[-3:] == ["dial begun", "talk transferred by 301", "talk ended"]
        await b.tell(picked_up(CALL, "PJSIP/trunk-x-1", "from-extension"))
        assert (await b.story())[-1] == "dial answered"


@run
async def test_the_place_that_the_phone_waited_for_is_the_caller_s() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        visit = await consult(b)
        await b.tell(into_app(leg, "*71"), hangup(leg), hangup(SECOND))
        assert (await transferred(b)).to == CARTERA
        [swapped] = await told(b, CallerSwapped)
        assert isinstance(swapped, CallerSwapped) and (swapped.visit, swapped.call) == (visit, CALL)
        assert await told(b, CallerGone) == [], "the phone hung up, the caller waits"
        live = b.calls.get(CALL)
        assert live is not None and (live.visit, live.queue) == (visit, CARTERA)
        await b.tell(hangup(CALL))
        assert [fact.visit for fact in await told(b, CallerGone) if isinstance(fact, CallerGone)] == [visit]


@run
async def test_a_phone_of_the_house_in_the_place_of_another_one_is_a_call() -> None:
    async with bench() as b:
        await b.login()
        visit = await consult(b)
        await b.tell(into_app("n1-17.1", "*71"), hangup(SECOND))
        assert [fact.call for fact in await told(b, facts.CallStarted) if isinstance(fact, facts.CallStarted)] == [
            SECOND,
            CALL,
        ]
        live = b.calls.get(CALL)
        assert live is not None and live.visit == visit


@run
async def test_a_caller_and_a_line_to_outside_are_parted() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        await b.tell(attended(leg, channel="PJSIP/trunk-x-9"))
        assert b.deeds[-1] == ("part", f"{CALL} {COLLEAGUE} 301")
        assert (await transferred(b)).to == "outside"


@run
async def test_also_while_the_line_to_outside_still_rings() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        await b.tell(into_app(leg, "93001234567"))
        assert b.deeds[-1] == ("part", f"{CALL}  301")
        assert (await transferred(b)).to == "outside" and await told(b, facts.DialBegun) == []


@run
async def test_what_concerns_no_call_is_nobody_s() -> None:
    async with bench() as b:
        await b.login()
        await b.tell(blind("n1-17.1", "PJSIP/101-1", "102"), attended("n1-17.1"), into_app("n1-17.1"))
        await b.tell(attended("n1-17.1").replace("Success", "Fail"))
        assert (await b.story())[2:] == []


async def consult(b: Bench) -> str:
    """Another phone call waits in the queue; its visit."""
    started = b.started(CallId(SECOND), "*71", "301")
    b.desk.record(started)
    visit = VisitId(f"{SECOND}/1")
    b.desk.submit(CallerJoined(at=b.clock.now(), t=0, visit=visit, call=CallId(SECOND), queue=CARTERA))
    await b.dispatcher.settled()
    return visit


# ---- after a gap
def seen(uniqueid: str, bridge: str = "", context: str = "acd-wait", **variables: str) -> ChannelSeen:
    return ChannelSeen(uniqueid, CALL, "PJSIP/x-1", 6, context, "s", bridge, "", "3000000001", variables)


@run
async def test_a_leg_talks_with_the_caller_in_its_bridge_whoever_it_was_for() -> None:
    async with bench() as b:
        await b.login()
        offer = await talks(b)
        leg = offer_channel(offer)
        other = CallId("n1-1795291500.0")
        b.desk.record(b.started(other, "6017436967", "3000000002"))
        await b.login(
            seen(leg, "b2", "acd-agent", CALL_ID=CALL, CLAIMED="1"),
            seen(other, "b2", CALL_ID=other, DID="6017436967", TICKET=f"{other}/1|cartera|1795446000123457|0"),
        )
        live = b.calls.get(other)
        assert live is not None and live.visit is None
        await b.tell(f"Event: HangupRequest\nUniqueid: {leg}", hangup(leg), hangup(other))
        assert (await b.story())[-2:] == ["talk ended", "call ended by agent"]


@run
async def test_a_leg_that_consults_by_key_still_talks() -> None:
    async with bench() as b:
        await b.login()
        leg = offer_channel(await talks(b))
        await b.login(
            seen(leg, "b2", "acd-agent", CALL_ID=CALL), seen("n1-17.9", "b2"), seen(CALL, "b1", CALL_ID=CALL, DID="1")
        )
        await b.tell(hangup(leg))
        assert (await b.story())[-1] == "talk ended"


@run
async def test_a_ticket_of_the_talk_before_is_no_place_in_a_queue() -> None:
    async with bench() as b:
        for context in ("acd-transfer", "transfer-ring", "from-extension", "inside-rung"):
            ticket = f"{CALL}/1|cartera|1795446000123457|0"
            await b.login(seen(CALL, "", context, CALL_ID=CALL, DID="1", TICKET=ticket))
            live = b.calls.get(CALL)
            assert live is not None and live.visit is None


@run
async def test_a_phone_of_the_house_that_waits_is_seen() -> None:
    async with bench() as b:
        ticket = f"{SECOND}/1|cartera|1795446000123457|0"
        await b.login(seen(SECOND, INSIDE="1", TICKET=ticket))
        live = b.calls.get(SECOND)
        assert live is not None and live.visit == f"{SECOND}/1"

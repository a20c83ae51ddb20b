"""What lives in Asterisk, read from lists that a real Asterisk 22.10.1 wrote (captured/*.ami, unchanged).

In them: a caller in a bridge with an agent's leg, a caller who waits, a leg that rings, and the far ends of the Local
channels that played the phones.
"""

from pathlib import Path

import pytest

from acd.model import AgentId, DeviceState, LegState
from ivr.asterisk.ami import AmiLink, Event
from ivr.asterisk.ami.blocks import GREETING, Blocks
from ivr.asterisk.ami.messages import Response
from ivr.asterisk.ami.request import Request
from ivr.asterisk.snapshot import VARIABLES, Snapshot, agent_of, channel, device_state, parse, take
from ivr.clock import LoopClock
from ivr.testing.asterisk_ami import ScriptedAmi
from tests.tools import run

CAPTURED = Path(__file__).parent / "captured"
BRIDGE = "ac24f85b-1a3c-4484-9784-42486939f689"
AGENTS = (AgentId("101"), AgentId("102"), AgentId("103"))


async def listed(name: str) -> list[Event]:
    """The items, through the same reader as in service."""
    request = Request("Captured", {}, wants_list=True)
    for message in Blocks().feed(GREETING + b"11.0.0\r\n" + (CAPTURED / name).read_bytes()):
        request.add_message(message)
    items: list[Event] = await request.future
    return items


async def captured() -> Snapshot:
    return parse(await listed("status.ami"), await listed("device_states.ami"), AGENTS)


@run
async def test_every_channel_once_in_a_fixed_order() -> None:
    snapshot = await captured()

    assert [channel.uniqueid for channel in snapshot.channels] == [
        "acd-00000000000000a1",
        "acd-00000000000000a1;2",
        "acd-00000000000000a2",
        "acd-00000000000000a2;2",
        "n1-1795290001.0001",
        "n1-1795290001.0001;2",
        "n1-1795290002.0004",
        "n1-1795290002.0004;2",
    ]


@run
async def test_the_caller_who_talks_carries_the_ticket() -> None:
    caller = (await captured()).channels[4]

    assert caller.bridge == BRIDGE
    assert caller.variables == {
        "CALL_ID": "n1-1795290001.0001",
        "DID": "6017436967",
        "TICKET": "n1-1795290001.0001/1|servicio|1795290000000000|0",
    }
    assert caller.state == 6
    assert caller.caller_number == "3000000001"
    assert caller.application == ""  # Asterisk writes (null): the bridge took the channel out of WaitExten


@run
async def test_the_caller_who_waits() -> None:
    caller = (await captured()).channels[6]

    assert (caller.bridge, caller.context, caller.extension, caller.application) == ("", "caller", "s", "Wait")
    assert caller.linkedid == "n1-1795290002.0004"


@run
async def test_how_far_the_agents_legs_have_come() -> None:
    channels = (await captured()).channels

    assert (channels[0].leg, channels[0].variables["OFFER"]) == (LegState.BRIDGED, "00000000000000a1")
    assert (channels[2].leg, channels[2].variables["OFFER"]) == (LegState.RINGING, "00000000000000a2")


def test_a_leg_that_has_answered_and_hears_the_whisper() -> None:
    leg = channel(Event.of("Status", {"Uniqueid": "acd-1", "ChannelState": "6", "BridgeID": ""}))

    assert leg.leg is LegState.ANSWERED


@run
async def test_the_phones_asked_for_and_no_others() -> None:
    assert (await captured()).devices == {
        "101": DeviceState.UNREACHABLE,  # UNAVAILABLE: nobody has registered
        "102": DeviceState.FREE,
        "103": DeviceState.UNREACHABLE,  # unknown to Asterisk
    }


def test_a_caller_who_withholds_the_number() -> None:
    assert channel(Event.of("Status", {"Uniqueid": "a", "CallerIDNum": "<unknown>"})).caller_number == ""


def test_nothing_lives() -> None:
    assert parse([], [], []) == Snapshot(channels=(), devices={})


def test_an_item_without_its_fields_does_not_stop_the_others() -> None:
    snapshot = parse([Event.of("Status", {}), Event.of("Status", {"Uniqueid": "a", "ChannelState": "x"})], [], [])

    assert [(channel.uniqueid, channel.state) for channel in snapshot.channels] == [("a", 0)]


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("NOT_INUSE", DeviceState.FREE),
        ("Not in use", DeviceState.FREE),
        ("RINGING", DeviceState.RINGING),
        ("RINGINUSE", DeviceState.RINGING),
        ("Ring+Inuse", DeviceState.RINGING),
        ("INUSE", DeviceState.BUSY),
        ("BUSY", DeviceState.BUSY),
        ("ONHOLD", DeviceState.BUSY),
        ("UNAVAILABLE", DeviceState.UNREACHABLE),
        ("INVALID", DeviceState.UNREACHABLE),
        ("UNKNOWN", DeviceState.UNREACHABLE),
        ("", DeviceState.UNREACHABLE),
    ],
)
def test_asterisks_word_for_a_phone(text: str, state: DeviceState) -> None:
    assert device_state(text) is state


@pytest.mark.parametrize(
    ("device", "agent"),
    [("PJSIP/101", "101"), ("PJSIP/", None), ("Local/101@x", None), ("Custom:pause101", None), ("", None)],
)
def test_whose_phone(device: str, agent: str | None) -> None:
    assert agent_of(device) == agent


@run
async def test_taken_through_a_link() -> None:
    async with ScriptedAmi() as asterisk:
        asterisk.lists["Status"] = [("Status", {"Uniqueid": "n1-1.1", "Variable": ["TICKET=t", "DID=(null)"]})]
        asterisk.lists["DeviceStateList"] = [("DeviceStateChange", {"Device": "PJSIP/101", "State": "INUSE"})]
        link = AmiLink("127.0.0.1", asterisk.port, asterisk.user, asterisk.secret, clock=LoopClock())
        link.start()
        while not link.connected:
            await LoopClock().sleep(0.01)
        snapshot = await take(link, AGENTS[:1])
        await link.close()

        assert [(channel.uniqueid, channel.variables) for channel in snapshot.channels] == [("n1-1.1", {"TICKET": "t"})]
        assert snapshot.devices == {"101": DeviceState.BUSY}
        assert (await asterisk.received("Status"))["Variables"] == [",".join(VARIABLES)]


def test_the_answers_are_as_captured() -> None:
    """The capture is whole: what the other tests read is not a stub."""
    messages = Blocks().feed(GREETING + b"11.0.0\r\n" + (CAPTURED / "status.ami").read_bytes())

    assert isinstance(messages[0], Response)
    assert messages[-1]["ListItems"] == "8"

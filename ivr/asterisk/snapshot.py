"""What lives in Asterisk at this moment, asked after every login; AMI replays nothing of what was missed.

`Status` alone tells everything about channels, also the variables that we stored on them: a call carries its own
ticket. Both lists need no more than the manager classes `call` or `reporting`.
"""

import asyncio
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from acd.model import AgentId, DeviceState, LegState
from ivr.asterisk.ami import AmiLink, Event

VARIABLES = ("CALL_ID", "DID", "TICKET", "PLACE", "FALLBACK", "OFFER", "CLAIMED", "INSIDE", "RETURNED", "DIAL_TO")
"""The channel variables that come with each channel (the contract with the dialplan)."""

RINGING, UP = 5, 6  # AST_STATE_RINGING and AST_STATE_UP, include/asterisk/channelstate.h

_STATES = {
    "NOTINUSE": DeviceState.FREE,
    "RINGING": DeviceState.RINGING,
    "RINGINUSE": DeviceState.RINGING,
    "INUSE": DeviceState.BUSY,
    "BUSY": DeviceState.BUSY,
    "ONHOLD": DeviceState.BUSY,
}


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A living channel."""

    uniqueid: str
    linkedid: str
    name: str
    state: int  # AST_STATE_...: 6 is up
    context: str
    extension: str
    bridge: str  # empty when it is in none
    application: str
    caller_number: str  # as the trunk or the phone sent it: hostile; empty when it is withheld
    variables: Mapping[str, str]  # those of VARIABLES that the channel has, and that are not empty

    @property
    def leg(self) -> LegState:
        """How far an agent's leg has come. Meaningful for channels of offers only."""
        if self.bridge:
            return LegState.BRIDGED
        return LegState.ANSWERED if self.state == UP else LegState.RINGING


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that lives. What is not listed does not exist."""

    channels: tuple[ChannelSeen, ...]  # in the order of their unique ids
    devices: Mapping[AgentId, DeviceState]  # every agent that was asked for


async def take(link: AmiLink, agents: Iterable[AgentId], outside: Container[str] = ()) -> Snapshot:
    """Ask Asterisk. Who is `outside` has no phone that Asterisk knows, and is free. Raises as `AmiLink.listing`."""
    channels, devices = await asyncio.gather(
        link.listing("Status", {"Variables": ",".join(VARIABLES)}), link.listing("DeviceStateList")
    )
    return parse(channels, devices, agents, outside)


async def devices(
    link: AmiLink, agents: Iterable[AgentId], outside: Container[str] = ()
) -> Mapping[AgentId, DeviceState]:
    """Ask for the phones alone. Raises as `AmiLink.listing`."""
    return parse((), await link.listing("DeviceStateList"), agents, outside).devices


def parse(
    channels: Iterable[Event], devices: Iterable[Event], agents: Iterable[AgentId], outside: Container[str] = ()
) -> Snapshot:
    """The items of `Status` and of `DeviceStateList`. A phone that Asterisk does not know is unreachable."""
    states = {item.get("Device"): device_state(item.get("State")) for item in devices}
    seen = sorted((channel(item) for item in channels if item.get("Uniqueid")), key=lambda each: each.uniqueid)
    return Snapshot(
        channels=tuple(seen),
        devices={
            agent: DeviceState.FREE if agent in outside else states.get(device(agent), DeviceState.UNREACHABLE)
            for agent in agents
        },
    )


def channel(item: Event) -> ChannelSeen:
    """One item of `Status`."""
    state = item.get("ChannelState")
    return ChannelSeen(
        uniqueid=item["Uniqueid"],
        linkedid=item.get("Linkedid"),
        name=item.get("Channel"),
        state=int(state) if state.isdecimal() else 0,
        context=item.get("Context"),
        extension=item.get("Exten"),
        bridge=item.get("BridgeID"),
        application=item.get("Application").replace("(null)", ""),  # a channel that a bridge took out of its dialplan
        caller_number=item.get("CallerIDNum").replace("<unknown>", ""),
        variables={name: value for name, value in item.variables.items() if value},
    )


def device(agent: AgentId) -> str:
    """The agent's phone, as Asterisk names it."""
    return f"PJSIP/{agent}"


def agent_of(device_name: str) -> AgentId | None:
    """Whose phone this is: of event DeviceStateChange's `Device`. None for anything but a SIP phone."""
    kind, slash, name = device_name.partition("/")
    return AgentId(name) if kind == "PJSIP" and slash and name else None


def device_state(text: str) -> DeviceState:
    """Asterisk's word (`NOT_INUSE`, or `Not in use` in some lists), reduced to what routing asks.

    The words are those of devstatestring and ast_devstate2str in Asterisk's main/devicestate.c.
    """
    word = "".join(letter for letter in text.upper() if letter.isalpha())
    return _STATES.get(word, DeviceState.UNREACHABLE)

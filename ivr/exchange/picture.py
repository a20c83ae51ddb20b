"""What a snapshot of Asterisk's channels says of calls, legs and callers who wait. Pure.

The dialplan tells what a channel is (asterisk-conf/extensions.conf.j2): a caller's channel carries its own unique id
(CALL_ID), a phone of the house that waits in a queue carries INSIDE, an agent's leg is named after its offer.
"""

from collections.abc import Mapping

from acd.facts import CallerSeen
from acd.model import CallId, LegState
from ivr.asterisk.snapshot import UP, ChannelSeen, Snapshot
from ivr.exchange.ticket import Ticket

NOT_WAITING = frozenset({"acd-transfer", "transfer-ring", "from-extension", "inside-rung"})
"""Contexts in which a caller still carries the ticket of a talk that was transferred."""

INSIDE_QUEUE = "inside-queue"
"""The context in which a phone of the house comes to a queue."""

Bridges = Mapping[str, set[str]]
"""The unique ids of the channels in each bridge."""


def callers(seen: Snapshot) -> list[ChannelSeen]:
    """The channels that are calls, callers from outside before phones of the house."""

    def is_call(channel: ChannelSeen) -> bool:
        own = channel.variables.get("CALL_ID", "")
        return own == channel.uniqueid or (not own and "INSIDE" in channel.variables)

    return [channel for channel in seen.channels if is_call(channel)]


def bridges(seen: Snapshot) -> dict[str, set[str]]:
    """Who is in which bridge."""
    found: dict[str, set[str]] = {}
    for channel in seen.channels:
        if channel.bridge:
            found.setdefault(channel.bridge, set()).add(channel.uniqueid)
    return found


def caller_of_leg(channel: ChannelSeen, calls: set[str], members: Bridges) -> CallId | None:
    """Whose leg it is: the caller in its bridge, who may be another one since a transfer, else the one it was for."""
    together = sorted(members.get(channel.bridge, set()) & calls)
    caller = together[0] if together else channel.variables.get("CALL_ID")
    return CallId(caller) if caller else None


def leg_state(channel: ChannelSeen, members: Bridges) -> LegState:
    """How far a leg has come. In a bridge with anybody it talks: a transfer may have put the agent with another caller,
    and who consults by key stands in a bridge without the caller."""
    if channel.state != UP:
        return LegState.RINGING
    if len(members.get(channel.bridge, set()) - {channel.uniqueid}) > 0:
        return LegState.BRIDGED
    return LegState.ANSWERED if channel.variables.get("CLAIMED") == "1" else LegState.RINGING


def ticket_of(channel: ChannelSeen) -> Ticket | None:
    """What says that this caller waits; None for everybody else."""
    if "RETURNED" in channel.variables or channel.context in NOT_WAITING:
        return None  # on the way back into the flow, which clears both together; or transferred just now
    return Ticket.parse(channel.variables.get("TICKET", ""))


def caller_seen(channel: ChannelSeen, ticket: Ticket) -> CallerSeen:
    """A caller who waits, as the engine is told."""
    return CallerSeen(
        visit=ticket.visit,
        call=CallId(channel.uniqueid),
        queue=ticket.queue,
        priority=ticket.priority,
        joined_at=ticket.joined_at,
        parked=channel.variables.get("FALLBACK") == "1",
        caller=ticket.caller,
        only=ticket.only,
    )

"""The nouns of call distribution: ids, states and outcomes. Nothing here decides."""

from enum import Enum
from typing import NewType

CallId = NewType("CallId", str)
"""One caller on one line: Asterisk's unique id of the caller's channel (`<node>-<epoch>.<n>`)."""

VisitId = NewType("VisitId", str)
"""One stay of a call in one queue: `<call id>/<n>`, n counted from 1 within the call."""

OfferId = NewType("OfferId", str)
"""One agent, one caller, one ringing phone: fixed length and never reused (see `offer_channel`)."""

AgentId = NewType("AgentId", str)
"""An agent is known by the extension of the phone: "101"."""

QueueId = NewType("QueueId", str)
SkillId = NewType("SkillId", str)

OFFER_CHANNEL_PREFIX = "acd-"


def offer_channel(offer: OfferId) -> str:
    """The ChannelId (and so the Uniqueid) of the offer's leg in Asterisk.

    A second Originate with a living ChannelId fails without ringing anybody, which makes the deed idempotent.
    ChannelIds clash by prefix ("p2" while "p20" lives): hence the fixed length of an offer id.
    """
    return OFFER_CHANNEL_PREFIX + offer


def offer_of_channel(uniqueid: str) -> OfferId | None:
    """The offer whose leg this channel is, or None for any other channel."""
    if uniqueid.startswith(OFFER_CHANNEL_PREFIX):
        return OfferId(uniqueid.removeprefix(OFFER_CHANNEL_PREFIX).removesuffix(";2"))
    return None


class DeviceState(Enum):
    """What Asterisk says of an agent's phone, reduced to what routing asks."""

    FREE = "free"
    RINGING = "ringing"
    BUSY = "busy"
    UNREACHABLE = "unreachable"


class Doors(Enum):
    """Whether callers may wait in a queue. The values of the last two are also the exits of who does."""

    OPEN = "open"
    CLOSED = "closed"
    EMERGENCY = "emergency"


class OfferResult(Enum):
    """How an offer ended; every offer has exactly one result."""

    ANSWERED = "answered"  # both were in the bridge
    NO_ANSWER = "no answer"
    BUSY = "busy"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"  # the phone is not registered or the network failed
    CANCELLED = "cancelled"  # withdrawn by us: the caller left, or somebody else answered
    LOST = "lost"  # the agent answered, but the caller had gone before the bridge
    UNKNOWN = "unknown"  # decided before a crash, no trace of it afterwards


class VisitOutcome(Enum):
    """How a stay in a queue ended; every visit has exactly one outcome."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    OVERFLOWED = "overflowed"  # at one of the queue's exits: full, waited too long, nobody there, closed, ...
    CALLBACK = "callback"
    LEFT = "left"  # by a key, or served by reception while the server was away


class LegState(Enum):
    """What a resynchronisation saw of an offer's leg."""

    RINGING = "ringing"
    ANSWERED = "answered"  # picked up, not yet in a bridge with the caller
    BRIDGED = "bridged"

"""What is posted: JSON, and the signature that proves who sent it. Pure.

The signature is that of Stripe's and GitHub's web hooks: HMAC-SHA256 (RFC 2104) of `<seconds>.<body>`, so that an old
message cannot be sent again by somebody who saw it.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from ivr.screenpops.story import Moment

SIGNATURE, DELIVERY = "Centralita-Signature", "Centralita-Delivery"
"""Headers: `t=<seconds since 1970>,v1=<64 hexadecimal digits>`, and the id of the message, the same in each try."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Message:
    """A message to one web hook. `body` holds the caller's number: never log it, nor what `repr` would show."""

    id: str
    event: str
    offer: str
    at: datetime
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """What is known of a caller. Empty texts are unknown."""

    number: str = ""  # as the trunk sent it
    did: str = ""
    segment: str = ""


def message(moment: Moment, who: Who, label: str) -> Message:
    """The message about a moment; `label` is the queue's name for people."""
    name = f"{moment.offer}-{moment.event}"
    told: dict[str, object] = {
        "id": name,
        "event": moment.event,
        "at": moment.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "call": moment.call,
        "offer": moment.offer,
        "agent": moment.agent,
        "queue": moment.queue,
        "queue_label": label,
        "caller": who.number,
        "did": who.did,
        "segment": who.segment,
    }
    if moment.waited is not None:
        told["waited_seconds"] = round(moment.waited.total_seconds(), 1)
    if moment.result:
        told["result"] = moment.result
    if moment.talk is not None:
        told["talk_seconds"] = round(moment.talk.total_seconds(), 1)
    body = json.dumps(told).encode()
    return Message(id=name, event=moment.event, offer=moment.offer, at=moment.at, body=body)


def signature(secret: str, body: bytes, at: datetime) -> str:
    """The header's value."""
    seconds = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"

"""What the names of channels say, and the numbers that phones of the house dial. Pure."""

import re
from collections.abc import Sequence

from acd.model import OfferId, offer_of_channel

QUEUE_CODE = "*7"
"""What queues are dialled by: *71 is the first one of queues.yaml."""

TRUNK = "PJSIP/trunk-"
"""How the name of a line's channel begins (asterisk-conf/pjsip.conf.j2)."""

NAMELESS = "0"
"""The number of a line's channel until the dialplan has taken the caller's (`callerid` of the trunks)."""

TRANSFER_KEY = "transferred:{}:{}"
"""The journal key of a transfer: by which channel, and which call. AMI and CEL tell it, the first one counts."""

_EXTENSION = re.compile(r"(?:PJSIP|Local)/([0-9]{1,20})[-@]")


def leg_of(uniqueid: str) -> OfferId | None:
    """The offer whose leg this channel is: not the far half of one to outside, which has a life of its own."""
    return None if uniqueid.endswith(";2") else offer_of_channel(uniqueid)


def extension_of(channel: str) -> str:
    """Whose phone a channel is; empty for a line to outside.

    >>> extension_of("PJSIP/101-0000002a"), extension_of("Local/103@acd-transfer-00000005;1")
    ('101', '103')
    """
    found = _EXTENSION.match(channel)
    return found[1] if found else ""


def queue_number(queues: Sequence[str], queue: str) -> str:
    """What the queue is dialled by.

    >>> queue_number(("servicio", "cartera"), "cartera")
    '*72'
    """
    return f"{QUEUE_CODE}{queues.index(queue) + 1}"


def target_of(dialled: str, queues: Sequence[str]) -> str:
    """The extension, or the queue's name, of what was dialled.

    >>> target_of("*72", ("servicio", "cartera")), target_of("101", ())
    ('cartera', '101')
    """
    position = dialled.removeprefix(QUEUE_CODE)
    if dialled.startswith(QUEUE_CODE) and position.isdecimal() and 0 < int(position) <= len(queues):
        return queues[int(position) - 1]
    return dialled

"""The little of SDP (RFC 4566, RFC 3264) that one mu-law stream with telephone events needs."""

import re
from dataclasses import dataclass

PCMU = 0
"""RFC 3551 table 4."""

EVENTS = 101
"""The payload type that this phone offers for RFC 4733 telephone events."""


@dataclass(frozen=True, slots=True)
class RemoteMedia:
    """Where the other side wants its audio, and under which number it reads keys."""

    address: str
    port: int
    events: int | None


def describe(address: str, port: int, version: int, direction: str = "sendrecv") -> str:
    """An offer or answer of this phone; with the direction `sendonly` it puts the other side on hold."""
    lines = [
        "v=0",
        f"o=- 1 {version} IN IP4 {address}",
        "s=-",
        f"c=IN IP4 {address}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {PCMU} {EVENTS}",
        f"a=rtpmap:{PCMU} PCMU/8000",
        f"a=rtpmap:{EVENTS} telephone-event/8000",
        f"a=fmtp:{EVENTS} 0-15",
        "a=ptime:20",
        f"a={direction}",
    ]
    return "\r\n".join([*lines, ""])


def read(body: str) -> RemoteMedia | None:
    """The audio of an offer or answer, or None when it has none."""
    address = re.search(r"^c=IN IP4 (\S+)", body, re.M)
    audio = re.search(r"^m=audio (\d+)", body, re.M)
    if not address or not audio or audio[1] == "0":
        return None
    events = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", body, re.M | re.I)
    return RemoteMedia(address[1], int(audio[1]), int(events[1]) if events else None)

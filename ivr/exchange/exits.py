"""Where a visit that overflowed goes on: the exits of a queue as extensions of the dialplan's context [overflow]."""

from typing import Final

OVERFLOW: Final = {
    "waited too long": "waited",
    "nobody there": "nobody",
    "nobody logged in": "noneloggedin",
    "the last one left": "lastleft",
    "full": "full",
    "closed": "closed",
    "emergency": "emergency",
}
"""Every word of acd.reasons.EXITS but "transfer failed", which leads back to whoever transferred.
asterisk-conf/dialplan/waiting.j2 has each extension."""

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
    "transfer failed": "transfer",
}
"""Every word of acd.reasons.EXITS. The last one leads back to whoever transferred, and so do the others when a queue
does not take a transferred caller at once.
asterisk-conf/dialplan/waiting.j2 has each extension."""

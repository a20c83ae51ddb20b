"""A telephone in software: SIP over UDP, RTP with mu-law audio, RFC 4733 keys.

Small enough to read, real enough to prove things: it registers with digest, calls from a chosen address with a chosen
caller number, rings, answers, refuses, presses keys, sends audio, and keeps everything that it hears with its time.

    phone = await Phone.open("101", server=("127.0.0.1", 5060), password="...")
    await phone.register()
    call = await phone.incoming(seconds=5)
    await call.ring()
    await call.answer()
    call.media.tone(440, seconds=2)
    await call.hang_up()
    await phone.close()

Everything runs on the running asyncio loop. A phone that is closed leaves nothing: no socket, timer or task.
"""

from ivr.testing.phone.call import Call, CallFailed, CallState
from ivr.testing.phone.heard import HeardAudio
from ivr.testing.phone.phone import Phone, RegistrationFailed
from ivr.testing.phone.rtp import Media
from ivr.testing.phone.watch import BLINKING, DARK, LIT, NotShown, Watch, WatchRefused, watch

__all__ = [
    "BLINKING",
    "DARK",
    "LIT",
    "Call",
    "CallFailed",
    "CallState",
    "HeardAudio",
    "Media",
    "NotShown",
    "Phone",
    "RegistrationFailed",
    "Watch",
    "WatchRefused",
    "watch",
]

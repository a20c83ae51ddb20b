"""A lamp of a phone: a subscription (RFC 6665) and what it shows.

messages = await watch(phone, "message-summary", "101")      # new and old messages (RFC 3842)
busy = await watch(phone, "dialog", "102")                   # an extension, a mailbox, a timetable (RFC 4235)
await messages.shows("2/0")
await busy.shows("early")
"""

import asyncio
import re
import secrets
from typing import TYPE_CHECKING

from ivr.testing.phone.messages import Address, Headers, Message, parse_address

if TYPE_CHECKING:
    from ivr.testing.phone.phone import Phone

DARK, LIT, BLINKING = "terminated", "confirmed", "early"
"""What a lamp of the event `dialog` shows: nothing, busy, ringing."""

_ACCEPT = {"message-summary": "application/simple-message-summary", "dialog": "application/dialog-info+xml"}
_SHOWN = {"message-summary": r"(?m)^Voice-Message: *(\d+/\d+)", "dialog": r"<state>(\w+)</state>"}


class NotShown(AssertionError):
    """A lamp did not show in time what was waited for."""


class WatchRefused(Exception):
    """The server refused the subscription; `code` is SIP's (404: nothing to watch there)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the subscription was refused: {code}")
        self.code = code


def shown(note: Message) -> str:
    """What a NOTIFY shows: `new/old` of messages, or the state of a dialog; empty when it shows nothing known."""
    event = (note.get("event") or "").split(";")[0].strip()
    found = re.search(_SHOWN.get(event, "$^"), note.body)
    return found[1] if found else ""


class Watch:
    """One subscription. `seen` holds everything that it showed, in order."""

    def __init__(self, phone: "Phone", event: str, target: str) -> None:
        self.event, self.target = event, target
        self.seen: list[str] = []
        self.call_id = secrets.token_hex(12)
        self._phone = phone
        self._local = Address(f"sip:{phone.user}@{phone.address}", tag=secrets.token_hex(6))
        self._remote = Address(f"sip:{target}@{phone.server[0]}:{phone.server[1]}")
        self._sequence = 0
        self._changed = asyncio.Event()

    async def shows(self, wanted: str, seconds: float = 5) -> None:
        """Until the lamp shows this; NotShown when it does not."""
        try:
            async with asyncio.timeout(seconds):
                while not self.seen or self.seen[-1] != wanted:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise NotShown(f"{self.event} of {self.target} showed {self.seen or 'nothing'}, not {wanted}") from None

    async def stop(self) -> None:
        """End the subscription."""
        self._phone.watches.pop(self.call_id, None)
        await self.subscribe(0)

    def notified(self, note: Message) -> None:
        """A NOTIFY of this subscription came."""
        if note.body:
            self.seen.append(shown(note))
        self._changed.set()

    async def subscribe(self, expires: int) -> None:
        """Ask for notices for so many seconds. Raises WatchRefused."""
        self._sequence += 1
        headers: Headers = (
            ("From", str(self._local)),
            ("To", str(self._remote)),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._sequence} SUBSCRIBE"),
            ("Contact", f"<{self._phone.contact}>"),
            ("Event", self.event),
            ("Accept", _ACCEPT[self.event]),
            ("Expires", str(expires)),
        )
        request = self._phone.compose("SUBSCRIBE", self._remote.uri, headers)
        answer = await self._phone.transact(request, self._phone.server, timeout=4).final()
        if answer.code in (401, 407):
            request = self._phone.authorised(request, answer)
            self._sequence = request.sequence
            answer = await self._phone.transact(request, self._phone.server, timeout=4).final()
        if answer.code >= 300:
            raise WatchRefused(answer.code)
        self._remote = Address(self._remote.uri, tag=parse_address(answer["to"]).tag)


async def watch(phone: "Phone", event: str, target: str, *, expires: int = 300) -> Watch:
    """Let a registered phone watch something; its first notice has come when this returns. Raises WatchRefused."""
    lamp = Watch(phone, event, target)
    phone.watches[lamp.call_id] = lamp
    try:
        await lamp.subscribe(expires)
    except WatchRefused:
        del phone.watches[lamp.call_id]
        raise
    for _ in range(100):
        if lamp.seen:
            break
        await asyncio.sleep(0.02)
    return lamp

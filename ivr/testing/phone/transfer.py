"""A transfer that a phone asked for (REFER, RFC 3515), and what the other side told of it."""

import asyncio
import re
from urllib.parse import quote

from ivr.testing.phone.messages import Message


class Transfer:
    """`codes` holds the statuses that were told, in order: the answer to the REFER when it was refused, else those of
    the NOTIFYs (100 trying, 180 rings, 200 done, 404 nobody there)."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self._changed = asyncio.Event()

    async def final(self, seconds: float = 10) -> int:
        """The status that ends it; TimeoutError when none comes."""
        async with asyncio.timeout(seconds):
            while not self.codes or self.codes[-1] < 200:
                self._changed.clear()
                await self._changed.wait()
        return self.codes[-1]

    def told(self, code: int) -> None:
        """A status came."""
        self.codes.append(code)
        self._changed.set()

    def notified(self, note: Message) -> None:
        """A NOTIFY came; its body is the beginning of a response (`message/sipfrag`)."""
        found = re.match(r"SIP/2\.0 (\d{3})", note.body)
        if found:
            self.told(int(found[1]))


def refer_to(uri: str, *, call_id: str = "", their_tag: str = "", our_tag: str = "") -> str:
    """The header Refer-To; with a `call_id` it asks that the transferred one take the place of that dialog (RFC 3891,
    whose `to-tag` is the tag of the one that the REFER goes to)."""
    if not call_id:
        return f"<{uri}>"
    replaces = quote(f"{call_id};to-tag={their_tag};from-tag={our_tag}", safe="")
    return f"<{uri}?Replaces={replaces}>"

"""Cuts the manager's bytes into messages. Pure: bytes in, messages out; neither socket nor clock."""

from ivr.asterisk.ami.errors import AmiGarbage
from ivr.asterisk.ami.messages import EVENT, RESPONSE, Event, Response

GREETING = b"Asterisk Call Manager/"
END = b"\r\n\r\n"
LONGEST_GREETING = 256
LONGEST_BLOCK = 4 * 1024 * 1024
"""Bytes. The longest real message is the output of a CLI command; without a bound a broken peer fills the memory."""


class Blocks:
    """The stream of one connection. `feed` may get any pieces: a byte, half a character, a thousand events."""

    def __init__(self) -> None:
        self.version: str | None = None
        """Of the protocol, once the greeting has come."""
        self.strays = 0
        """Blocks that were neither event nor response, and were skipped."""
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[Event | Response]:
        """The messages that `data` completes. Raises AmiGarbage when this cannot be an Asterisk manager."""
        rest = self._rest
        if rest:
            # Look only where something is new: a long block that drips in must not be scanned again and again.
            fresh = max(0, len(rest) - len(END) + 1)
            rest += data
            if self.version is not None and rest.find(END, fresh) < 0:
                self._bounded()
                return []
            data = bytes(rest)
            rest.clear()
        if self.version is None:
            data = self._greeted(data)
        blocks = data.split(END)
        rest += blocks.pop()
        return [message for block in blocks if (message := self._message(block)) is not None]

    def _greeted(self, data: bytes) -> bytes:
        """Take the greeting off, the only line that no empty line follows."""
        line, end, after = data.partition(b"\r\n")
        if line[: len(GREETING)] != GREETING[: len(line)] or len(line) > LONGEST_GREETING:
            raise AmiGarbage(f"no Asterisk manager answers here: {line[:40]!r}")
        if not end:
            return data
        self.version = line[len(GREETING) :].decode("ascii", "replace")
        return after

    def _bounded(self) -> None:
        if len(self._rest) > LONGEST_BLOCK:
            raise AmiGarbage(f"a message of more than {LONGEST_BLOCK} bytes")

    def _message(self, block: bytes) -> Event | Response | None:
        if block[:7] == EVENT:
            return Event(block)
        if block[:10] == RESPONSE:
            return Response(block)
        stripped = block.lstrip(b"\r\n")  # some versions of Asterisk send one line end too many
        if stripped != block:
            return self._message(stripped)
        self.strays += bool(block)
        return None

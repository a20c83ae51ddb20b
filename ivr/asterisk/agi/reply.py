"""What Asterisk can say on an AGI connection, as values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Refusal(StrEnum):
    """Why a connection was closed by us. The values are metric labels: change none."""

    NOT_AGI = "not agi"
    """The first bytes are not an AGI environment: a port scan, a browser."""
    BINARY = "binary"
    """A NUL byte; Asterisk writes C strings and cannot send one."""
    MALFORMED = "malformed"
    """A line that is neither an environment line, a reply nor HANGUP."""
    OVERSIZED = "oversized"
    """More bytes than `Limits` allows."""
    UNEXPECTED = "unexpected reply"
    """A reply that nobody asked for: whatever follows could be paired with the wrong command."""
    SLOW = "slow"
    """No complete environment within `Limits.environment_seconds`."""
    HALF_OPEN = "too many half-open"
    """The oldest connection without an environment made room for a newer one."""
    SESSIONS = "too many sessions"
    """`Limits.sessions` are being served already."""


class Environment(Mapping[str, str]):
    """The block that opens every session: `agi_...` names and their values, as Asterisk sent them.

    Values such as `agi_calleridname` are written by the caller's side and may contain anything but NUL.
    Of a repeated name the first value counts: Asterisk sends what it knows itself before what callers wrote.
    A handler asks for few of the twenty lines, so a value is looked up in the text when it is asked for.
    """

    __slots__ = ("_text",)

    def __init__(self, block: bytes) -> None:
        self._text = f"\n{block.decode('utf-8', 'replace')}\n"

    def __getitem__(self, name: str) -> str:
        text = self._text
        start = text.find(f"\n{name}: ")
        if start < 0:
            raise KeyError(name)
        start += len(name) + 3
        return text[start : text.index("\n", start)]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(line.partition(": ")[0] for line in self._text[1:-1].split("\n")))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Reply(NamedTuple):
    """The answer to one command (a tuple, since making one is a good part of reading a line).

    `200 result=1 (some text) endpos=800` has code 200, result "1", data "some text" and trailer "endpos=800".
    A refusal (510, 511, 520) has an empty result; its text, usage lines included, is the data.
    """

    code: int
    result: str
    data: str | None = None
    trailer: str = ""

    @property
    def number(self) -> int | None:
        """`result` as a number; None where Asterisk gives keys or nothing (GET DATA answers `12#`)."""
        try:
            return int(self.result)
        except ValueError:
            return None

    @property
    def timed_out(self) -> bool:
        """Whether Asterisk says that the caller pressed too little in time."""
        return self.data == "timeout"

    @property
    def endpos(self) -> int | None:
        """The sample at which playing or recording stopped (8,000 a second unless the codec says otherwise)."""
        for word in self.trailer.split():
            if word.startswith("endpos="):
                try:
                    return int(word[7:])
                except ValueError:
                    return None
        return None


@dataclass(frozen=True, slots=True)
class Hangup:
    """The bare line HANGUP. It may stand before, between or after replies, and is never one."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """Input that is not AGI. The parser is dead afterwards: what follows cannot be understood."""

    reason: Refusal


Item = Environment | Reply | Hangup | Malformed

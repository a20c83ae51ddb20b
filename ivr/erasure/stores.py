"""What every place that may know a caller has to do, so that search and erasure are one operation over all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from ivr.erasure.number import Number

MOST_THINGS = 1_000
"""Things that a place tells one by one; it always counts all."""


class Place(Enum):
    """Where something of a caller may be."""

    NUMBER = "number"
    CALLS = "calls"
    MESSAGES = "messages"
    RECORDINGS = "recordings"
    EVENTS = "events"
    LOGS = "logs"
    LOOK_UPS = "look-ups"
    LISTS = "lists"
    VERSIONS = "versions"
    OTHERS = "others"


class Left(Enum):
    """Why something stays."""

    NOTHING = ""
    FIGURES = "figures"
    """A call without a number: nobody is told by it."""
    CUSTOMER = "customer"
    """In a file that the customer keeps, for reasons of his own."""
    IN_FORCE = "in force"
    """In a version of the site that calls have now."""
    ELSEWHERE = "elsewhere"
    """Handed on to somebody else, whom we cannot tell to forget."""
    HELD = "held"
    """Somebody holds it, for a case in court: erase again when the hold is lifted."""
    UNREADABLE = "unreadable"
    """In a file that cannot be looked into."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Caller:
    """Whom it is about. `keys`: the opaque keys of every way to write the number; `calls`: ids of those calls."""

    number: Number
    keys: frozenset[str]
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a place has of the caller. `things` are plain JSON values without the number."""

    place: Place
    count: int = 0
    things: tuple[Mapping[str, Any], ...] = ()
    stays: Left = Left.NOTHING
    """Why erasing leaves it there; NOTHING: it is erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What erasing did at a place."""

    erased: int = 0
    left: int = 0
    why: Left = Left.NOTHING
    things: tuple[Mapping[str, Any], ...] = field(default=())
    """What is left, one by one."""


class Store(Protocol):
    """One place. Erasing again is harmless: a crash in between is made up for by doing it again."""

    @property
    def place(self) -> Place:
        """Which one."""

    async def find(self, caller: Caller) -> Held:
        """What is there; nothing is changed. Raises OSError or SQLAlchemyError."""

    async def erase(self, caller: Caller) -> Erased:
        """Remove it for ever. Raises OSError or SQLAlchemyError; what was removed until then is."""


def listed(things: list[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """No more than are told one by one."""
    return tuple(things[:MOST_THINGS])

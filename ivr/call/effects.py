"""What a call's machine asks for (effects), and what it is told (inputs).

Each effect has exactly one input as its answer; the terminal ones have none: the AGI session ends with them.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from ivr.call.facts import CallEvent
from ivr.call.place import Place

ANY_KEY = "0123456789*#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Play a prompt. Answer: Played. `keys` cut it; a notice is never cut, and a key pressed in it is told."""

    prompt: str
    language: str
    keys: str = ANY_KEY
    notice: bool = False


@dataclass(frozen=True, slots=True)
class WaitKey:
    """Wait in silence for a key. Answer: Pressed."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Remember:
    """Write the place onto the channel (`PLACE`). Answer: Done."""

    place: Place


@dataclass(frozen=True, slots=True)
class Tell:
    """Write a fact to the journal. Answer: Done (when it was handed over; nobody waits for the disk)."""

    fact: CallEvent


@dataclass(frozen=True, slots=True)
class AskTime:
    """What time is it for this call (development: perhaps a pretended one)? Answer: Time."""


@dataclass(frozen=True, slots=True)
class Complain:
    """Something that an administrator should know; for the log and a counter. Answer: Done.

    `problem` is a fixed word (`PROBLEMS`), `detail` may hold names from files, never text from a caller.
    """

    problem: str
    detail: str = ""


PROBLEMS = ("unknown place", "step gone", "went in circles", "unknown result")


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinQueue:
    """Terminal: the caller waits in this queue. `record`: its policy says so, and a notice was completed."""

    queue: str
    priority: int = 0
    record: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Terminal: the dialplan rings this extension."""

    extension: str
    seconds: int


@dataclass(frozen=True, slots=True)
class HangUp:
    """Terminal: end the call. `reason` becomes CallEnded.reason: closed, ended in IVR, self-served, after the talk,
    failed."""

    reason: str


Effect = Play | WaitKey | Remember | Tell | AskTime | Complain | JoinQueue | Ring | HangUp
TERMINAL = (JoinQueue, Ring, HangUp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """`key`: what was pressed meanwhile. `complete`: heard to its end. `missing`: there was nothing to play.
    `version`: hash of text and voice, needed for notices."""

    key: str | None = None
    complete: bool = True
    missing: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key, or None when the time was over."""

    key: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """It was done."""


@dataclass(frozen=True, slots=True)
class Time:
    """An aware time."""

    at: datetime


Input = Played | Pressed | Done | Time


class Kind(Enum):
    """How a call comes to the machine."""

    FRESH = "fresh"
    RESUMED = "resumed"  # the server was away in the middle of a step
    DIAL = "dial"  # an extension was rung; detail = DIALSTATUS
    QUEUE = "queue"  # the engine sent the caller back; detail = the exit
    TALK = "talk"  # a talk with an agent ended


@dataclass(frozen=True, slots=True)
class Returned:
    """What the call comes back with: the channel variable RETURNED, `kind detail`."""

    kind: Kind
    detail: str = ""

    @classmethod
    def parse(cls, text: str) -> "Returned":
        """Read the channel variable. Empty = fresh; what nobody knows counts as resumed."""
        if not text.strip():
            return FRESH
        word, _, detail = text.strip().partition(" ")
        try:
            return cls(Kind(word), detail[:40])
        except ValueError:
            return RESUMED


FRESH = Returned(Kind.FRESH)
RESUMED = Returned(Kind.RESUMED)

Script = Generator[Effect, Input, str]
"""A step's behaviour: yields effects, is sent their inputs, returns the next step's name."""

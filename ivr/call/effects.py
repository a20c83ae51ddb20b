"""What a call's machine asks for (effects), and what it is told (inputs).

Each effect has exactly one input as its answer; the terminal ones have none: the AGI session ends with them.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ivr.call.facts import CallEvent
from ivr.call.memory import EMPTY, Memory
from ivr.call.place import Place
from ivr.expression import Expression
from ivr.site.values import Unknown, Value

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


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDigits:
    """Take keys until `finish`, `most` digits, or a silence of `first` seconds before the first and `between` seconds
    after each. `begun`: what was pressed before. Answer: Entered."""

    begun: str
    most: int
    finish: str
    first: float
    between: float


@dataclass(frozen=True, slots=True)
class PlayFile:
    """Play something that was recorded by telephone, by its name: a message, an announcement. Answer: Played."""

    file: str
    keys: str = ANY_KEY


@dataclass(frozen=True, slots=True)
class Remember:
    """Write the place and the variables onto the channel. Answer: Done."""

    place: Place
    memory: Memory = EMPTY


@dataclass(frozen=True, slots=True)
class Tell:
    """Write a fact to the journal. Answer: Done (when it was handed over; nobody waits for the disk)."""

    fact: CallEvent


@dataclass(frozen=True, slots=True)
class AskOpen:
    """Is the company open now, by this timetable and what overrides it? Answer: Opening."""

    timetable: str


@dataclass(frozen=True, slots=True)
class Decide:
    """Which of these conditions is the first that holds? `known`: the call's variables, by the names that
    expressions use. Answer: Decided."""

    conditions: tuple[Expression, ...]
    known: Mapping[str, Value | Unknown]


@dataclass(frozen=True, slots=True)
class Compute:
    """What is the value of this expression? Answer: Computed."""

    expression: Expression
    known: Mapping[str, Value | Unknown]


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask a source of look-ups (lookups.yaml). Answer: LookedUp."""

    source: str
    given: Mapping[str, Value | Unknown]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMessage:
    """Record the caller for a mailbox until a key of `keys`, silence, the limit or a hang-up; seconds.
    Answer: Recorded."""

    mailbox: str
    longest: float
    silence: float
    keys: str
    beep: bool = True
    resume: bool = False
    """The server was away in the middle of this step: what the caller had said until then is taken, if anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepMessage:
    """Put a recorded message into its mailbox. Answer: Done."""

    mailbox: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropMessage:
    """Forget a recorded message: the caller records it again, or nothing was said. Answer: Done."""

    mailbox: str
    file: str


@dataclass(frozen=True, slots=True)
class Complain:
    """Something that an administrator should know; for the log and a counter. Answer: Done.

    `problem` is a fixed word (`PROBLEMS`), `detail` may hold names from files, never text from a caller.
    """

    problem: str
    detail: str = ""


PROBLEMS = (
    "unknown place",
    "step gone",
    "went in circles",
    "unknown result",
    "variables lost",
    "too much to remember",
    "cannot be computed",
    "cannot be said",
    "subflows too deep",
    "nobody to return to",
    "not without a caller",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinQueue:
    """Terminal: the caller waits in this queue. `keeps`: the time waited in an earlier queue counts. `keys`: those that
    lead out of the wait."""

    queue: str
    priority: int = 0
    keeps: bool = True
    keys: str = ""


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


Effect = (
    Play
    | PlayFile
    | WaitKey
    | TakeDigits
    | Remember
    | Tell
    | AskOpen
    | Decide
    | Compute
    | LookUp
    | RecordMessage
    | KeepMessage
    | DropMessage
    | Complain
    | JoinQueue
    | Ring
    | HangUp
)
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
class Entered:
    """Digits, without the finishing key; empty = none. `known` is False in a proof: the text only stands for any of
    its length."""

    text: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Done:
    """It was done."""


@dataclass(frozen=True, slots=True)
class Opening:
    """`open`, `closed` or `emergency`. `prompt` (prompts.yaml) or `file` (recorded by telephone) is what callers are to
    hear then; both empty = nothing special."""

    state: str
    prompt: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """The index of the first condition that holds, or None."""

    index: int | None


@dataclass(frozen=True, slots=True)
class Computed:
    """A value, or None where there is none: a division by zero, a variable without a value."""

    value: Value | Unknown | None


FOUND, NOT_FOUND, TOO_SLOW, FAILED = "found", "not found", "too slow", "failed"


@dataclass(frozen=True, slots=True)
class LookedUp:
    """`found` with the source's answers by name, `not found`, `too slow` or `failed`."""

    outcome: str
    values: Mapping[str, Value | Unknown] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """How a recording ended: key, silence, limit, hang up, full (no more messages) or failed (nothing was recorded).
    `file` names it; `seconds` without the silence at its end."""

    ended: str
    seconds: float = 0.0
    key: str = ""
    file: str = ""


Input = Played | Pressed | Entered | Done | Opening | Decided | Computed | LookedUp | Recorded


class Kind(Enum):
    """How a call comes to the machine."""

    FRESH = "fresh"
    RESUMED = "resumed"  # the server was away in the middle of a step
    DIAL = "dial"  # an extension was rung; detail = DIALSTATUS
    QUEUE = "queue"  # the engine sent the caller back; detail = the exit
    KEY = "key"  # pressed while waiting in a queue; detail = the key
    TALK = "talk"  # a talk with an agent ended
    SUBFLOW = "subflow"  # a subflow came back; detail = its exit


@dataclass(frozen=True, slots=True)
class Returned:
    """What the call comes back with: the channel variable RETURNED, `kind detail`."""

    kind: Kind
    detail: str = ""
    extension: str = ""  # that was rung

    @classmethod
    def parse(cls, text: str) -> "Returned":
        """Read the channel variable. Empty = fresh; what nobody knows counts as resumed."""
        if not text.strip():
            return FRESH
        word, _, detail = text.strip()[:80].partition(" ")
        try:
            kind = Kind(word)
        except ValueError:
            return RESUMED
        if kind is Kind.DIAL:
            detail, _, extension = detail.partition(" ")
            return cls(kind, detail, extension if extension.isascii() and extension.isdecimal() else "")
        return cls(kind, detail)


FRESH = Returned(Kind.FRESH)
RESUMED = Returned(Kind.RESUMED)

Script = Generator[Effect, Input, str]
"""A step's behaviour: yields effects, is sent their inputs, returns the next step's name."""

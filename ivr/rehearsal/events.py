"""What happens in a call that is only simulated, in the order in which it happens. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBegun:
    """The call is at this step."""

    flow: str
    step: str
    verb: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The caller hears prompts: one, or the words of one value. `text` is what they say in `language`; `missing`: there
    is nothing to play in that language; `key`: pressed meanwhile; `notice`: no key cuts it."""

    prompts: tuple[str, ...]
    language: str
    text: str
    missing: bool = False
    key: str = ""
    notice: bool = False


@dataclass(frozen=True, slots=True)
class FileHeard:
    """The caller hears what was recorded by telephone."""

    file: str


@dataclass(frozen=True, slots=True)
class Keys:
    """The caller was waited for: the keys pressed, empty = none in time. `secret`: not to be shown."""

    keys: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class KeyTaken:
    """A menu's answer to a key: where it leads, or empty for a key that it does not have (or none)."""

    key: str
    then: str


@dataclass(frozen=True, slots=True)
class Found:
    """A timetable's state: open, closed or emergency."""

    timetable: str
    state: str


@dataclass(frozen=True, slots=True)
class WayTaken:
    """A branch went where its condition (or `otherwise`) leads."""

    way: str
    then: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A look-up and how it ended."""

    source: str
    outcome: str


@dataclass(frozen=True, slots=True)
class LanguageIs:
    """The call goes on in this language."""

    language: str


@dataclass(frozen=True, slots=True)
class Spoke:
    """The caller was recorded for a mailbox: how it ended, and the seconds."""

    mailbox: str
    ended: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Left:
    """The message lies in its mailbox."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that an administrator would be told of."""

    problem: str
    detail: str


@dataclass(frozen=True, slots=True)
class Waits:
    """The caller waits in a queue. `record`: the talk would be recorded."""

    queue: str
    record: bool


@dataclass(frozen=True, slots=True)
class Rings:
    """A phone of the house rings for the caller."""

    extension: str
    seconds: int


@dataclass(frozen=True, slots=True)
class CameBack:
    """The call is in the flow again: answered, no answer, busy, unreachable, nobody there, waited too long."""

    how: str


Event = (
    StepBegun
    | Heard
    | FileHeard
    | Keys
    | KeyTaken
    | Found
    | WayTaken
    | Asked
    | LanguageIs
    | Spoke
    | Left
    | Complaint
    | Waits
    | Rings
    | CameBack
)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a simulated call ended. `kind`: `queue` or `extension` (`name` says which; nobody said how it went on),
    `hang up` (`name` is the reason), `hung up` (the caller), or `endless`. `mailboxes`: where messages were left."""

    kind: str
    name: str = ""
    record: bool = False
    mailboxes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """In the words of a test of a flow."""
        if self.mailboxes and self.kind in ("hang up", "hung up"):
            return f"voicemail {self.mailboxes[-1]}"
        return f"{self.kind} {self.name}".strip()

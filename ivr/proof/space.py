"""What a proof has found: the states that a call may be in, and how it comes from one to the next."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from ivr.call.effects import Returned
from ivr.call.memory import EMPTY, Memory
from ivr.call.place import Place
from ivr.proof.choices import Assumed, Choice
from ivr.site.recordings import Wished


class Goal(Enum):
    """Where a way may end that the caller is to come to."""

    PERSON = "person"  # a phone rings, or a queue
    MESSAGE = "message"  # the tone of voicemail
    END = "end"  # the call ends as the flow says


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Node:
    """A state: a step that was just entered (`returned` None), that the call comes back to (`returned`), or a point in
    the middle of it that `prefix` leads to from `base`."""

    number: int
    place: Place | None  # None: the call begins
    memory: Memory = EMPTY
    returned: Returned | None = None
    mask: int
    assumed: Assumed
    offered: bool  # a person was rung, or a message could be left
    talked: bool
    wished: Wished
    base: "Node | None" = None
    prefix: tuple[Choice, ...] = ()
    inside: object = ()  # where in its step the call is, when it was not just entered
    remembered: int = 0  # how often, since the base
    asked: bool = False  # at a question, not where the place was remembered
    channel: tuple[Place, Memory] | None = None  # what is remembered on it
    restarted: bool = False  # the server was away just before
    edges: dict[object, "Edge"] = field(default_factory=dict)
    way: "Edge | None" = None  # the first that led here

    def __repr__(self) -> str:
        return f"<state {self.number} at {'.'.join(self.at)}>"

    @property
    def ways(self) -> Iterable["Edge"]:
        """Where it goes on from here."""
        return self.edges.values()

    @property
    def at(self) -> tuple[str, str]:
        """Flow and step; empty when the call begins."""
        return (self.place.flow, self.place.step) if self.place is not None else ("", "")


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Edge:
    """A way from a state to the next, or to a goal; `choices` repeat it. `past`: a goal lies on it, so that a way to
    a goal ends before. `restart`: only because the server was away."""

    source: Node
    target: Node | None
    goal: Goal | None = None
    choices: tuple[Choice, ...] = ()
    seconds: float = 0.0
    keys: int = 0
    idle: bool = True
    acted: bool = False  # the machine begins anew to count steps
    entered: bool = False  # a step is entered at its end
    past: bool = False
    restart: bool = False

    def __repr__(self) -> str:
        return f"<way from {self.source!r} to {self.target!r}>"

"""What a proof has to say: a claim that does not hold, with an example of a call."""

from dataclasses import dataclass

from ivr.proof.choices import Choice
from ivr.proof.space import Edge, Node
from ivr.verbs.step import Path


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """An example: the call to this state, further ways, and what was answered after them."""

    node: Node
    ways: tuple[Edge, ...] = ()
    choices: tuple[Choice, ...] = ()
    gone: bool = False  # then the caller hangs up


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """A claim that does not hold at a step. `path`: the setting that it is about. `call`: None where it is about all
    calls."""

    code: str
    flow: str
    step: str
    message: str
    path: Path = ()
    call: Call | None = None

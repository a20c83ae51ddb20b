"""What an expression consists of, after it was read. `offset`: where it begins in the text, in characters."""

from dataclasses import dataclass, field

from ivr.site.values import Value


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the expression."""

    value: Value
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or one of the built-in names: `saldo`, `call.saldo`, `caller.number`, `queues.servicio.waiting`."""

    name: str
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CallerIn:
    """`caller in vip, socios`: whether one of the lists has the caller."""

    lists: tuple[Name, ...]
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class IsOpen:
    """`open(oficina)`: whether the timetable is open now."""

    timetable: Name
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`not ...`"""

    operand: "Node"
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """`... and ... and ...`: none of the parts is an And itself, unless it stood in brackets."""

    parts: tuple["Node", ...]
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """`... or ... or ...`"""

    parts: tuple["Node", ...]
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """`left sign right`; the sign is one of = != < <= > >="""

    sign: str
    left: "Node"
    right: "Node"
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class OneOf:
    """`value in a, b`"""

    value: "Node"
    choices: tuple["Node", ...]
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Matches:
    """`value starts with a, b`; `how` is starts with, ends with or contains."""

    how: str
    value: "Node"
    choices: tuple["Node", ...]
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """`value between low and high`"""

    value: "Node"
    low: "Node"
    high: "Node"
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """`- operand`"""

    operand: "Node"
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left sign right`; the sign is one of + - * /"""

    sign: str
    left: "Node"
    right: "Node"
    offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`"""

    function: str
    arguments: tuple["Node", ...]
    offset: int = field(default=0, compare=False)


Node = (
    Literal
    | Name
    | CallerIn
    | IsOpen
    | Not
    | And
    | Or
    | Compare
    | OneOf
    | Matches
    | Between
    | Negative
    | Arithmetic
    | Call
)


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside a node, from left to right."""
    match node:
        case Literal() | Name():
            return ()
        case CallerIn(lists=lists):
            return lists
        case IsOpen(timetable=timetable):
            return (timetable,)
        case Not(operand=operand) | Negative(operand=operand):
            return (operand,)
        case And(parts=inside) | Or(parts=inside):
            return inside
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case OneOf(value=value, choices=choices) | Matches(value=value, choices=choices):
            return (value, *choices)
        case Between(value=value, low=low, high=high):
            return (value, low, high)
        case Call(arguments=arguments):
            return arguments

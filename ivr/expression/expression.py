"""An expression that was read."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ivr.expression.check import Check
from ivr.expression.faults import ExpressionError
from ivr.expression.names import caller_in, fact, open_name
from ivr.expression.nodes import CallerIn, IsOpen, Name, Node, parts
from ivr.expression.show import show
from ivr.site.values import Type


@dataclass(frozen=True, slots=True)
class Mention:
    """Something of the site that an expression names: `kind` is list, queue or hours."""

    kind: str
    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression. Two are equal when their texts are: the text decides everything else."""

    text: str
    root: Node = field(compare=False, repr=False)

    def __str__(self) -> str:
        """The expression as the reference would write it: one blank, few brackets."""
        return show(self.root)

    def type(self, types: Callable[[str], Type | None], known: Iterable[str] = ()) -> Type:
        """The type of the value. `types` gives the type of a variable (`saldo`, `call.saldo`), None for one that
        there is not; `known` are the variables' names, for "did you mean". Raises the first ExpressionError."""
        check = Check(types, known)
        found = check.type_of(self.root)
        if check.errors or found is None:
            raise min(check.errors, key=lambda error: error.offset)
        return found

    def problems(
        self, types: Callable[[str], Type | None], known: Iterable[str] = (), wanted: Type | None = None
    ) -> tuple[ExpressionError, ...]:
        """Everything that is wrong with types and names, from left to right; empty = nothing. `wanted` is the type
        that the place asks for: YES_NO of a condition."""
        check = Check(types, known)
        check.wanted(self.root, wanted)
        return tuple(sorted(check.errors, key=lambda error: error.offset))

    def names(self) -> frozenset[str]:
        """What has to be known to evaluate it: variables and built-in names, `caller in LIST` and `open(TIMETABLE)`
        among them; `names.fact` takes one apart."""
        return frozenset(name for name, _ in _names(self.root))

    def variables(self) -> frozenset[str]:
        """Those of `names` that are variables."""
        return frozenset(name for name in self.names() if not fact(name).kind)

    def references(self) -> tuple[Mention, ...]:
        """The lists, queues and timetables that it names, from left to right."""
        return tuple(sorted(_mentions(self.root), key=lambda mention: mention.offset))


def _nodes(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        # A list's or a timetable's name is not the name of a value.
        if not isinstance(node, CallerIn | IsOpen):
            waiting.extend(parts(node))


def _names(root: Node) -> Iterator[tuple[str, int]]:
    for node in _nodes(root):
        match node:
            case Name(name=name):
                yield name, node.offset
            case CallerIn(lists=lists):
                yield from ((caller_in(one.name), one.offset) for one in lists)
            case IsOpen(timetable=timetable):
                yield open_name(timetable.name), timetable.offset
            case _:
                pass


_KINDS = {"caller in LIST": "list", "open(TIMETABLE)": "hours"}


def _mentions(root: Node) -> Iterator[Mention]:
    for name, offset in _names(root):
        found = fact(name)
        if found.kind.startswith("queues."):
            yield Mention("queue", found.about, offset + len("queues."))
        elif found.kind in _KINDS:
            yield Mention(_KINDS[found.kind], found.about, offset)

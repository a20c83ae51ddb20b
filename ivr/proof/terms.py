"""Conditions taken apart for a proof: what depends on the time and the number only, and what on the caller only.

Such a part has one value throughout a call, so a proof decides it once and remembers: a caller who is in a list at one
step is in it at the next. Everything else that is not known (queues, what was entered) may be either, at every step.
"""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ivr.expression import Expression
from ivr.expression.names import BUILT_INS, TODAY, caller_in, fact, open_name
from ivr.expression.nodes import Between, CallerIn, Compare, IsOpen, Matches, Name, Node, OneOf, parts
from ivr.expression.show import show
from ivr.site.values import Type

OF_THE_WORLD = frozenset({"did", "holiday", "now", TODAY, "weekday", "open(TIMETABLE)"})
OF_THE_CALLER = frozenset({"caller.number", "caller.anonymous", "caller.segment", "caller in LIST"})

_DECIDES = (Between, CallerIn, Compare, IsOpen, Matches, OneOf)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a condition, as an expression of its own; `text` names it wherever it stands."""

    text: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Prepared:
    """An expression whose parts of the world and of the caller are names: those of `world` and `caller`."""

    expression: Expression
    world: tuple[Part, ...]
    caller: tuple[Part, ...]


def prepare(expression: Expression) -> Prepared:
    """Take an expression apart."""
    world: dict[str, Part] = {}
    caller: dict[str, Part] = {}

    def reduced(node: Node) -> Node:
        if _is_condition(node):
            for names, found in ((OF_THE_WORLD, world), (OF_THE_CALLER, caller)):
                if only(node, names):
                    text = show(node)
                    found[text] = Part(text, Expression(text, node))
                    return Name(text)
        return _rebuilt(node, reduced) if not isinstance(node, CallerIn | IsOpen) else node

    root = reduced(expression.root)
    return Prepared(Expression(expression.text, root), tuple(world.values()), tuple(caller.values()))


def only(node: Node, kinds: frozenset[str]) -> bool:
    """Whether a part depends on something, and only on names of these kinds."""
    found = {fact(name).kind for name in names_in(node)}
    return bool(found) and found <= kinds


def names_in(node: Node) -> Iterator[str]:
    """The names that a part asks for."""
    waiting = [node]
    while waiting:
        match waiting.pop():
            case Name(name=name):
                yield name
            case CallerIn(lists=lists):
                yield from (caller_in(one.name) for one in lists)
            case IsOpen(timetable=timetable):
                yield open_name(timetable.name)
            case other:
                waiting.extend(parts(other))


def _is_condition(node: Node) -> bool:
    if isinstance(node, Name):
        built_in = BUILT_INS.get(node.name)
        return built_in is not None and built_in.type is Type.YES_NO
    return isinstance(node, _DECIDES)


def _rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """The node with its parts changed; the same node where none is."""
    changed: dict[str, object] = {}
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        if isinstance(value, tuple):
            changed[field.name] = tuple(change(part) for part in value)
        elif dataclasses.is_dataclass(value):
            changed[field.name] = change(value)  # type: ignore[arg-type]
    return dataclasses.replace(node, **changed) if changed else node  # type: ignore[arg-type]

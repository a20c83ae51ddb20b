"""Whether the types in an expression agree, and whether its names exist."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from ivr.expression.faults import ExpressionError
from ivr.expression.names import BUILT_INS, CALLER, FUNCTIONS, fact
from ivr.expression.nodes import (
    And,
    Arithmetic,
    Between,
    Call,
    CallerIn,
    Compare,
    IsOpen,
    Literal,
    Matches,
    Name,
    Negative,
    Node,
    Not,
    OneOf,
    Or,
    parts,
)
from ivr.expression.show import show
from ivr.site.values import Type, type_of
from ivr.text import quoted, suggestion

_ORDERED: Final = (Type.NUMBER, Type.DATE, Type.TIME)
_TRUTH: Final = {"true": "yes", "false": "no", "si": "yes", "verdadero": "yes", "falso": "no"}
_ROOTS: Final = ("caller", "lines", "queues")
_A: Final = {
    Type.TEXT: "a text",
    Type.NUMBER: "a number",
    Type.YES_NO: "yes or no",
    Type.DATE: "a date",
    Type.TIME: "a time",
}


class Check:
    """One walk through an expression. `errors` are in no order; a type is None where an error was found inside."""

    def __init__(self, types: Callable[[str], Type | None], known: Iterable[str]) -> None:
        self._types = types
        self._known = tuple(known)
        self.errors: list[ExpressionError] = []

    def wanted(self, node: Node, type: Type | None) -> Type | None:
        """The type of a node that must be this one; None = any."""
        found = self.type_of(node)
        if found is None or type is None or found is type:
            return found
        self._wrong(node, f"{_shown(node)} is {_A[found]}; {_A[type]} is needed here{_remedy(found, type)}")
        return None

    def type_of(self, node: Node) -> Type | None:
        """The type of a node."""
        match node:
            case And() | Or() | Not():
                for part in parts(node):
                    self.wanted(part, Type.YES_NO)
                return Type.YES_NO
            case CallerIn() | IsOpen():
                return Type.YES_NO
            case Compare(sign=sign, left=left, right=right):
                self._compared(left, (right,), () if sign in ("=", "!=") else _ORDERED)
                return Type.YES_NO
            case OneOf(value=value, choices=choices):
                self._compared(value, choices, (*_ORDERED, Type.TEXT))
                return Type.YES_NO
            case Between(value=value, low=low, high=high):
                self._between(value, low, high)
                return Type.YES_NO
            case Matches(value=value, choices=choices):
                for part in (value, *choices):
                    self.wanted(part, Type.TEXT)
                self._digits(value, choices)
                return Type.YES_NO
            case _:
                return self._value(node)

    def _value(self, node: Node) -> Type | None:
        match node:
            case Literal(value=value):
                return type_of(value)
            case Name():
                return self._name(node)
            case Negative(operand=operand):
                return self.wanted(operand, Type.NUMBER)
            case Arithmetic():
                return self._arithmetic(node)
            case Call():
                return self._call(node)
            case _:  # pragma: no cover
                raise AssertionError(node)

    def _wrong(self, node: Node, message: str) -> None:
        self.errors.append(ExpressionError(message, node.offset))

    def _name(self, node: Name) -> Type | None:
        kind = fact(node.name).kind
        if kind:
            return BUILT_INS[kind].type
        found = self._types(node.name)
        if found is None:
            self._wrong(node, self._unknown(node.name))
        return found

    def _unknown(self, name: str) -> str:
        """The message about a name that there is not."""
        root, _, rest = name.partition(".")
        if name == CALLER:
            return "'caller' is no value: write caller.number, caller.segment, caller.anonymous, or caller in LIST"
        if name in _TRUTH:
            return f"{quoted(name)} is no value: write {_TRUTH[name]}"
        if root == "queues" and rest.count(".") == 1:
            kinds = [kind.rpartition(".")[2] for kind in BUILT_INS if kind.startswith("queues.")]
            queue, _, figure = rest.partition(".")
            return f"a queue ({quoted(queue)}) has no {quoted(figure)}{suggestion(figure, kinds, '')}"
        plain = [built_in for built_in in BUILT_INS if built_in.replace(".", "_").isidentifier()]
        if root in _ROOTS:
            inside = [one for one in BUILT_INS if one.startswith(f"{root}.")]
            return f"there is no {quoted(name)}{suggestion(name, inside, '')}"
        known = [one for one in (*self._known, *plain) if "QUEUE" not in one]
        return (
            f"{quoted(name)} is neither a variable here nor a built-in name (a text stands in double quotes)"
            f"{suggestion(name, known, '')}"
        )

    def _compared(self, value: Node, others: tuple[Node, ...], types: tuple[Type, ...]) -> None:
        """All must have the type of the first, which must be one of `types` when there are any."""
        first = self.type_of(value)
        if first is not None and types and first not in types:
            self._wrong(value, f"{_shown(value)} is {_A[first]}: {_REMEDIES[first]}")
            first = None
        for other in others:
            second = self.type_of(other)
            if first is not None and second is not None and first is not second:
                self._wrong(
                    other,
                    f"{_shown(value)} is {_A[first]} and {_shown(other)} is {_A[second]}: they cannot be compared"
                    f"{_remedy(second, first)}",
                )
        self._possible(value, others)
        self._digits(value, others)

    def _possible(self, value: Node, others: tuple[Node, ...]) -> None:
        """Texts that a built-in name can never be."""
        for one, other in _pairs(value, others):
            match one, other:
                case Name(name=name), Literal(value=str(text)) if name in BUILT_INS:
                    choices = BUILT_INS[name].choices
                    if choices and text not in choices:
                        self._wrong(other, f"{quoted(name)} is never {quoted(text)}{suggestion(text, choices, '')}")

    def _digits(self, value: Node, others: tuple[Node, ...]) -> None:
        """Texts that can be no part of a caller's number."""
        for one, other in _pairs(value, others):
            match one, other:
                case Name(name="caller.number"), Literal(value=str(text)) if not re.fullmatch("[0-9]*", text):
                    self._wrong(
                        other,
                        "the caller's number has only digits: the country's code, and no +: write \"573001\"",
                    )

    def _between(self, value: Node, low: Node, high: Node) -> None:
        self._compared(value, (low, high), _ORDERED)
        match low, high:
            case Literal(value=first), Literal(value=last) if type_of(first) is type_of(last):
                if type_of(first) is Type.TIME and first == last:
                    self._wrong(
                        low,
                        f"nothing lies between {show(low)} and {show(high)}, whose end is excluded: write a later end",
                    )
                elif type_of(first) in (Type.NUMBER, Type.DATE) and first > last:  # type: ignore[operator]
                    self._wrong(
                        low,
                        f"nothing lies between {show(low)} and {show(high)}:"
                        f" write the lower one first: between {show(high)} and {show(low)}",
                    )

    def _arithmetic(self, node: Arithmetic) -> Type | None:
        sign, left, right = node.sign, node.left, node.right
        if sign in ("*", "/"):
            found = (self.wanted(left, Type.NUMBER), self.wanted(right, Type.NUMBER))
            if sign == "/" and isinstance(right, Literal) and right.value == Decimal(0):
                self._wrong(right, "a number cannot be divided by 0: write another divisor")
            return Type.NUMBER if None not in found else None
        first, second = self.type_of(left), self.type_of(right)
        if first is None or second is None:
            return None
        if (first, sign, second) in _SUMS:
            return first
        if (first, sign, second) == (Type.DATE, "-", Type.DATE):
            remedy = f"write days({show(right)}, {show(left)})"
        elif Type.TEXT in (first, second):
            remedy = "write number(...), which makes a number of a text, text(...) a text of a number"
        else:
            remedy = "write two numbers; texts can be joined by +, and days be added to a date"
        word = "added" if sign == "+" else "subtracted"
        self._wrong(right, f"{_A[first]} and {_A[second]} cannot be {word}: {remedy}")
        return None

    def _call(self, node: Call) -> Type | None:
        function = FUNCTIONS.get(node.function)
        if function is None:
            name = node.function
            self._wrong(node, f"there is no function {quoted(name)}{suggestion(name, [*FUNCTIONS, 'open'], '')}")
            return None
        if len(node.arguments) != len(function.arguments):
            self._wrong(
                node, f"{quoted(node.function)} is written {function.written(node.function)}: correct its arguments"
            )
            return function.type
        for argument, kind in zip(node.arguments, function.arguments, strict=True):
            self.wanted(argument, kind)
        return function.type


_SUMS: Final = frozenset(
    {(Type.NUMBER, sign, Type.NUMBER) for sign in "+-"}
    | {(Type.DATE, sign, Type.NUMBER) for sign in "+-"}
    | {(Type.TEXT, "+", Type.TEXT)}
)
"""What can be added and subtracted; the sum has the type of the first."""

_REMEDIES: Final = {
    Type.TEXT: "texts have no order: use =, !=, in, starts with, ends with, contains; number(...) makes a number",
    Type.YES_NO: "write it alone, or with 'not' before it",
}


def _shown(node: Node) -> str:
    return quoted(show(node))


def _pairs(value: Node, others: tuple[Node, ...]) -> list[tuple[Node, Node]]:
    return [pair for other in others for pair in ((value, other), (other, value))]


def _remedy(found: Type, wanted: Type) -> str:
    """How to make the wanted type of the found one."""
    match found, wanted:
        case (Type.TEXT, Type.NUMBER):
            return "; write number(...), which makes a number of a text"
        case (Type.NUMBER, Type.TEXT):
            return "; write digits that are a text in double quotes; text(...) makes a text of a number"
        case (Type.TEXT, Type.DATE):
            return "; write a date without quotes: 2026-12-24"
        case (Type.TEXT | Type.NUMBER, Type.TIME):
            return "; write a time without quotes: 08:00"
        case (Type.TEXT, Type.YES_NO):
            return "; write yes or no without quotes"
        case (_, Type.YES_NO):
            return "; compare it, for example by = or <"
    return "; write another value, or another comparison"

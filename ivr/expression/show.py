"""Writes nodes as an expression again, with as few brackets as possible."""

from datetime import time
from typing import Final

from ivr.expression.names import caller_in, open_name
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
)
from ivr.site.values import as_text

# How strongly what stands beside it holds a node together.
_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGNED, _ATOM = range(8)

_ARITHMETIC: Final = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}


def show(node: Node) -> str:
    """The expression, in the form that the reference uses. Reading it again gives the same nodes."""
    return _logic(node)[0]


def _inside(node: Node, least: int) -> str:
    text, strength = _logic(node)
    return text if strength >= least else f"({text})"


def _list(nodes: tuple[Node, ...]) -> str:
    return ", ".join(_inside(node, _SUM) for node in nodes)


def _logic(node: Node) -> tuple[str, int]:
    match node:
        case Or(parts=parts):
            return " or ".join(_inside(part, _AND) for part in parts), _OR
        case And(parts=parts):
            return " and ".join(_inside(part, _NOT) for part in parts), _AND
        case Not(operand=operand):
            return f"not {_inside(operand, _NOT)}", _NOT
        case CallerIn(lists=lists):
            return caller_in(", ".join(name.name for name in lists)), _COMPARISON
        case Compare(sign=sign, left=left, right=right):
            return f"{_inside(left, _SUM)} {sign} {_inside(right, _SUM)}", _COMPARISON
        case OneOf(value=value, choices=choices):
            return f"{_inside(value, _SUM)} in {_list(choices)}", _COMPARISON
        case Matches(how=how, value=value, choices=choices):
            return f"{_inside(value, _SUM)} {how} {_list(choices)}", _COMPARISON
        case Between(value=value, low=low, high=high):
            return f"{_inside(value, _SUM)} between {_inside(low, _SUM)} and {_inside(high, _SUM)}", _COMPARISON
        case _:
            return _value(node)


def _value(node: Node) -> tuple[str, int]:
    match node:
        case Arithmetic(sign=sign, left=left, right=right):
            strength = _ARITHMETIC[sign]
            return f"{_inside(left, strength)} {sign} {_inside(right, strength + 1)}", strength
        case Negative(operand=operand):
            return f"-{_inside(operand, _SIGNED)}", _SIGNED
        case Call(function=function, arguments=arguments):
            return f"{function}({_list(arguments)})", _ATOM
        case IsOpen(timetable=timetable):
            return open_name(timetable.name), _ATOM
        case Name(name=name):
            return name, _ATOM
        case Literal(value=str(text)):
            return f'"{text}"', _ATOM
        case Literal(value=time() as value):
            return value.strftime("%H:%M"), _ATOM
        case Literal(value=value):
            return as_text(value), _ATOM
        case _:  # pragma: no cover
            raise AssertionError(node)

"""Makes nodes of what the grammar recognises."""

import re
from datetime import date, time
from decimal import Decimal
from typing import Final

from lark import Token, Transformer, v_args

from ivr.expression.faults import ExpressionError
from ivr.expression.names import CALLER, CALLER_NUMBER, TODAY
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
from ivr.site.values import LONGEST_NUMBER, LONGEST_TEXT
from ivr.text import quoted

_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@v_args(inline=True)
class Builder(Transformer[Token, Node]):
    """One method for each rule of the grammar; lark calls them from the inside to the outside."""

    def either(self, *parts: Node) -> Node:
        return Or(parts, parts[0].offset)

    def both(self, *parts: Node) -> Node:
        return And(parts, parts[0].offset)

    def opposite(self, operand: Node) -> Node:
        return Not(operand, operand.offset)

    def compare(self, left: Node, sign: Token, right: Node) -> Node:
        return Compare(str(sign), left, right, left.offset)

    def items(self, *items: Node) -> tuple[Node, ...]:
        return items

    def one_of(self, value: Node, choices: tuple[Node, ...]) -> Node:
        if isinstance(value, Name) and value.name == CALLER:
            return CallerIn(tuple(_list_name(choice) for choice in choices), value.offset)
        return OneOf(value, choices, value.offset)

    def none_of(self, value: Node, choices: tuple[Node, ...]) -> Node:
        return Not(self.one_of(value, choices), value.offset)

    def matches(self, value: Node, how: Token, choices: tuple[Node, ...]) -> Node:
        if isinstance(value, Name) and value.name == CALLER:
            value = Name(CALLER_NUMBER, value.offset)
        return Matches(" ".join(how.split()), value, choices, value.offset)

    def between(self, value: Node, low: Node, high: Node) -> Node:
        return Between(value, low, high, value.offset)

    def outside(self, value: Node, low: Node, high: Node) -> Node:
        return Not(Between(value, low, high, value.offset), value.offset)

    def arithmetic(self, left: Node, sign: Token, right: Node) -> Node:
        return Arithmetic(str(sign), left, right, left.offset)

    def negative(self, sign: Token, operand: Node) -> Node:
        return Negative(operand, _offset(sign))

    def text(self, token: Token) -> Node:
        if len(token) - 2 > LONGEST_TEXT:
            raise ExpressionError(f"a text has at most {LONGEST_TEXT} characters; shorten it", _offset(token))
        return Literal(str(token[1:-1]), _offset(token))

    def number(self, token: Token) -> Node:
        whole, _, decimals = token.partition(".")
        if len(whole) > 1 and whole.startswith("0"):
            raise ExpressionError(
                f'{quoted(token)} begins with 0: write digits that are no amount as a text, "{token[:20]}"',
                _offset(token),
            )
        if len(whole) + len(decimals) > LONGEST_NUMBER:
            raise ExpressionError(
                f"a number has at most {LONGEST_NUMBER} digits; write a shorter one, or a text in quotes",
                _offset(token),
            )
        return Literal(Decimal(str(token)), _offset(token))

    def date(self, token: Token) -> Node:
        try:
            return Literal(date.fromisoformat(token), _offset(token))
        except ValueError:
            message = f"{quoted(token)} is not a date: write year-month-day, for example 2026-12-24"
            raise ExpressionError(message, _offset(token)) from None

    def time(self, token: Token) -> Node:
        hours, _, minutes = token.partition(":")
        try:
            return Literal(time(int(hours), int(minutes)), _offset(token))
        except ValueError:
            message = f"{quoted(token)} is not a time of the day: write 00:00 to 23:59"
            raise ExpressionError(message, _offset(token)) from None

    def yes(self, token: Token) -> Node:
        return Literal(True, _offset(token))

    def no(self, token: Token) -> Node:
        return Literal(False, _offset(token))

    def name(self, token: Token) -> Node:
        if any(_WORD.fullmatch(part) is None for part in token.split(".")):
            raise ExpressionError(
                f"{quoted(token)} is no name: write small letters without accents, digits and _;"
                f" a text stands in double quotes",
                _offset(token),
            )
        return Name(str(token), _offset(token))

    def call(self, function: Token, arguments: tuple[Node, ...] = ()) -> Node:
        name = " ".join(function.split())
        offset = _offset(function)
        if name == "open":
            if len(arguments) != 1 or not _plain(arguments[0]):
                raise ExpressionError(
                    "'open' asks for one timetable of hours.yaml: write for example open(oficina)", offset
                )
            return IsOpen(_name_in(arguments[0]), offset)
        if name == "days until" and len(arguments) == 1:
            return Call("days", (Name(TODAY, offset), *arguments), offset)
        return Call(name, arguments, offset)


def _offset(token: Token) -> int:
    return token.start_pos or 0


def _plain(node: Node) -> bool:
    return isinstance(node, Name) and "." not in node.name


def _name_in(node: Node) -> Name:
    assert isinstance(node, Name)
    return node


def _list_name(node: Node) -> Name:
    if not _plain(node):
        raise ExpressionError(
            "names of lists (lists.yaml) stand without quotes: write for example caller in vip;"
            ' for numbers write caller starts with "57300", or caller.number in "573001234567"',
            node.offset,
        )
    return _name_in(node)

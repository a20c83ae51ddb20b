"""Reads an expression."""

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ivr.expression.expression import Expression
from ivr.expression.faults import ExpressionError
from ivr.expression.grammar import reader
from ivr.expression.mistakes import operator_missing, strange_character, value_missing
from ivr.expression.nodes import Node, parts

if TYPE_CHECKING:
    from lark import UnexpectedToken

LONGEST: Final = 500
"""Characters of an expression."""

DEEPEST: Final = 50
"""How many operators and functions may stand inside each other."""


@lru_cache(maxsize=2048)
def parse(text: str) -> Expression:
    """The expression that the text is. Raises ExpressionError, whose message says what to write instead."""
    from lark import UnexpectedCharacters, UnexpectedToken

    if len(text) > LONGEST:
        raise ExpressionError(
            f"an expression has at most {LONGEST} characters: set a variable to a part of it in a step before", LONGEST
        )
    if not text.strip():
        raise ExpressionError("an expression is missing here: write for example saldo > 0", 0)
    try:
        root: Node = reader().parse(text)  # type: ignore[assignment]
    except UnexpectedCharacters as error:
        offset = error.pos_in_stream or 0
        raise ExpressionError(strange_character(text, offset), offset) from None
    except UnexpectedToken as error:
        raise _unexpected(text, error) from None
    if _depth(root) > DEEPEST:
        raise ExpressionError(
            f"more than {DEEPEST} operators inside each other: set a variable to a part of it in a step before",
            root.offset,
        )
    return Expression(text, root)


def _unexpected(text: str, error: "UnexpectedToken") -> ExpressionError:
    ended = error.token.type == "$END"
    offset = len(text.rstrip()) if ended else error.token.start_pos or 0
    found = "" if ended else str(error.token)
    missing = value_missing if "WORD" in error.expected else operator_missing
    return ExpressionError(missing(text, offset, found), offset)


def _depth(root: Node) -> int:
    deepest, level = 0, [root]
    while level:
        deepest += 1
        level = [part for node in level for part in parts(node)]
    return deepest

"""What is wrong with an expression, and what it could not compute."""

import difflib
from collections.abc import Iterable

from ivr.text import quoted


class ExpressionError(ValueError):
    """An expression that cannot be used. `message` says what to write instead, for an administrator; `offset` counts
    the characters before the place, from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class EvaluationError(ValueError):
    """An expression that has no value now: a variable without a value, a division by zero, a text that is no number.

    `message` names words of the expression only, never a value: callers enter values, and this goes into logs.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a message about a word that is not known: the one that was meant, else all there are."""
    words = list(dict.fromkeys(known))
    near = difflib.get_close_matches(word.lower()[:80], words, 1, 0.6)
    if near:
        return f"; did you mean {quoted(near[0])}?"
    shown = ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")
    return f"; there are: {shown}" if words else ""

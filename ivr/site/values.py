"""The values that a flow's variables hold, and their types."""

from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Final

Value = str | Decimal | bool | date | time
"""What a variable holds. Numbers are exact: money is among them."""


class Type(Enum):
    """A variable's type, in an administrator's words."""

    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes or no"
    DATE = "date"
    TIME = "time"


class Unknown:
    """The value of what is not known beforehand: a proof follows a call without knowing what the caller will enter."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("an unknown value is neither yes nor no")


UNKNOWN: Final = Unknown()


def type_of(value: Value) -> Type:
    """The type that a value has."""
    if isinstance(value, bool):
        return Type.YES_NO
    if isinstance(value, str):
        return Type.TEXT
    if isinstance(value, Decimal):
        return Type.NUMBER
    return Type.DATE if isinstance(value, date) else Type.TIME


def as_text(value: Value) -> str:
    """The value as it is written in a flow, and as it is kept: `1234.50`, `yes`, `2026-12-24`, `08:00`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else value.strftime("%H:%M")


LONGEST_TEXT: Final = 200
"""Characters of a text that a variable holds: it travels on the caller's channel."""

LONGEST_NUMBER: Final = 18
"""Digits of a number."""


def from_text(text: str, type: Type) -> Value:
    """Read what `as_text` wrote, or what a file or another system says. Raises ValueError for anything else."""
    match type:
        case Type.TEXT:
            if len(text) > LONGEST_TEXT:
                raise ValueError(f"longer than {LONGEST_TEXT} characters")
            if any("\ud800" <= c <= "\udfff" for c in text):  # half a character: JSON may say so, no channel carries it
                raise ValueError("not text")
            return text
        case Type.NUMBER:
            return _number(text.strip())
        case Type.YES_NO:
            if text not in ("yes", "no"):
                raise ValueError("neither yes nor no")
            return text == "yes"
        case Type.DATE:
            return date.fromisoformat(text)
        case Type.TIME:
            found = time.fromisoformat(text)
            if found.tzinfo is not None:
                raise ValueError("a time of the day has no zone")
            return found.replace(second=0, microsecond=0)


def _number(text: str) -> Decimal:
    digits = text.removeprefix("-")
    whole, _, decimals = digits.partition(".")
    if not (whole.isascii() and whole.isdecimal()) or (decimals and not (decimals.isascii() and decimals.isdecimal())):
        raise ValueError("not a number")
    if len(whole) + len(decimals) > LONGEST_NUMBER:
        raise ValueError(f"more than {LONGEST_NUMBER} digits")
    return Decimal(text)

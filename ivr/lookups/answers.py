"""What a source says, turned into the values that were declared. Pure."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from ivr.lookups.errors import LookUpFailed
from ivr.site.look_ups import Answer, IsEmpty, StatusIs
from ivr.site.values import LONGEST_NUMBER, Type, Value, from_text

_YES = frozenset({"yes", "true", "1", "si", "sí", "s", "y", "t"})
_NO = frozenset({"no", "false", "0", "n", "f"})


class _Missing:
    """There is nothing at this path."""


MISSING = _Missing()


def pick(document: Any, path: str) -> Any:
    """What stands at a path like `data.0.balance`; the empty path is the whole. MISSING when there is nothing."""
    current = document
    for part in path.split(".") if path else ():
        if isinstance(current, Mapping) and part in current:
            current = current[part]
        elif isinstance(current, list) and part.isascii() and part.isdecimal() and int(part) < len(current):
            current = current[int(part)]
        else:
            return MISSING
    return current


def is_empty(found: Any) -> bool:
    """Missing, null, or a text, list or object with nothing in it. Zero and false are values."""
    return found is MISSING or found is None or (isinstance(found, str | list | Mapping) and len(found) == 0)


def nothing_found(conditions: Iterable[StatusIs | IsEmpty], document: Any) -> bool:
    """Whether an answer says, by one of its empty parts, that nothing was found."""
    return any(isinstance(c, IsEmpty) and is_empty(pick(document, c.path)) for c in conditions)


def values_of(answers: Mapping[str, Answer], find: Callable[[str], Any]) -> Mapping[str, Value]:
    """The declared answers. `find` gives what stands at a path or in a column. Raises LookUpFailed."""
    return {name: _value(name, answer, find(answer.where)) for name, answer in answers.items()}


def _value(name: str, answer: Answer, found: Any) -> Value:
    if found is MISSING or found is None or (found == "" and answer.type is not Type.TEXT):
        if answer.otherwise is None:
            raise LookUpFailed(f"the answer has nothing for '{name}'; write 'else' and a value if that may be so")
        return answer.otherwise
    try:
        return _CONVERT[answer.type](found)
    except (ValueError, InvalidOperation, ArithmeticError):
        raise LookUpFailed(
            f"what the answer has for '{name}' is no {answer.type.value} that a variable holds"
        ) from None


def _text(found: Any) -> Value:
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, int | float | Decimal):
        return _digits(found)
    if isinstance(found, date | time):
        return found.isoformat()
    if not isinstance(found, str):
        raise ValueError("neither text nor number")
    return from_text(found, Type.TEXT)


def _number(found: Any) -> Value:
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal | str):
        raise ValueError("not a number")
    return from_text(found if isinstance(found, str) else _digits(found), Type.NUMBER)


def _digits(found: int | float | Decimal) -> str:
    """The digits of a number, without an exponent; one too long for a variable is refused before it is written out."""
    exact = found if isinstance(found, Decimal) else Decimal(str(found)) if isinstance(found, float) else None
    if exact is None:
        if abs(int(found)) >= 10**LONGEST_NUMBER:
            raise ValueError("too many digits")
        return str(found)
    if not exact.is_finite() or abs(exact.adjusted()) > LONGEST_NUMBER or exact.as_tuple().exponent < -LONGEST_NUMBER:  # type: ignore[operator]
        raise ValueError("too many digits")
    return format(exact, "f")


def _yes_or_no(found: Any) -> Value:
    word = str(found).strip().lower() if isinstance(found, bool | int | str) else ""
    if word not in _YES | _NO:
        raise ValueError("neither yes nor no")
    return word in _YES


def _date(found: Any) -> Value:
    """A day, also that of a moment: APIs write 2026-12-24T10:00:00Z where they mean the day."""
    if isinstance(found, datetime):
        return found.date()
    return found if isinstance(found, date) else date.fromisoformat(_moment(found)[0])


def _time(found: Any) -> Value:
    if isinstance(found, datetime):
        found = found.time()
    if isinstance(found, time):
        return found.replace(second=0, microsecond=0, tzinfo=None)
    day, clock = _moment(found)
    return from_text((clock or day)[:5], Type.TIME)


def _moment(found: Any) -> tuple[str, str]:
    if not isinstance(found, str):
        raise ValueError("not a moment")
    day, _, clock = found.strip().replace(" ", "T").partition("T")
    return day, clock


_CONVERT: Mapping[Type, Callable[[Any], Value]] = {
    Type.TEXT: _text,
    Type.NUMBER: _number,
    Type.YES_NO: _yes_or_no,
    Type.DATE: _date,
    Type.TIME: _time,
}

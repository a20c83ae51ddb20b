"""Sums and functions. Numbers are exact decimals and stay small enough to be kept: 18 digits, 9 of them decimals."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from typing import Final

from ivr.expression.faults import EvaluationError
from ivr.expression.names import FUNCTIONS
from ivr.site.values import LONGEST_NUMBER, LONGEST_TEXT, UNKNOWN, Type, Unknown, Value, from_text, type_of

MOST_DECIMALS: Final = 9

_CONTEXT: Final = Context(prec=40, rounding=ROUND_HALF_EVEN, Emin=-999, Emax=999, traps=[])


def bounded(number: Decimal, offset: int) -> Decimal:
    """The number as it can be kept: at most 9 decimals, and 18 digits in all; decimals that do not fit are rounded.
    Raises EvaluationError when its whole part has more than 18 digits."""
    if not number.is_finite() or (number and number.adjusted() >= LONGEST_NUMBER):
        raise EvaluationError(f"a number with more than {LONGEST_NUMBER} digits", offset)
    digits = max(number.adjusted(), 0) + 1 if number else 1
    decimals = min(MOST_DECIMALS, LONGEST_NUMBER - digits)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # of a finite number it is
    if -decimals <= exponent <= 0:
        return number if number else number.copy_abs()
    # Rounding up may add a digit in front, which leaves room for one less behind.
    kept = Decimal(1).scaleb(-decimals if exponent < 0 else 0)
    return bounded(number.quantize(kept, context=_CONTEXT), offset)


def negated(value: Value | Unknown, offset: int) -> Value | Unknown:
    """The value of `-x`."""
    if isinstance(value, Unknown):
        return UNKNOWN
    if not isinstance(value, Decimal):
        raise EvaluationError("only a number can be negative", offset)
    return bounded(_CONTEXT.minus(value), offset)


def combined(sign: str, left: Value | Unknown, right: Value | Unknown, offset: int) -> Value | Unknown:
    """The value of `left sign right`."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return _number(sign, left, right, offset)
    if isinstance(left, date) and isinstance(right, Decimal) and sign in ("+", "-"):
        return _moved(left, right if sign == "+" else -right, offset)
    if isinstance(left, str) and isinstance(right, str) and sign == "+":
        if len(left) + len(right) > LONGEST_TEXT:
            raise EvaluationError(f"a text of more than {LONGEST_TEXT} characters", offset)
        return left + right
    raise EvaluationError(f"values of these types have no {sign!r}", offset)


def _number(sign: str, left: Decimal, right: Decimal, offset: int) -> Decimal:
    if sign == "/" and not right:
        raise EvaluationError("a division by zero", offset)
    operation = {"+": _CONTEXT.add, "-": _CONTEXT.subtract, "*": _CONTEXT.multiply, "/": _CONTEXT.divide}[sign]
    return bounded(operation(left, right), offset)


def _moved(day: date, days: Decimal, offset: int) -> date:
    if days != days.to_integral_value():
        raise EvaluationError("only whole days can be added to a date", offset)
    try:
        return day + timedelta(days=int(days))
    except OverflowError:
        raise EvaluationError("a date after the year 9999 or before the year 1", offset) from None


def called(function: str, arguments: tuple[Value | Unknown, ...], offset: int) -> Value | Unknown:
    """The value of a function of `names.FUNCTIONS`."""
    known = [argument for argument in arguments if not isinstance(argument, Unknown)]
    if len(known) < len(arguments):
        return UNKNOWN
    signature = FUNCTIONS.get(function)
    if (
        signature is None
        or function not in _COMPUTED
        or signature.arguments != tuple(type_of(value) for value in known)
    ):
        raise EvaluationError(f"{function!r} is no function of these values", offset)
    return _COMPUTED[function](*known, offset)


def _length(text: str, offset: int) -> Value:
    return Decimal(len(text))


def _to_number(text: str, offset: int) -> Value:
    try:
        number = from_text(text, Type.NUMBER)
    except ValueError:
        raise EvaluationError("number(...) of a text that is no number", offset) from None
    assert isinstance(number, Decimal)
    return bounded(number, offset)


def _to_text(number: Decimal, offset: int) -> Value:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _round(number: Decimal, offset: int) -> Value:
    return bounded(number.quantize(Decimal(1), rounding=ROUND_HALF_UP, context=_CONTEXT), offset)


def _lower(text: str, offset: int) -> Value:
    return text.lower()[:LONGEST_TEXT]


def _days(first: date, last: date, offset: int) -> Value:
    return Decimal((last - first).days)


_COMPUTED: Final[Mapping[str, Callable[..., Value]]] = {
    "length": _length,
    "number": _to_number,
    "text": _to_text,
    "round": _round,
    "lower": _lower,
    "days": _days,
}

"""The value of an expression, with three answers: yes, no, and not known (Kleene's strong logic)."""

from collections.abc import Callable, Iterable
from datetime import date, time
from decimal import Decimal

from ivr.expression.arithmetic import bounded, called, combined, negated
from ivr.expression.expression import Expression
from ivr.expression.faults import EvaluationError
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
from ivr.site.values import UNKNOWN, Unknown, Value, type_of
from ivr.text import quoted

Answer = bool | Unknown


def evaluate(expression: Expression, value_of: Callable[[str], Value | Unknown]) -> Value | Unknown:
    """The value. `value_of` gives the value of each of `Expression.names`, UNKNOWN for what is not known beforehand,
    and raises KeyError for a variable that has none yet. What the answer does not depend on is not asked for:
    nothing after a `no` in `and`, or after a `yes` in `or`.

    Raises EvaluationError. An UNKNOWN answer means: whatever the unknown values are, it may be either.
    """
    return _Evaluation(value_of).of(expression.root)


class _Evaluation:
    def __init__(self, value_of: Callable[[str], Value | Unknown]) -> None:
        self._value_of = value_of

    def of(self, node: Node) -> Value | Unknown:
        match node:
            case Or(parts=parts):
                return _any(self._answer(part) for part in parts)
            case And(parts=parts):
                return _not(_any(_not(self._answer(part)) for part in parts))
            case Not(operand=operand):
                return _not(self._answer(operand))
            case CallerIn(lists=lists):
                return _any(self._known_answer(caller_in(one.name), one) for one in lists)
            case IsOpen(timetable=timetable):
                return self._known_answer(open_name(timetable.name), timetable)
            case Compare(sign=sign, left=left, right=right):
                return _compared(sign, self.of(left), self.of(right), right)
            case OneOf(value=value, choices=choices):
                found = self.of(value)
                return _any(_compared("=", found, self.of(choice), choice) for choice in choices)
            case Matches(how=how, value=value, choices=choices):
                found = self.of(value)
                return _any(_matched(how, found, self.of(choice), choice) for choice in choices)
            case Between(value=value, low=low, high=high):
                return _between(self.of(value), self.of(low), self.of(high), node)
            case _:
                return self._value(node)

    def _value(self, node: Node) -> Value | Unknown:
        match node:
            case Literal(value=value):
                return value
            case Name(name=name):
                return self._known(name, node)
            case Negative(operand=operand):
                return negated(self.of(operand), node.offset)
            case Arithmetic(sign=sign, left=left, right=right):
                return combined(sign, self.of(left), self.of(right), right.offset)
            case Call(function=function, arguments=arguments):
                return called(function, tuple(self.of(argument) for argument in arguments), node.offset)
            case _:  # pragma: no cover
                raise AssertionError(node)

    def _known(self, name: str, node: Node) -> Value | Unknown:
        try:
            found = self._value_of(name)
        except KeyError:
            raise EvaluationError(f"{quoted(name)} has no value yet", node.offset) from None
        return bounded(found, node.offset) if isinstance(found, Decimal) else found

    def _known_answer(self, name: str, node: Node) -> Answer:
        return _as_answer(self._known(name, node), node)

    def _answer(self, node: Node) -> Answer:
        return _as_answer(self.of(node), node)


def _as_answer(found: Value | Unknown, node: Node) -> Answer:
    if isinstance(found, bool | Unknown):
        return found
    raise EvaluationError("neither yes nor no", node.offset)


def _not(answer: Answer) -> Answer:
    return answer if isinstance(answer, Unknown) else not answer


def _any(answers: Iterable[Answer]) -> Answer:
    """Yes if one is yes; else unknown if one is unknown; else no. Stops at the first yes."""
    result: Answer = False
    for answer in answers:
        if isinstance(answer, Unknown):
            result = UNKNOWN
        elif answer:
            return True
    return result


def _compared(sign: str, left: Value | Unknown, right: Value | Unknown, node: Node) -> Answer:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if type_of(left) is not type_of(right):
        raise EvaluationError("values of two types cannot be compared", node.offset)
    if sign in ("=", "!="):
        return (left == right) is (sign == "=")
    match left, right:
        case (Decimal(), Decimal()) | (date(), date()) | (time(), time()):
            order = -1 if left < right else int(left > right)  # type: ignore[operator]
            return order in _SIGNS[sign]
    raise EvaluationError("only numbers, dates and times have an order", node.offset)


_SIGNS = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}


def _between(value: Value | Unknown, low: Value | Unknown, high: Value | Unknown, node: Node) -> Answer:
    """Numbers and dates with both ends; times without the second, as in timetables, and over midnight if need be."""
    if not any(isinstance(end, time) for end in (low, high, value)):
        after = _compared(">=", value, low, node)
        return _not(_any((_not(after), _not(_compared("<=", value, high, node)))))
    after, before = _compared(">=", value, low, node), _compared("<", value, high, node)
    overnight = _compared(">", low, high, node)
    if isinstance(overnight, Unknown):
        return UNKNOWN
    return _any((after, before)) if overnight else _not(_any((_not(after), _not(before))))


def _matched(how: str, value: Value | Unknown, part: Value | Unknown, node: Node) -> Answer:
    if isinstance(value, Unknown) or isinstance(part, Unknown):
        return UNKNOWN
    if not isinstance(value, str) or not isinstance(part, str):
        raise EvaluationError(f"{quoted(how)} asks for texts", node.offset)
    if how == "contains":
        return part in value
    return value.startswith(part) if how == "starts with" else value.endswith(part)

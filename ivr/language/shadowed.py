"""Conditions of a branch that can never be the first that holds, whatever the values are.

All conditions are computed for every combination of the values that they compare with, values between them, and others.
That is complete for names compared with what stands in the file; branches that compute more are left to `ivr prove`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from math import prod

from ivr.expression import EvaluationError, Expression, evaluate
from ivr.expression.names import BUILT_INS, caller_in, fact, open_name
from ivr.expression.nodes import (
    And,
    Between,
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
from ivr.language.problems import Place, Problem
from ivr.site.values import Type, Value
from ivr.text import quoted
from ivr.verbs.branch import Branch
from ivr.verbs.step import Path, Step

MOST_COMBINATIONS = 1_000

_FOLLOWED = (And, Or, Not, Compare, OneOf, Between, Matches, Name, Literal, Negative, CallerIn, IsOpen)
_OTHER = "otro valor"


def shadowed_problems(
    steps: Mapping[str, Step], types: Mapping[str, Type], within: Callable[[str, Path, int], Place]
) -> Iterator[Problem]:
    """Each condition that only the ones before it leave nothing for. `types`: of the variables."""
    for name, step in steps.items():
        if isinstance(step, Branch):
            conditions = [way.when for way in step.ways]
            for index in never_first(conditions, types):
                message = f"{quoted(conditions[index].text)} can never hold here" + (
                    ", after the conditions before it; put it before them, or delete it"
                    if index
                    else "; correct it, or delete it"
                )
                yield Problem.at(within(name, ("branch", index, "when"), 0), "FLOW062", message)


def never_first(conditions: Sequence[Expression], types: Mapping[str, Type]) -> tuple[int, ...]:
    """The indexes of the conditions that are never the first that holds; none where that cannot be known."""
    nodes = [node for condition in conditions for node in _all(condition.root)]
    if not all(isinstance(node, _FOLLOWED) for node in nodes):
        return ()
    candidates = _candidates(nodes, types)
    if candidates is None or prod(map(len, candidates.values())) > MOST_COMBINATIONS:
        return ()
    left = set(range(len(conditions)))
    for values in product(*candidates.values()):
        known = dict(zip(candidates, values, strict=True))
        try:
            left.discard(next((i for i, c in enumerate(conditions) if evaluate(c, known.__getitem__) is True), -1))
        except EvaluationError:
            return ()
        if not left:
            break
    return tuple(sorted(left))


def _all(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, CallerIn | IsOpen):
            waiting.extend(parts(node))


def _candidates(nodes: Sequence[Node], types: Mapping[str, Type]) -> dict[str, list[Value]] | None:
    """For each name the values to try; None when a name is of no known type."""
    literals = [node.value for node in nodes if isinstance(node, Literal)]
    if any(isinstance(node, Negative) for node in nodes):
        literals += [-value for value in literals if isinstance(value, Decimal)]
    found: dict[str, list[Value]] = {}
    for node in nodes:
        match node:
            case CallerIn(lists=lists):
                found.update({caller_in(one.name): [True, False] for one in lists})
            case IsOpen(timetable=timetable):
                found[open_name(timetable.name)] = [True, False]
            case Name(name=name) if name not in found:
                values = _values(name, types, literals)
                if values is None:
                    return None
                found[name] = values
            case _:
                pass
    return found


def _values(name: str, types: Mapping[str, Type], literals: Sequence[Value]) -> list[Value] | None:
    built_in = BUILT_INS.get(fact(name).kind)
    kind = built_in.type if built_in is not None else types.get(name)
    if built_in is not None and built_in.choices:
        return list(built_in.choices)
    match kind:
        case Type.YES_NO:
            return [True, False]
        case Type.NUMBER:
            return list(_numbers(sorted({value for value in literals if isinstance(value, Decimal)})))
        case Type.TEXT:
            texts = sorted({value for value in literals if isinstance(value, str)})
            return list(dict.fromkeys(["", _OTHER, *texts, *(a + b for a in [*texts, "0"] for b in [*texts, "0"])]))
        case Type.DATE:
            days = {value for value in literals if isinstance(value, date)} or {date(2026, 1, 1)}
            return sorted({day + timedelta(days=late) for day in days for late in (-2, -1, 0, 1, 2)})
        case Type.TIME:
            return list(_times({value for value in literals if isinstance(value, time)}))
    return None


def _numbers(literals: Sequence[Decimal]) -> Iterator[Decimal]:
    if not literals:
        yield from (Decimal(0), Decimal(1))
        return
    yield from (literals[0] - 2, literals[0] - 1)
    for one, other in zip(literals, [*literals[1:], literals[-1] + 4], strict=True):
        yield from (one, one + (other - one) / 4, one + (other - one) / 2)


def _times(literals: set[time]) -> Iterator[time]:
    yield from (time(0, 0), time(23, 59))
    for moment in sorted(literals):
        for late in (-1, 0, 1):
            yield (datetime.combine(date(2026, 1, 2), moment) + timedelta(minutes=late)).time()

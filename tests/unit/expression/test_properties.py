"""What holds for every expression."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ivr.expression import EvaluationError, Expression, ExpressionError, evaluate, fact, parse
from ivr.expression.names import BUILT_INS
from ivr.expression.nodes import Arithmetic, Literal, Node
from ivr.expression.parse import LONGEST
from ivr.expression.show import show
from ivr.site.values import UNKNOWN, Type, Unknown, Value, as_text, from_text, type_of
from tests.unit.expression.trees import VALUES, VARIABLES, conditions, untyped, well_typed

WORDS = [
    *("and", "or", "not", "in", "between", "starts", "with", "ends", "contains", "yes", "no", "AND", "y"),
    *("caller", "caller.number", "saldo", "queues.a.waiting", "call.x", "open(", "length(", "days", "until("),
    *("(", ")", ",", "+", "-", "*", "/", "=", "!=", "<", "<=", ">", ">=", ".", "'", "#", ":", "ñ", "\n", "\x00"),
    *('"a"', '"', "1", "1.5", "1.", "08:00", "25:99", "2026-12-24", "2026-99-99"),
]


def type_of_name(name: str) -> Type:
    kind = fact(name).kind
    return BUILT_INS[kind].type if kind else VARIABLES[name]


def readable(node: Node) -> str:
    text = show(node)
    assume(len(text) <= LONGEST)
    return text


def draw_values(data: st.DataObject, expression: Expression, unknown: bool = False) -> dict[str, Value | Unknown]:
    values: dict[str, Value | Unknown] = {}
    for name in sorted(expression.names()):
        known = not unknown or data.draw(st.booleans(), label=f"{name} is known")
        values[name] = data.draw(VALUES[type_of_name(name)], label=name) if known else UNKNOWN
    return values


@given(well_typed)
def test_what_is_shown_is_read_as_the_same(node: Node) -> None:
    found = parse(readable(node))
    assert found.root == node
    assert str(found) == found.text


@given(well_typed, st.data())
def test_what_passes_the_check_has_a_value_of_its_type(node: Node, data: st.DataObject) -> None:
    found = parse(readable(node))
    assume(not found.problems(VARIABLES.get))
    try:
        value = evaluate(found, draw_values(data, found).__getitem__)
    except EvaluationError as error:
        assert "type" not in error.message and "function" not in error.message
        return
    assert not isinstance(value, Unknown)
    assert type_of(value) is found.type(VARIABLES.get)
    assert from_text(as_text(value), type_of(value)) == value


@given(well_typed)
def test_the_check_only_refuses_values_in_what_is_typed(node: Node) -> None:
    """The generator makes types that agree: only a sum or comparison that can never be is left to be refused."""
    for problem in parse(readable(node)).problems(VARIABLES.get):
        assert any(why in problem.message for why in ("divided by 0", "nothing lies between", "only digits"))


@pytest.mark.parametrize("examples", [60, pytest.param(300, marks=pytest.mark.soak)])
def test_an_answer_that_is_known_does_not_depend_on_what_is_not(examples: int) -> None:
    settings(max_examples=examples)(given(conditions, st.data())(answered_without))()


def answered_without(node: Node, data: st.DataObject) -> None:
    found = parse(readable(node))
    assume(not found.problems(VARIABLES.get))
    partly = draw_values(data, found, unknown=True)
    try:
        answer = evaluate(found, partly.__getitem__)
    except EvaluationError:
        return
    assume(not isinstance(answer, Unknown))
    whole = {**draw_values(data, found), **{k: v for k, v in partly.items() if not isinstance(v, Unknown)}}
    try:
        assert evaluate(found, whole.__getitem__) == answer
    except EvaluationError:
        return  # a division by a zero that was not known


@given(untyped(), st.data())
def test_nothing_else_is_raised_whatever_stands_where(node: Node, data: st.DataObject) -> None:
    found = parse(readable(node))
    found.problems(VARIABLES.get, VARIABLES, Type.YES_NO)
    values = {name: data.draw(st.one_of(*VALUES.values(), st.just(UNKNOWN))) for name in sorted(found.names())}
    try:
        evaluate(found, values.__getitem__)
    except EvaluationError as error:
        assert 0 <= error.offset < len(found.text)


def refused_in_words(text: str) -> None:
    try:
        found = parse(text)
    except ExpressionError as error:
        assert error.message and 0 <= error.offset <= len(text)
        return
    for problem in found.problems(VARIABLES.get, VARIABLES, Type.YES_NO):
        assert problem.message and 0 <= problem.offset < len(text)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    refused_in_words(text)


@settings(max_examples=500)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_any_words_are_read_or_refused(text: str) -> None:
    refused_in_words(text)


@given(well_typed, st.integers(0, LONGEST), st.integers(0, 4), st.text(max_size=2))
def test_a_slip_of_the_fingers_is_read_or_refused(node: Node, at: int, gone: int, put: str) -> None:
    text = readable(node)
    refused_in_words(text[:at] + put + text[at + gone :])


@given(st.recursive(st.integers(0, 10**6), lambda x: st.tuples(st.sampled_from("+-*"), x, x), max_leaves=6))
def test_whole_numbers_are_exact(tree: object) -> None:
    def node(tree: object) -> Node:
        if isinstance(tree, tuple):
            return Arithmetic(tree[0], node(tree[1]), node(tree[2]))
        assert isinstance(tree, int)
        return Literal(Decimal(tree))

    def oracle(tree: object) -> Fraction:
        if isinstance(tree, tuple):
            left, right = oracle(tree[1]), oracle(tree[2])
            found = {"+": left + right, "-": left - right, "*": left * right}[tree[0]]
            if abs(found) >= 10**18:
                raise OverflowError
            return found
        assert isinstance(tree, int)
        return Fraction(tree)

    found = parse(show(node(tree)))
    try:
        expected = oracle(tree)
    except OverflowError:
        with pytest.raises(EvaluationError, match="more than 18 digits"):
            evaluate(found, {}.__getitem__)
        return
    value = evaluate(found, {}.__getitem__)
    assert isinstance(value, Decimal) and Fraction(value) == expected


@given(VALUES[Type.NUMBER], VALUES[Type.NUMBER])
def test_a_quotient_is_as_near_as_it_can_be_kept(left: Value, right: Value) -> None:
    assert isinstance(left, Decimal) and isinstance(right, Decimal)
    assume(right and abs(left / right) < 10**17)
    value = evaluate(parse("a / b"), {"a": left, "b": right}.__getitem__)
    assert isinstance(value, Decimal)
    digits = len(str(int(abs(value))))
    assert abs(Fraction(value) - Fraction(left) / Fraction(right)) <= Fraction(1, 10 ** min(9, 18 - digits))

"""The page of expressions: each of its examples is right, and holds."""

from datetime import date, time
from decimal import Decimal

import pytest

from ivr.expression import BUILT_INS, FUNCTIONS, evaluate, parse
from ivr.language.expression_page import EXAMPLES, OPERATORS, VALUES, page
from ivr.site.values import Type, Value, type_of

KNOWN: dict[str, Value] = {
    "saldo": Decimal("1200.50"),
    "casos": Decimal(3),
    "cliente": True,
    "documento": "80012300",
    "caller.segment": "vip",
    "caller.number": "573001234567",
    "caller in vip": True,
    "weekday": "friday",
    "holiday": False,
    "now": time(10, 0),
    "today": date(2026, 11, 20),
}


def types(name: str) -> Type | None:
    return type_of(KNOWN[name]) if name in KNOWN else None


@pytest.mark.parametrize("example", [*(example for _, _, example in OPERATORS), *EXAMPLES.values()])
def test_an_example_holds(example: str) -> None:
    expression = parse(example)
    assert expression.type(types, KNOWN) is Type.YES_NO
    assert evaluate(expression, KNOWN.__getitem__) is True


@pytest.mark.parametrize(("word", "example"), [(word, example) for word, _, example in VALUES])
def test_a_value_has_the_type_that_the_page_says(word: str, example: str) -> None:
    assert parse(example.strip("`")).type(types).value == word.strip("`")


def test_every_name_and_function_is_on_the_page() -> None:
    assert set(EXAMPLES) == set(FUNCTIONS)
    assert len(VALUES) == len(Type)
    text = page("")
    for name in BUILT_INS:
        assert f"| `{name}` |" in text
    for name, function in FUNCTIONS.items():
        assert f"| `{function.written(name)}` |" in text

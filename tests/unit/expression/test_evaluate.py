"""What expressions come to, with values that are known and with values that are not."""

from datetime import date, time
from decimal import Decimal

import pytest

from ivr.expression import EvaluationError, evaluate, parse
from ivr.site.values import UNKNOWN, Unknown, Value

VALUES: dict[str, Value | Unknown] = {
    "cinco": Decimal(5),
    "cero": Decimal(0),
    "debe": Decimal("-2.5"),
    "mucho": Decimal(10) ** 18 - 1,
    "cedula": "52123456",
    "nada": "",
    "si": True,
    "nunca": False,
    "vence": date(2026, 12, 24),
    "quien_sabe": UNKNOWN,
    "today": date(2026, 11, 21),
    "now": time(12, 0),
    "night": time(23, 30),
    "weekday": "saturday",
    "caller.number": "573001234567",
    "caller in vip": True,
    "caller in socios": False,
    "open(oficina)": False,
    "queues.servicio.waiting": Decimal(3),
}


def value(text: str) -> Value | Unknown:
    return evaluate(parse(text), VALUES.__getitem__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cinco + 2 * 3 - 1", Decimal(10)),
        ("(cinco + 2) * 3", Decimal(21)),
        ("cinco - 2 - 1", Decimal(2)),
        ("0.1 + 0.2", Decimal("0.3")),
        ("1 / 3", Decimal("0.333333333")),
        ("2 / 3", Decimal("0.666666667")),
        ("123456789012 + 1 / 3", Decimal("123456789012.333333")),
        ("mucho / 3", Decimal("333333333333333333")),
        ("999999999.999999999 + 0", Decimal("999999999.999999999")),
        ("999999999.999999999 + 0.0000000009", Decimal("1000000000")),
        ("-cinco * -2", Decimal(10)),
        ("--cinco", Decimal(5)),
        ("round(2.5)", Decimal(3)),
        ("round(debe)", Decimal(-3)),
        ("round(2.49)", Decimal(2)),
        ("length(cedula)", Decimal(8)),
        ("number(cedula) + 1", Decimal(52123457)),
        ("text(cinco)", "5"),
        ("text(2.50)", "2.5"),
        ("text(100)", "100"),
        ("text(-0.0)", "0"),
        ('lower("ÑANDÚ")', "ñandú"),
        ('"CC" + cedula', "CC52123456"),
        ("days(today, vence)", Decimal(33)),
        ("days until(vence)", Decimal(33)),
        ("days until(today - 1)", Decimal(-1)),
        ("today + 33", date(2026, 12, 24)),
        ("vence - cinco", date(2026, 12, 19)),
        ("12:30", time(12, 30)),
    ],
)
def test_values(text: str, expected: Value) -> None:
    found = value(text)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        "cinco = 5.00",
        "cinco != 4",
        "debe < 0",
        "cinco <= 5 and cinco >= 5",
        "not cinco > 5",
        'cedula = "52123456"',
        'cedula != "5212345"',
        'not "Oro" = "oro"',
        "vence > today",
        "now >= 12:00",
        "si = yes",
        "nunca = no",
        "si and not nunca",
        "nunca or si",
        "cinco in 4, 5",
        "cinco not in 4, 6",
        'weekday in "saturday", "sunday"',
        'caller starts with "57310", "57300"',
        'not caller starts with "5731", "5732"',
        'caller ends with "4567"',
        'caller contains "123"',
        'nada = "" and length(nada) = 0',
        "caller in vip",
        "caller in socios, vip",
        "caller not in socios",
        "not open(oficina)",
        "queues.servicio.waiting = 3",
        "cinco between 5 and 9",
        "cinco between 1 and 5",
        "cinco not between 6 and 9",
        "today between 2026-11-21 and 2026-11-21",
        "now between 12:00 and 12:01",
        "now not between 08:00 and 12:00",
        "night between 22:00 and 06:00",
        "05:59 between 22:00 and 06:00",
        "06:00 not between 22:00 and 06:00",
        "now not between 22:00 and 06:00",
        "night between 18:00 and 00:00",
        "now not between now and now",
        "now not between night and night",
    ],
)
def test_conditions_that_hold(text: str) -> None:
    assert value(text) is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quien_sabe", UNKNOWN),
        ("not quien_sabe", UNKNOWN),
        ("quien_sabe and nunca", False),
        ("nunca and quien_sabe", False),
        ("quien_sabe and si", UNKNOWN),
        ("quien_sabe or si", True),
        ("quien_sabe or nunca", UNKNOWN),
        ("quien_sabe = 3", UNKNOWN),
        ("quien_sabe + 1 > 3", UNKNOWN),
        ("-quien_sabe > 3", UNKNOWN),
        ("cinco in quien_sabe, 5", True),
        ("cinco in quien_sabe, 4", UNKNOWN),
        ("quien_sabe in 4, 5", UNKNOWN),
        ('quien_sabe starts with "57"', UNKNOWN),
        ('caller contains quien_sabe, "57"', True),
        ("length(quien_sabe) = 3", UNKNOWN),
        ("cinco between 6 and quien_sabe", False),
        ("cinco between 5 and quien_sabe", UNKNOWN),
        ("quien_sabe between 5 and 6", UNKNOWN),
        ("quien_sabe between 22:00 and 06:00", UNKNOWN),
        ("now between quien_sabe and 06:00", UNKNOWN),
        ("now between 06:00 and quien_sabe", UNKNOWN),
        ("days until(quien_sabe) > 3", UNKNOWN),
    ],
)
def test_what_is_not_known(text: str, expected: Value | Unknown) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("cinco > saldo", 8, "'saldo' has no value yet"),
        ("caller in otra", 10, "'caller in otra' has no value yet"),
        ("1 / cero", 4, "division by zero"),
        ("mucho + 1", 8, "more than 18 digits"),
        ("mucho * mucho", 8, "more than 18 digits"),
        ('number("12a")', 0, "no number"),
        ('number("")', 0, "no number"),
        ('number("NaN")', 0, "no number"),
        ('number("1e9")', 0, "no number"),
        ('number("٣")', 0, "no number"),
        ("today + mucho", 8, "year 9999"),
        ("today + 0.5", 8, "whole days"),
        ('cedula + "' + "x" * 195 + '"', 9, "more than 200 characters"),
    ],
)
def test_what_has_no_value(text: str, offset: int, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        value(text)
    assert message in caught.value.message
    assert caught.value.offset == offset


def test_what_does_not_matter_is_not_asked_for() -> None:
    asked = []

    def value_of(name: str) -> Value:
        asked.append(name)
        return VALUES[name]  # type: ignore[return-value]

    assert evaluate(parse("cero != 0 and cinco / cero > 1"), value_of) is False
    assert evaluate(parse("si or falta"), value_of) is True
    assert evaluate(parse("caller in vip, falta"), value_of) is True
    assert asked == ["cero", "si", "caller in vip"]


def test_messages_never_show_a_value() -> None:
    """They go into logs, and callers enter values."""
    secret = "4111111111111111"
    for text in ("number(pin) / 0", "number(otro)", "pin + pin + pin + largo", "pin > 3", "-pin", "pin and pin"):
        with pytest.raises(EvaluationError) as caught:
            evaluate(parse(text), {"pin": secret, "otro": secret + "x", "largo": secret * 12}.__getitem__)
        assert "4111" not in caught.value.message


@pytest.mark.parametrize("strange", ["NaN", "Infinity", "1E+18", "1E+999999", "-1E+40"])
def test_numbers_from_outside_that_are_none_or_too_large(strange: str) -> None:
    with pytest.raises(EvaluationError):
        evaluate(parse("a = a"), {"a": Decimal(strange)}.__getitem__)


@pytest.mark.parametrize(
    ("strange", "kept"),
    [("1E-999999", "0"), ("-0", "0"), ("0E+999", "0"), ("1E+5", "100000"), ("1.23456789012E-3", "0.001234568")],
)
def test_numbers_from_outside_are_kept_small(strange: str, kept: str) -> None:
    assert evaluate(parse("text(a)"), {"a": Decimal(strange)}.__getitem__) == kept

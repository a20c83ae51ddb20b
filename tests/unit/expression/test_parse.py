"""Reading expressions: what they mean, what is refused, where, and with which remedy."""

import subprocess
import sys
from datetime import date, time
from decimal import Decimal

import pytest

from ivr.expression import ExpressionError, Mention, parse
from ivr.expression.nodes import And, Arithmetic, Between, Compare, Literal, Name, Node, Not, OneOf, Or
from ivr.expression.parse import DEEPEST, LONGEST


def number(value: int) -> Literal:
    return Literal(Decimal(value))


a, b, c = Name("a"), Name("b"), Name("c")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("a or b and c", Or((a, And((b, c))))),
        ("(a or b) and c", And((Or((a, b)), c))),
        ("not a and b", And((Not(a), b))),
        ("not a = b", Not(Compare("=", a, b))),
        ("a = 1 - 2 - 3", Compare("=", a, Arithmetic("-", Arithmetic("-", number(1), number(2)), number(3)))),
        ("1 + 2 * a", Arithmetic("+", number(1), Arithmetic("*", number(2), a))),
        ("a between 1 and 2 and b", And((Between(a, number(1), number(2)), b))),
        ("a not between 1 and 2", Not(Between(a, number(1), number(2)))),
        ("a not in b, c", Not(OneOf(a, (b, c)))),
        ("andino", Name("andino")),
        ("in_use or nothing", Or((Name("in_use"), Name("nothing")))),
        ("a-1", Arithmetic("-", a, number(1))),
        ("2026-12-24", Literal(date(2026, 12, 24))),
        ("2026 - 12", Arithmetic("-", number(2026), number(12))),
        ("8:05", Literal(time(8, 5))),
        ("1234.50", Literal(Decimal("1234.50"))),
        ('"mañana \' # :"', Literal("mañana ' # :")),
        (" yes\n or  no ", Or((Literal(True), Literal(False)))),
    ],
)
def test_what_a_text_means(text: str, node: Node) -> None:
    assert parse(text).root == node


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("((a))  and(b)", "a and b"),
        ("(a and b) and c", "(a and b) and c"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ('caller  starts\n with  "57300","5731"', 'caller.number starts with "57300", "5731"'),
        ("caller not in vip,socios", "not caller in vip, socios"),
        ("days  until ( a )", "days(today, a)"),
        ("open( oficina )", "open(oficina)"),
        ("-(a+b)", "-(a + b)"),
        ("8:00", "08:00"),
    ],
)
def test_how_an_expression_is_shown(text: str, shown: str) -> None:
    assert str(parse(text)) == shown
    assert str(parse(shown)) == shown
    assert parse(text).text == text


def test_expressions_are_equal_when_their_texts_are() -> None:
    assert len({parse("1 = a"), parse("1 = a"), parse("yes = a")}) == 2


def test_what_an_expression_names() -> None:
    found = parse(
        "caller in vip, socios and open(oficina) and queues.servicio.waiting > saldo and call.total > 1 and now < 08:00"
        ' and caller starts with "57" and days until(vence) > 2'
    )
    assert found.names() == {
        "caller in vip",
        "caller in socios",
        "open(oficina)",
        "queues.servicio.waiting",
        "saldo",
        "call.total",
        "now",
        "caller.number",
        "today",
        "vence",
    }
    assert found.variables() == {"saldo", "call.total", "vence"}
    assert found.references() == (
        Mention("list", "vip", 10),
        Mention("list", "socios", 15),
        Mention("hours", "oficina", 31),
        Mention("queue", "servicio", 51),
    )
    assert all(found.text[m.offset :].startswith(m.name) for m in found.references())


@pytest.mark.parametrize(
    ("text", "offset", "remedy"),
    [
        ("", 0, "write for example"),
        ("  \n", 0, "write for example"),
        ("saldo >", 7, "a value is missing after '>'"),
        ("saldo > )", 8, "a value is missing after '>'"),
        ("saldo 3", 6, "without an operator between them"),
        ('caller starts with "57300" "5731"', 27, "without an operator between them"),
        ("1 < saldo < 9", 10, "saldo between 1 and 100"),
        ("saldo == 3", 7, "write ="),
        ("saldo => 3", 7, "write >="),
        ("saldo <> 3", 7, "write !="),
        ("saldo ≠ 3", 6, "write !="),
        ("saldo > 3 && si", 10, "write and"),
        ("saldo > 3 || si", 10, "write or"),
        ("!saldo", 0, "write not"),
        ("saldo > 3 y si", 10, "did you mean 'and'?"),
        ("saldo > 3 o si", 10, "did you mean 'or'?"),
        ("saldo > 3 AND si", 10, "did you mean 'and'?"),
        ("saldo is 3", 6, "did you mean '='?"),
        ('caller stars with "57"', 7, "did you mean 'starts with'?"),
        ('caller contain "57"', 7, "did you mean 'contains'?"),
        ("saldo betwen 1 and 2", 6, "did you mean 'between'?"),
        ("no caller in vip", 3, "write 'not'"),
        ("si = not otro", 5, "put it into brackets"),
        ("(saldo > 3", 10, "a closing bracket ) is missing"),
        ("saldo > 3)", 9, "there is no bracket ("),
        ("saldo (3)", 0, ""),
        ("3 (saldo)", 2, "an operator is missing before this bracket"),
        ("saldo > 1,5", 9, "write decimals with a point: 1.5"),
        ("saldo > 1.000.000", 13, "no points for thousands"),
        ("saldo > 1234567890123456789", 8, "at most 18 digits"),
        ("saldo = 0312", 8, 'write digits that are no amount as a text, "0312"'),
        ("saldo = 'x'", 8, "straight double quotes"),
        ("saldo = “x”", 8, "straight double quotes"),
        ('saldo = "x', 8, "a double quote is missing"),
        ('saldo = "x\ny"', 8, "a double quote is missing"),
        ("saldo\u00a0= 3", 5, "an invisible character"),
        ("saldo = 3 ; x", 10, "';' means nothing"),
        ("Saldo = 3", 0, "small letters without accents"),
        ("a = cédula", 4, "small letters without accents"),
        ("a = " + "x" * 41, 4, "small letters without accents"),
        ("now > 24:00", 6, "00:00 to 23:59"),
        ("now > 8:0", 7, "two of minutes"),
        ("today = 2026-02-30", 8, "2026-12-24"),
        ('caller in "57300"', 10, "names of lists"),
        ("caller in vip, did.x", 15, "names of lists"),
        ("open()", 0, "open(oficina)"),
        ("open(a, b)", 0, "open(oficina)"),
        ('open("oficina")', 0, "open(oficina)"),
        ('x = "' + "a" * 201 + '"', 4, "at most 200 characters"),
        ("a" * (LONGEST + 1), LONGEST, "at most 500 characters"),
        ("not " * (DEEPEST + 1) + "a", 204, "more than 50 operators"),
        ("a" + " + a" * DEEPEST, 0, "more than 50 operators"),
        ("(" * LONGEST, LONGEST, "a value is missing"),
    ],
)
def test_what_is_refused_and_what_to_write_instead(text: str, offset: int, remedy: str) -> None:
    if not remedy:
        assert parse(text).root
        return
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert remedy in caught.value.message
    assert caught.value.offset == offset


def test_long_chains_of_conditions_are_flat() -> None:
    assert len(parse(" or ".join(["a = 1"] * 55)).root.parts) == 55  # type: ignore[union-attr]


def test_brackets_alone_are_no_depth() -> None:
    assert parse("(" * 240 + "a" + ")" * 240).root == a


def test_lark_is_loaded_when_the_first_expression_is_read() -> None:
    code = (
        "import sys, ivr.expression as e; assert 'lark' not in sys.modules; e.parse('a'); assert 'lark' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""Names and types: what a check finds before a caller does."""

import pytest

from ivr.expression import BUILT_INS, FUNCTIONS, RESERVED, ExpressionError, Fact, fact, parse
from ivr.site.values import Type

TYPES = {
    "saldo": Type.NUMBER,
    "cedula": Type.TEXT,
    "vence": Type.DATE,
    "cita": Type.TIME,
    "cliente": Type.YES_NO,
    "call.total": Type.NUMBER,
}


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("saldo * 2 - call.total / 3", Type.NUMBER),
        ('"CC" + cedula', Type.TEXT),
        ("vence + 30", Type.DATE),
        ("vence - saldo", Type.DATE),
        ("cita", Type.TIME),
        ("cliente", Type.YES_NO),
        ("cliente = no", Type.YES_NO),
        ("(saldo > 3) = cliente", Type.YES_NO),
        ("not cliente or saldo > -1 and vence < today", Type.YES_NO),
        ("now between 22:00 and 06:00", Type.YES_NO),
        ('weekday in "saturday", "sunday"', Type.YES_NO),
        ('weekday contains "day"', Type.YES_NO),
        ('caller.number = ""', Type.YES_NO),
        ('caller starts with "57300", cedula', Type.YES_NO),
        ("caller in vip", Type.YES_NO),
        ("open(oficina)", Type.YES_NO),
        ("queues.servicio.waiting", Type.NUMBER),
        ("lines.free < lines.in_use", Type.YES_NO),
        ("length(cedula) + number(cedula) + round(saldo) + days(today, vence) + days until(vence)", Type.NUMBER),
        ("lower(text(saldo))", Type.TEXT),
        ('did = "6017436967" or language = "es-CO" or holiday', Type.YES_NO),
    ],
)
def test_types_that_agree(text: str, type: Type) -> None:
    found = parse(text)
    assert found.type(TYPES.get, TYPES) is type
    assert found.problems(TYPES.get, TYPES, type) == ()


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("saldu > 3", [(0, "did you mean 'saldo'?")]),
        ("call.totl > 3", [(0, "did you mean 'call.total'?")]),
        ("caller.segment = vip", [(17, "a text stands in double quotes")]),
        ("caller.segmnt = cedula", [(0, "did you mean 'caller.segment'?")]),
        ("lines.fre > 1", [(0, "did you mean 'lines.free'?")]),
        ("queues.servicio.wating > 1", [(0, "did you mean 'waiting'?")]),
        ("queues.servicio > 1", [(0, "there are: queues.QUEUE.waiting")]),
        ("weekdy = cedula", [(0, "did you mean 'weekday'?")]),
        ("cliente = true", [(10, "write yes")]),
        ("caller = cedula", [(0, "write caller.number")]),
        ("lenght(cedula) = 3", [(0, "did you mean 'length'?")]),
        ("length(cedula, cedula) = 3", [(0, "'length' is written length(text)")]),
        ("days until(vence, vence) = 3", [(0, "'days until' is written days until(date)")]),
        ("cedula = 52", [(9, "write digits that are a text in double quotes")]),
        ('saldo = "52"', [(8, "which makes a number")]),
        ('vence = "2026-12-24"', [(8, "write a date without quotes")]),
        ("now > 8", [(6, "write a time without quotes: 08:00")]),
        ('cliente = "yes"', [(10, "write yes or no without quotes")]),
        ("cedula < cedula", [(0, "texts have no order")]),
        ("cliente > no", [(0, "'cliente' is yes or no")]),
        ("cliente in yes, no", [(0, "write it alone")]),
        ("saldo in 1, cedula, 3", [(12, "cannot be compared")]),
        ("caller starts with 57300", [(19, "a text is needed here")]),
        ('caller starts with "+57", "57 300"', [(19, "no +"), (26, "no +")]),
        ('weekday = "lunes"', [(10, "never 'lunes'; there are: monday, tuesday")]),
        ('"sundy" = weekday', [(0, "did you mean 'sunday'?")]),
        ("saldo between 5 and 1", [(14, "between 1 and 5")]),
        ("today between 2026-12-24 and 2026-12-23", [(14, "between 2026-12-23 and 2026-12-24")]),
        ("now between 08:00 and 08:00", [(12, "whose end is excluded")]),
        ("cliente between no and yes", [(0, "write it alone")]),
        ("saldo / 0", [(8, "divided by 0")]),
        ("saldo / 0.00", [(8, "divided by 0")]),
        ("vence - today", [(8, "write days(today, vence)")]),
        ("cedula + saldo", [(9, "text(...) a text of a number")]),
        ("saldo + vence", [(8, "days be added to a date")]),
        ("-cedula", [(1, "a number is needed here")]),
        ("cedula * 2", [(0, "a number is needed here")]),
        ("not saldo", [(4, "compare it")]),
        ("saldo and cedula", [(0, "compare it"), (10, "yes or no is needed here")]),
        (
            "nada > 1 and nadie > 2 or lower(3) = cedula",
            [(0, "'nada'"), (13, "'nadie'"), (32, "a text is needed here")],
        ),
    ],
)
def test_what_does_not_agree(text: str, faults: list[tuple[int, str]]) -> None:
    found = parse(text)
    problems = found.problems(TYPES.get, TYPES)
    assert [problem.offset for problem in problems] == [offset for offset, _ in faults]
    for problem, (_, remedy) in zip(problems, faults, strict=True):
        assert remedy in problem.message
    with pytest.raises(ExpressionError) as caught:
        found.type(TYPES.get, TYPES)
    assert (caught.value.offset, caught.value.message) == (problems[0].offset, problems[0].message)


def test_a_condition_must_be_yes_or_no() -> None:
    (problem,) = parse("saldo + 1").problems(TYPES.get, TYPES, Type.YES_NO)
    assert problem.message == "'saldo + 1' is a number; yes or no is needed here; compare it, for example by = or <"


@pytest.mark.parametrize("kind", BUILT_INS)
def test_every_built_in_name_can_be_written_and_taken_apart(kind: str) -> None:
    written = kind.replace("LIST", "vip").replace("TIMETABLE", "oficina").replace("QUEUE", "servicio")
    found = parse(written)
    assert found.type({}.get) is BUILT_INS[kind].type
    (name,) = found.names()
    about = {"L": "vip", "T": "oficina", "Q": "servicio"}.get(next((c for c in kind if c.isupper()), ""), "")
    assert fact(name) == Fact(kind, about)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_can_be_written(name: str) -> None:
    by_type = {type: variable for variable, type in TYPES.items()}
    function = FUNCTIONS[name]
    written = f"{name}({', '.join(by_type[type] for type in function.arguments)})"
    assert parse(written).type(TYPES.get) is function.type


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_reserved_name_never_means_a_variable(name: str) -> None:
    """Whatever its type would be: an expression that is this word is refused, or has nothing to do with a variable."""
    try:
        found = parse(name)
    except ExpressionError:
        return
    if found.variables():
        assert name in ("caller", "call", "lines", "queues", "open")


def test_a_function_s_name_can_be_a_variable_s() -> None:
    assert parse("number(number) = days").type({"number": Type.TEXT, "days": Type.NUMBER}.get) is Type.YES_NO

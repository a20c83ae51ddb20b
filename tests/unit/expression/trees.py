"""Expressions by chance: well-typed ones, and ones of which nothing can be said."""

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal

from hypothesis import strategies as st

from ivr.expression import nodes as n
from ivr.site.values import Type, Value

VARIABLES = {
    **{f"saldo_{i}": Type.NUMBER for i in range(3)},
    **{f"cedula_{i}": Type.TEXT for i in range(3)},
    **{f"vence_{i}": Type.DATE for i in range(3)},
    **{f"hora_{i}": Type.TIME for i in range(3)},
    **{f"cliente_{i}": Type.YES_NO for i in range(3)},
    "call.total": Type.NUMBER,
}
BUILT_IN = {
    Type.TEXT: ("caller.number", "caller.segment", "did", "language"),
    Type.NUMBER: ("lines.free", "queues.servicio.waiting"),
    Type.DATE: ("today",),
    Type.TIME: ("now",),
    Type.YES_NO: ("holiday", "caller.anonymous"),
}
Of = Callable[[Type], n.Node]
SITE_NAMES = ("vip", "oficina", "servicio")

texts = st.text(st.characters(min_codepoint=32, exclude_characters='"', exclude_categories=("Cs",)), max_size=12)
small_texts = st.sampled_from(("", "a", "ab", "b", "57300", "5730", "12.5", "oro")) | texts
numbers = st.one_of(
    st.integers(0, 12).map(Decimal),
    st.integers(0, 10**18 - 1).map(Decimal),
    st.decimals(0, 10**8, places=2, allow_nan=False),
)
moments = st.builds(time, st.integers(0, 23), st.integers(0, 59))
LITERALS: dict[Type, st.SearchStrategy[Value]] = {
    Type.TEXT: small_texts,
    Type.NUMBER: numbers,
    Type.YES_NO: st.booleans(),
    Type.DATE: st.dates(date(2026, 11, 1), date(2026, 12, 31)) | st.dates(),
    Type.TIME: moments,
}
VALUES = LITERALS | {Type.NUMBER: numbers | numbers.map(lambda number: -number)}
ORDERED = (Type.NUMBER, Type.DATE, Type.TIME)


def _leaf(type: Type) -> st.SearchStrategy[n.Node]:
    names = [name for name, kind in VARIABLES.items() if kind is type] + list(BUILT_IN[type])
    leaves = [LITERALS[type].map(n.Literal), st.sampled_from(names).map(n.Name)]
    if type is Type.YES_NO:
        of_site = st.sampled_from(SITE_NAMES).map(n.Name)
        leaves += [of_site.map(n.IsOpen), st.lists(of_site, min_size=1, max_size=3).map(lambda x: n.CallerIn(tuple(x)))]
    return st.one_of(leaves)


@st.composite
def typed(draw: st.DrawFn, type: Type, depth: int = 4) -> n.Node:
    """A node whose value has this type."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(_leaf(type))

    def of(kind: Type) -> n.Node:
        return draw(typed(kind, depth - 1))

    def several(kind: Type, least: int) -> tuple[n.Node, ...]:
        return tuple(of(kind) for _ in range(draw(st.integers(least, 3))))

    makers = {
        Type.NUMBER: lambda: draw(st.sampled_from(_numbers(draw, of)))(),
        Type.TEXT: lambda: draw(st.sampled_from(_texts(of)))(),
        Type.DATE: lambda: n.Arithmetic(draw(st.sampled_from("+-")), of(type), of(Type.NUMBER)),
        Type.TIME: lambda: draw(_leaf(type)),
        Type.YES_NO: lambda: _condition(draw, of, several),
    }
    return makers[type]()


def _numbers(draw: st.DrawFn, of: Of) -> tuple[Callable[[], n.Node], ...]:
    return (
        lambda: n.Arithmetic(draw(st.sampled_from("+-*/")), of(Type.NUMBER), of(Type.NUMBER)),
        lambda: n.Negative(of(Type.NUMBER)),
        lambda: n.Call("length", (of(Type.TEXT),)),
        lambda: n.Call("number", (of(Type.TEXT),)),
        lambda: n.Call("round", (of(Type.NUMBER),)),
        lambda: n.Call("days", (of(Type.DATE), of(Type.DATE))),
    )


def _texts(of: Of) -> tuple[Callable[[], n.Node], ...]:
    return (
        lambda: n.Arithmetic("+", of(Type.TEXT), of(Type.TEXT)),
        lambda: n.Call("lower", (of(Type.TEXT),)),
        lambda: n.Call("text", (of(Type.NUMBER),)),
    )


def _condition(draw: st.DrawFn, of: Of, several: Callable[[Type, int], tuple[n.Node, ...]]) -> n.Node:
    ordered, any_type = draw(st.sampled_from(ORDERED)), draw(st.sampled_from(list(Type)))
    match draw(st.sampled_from(("and", "or", "not", "equal", "order", "in", "between", "matches"))):
        case "and":
            return n.And(several(Type.YES_NO, 2))
        case "or":
            return n.Or(several(Type.YES_NO, 2))
        case "not":
            return n.Not(of(Type.YES_NO))
        case "equal":
            return n.Compare(draw(st.sampled_from(("=", "!="))), of(any_type), of(any_type))
        case "order":
            return n.Compare(draw(st.sampled_from(("<", "<=", ">", ">="))), of(ordered), of(ordered))
        case "in":
            kind = draw(st.sampled_from((*ORDERED, Type.TEXT)))
            return n.OneOf(of(kind), several(kind, 1))
        case "between":
            return n.Between(of(ordered), of(ordered), of(ordered))
    how = draw(st.sampled_from(("starts with", "ends with", "contains")))
    return n.Matches(how, of(Type.TEXT), several(Type.TEXT, 1))


well_typed = st.sampled_from(list(Type)).flatmap(typed)
conditions = typed(Type.YES_NO)


@st.composite
def untyped(draw: st.DrawFn, depth: int = 3) -> n.Node:
    """A node in which anything may stand anywhere."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(list(Type)).flatmap(_leaf))

    def one() -> n.Node:
        return draw(untyped(depth - 1))

    def several(least: int = 1) -> tuple[n.Node, ...]:
        return tuple(one() for _ in range(draw(st.integers(least, 3))))

    signs = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
    makers = (
        lambda: n.Not(one()),
        lambda: n.And(several(2)),
        lambda: n.Or(several(2)),
        lambda: n.Compare(draw(signs), one(), one()),
        lambda: n.OneOf(one(), several()),
        lambda: n.Matches(draw(st.sampled_from(("starts with", "ends with", "contains"))), one(), several()),
        lambda: n.Between(one(), one(), one()),
        lambda: n.Negative(one()),
        lambda: n.Arithmetic(draw(st.sampled_from("+-*/")), one(), one()),
        lambda: n.Call(draw(st.sampled_from(("length", "number", "days", "round", "nothing"))), several(0)),
    )
    return draw(st.sampled_from(makers))()

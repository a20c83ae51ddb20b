"""The place's text: what goes in comes out, and nothing else comes in."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.call.effects import FRESH, RESUMED, Kind, Returned
from ivr.call.memory import EMPTY, Memory
from ivr.call.place import MAX_FRAMES, MAX_LENGTH, MAX_MENUS, Place
from ivr.site.values import Value

_names = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True)
_values = st.one_of(
    st.text(max_size=50),
    st.integers(-(10**12), 10**12).map(Decimal),
    st.booleans(),
    st.dates(),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
)
_places = st.builds(
    Place,
    flow=_names,
    step=_names,
    tries=st.integers(0, 99),
    steps=st.integers(0, 999),
    key=st.sampled_from(["", *"0123456789*#"]),
    notices=st.lists(_names, max_size=2, unique=True).map(tuple),
    edition=st.from_regex(r"([0-9a-f]{12})?", fullmatch=True),
    language=st.sampled_from(["", "en", "es-CO"]),
    frames=st.lists(st.tuples(_names, _names), max_size=MAX_FRAMES).map(tuple),
    menus=st.lists(_names, max_size=MAX_MENUS).map(tuple),
    kept=st.sampled_from(["", "a1", "b9"]),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_places)
def test_a_place_survives_the_channel_variable(place: Place) -> None:
    text = place.encode()
    assert len(text) < MAX_LENGTH
    assert Place.decode(text) == place
    assert not set(text) & set(" ,\"'$\\(){}[]\r\n")  # nothing that a dialplan would read as more than text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300))
def test_other_text_is_no_place(text: str) -> None:
    place = Place.decode(text)
    assert place is None or place.encode() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "menu",
        "2;flow;menu;0;1;;",
        "1;flow;menu;0;1;;\n",
        "1;flow;menu;0;1;AB;",
        "1;flow;../x;0;1;;",
        "1;flow;menu;-1;1;;",
        "1;flow;menu;0;1;;a,b,c",
        "1;flow;menu;٣;1;;",
        "1;" + "a" * 200 + ";menu;0;1;;",
    ],
)
def test_hostile_text_is_no_place(text: str) -> None:
    assert Place.decode(text) is None


@pytest.mark.parametrize(
    ("text", "returned"),
    [
        ("", FRESH),
        ("dial NOANSWER", Returned(Kind.DIAL, "NOANSWER")),
        ("queue waited too long", Returned(Kind.QUEUE, "waited too long")),
        ("talk SUCCESS", Returned(Kind.TALK, "SUCCESS")),
        ("resumed", RESUMED),
        ("nonsense", RESUMED),
    ],
)
def test_what_a_call_comes_back_with(text: str, returned: Returned) -> None:
    assert Returned.parse(text) == returned


def test_the_place_of_a_call_that_lives_through_an_upgrade_is_understood() -> None:
    assert Place.decode("1;linea_principal;menu;1;5;3;anuncio") == Place(
        flow="linea_principal", step="menu", tries=1, steps=5, key="3", notices=("anuncio",)
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.dictionaries(_names, _values, max_size=5), min_size=1, max_size=5).map(tuple),
    st.dictionaries(_names, _values, max_size=5),
)
def test_values_survive_as_text(flows: tuple[dict[str, Value], ...], whole: dict[str, Value]) -> None:
    memory = Memory(flows, whole)
    decoded = Memory.decode(memory.encode())
    assert decoded is not None
    assert decoded == memory or (decoded == EMPTY and not whole and not any(flows))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(max_size=100)
    | st.sampled_from(["[]", "{}", '{"c":1,"f":[]}', '{"c":{"a":"z1"},"f":[]}', '{"c":{"a":""},"f":[]}'])
)
def test_other_text_is_no_memory(text: str) -> None:
    assert Memory.decode(text) is None or text == ""

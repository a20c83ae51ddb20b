"""The place's text: what goes in comes out, and nothing else comes in."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.call.effects import FRESH, RESUMED, Kind, Returned
from ivr.call.place import MAX_LENGTH, Place

_names = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True)
_places = st.builds(
    Place,
    flow=_names,
    step=_names,
    tries=st.integers(0, 99),
    steps=st.integers(0, 999),
    key=st.sampled_from(["", *"0123456789*#"]),
    notices=st.lists(_names, max_size=2, unique=True).map(tuple),
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

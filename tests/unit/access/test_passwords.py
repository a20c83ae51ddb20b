"""Which passwords are accepted."""

import pytest

from ivr.access.passwords import ALPHABET, LONGEST, ONE_TIME_BYTES, normalised, one_time, problem


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "tres gatos y un tren", "mi perro come 7 arepas", "x9$kQ2!vLp0z", "ñandú ñandú kiwi"],
)
def test_what_nobody_tries_first_is_accepted(password: str) -> None:
    assert problem(password, "ana") is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "at least 12"),
        ("x" * (LONGEST + 1), "at most 256"),
        ("gatos y\x00 trenes", "control"),
        ("aaaaaaaaaaaaaaaa", "tried first"),
        ("123456789012", "tried first"),
        ("abcdefghijklmn", "tried first"),
        ("qwertyuiopasdf", "tried first"),
        ("Contraseña2026!", "tried first"),
        ("P@ssw0rd202612", "tried first"),
        ("centralita1234", "tried first"),
        ("adminadminadmin", "tried first"),
        ("lucia.mendez99", "account's name"),
        ("Lucía.Méndez99", "account's name"),
    ],
)
def test_what_is_tried_first_is_not(password: str, why: str) -> None:
    told = problem(password, "lucia.mendez")
    assert told is not None and why in told


def test_a_short_name_inside_a_long_password_does_no_harm() -> None:
    assert problem("tres gatos analizan trenes", "ana") is None


def test_what_looks_the_same_is_the_same() -> None:
    assert normalised("cafe\u0301 solo") == normalised("café solo")


def test_a_one_time_password_can_be_typed_and_is_accepted() -> None:
    made = one_time(bytes(range(ONE_TIME_BYTES)))
    assert made == "abcd-efgh-ijkm-npqr" and problem(one_time(bytes(range(7, 23))), "admin") is None
    assert len(set(ALPHABET)) == 32
    with pytest.raises(ValueError):
        one_time(b"")

"""A machine that stands still is noticed, and only then."""

from ivr.testing.stalls import AROUND, LATE, SLEEP, Stalls


def test_a_sleep_that_takes_too_long_is_a_stall() -> None:
    stalls = Stalls()
    stalls.note(1.0, 1.0 + SLEEP + LATE / 2)
    assert not stalls.between(0.0, 10.0)
    stalls.note(2.0, 2.5)
    assert stalls.between(2.2, 2.3) and stalls.between(0.0, 10.0)
    assert stalls.between(2.5 + AROUND / 2, 10.0) and not stalls.between(2.5 + AROUND, 10.0)
    assert not stalls.between(0.0, 2.0)


def test_how_long_it_stood_still_is_told() -> None:
    stalls = Stalls()
    for since, until in ((1.0, 1.5), (2.0, 4.0), (6.0, 6.02)):
        stalls.note(since, until)
    assert stalls.seconds(0.0, 10.0) == 2.5
    assert stalls.seconds(1.25, 3.0) == 1.25
    assert stalls.seconds(4.0, 10.0) == 0.0

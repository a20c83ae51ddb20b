"""No hour has more deletions than it may."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.recordings.pace import BATCH, HOUR_US, Pace


@settings(max_examples=50)
@given(st.integers(1, 20_000), st.integers(0, 10))
def test_they_are_spread_and_no_hour_has_more(an_hour: int, idle: int) -> None:
    pace, now, done = Pace(), idle, []
    while now < 3 * HOUR_US:
        if count := pace.even(an_hour, now):
            assert count <= BATCH
            pace.took(count, now)
            done.append((now, count))
        now += pace.wait_us(an_hour, now)
    for begin, _ in done:
        assert sum(count for at, count in done if begin <= at < begin + HOUR_US) <= an_hour
    whole = sum(count for at, count in done)
    assert whole >= 0.9 * min(3 * an_hour, sum(1 for _ in done) * BATCH) or an_hour < 60
    assert all(one[0] < other[0] for one, other in pairwise(done))


def test_at_once_there_is_what_the_hour_leaves() -> None:
    pace = Pace()
    assert pace.room(150, 0) == 100
    pace.took(100, 0)
    assert pace.room(150, 1) == 50 and pace.room(80, 1) == 0
    assert pace.room(150, HOUR_US) == 100
    pace.took(0, HOUR_US)
    assert pace.wait_us(150, 2 * HOUR_US) == 0

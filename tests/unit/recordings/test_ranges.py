"""What a browser may ask for when it seeks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.recordings.player import wanted_range

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, None),
        ("bytes=0-", (0, 1000)),
        ("bytes=0-0", (0, 1)),
        ("bytes=990-2000", (990, 1000)),
        ("Bytes= 10-19", (10, 20)),
        ("bytes=-5", (995, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("lines=1-2", None),
        ("bytes=\u0661-\u0662", None),
        ("bytes=1e3-", None),
    ],
)
def test_ranges(header: str | None, wanted: tuple[int, int] | None) -> None:
    assert wanted_range(header, SIZE) == wanted


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_what_is_not_there(header: str) -> None:
    with pytest.raises(ValueError, match="1000 bytes"):
        wanted_range(header, SIZE)


@given(st.text(max_size=40), st.integers(0, 10_000))
def test_whatever_is_asked_lies_within(header: str, size: int) -> None:
    try:
        found = wanted_range("bytes=" + header, size)
    except ValueError:
        return
    assert found is None or 0 <= found[0] < found[1] <= size

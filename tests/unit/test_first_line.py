"""What an error says, on one line; a time-out says nothing, and must not hide what failed."""

import pytest

from ivr.log import first_line


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("the first\nand more"), "the first"),
        (TimeoutError(), "TimeoutError"),
        (OSError("\n"), "OSError"),
        (OSError(28, "No space left on device", "/mnt"), "[Errno 28] No space left on device: '/mnt'"),
    ],
)
def test_one_line(error: Exception, told: str) -> None:
    assert first_line(error) == told

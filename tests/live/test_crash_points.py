"""A sample of `tests/soak/test_8_crash_points.py`: the server dies at two points of one play, of two kinds."""

import tempfile
from pathlib import Path

from tests.live.scenes import live
from tests.soak.points import Point, open_line, play
from tests.soak.script import CHANGES

SAMPLE = (Point(31, "before"), Point(40, "durable"))
"""Each counts from the restart after the one before."""


@live
async def test_death_at_two_points_of_the_journal() -> None:
    with tempfile.TemporaryDirectory(prefix="cl-", ignore_cleanup_errors=True) as folder:
        line = await open_line(Path(folder), CHANGES)
        try:
            outcome = await play(line, list(SAMPLE))
        finally:
            await line.stop()
        assert len(outcome.struck) == len(SAMPLE), "the play has fewer entries than it had"
        assert outcome.faults == []

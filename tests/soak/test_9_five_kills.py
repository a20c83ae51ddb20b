"""A hundred callers and five kill -9.

As the hundred callers before, but the server is killed with SIGKILL five times on the way and started again at once.
"""

import functools

from ivr.testing.instance import Instance
from tests.soak.part import MINUTES, Part
from tests.soak.test_7_hundred_callers import CHANGES as CHANGES
from tests.soak.test_7_hundred_callers import STARTED as STARTED
from tests.soak.test_7_hundred_callers import hundred_callers
from tests.tools import run

NAME, ORDER, SHARE = "five-kills", 9, 1.0
KILLS = 5


@functools.partial(run, seconds=MINUTES * 60 * 3 + 1800)
async def test_a_hundred_callers_and_five_kills(part: Part, line: Instance) -> None:
    await hundred_callers(part, line, KILLS)

"""A test that failed while the machine stood still says nothing, and is made again, from its first fixture on.

On a machine that has too much to do, or is a guest of one, processes wait for a processor for a tenth of a second and
more, many times a minute; who measures calls by the clock sees faults then that are none of the line's. A test that
fails while that did not happen has failed. What is repeated stands among the warnings at the end.
"""

import time

import pytest
from _pytest.runner import runtestprotocol

from ivr.testing.stalls import STALLS

TIMES = 2
"""So often, at most."""
STOOD_STILL = 0.2
"""Seconds within a test, all stalls together."""


class Repeated(UserWarning):
    """A test was made again."""


def pytest_sessionstart() -> None:
    """Watch from the beginning."""
    STALLS.watch()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """As pytest's own, again and again if need be."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for time_left in reversed(range(TIMES + 1)):
        began = time.monotonic()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        stood = STALLS.seconds(began, time.monotonic())
        if not time_left or stood < STOOD_STILL or not any(report.failed for report in reports):
            break
        item.warn(Repeated(f"{item.name} failed while the machine stood still for {stood:.1f} s; it is made again"))
        _afresh(item)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _afresh(item: pytest.Item) -> None:
    """Nothing is left of the fixtures, of whatever scope: they may have suffered, too."""
    try:
        item.session._setupstate.teardown_exact(None)
    except Exception as fault:
        item.warn(Repeated(f"what {item.name} left behind did not end well: {fault}"))
    if isinstance(item, pytest.Function):
        item._initrequest()

"""A live test that failed while the machine stood still says nothing, and is made again, from its first fixture on.

On a machine that has too much to do, or is a guest of one, processes wait for a processor for a tenth of a second and
more, many times a minute; who measures calls by the clock sees faults then that are none of the line's. A test that
fails while that did not happen has failed, and so has one that failed three times. What is repeated stands among the
warnings at the end.
"""

import time

import pytest
from _pytest.runner import runtestprotocol

from ivr.testing.stalls import STALLS

TIMES = 2
"""So often, at most."""
STOOD_STILL = 0.2
"""Seconds within a test, all stalls together, and this share of its time."""
SHARE = 0.01
MOST = 15
"""Tests that a process of tests makes again. Where more fail, the machine is not to blame, or proves nothing."""


class Repeated(UserWarning):
    """A test was made again."""


_repeated: set[str] = set()


def pytest_sessionstart() -> None:
    """Watch from the beginning."""
    STALLS.watch()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """As pytest's own, again and again if need be."""
    if item.get_closest_marker("live") is None or item.get_closest_marker("soak") is not None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for left in reversed(range(TIMES + 1)):
        began = time.monotonic()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        took = time.monotonic() - began
        stood = STALLS.seconds(began, began + took)
        failed = any(report.failed for report in reports)
        if not failed or not left or stood < max(STOOD_STILL, SHARE * took) or not _may_again(item):
            break
        item.warn(Repeated(f"{item.name} failed while the machine stood still for {stood:.1f} s; it is made again"))
        _afresh(item)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _may_again(item: pytest.Item) -> bool:
    _repeated.add(item.nodeid)
    return len(_repeated) <= MOST


def _afresh(item: pytest.Item) -> None:
    """Nothing is left of the fixtures, of whatever scope: they may have suffered, too."""
    try:
        item.session._setupstate.teardown_exact(None)
    except Exception as fault:
        item.warn(Repeated(f"what {item.name} left behind did not end well: {fault}"))
    if isinstance(item, pytest.Function):
        item._initrequest()

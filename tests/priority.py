"""Tests that only compute make way for live ones.

A live test is a telephone: it has to hear and speak every 20 ms while, in the processes beside it, other tests search
proofs and compress recordings as fast as the machine can. Those run at a lower priority, together with what they start.
Where this process may not go back to its own priority (who is not root), all have the same.
"""

import os

import pytest

LOWER = 10


def _may_go_back() -> bool:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, own + 1)
        os.setpriority(os.PRIO_PROCESS, 0, own)
    except PermissionError:
        return False
    return True


_OWN = os.getpriority(os.PRIO_PROCESS, 0)
_MAY = _may_go_back()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before the test's fixtures."""
    if _MAY:
        live = item.get_closest_marker("live") is not None
        os.setpriority(os.PRIO_PROCESS, 0, _OWN if live else _OWN + LOWER)

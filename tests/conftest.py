"""Fixtures that every test has."""

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_twisted
from hypothesis import settings

from tests.priority import pytest_runtest_setup as pytest_runtest_setup
from tests.repeated import pytest_runtest_protocol as pytest_runtest_protocol
from tests.repeated import pytest_sessionstart as pytest_sessionstart

settings.register_profile("unhurried", deadline=None)  # how fast it is, the bench tells
settings.load_profile("unhurried")

gc.disable()  # while thousands of tests are imported and collected: all of that stays


def pytest_collection_finish() -> None:
    """From now on garbage goes, and is not looked for among the modules."""
    gc.freeze()
    gc.enable()


# How many turns of the loop a task that was cancelled at the end of a test gets to end by itself.
_TURNS = 5


@pytest.fixture(autouse=True)
def nothing_left_over() -> Iterator[None]:
    """A test that leaves a task running fails: the next test would meet it."""
    # Imported here: pytest loads this file before pytest-twisted installs the reactor.
    from twisted.internet import reactor
    from twisted.internet.task import deferLater

    loop = asyncio.get_event_loop_policy().get_event_loop()
    before = asyncio.all_tasks(loop)
    yield
    left: set[asyncio.Task[object]] = set()
    for _ in range(_TURNS):
        left = asyncio.all_tasks(loop) - before
        if not left:
            return
        pytest_twisted.blockon(deferLater(reactor, 0))
    for task in left:
        task.cancel()
    names = ", ".join(sorted(getattr(task.get_coro(), "__qualname__", repr(task)) for task in left))
    pytest.fail(f"tasks left over: {names}")


@pytest.fixture(scope="session")
def asterisk_root() -> Path:
    """The provisioned Asterisk. Without one the test skips aloud; in CI (variable CI) it fails."""
    root = Path(os.environ.get("CENTRALITA_ASTERISK_ROOT") or "var/asterisk/root").absolute()
    if not (root / "usr/sbin/asterisk").exists():
        remedy = f"no Asterisk at {root}; unpack one with: make provision"
        pytest.fail(remedy) if os.environ.get("CI") else pytest.skip(remedy)
    return root

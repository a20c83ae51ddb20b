"""A test is made again when it failed while the machine stood still, and only then."""

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import time
import pytest

pytest_plugins = ["pytester"]
from ivr.testing.stalls import STALLS

pytestmark = pytest.mark.live
made = []

@pytest.fixture(scope="module")
def line():
    made.append("line")
    yield made

@pytest.fixture(autouse=True)
def quiet():
    STALLS._found.clear()

def stand_still():
    now = time.monotonic()
    time.sleep(0.3)
    STALLS.note(now, now + 0.3)

def test_once(line):
    pass

def test_late(line):
    made.append("late")
    stand_still()
    assert made.count("late") > 1 and made.count("line") == 2  # with a line of its own

def test_never(line):
    made.append("never")
    stand_still()
    assert False, made.count("never")

@pytest.mark.soak
def test_long(line):
    made.append("long")
    stand_still()
    assert False, f"long {made.count('long')}"

def test_wrong(line):
    made.append("wrong")
    assert False, made.count("wrong")
"""


def test_what_failed_while_the_machine_stood_still_is_made_again(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("from tests.repeated import pytest_runtest_protocol")
    pytester.makepyfile(TESTS)
    found = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-q", f"--rootdir={pytester.path}")
    found.assert_outcomes(passed=2, failed=3, warnings=5)
    found.stdout.fnmatch_lines(["*AssertionError: 3", "*AssertionError: long 1", "*AssertionError: 1"])

"""The fixture that finds forgotten tasks finds them."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

FORGETFUL = """
import asyncio
from tests.tools import run

@run
async def test_forgets():
    asyncio.get_running_loop().test_task = asyncio.ensure_future(asyncio.sleep(60))

@run
async def test_tidies():
    task = asyncio.ensure_future(asyncio.sleep(60))
    task.cancel()
"""


def test_a_forgotten_task_fails_the_test_that_made_it(pytester: pytest.Pytester) -> None:
    root = Path(__file__).parents[2]
    pytester.makeconftest((root / "tests/conftest.py").read_text())
    pytester.makepyfile(FORGETFUL)
    pytester.makeini(f"[pytest]\npythonpath = {root}\naddopts = --reactor=asyncio\n")
    done = pytester.runpytest_subprocess()
    done.assert_outcomes(passed=2, errors=1)
    done.stdout.fnmatch_lines(["*tasks left over: sleep*"])

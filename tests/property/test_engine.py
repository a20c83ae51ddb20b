"""Invariants 1 to 4 and 6 of the design, over facts in any order, late, doubled or never, with crashes anywhere."""

import os
import subprocess
import sys
from pathlib import Path

from hypothesis.stateful import run_state_machine_as_test

from tests.property.world import World, days

DAYS = 50
"""In `make test`; `make soak` has thousands (`tests/soak/test_4_engine.py`)."""


def test_the_invariants_hold_on_any_day() -> None:
    run_state_machine_as_test(World, settings=days(DAYS, derandomize=True))


DAY = """
import hashlib, json
from hypothesis import Phase
from hypothesis.stateful import run_state_machine_as_test
from tests.property.world import ChangedWorld, days

digest = hashlib.sha256()

class Written(ChangedWorld):
    def teardown(self):
        super().teardown()
        digest.update("".join(self.journal).encode())

run_state_machine_as_test(Written, settings=days(15, derandomize=True, phases=[Phase.generate]))
print(digest.hexdigest())
"""


def test_hashing_has_no_part_in_a_decision() -> None:
    """The same days under two hash seeds: the same journals, byte for byte."""

    def journals(hash_seed: str) -> str:
        environ = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run([sys.executable, "-c", DAY], env=environ, capture_output=True, text=True, check=True)
        return done.stdout

    assert journals("1") == journals("2") != ""

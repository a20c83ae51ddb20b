"""A server whose loop stands still ends, and shows where it stood."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROGRAM = """
import time
from ivr.app import rounds
from ivr.systemd import Notifier

rounds.STANDSTILL_SECONDS = 0.3

def stand_still():
    time.sleep(20)

for _ in range(4):  # a loop that turns is left alone
    rounds.still_alive(Notifier())
    time.sleep(0.15)
print("alive", flush=True)
stand_still()
"""


def test_a_loop_that_stands_still_is_ended_with_its_stack() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "alive\n")
    assert "in stand_still" in ended.stderr

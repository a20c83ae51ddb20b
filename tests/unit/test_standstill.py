"""A server whose loop stands still ends, and shows where it stood."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys, time
from ivr import app
from ivr.language import load_site
from ivr.settings.environment import Environment

app.STANDSTILL_SECONDS = 0.3
environment = Environment.from_environ({"CENTRALITA_VAR": sys.argv[1]})
server = app.Server(load_site(environment.config, environment.flows).site, environment)

def stand_still():
    time.sleep(20)

for _ in range(4):  # a loop that turns is left alone
    server._still_alive()
    time.sleep(0.15)
print("alive", flush=True)
stand_still()
"""


def test_a_loop_that_stands_still_is_ended_with_its_stack(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "alive\n")
    assert "in stand_still" in ended.stderr

"""Runs the tests in several processes beside each other: `python -m tests.beside`.

The live tests mostly wait for prompts and ringing phones, so their files run at the same time, each with an Asterisk
of its own; all other tests are one more process. What a process prints is shown when it has ended. Exit status 1 when
any of them failed.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

HERE = Path(__file__).parent


def groups() -> list[list[str]]:
    """The arguments of each process: the longest first."""
    live = sorted(HERE.glob("live/test_*.py"), key=lambda file: -file.stat().st_size)
    return [[str(HERE), f"--ignore={HERE / 'live'}"], *([str(file)] for file in live)]


def run(arguments: list[str], extra: list[str]) -> tuple[list[str], int, str, float]:
    """One process to its end: arguments, status, what it printed, seconds. No tests at all is no failure."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not soak", *arguments, *extra]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    status = 0 if ended.returncode == 5 else ended.returncode
    return arguments, status, ended.stdout, time.monotonic() - began


def main() -> int:
    """Run everything; further arguments go to every pytest."""
    extra, failed = sys.argv[1:], False
    beside = max(2, (os.cpu_count() or 2) + 1)
    with ThreadPoolExecutor(beside) as pool:
        pending = [pool.submit(run, arguments, extra) for arguments in groups()]
        for done in as_completed(pending):
            arguments, status, text, seconds = done.result()
            names = " ".join(os.path.relpath(argument) for argument in arguments if not argument.startswith("-"))
            print(f"=== {names}: {'failed' if status else 'passed'} in {seconds:.0f} s", flush=True)
            print(text, flush=True)
            failed = failed or status != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

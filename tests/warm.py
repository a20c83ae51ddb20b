"""`ivr` as a process of its own, without the imports that are nine tenths of a short command's time.

A process that has imported what commands need forks for each of them. The fork has the folder, the environment, the
arguments and the outputs of its own, and ends as `ivr` ends. What is shown is the command; that `.venv/bin/ivr` begins
at all, others show (`test_docs.py`: the operators' `ivr`).
"""

import atexit
import functools
import gc
import importlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PROGRAM = ".venv/bin/ivr"
IMPORTED = ("check", "prove", "try", "diff", "graph", "schema", "reload", "versions", "rollback", "canary", "override")
"""Modules of `ivr.commands`; another command imports itself, as ever."""


def arguments_of(line: str) -> list[str] | None:
    """The arguments of a line that is one plain `.venv/bin/ivr`; None when a shell has more to do."""
    words = shlex.split(line)
    plain = words[:1] == [PROGRAM] and not set(line) & set("|&;<>()$`\\*?#~=%{}[]\n")
    return words[1:] if plain else None


def ivr(arguments: list[str], folder: Path, environment: Mapping[str, str], seconds: int) -> tuple[int, str, str]:
    """Its exit status, as a shell tells it, and both outputs. After `seconds` it is ended."""
    asked = {"arguments": arguments, "folder": str(folder), "environment": dict(environment), "seconds": seconds}
    nursery = _nursery()
    assert nursery.stdin is not None and nursery.stdout is not None
    nursery.stdin.write(json.dumps(asked) + "\n")
    nursery.stdin.flush()
    answer = nursery.stdout.readline()
    assert answer, "the process that forks has died"
    status, out, err = json.loads(answer)
    return (status if status >= 0 else 128 - status), out, err


@functools.cache
def _nursery() -> "subprocess.Popen[str]":
    begun = subprocess.Popen([sys.executable, "-m", "tests.warm"], cwd=ROOT, stdin=subprocess.PIPE, text=True,
                             stdout=subprocess.PIPE)  # fmt: skip
    atexit.register(_end, begun)
    return begun


def _end(begun: "subprocess.Popen[str]") -> None:
    assert begun.stdin is not None and begun.stdout is not None
    begun.stdin.close()
    begun.wait(10)
    begun.stdout.close()


# ---- in the process that forks


def _serve() -> dict[str, Any] | None:
    """Answer until nobody asks any more. A fork returns with what it was asked."""
    for name in IMPORTED:
        importlib.import_module(f"ivr.commands.{name}")
    _load()
    gc.freeze()  # what is never looked at by a fork stays the same memory for all of them
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                for number, file in ((0, None), (1, out), (2, err)):
                    os.dup2(os.open(os.devnull, os.O_RDONLY) if file is None else file.fileno(), number)
                return dict(asked)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode())
        print(json.dumps([status, *texts]), flush=True)
    return None


def _load() -> None:
    """Check the repository's site: what is imported at the first use, and the holidays of its years."""
    from ivr.language.load import load_site
    from ivr.rehearsal.scenarios import run_tests

    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    if site is not None:
        run_tests(site, ROOT / "ivr" / "flows")


def _be(asked: Mapping[str, Any]) -> None:
    """Become the command."""
    from ivr.cli import main

    signal.alarm(asked["seconds"])
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = [PROGRAM, *asked["arguments"]]
    main(prog_name="ivr")


if __name__ == "__main__":
    _asked = _serve()
    if _asked is not None:
        _be(_asked)

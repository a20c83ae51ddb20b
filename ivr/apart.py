"""Long work that a process of its own does: in a thread of the server it would hold up the loop.

    told = answered("ivr.calls.telling", {"journal": url, "call": call}, seconds=100)

and in that module, behind `if __name__ == "__main__":`,

    answers(lambda asked: {"lines": [...]})

The question goes to its input and the answer comes from its output, both JSON: a command line is seen by everybody, and
what is asked may hold a number or a password. It ends with the server, whatever ends that.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ivr import log as logs
from ivr.install.asterisk import tied

log = logs.get(__name__)

POLITE = 10
"""How much less urgent than the server the other process is (nice)."""
NOT_STARTED = 127
"""What `setpriv` ends with when it cannot start what it should."""

_at_work: set["subprocess.Popen[bytes]"] = set()


class NotAnswered(Exception):
    """There is no answer. The message says why."""


class TookTooLong(NotAnswered):
    """It was ended, for it took longer than it may."""


def answered(module: str, asked: Mapping[str, Any], seconds: float, room: Mapping[str, str] | None = None) -> Any:
    """What `python -m module` answers. Blocking. `room`: variables of its environment. Raises NotAnswered."""
    try:
        process = subprocess.Popen(
            tied([sys.executable, "-m", module], "KILL"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(room or {})},
        )
    except OSError as error:
        raise NotAnswered(f"no process can be started: {error.strerror}") from None
    _at_work.add(process)
    try:
        told, said = process.communicate(json.dumps(asked).encode(), seconds)
    except subprocess.TimeoutExpired:
        raise TookTooLong(f"it was ended after {seconds:g} s, and had not come to its end") from None
    finally:
        _at_work.discard(process)
        process.kill()  # harmless when it has ended
        process.wait()
    last = (said.decode(errors="replace").strip().splitlines() or [""])[-1]
    if process.returncode == NOT_STARTED:
        raise NotAnswered(f"no process can be started: {last}")
    try:
        return json.loads(told)
    except ValueError:
        kind = last.partition(":")[0]  # the rest of an exception's words may be what was asked
        log.error("a process of its own has ended in the middle", module=module, status=process.returncode, why=kind)
        raise NotAnswered(f"the process of {module} has ended in the middle of it") from None


def end_all() -> None:
    """End every process that is at work: nobody waits for its answer any more."""
    for process in list(_at_work):
        process.kill()


def answers(work: Callable[[dict[str, Any]], Any]) -> None:
    """Answer one question, and be polite to the server meanwhile."""
    os.nice(POLITE)
    asked = json.load(sys.stdin)
    json.dump(work(asked), sys.stdout)

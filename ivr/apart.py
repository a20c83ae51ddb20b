"""Long work that a process of its own does: in a thread of the server it would hold up the loop.

    told = answered("ivr.calls.telling", {"journal": url, "call": call}, seconds=100)

and in that module, behind `if __name__ == "__main__":`,

    answers(lambda asked: {"lines": [...]})

The question goes to its input and the answer comes from its output, both JSON: a command line is seen by everybody, and
what is asked may hold a number or a password.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

POLITE = 10
"""How much less urgent than the server the other process is (nice)."""


class NotAnswered(Exception):
    """There is no answer. The message says why."""


class TookTooLong(NotAnswered):
    """It was ended, for it took longer than it may."""


def answered(module: str, asked: Mapping[str, Any], seconds: float, room: Mapping[str, str] | None = None) -> Any:
    """What `python -m module` answers. Blocking. `room`: variables of its environment. Raises NotAnswered."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", module],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=seconds,
            env={**os.environ, **(room or {})},
        )
    except subprocess.TimeoutExpired:
        raise TookTooLong(f"it was ended after {seconds:g} s, and had not come to its end") from None
    except OSError as error:
        raise NotAnswered(f"no process can be started: {error.strerror}") from None
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise NotAnswered(f"the process of {module} has ended in the middle of it") from None


def answers(work: Callable[[dict[str, Any]], Any]) -> None:
    """Answer one question, and be polite to the server meanwhile."""
    os.nice(POLITE)
    asked = json.load(sys.stdin)
    json.dump(work(asked), sys.stdout)

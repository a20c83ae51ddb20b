"""Long work that a process of its own does: in a thread of the server it would hold up the loop.

    told = answered("ivr.calls.telling", {"journal": url, "call": call}, seconds=100)

and in that module, behind `if __name__ == "__main__":`,

    answers(lambda asked: {"lines": [...]})

The question goes to its input and the answer comes from its output, each one line of JSON: a command line is seen by
everybody, and what is asked may hold a number or a password. It ends with the server, whatever ends that. A `Resident`
is asked again and again: what it imports it imports once.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any

from ivr.install.asterisk import tied

POLITE = 10
"""How much less urgent than the server the other process is (nice)."""
NOT_STARTED = 127
"""What `setpriv` ends with when it cannot start what it should."""
LEAVING_SECONDS = 5.0
"""For which a process that has answered may put its things away."""
PIECE = 1 << 16

_at_work: set["subprocess.Popen[bytes]"] = set()


class NotAnswered(Exception):
    """There is no answer. The message says why."""


class TookTooLong(NotAnswered):
    """It was ended, for it took longer than it may."""


def answered(module: str, asked: Mapping[str, Any], seconds: float, room: Mapping[str, str] | None = None) -> Any:
    """What `python -m module` answers. Blocking. `room`: variables of its environment. Raises NotAnswered."""
    process = Resident(module, room)
    try:
        return process.ask(asked, seconds)
    finally:
        process.end()


class Resident:
    """`python -m module`, started by the first question. One question at a time; others wait. For threads."""

    def __init__(self, module: str, room: Mapping[str, str] | None = None) -> None:
        """`room`: variables of its environment."""
        self._module, self._room = module, room or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._one = threading.Lock()
        self._asked_at = 0.0

    def ask(self, asked: Mapping[str, Any], seconds: float) -> Any:
        """Its answer. Blocking. One that has died since the last question is started anew. Raises NotAnswered."""
        with self._one:
            process = self._process
            if process is None or process.poll() is not None:
                self._end()
                process = self._start()
            try:
                return json.loads(_exchange(process, asked, time.monotonic() + seconds))
            except TimeoutError:
                process.kill()
                self._end()
                raise TookTooLong(f"it was ended after {seconds:g} s, and had not come to its end") from None
            except (ValueError, OSError):
                raise self._why(*self._end()) from None
            finally:
                self._asked_at = time.monotonic()

    def rest(self, seconds: float) -> None:
        """End it, if nobody has asked for so long. Returns at once."""
        if self._process is not None and self._one.acquire(blocking=False):
            try:
                if self._process is not None and time.monotonic() - self._asked_at >= seconds:
                    self._process.kill()
                    self._end()
            finally:
                self._one.release()

    def end(self) -> None:
        """End it; it puts its things away first."""
        with self._one:
            self._end()

    def _start(self) -> "subprocess.Popen[bytes]":
        said = self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        try:
            process = subprocess.Popen(
                tied([sys.executable, "-m", self._module], "KILL"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env={**os.environ, **self._room},
            )
        except OSError as error:
            said.close()
            raise NotAnswered(f"no process can be started: {error.strerror}") from None
        _at_work.add(process)
        self._process = process
        return process

    def _end(self) -> tuple[int, str]:
        """Its status, and its last words."""
        process, self._process = self._process, None
        if process is None:
            return 0, ""
        assert process.stdin and process.stdout and self._said
        with suppress(OSError):  # it has died before it has read everything
            process.stdin.close()
        try:
            process.wait(LEAVING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _at_work.discard(process)
        process.stdout.close()
        with self._said as said:
            said.seek(0)
            last = (said.read().decode(errors="replace").strip().splitlines() or [""])[-1]
        return process.returncode, last

    def _why(self, status: int, last: str) -> NotAnswered:
        """Why there is no answer."""
        from ivr import log as logs  # it takes a tenth of a second, which who answers has no need of

        if status == NOT_STARTED:
            return NotAnswered(f"no process can be started: {last}")
        kind = last.partition(":")[0]  # the rest of an exception's words may be what was asked
        logs.get(__name__).error(
            "a process of its own has ended in the middle", module=self._module, status=status, why=kind
        )
        return NotAnswered(f"the process of {self._module} has ended in the middle of it")


def end_all() -> None:
    """End every process that is at work: nobody waits for its answer any more."""
    for process in list(_at_work):
        process.kill()


def answers(work: Callable[[dict[str, Any]], Any]) -> None:
    """Answer every question, and be polite to the server meanwhile."""
    os.nice(POLITE)
    for asked in sys.stdin.buffer:
        sys.stdout.write(json.dumps(work(json.loads(asked))) + "\n")
        sys.stdout.flush()


def _exchange(process: "subprocess.Popen[bytes]", asked: Mapping[str, Any], until: float) -> bytes:
    """One line there, one line back. Raises TimeoutError, OSError; half a line when it has ended."""
    assert process.stdin and process.stdout
    there, back = process.stdin.fileno(), process.stdout.fileno()
    os.set_blocking(there, False)  # one that never reads has no longer than one that never answers
    left, told, ready = memoryview(json.dumps(asked).encode() + b"\n"), bytearray(), select.poll()
    ready.register(there, select.POLLOUT)
    ready.register(back, select.POLLIN)
    while not told.endswith(b"\n"):
        found = dict(ready.poll(max(0.0, until - time.monotonic()) * 1000))
        if not found:
            raise TimeoutError
        if there in found:
            left = left[os.write(there, left) :]
            if not left:
                ready.unregister(there)
        if back in found:
            piece = os.read(back, PIECE)
            if not piece:
                break
            told += piece
    return bytes(told)

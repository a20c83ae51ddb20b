"""A server that dies, or stands still, at one exact point of its journal.

    CRASH_PLAN=/folder/plan CRASH_LOG=/folder/appends python -m tests.soak.crashing

is `ivr serve` with a journal that counts. As soon as the file CRASH_PLAN exists it is taken away and read, and the
entry that comes next is number 1. A plan is lines `NUMBER WHEN HOW`; an empty one only counts. WHEN, of the entry of
this number:

- `before`: the engine has decided, nothing is stored;
- `durable`: stored, and nobody in the server knows it yet: no deed has begun, no projection was told;
- `done`: its deeds are done, as far as Asterisk has answered them.

HOW is `kill` (SIGKILL) or `stop` (SIGSTOP: whoever tests lets something happen and sends SIGCONT). CRASH_LOG gets a
line for each entry counted: its number, its event, its decisions.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import acd.dispatcher
import acd.journal.sqlite
from acd.deeds import Deeds
from acd.journal.port import Json
from acd.journal.sqlite import SqliteJournal
from acd.journal.writer import Draft, to_text

WHENS = ("before", "durable", "done")
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_deeds: list[Deeds] = []


class Plan:
    """Which entry is the last one, and what has been counted."""

    def __init__(self, file: Path, log: Path) -> None:
        self._file = file
        self._log_file = log
        self._log = -1
        self._points: dict[tuple[int, str], str] = {}
        self._armed = False
        self.count = 0

    def next(self, event: Json, decisions: Sequence[Json]) -> int:
        """The number of an entry that is about to be stored; 0 while there is no plan."""
        if self._file.exists():
            self._arm()
        if not self._armed:
            return 0
        self.count += 1
        kinds = "+".join(kind_of(decision) for decision in decisions)
        os.write(self._log, f"{self.count}\t{kind_of(event)}\t{kinds}\n".encode())
        return self.count

    def _arm(self) -> None:
        text = self._file.read_text()
        self._file.unlink()
        self._armed, self.count, self._points = True, 0, {}
        self._log = os.open(self._log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number, when, how in map(str.split, text.splitlines()):
            self._points[int(number), when] = how

    def wants(self, number: int, when: str) -> bool:
        """Whether the server's end comes at this point."""
        return (number, when) in self._points

    def strike(self, number: int, when: str) -> None:
        """Die or stand still, if it is time."""
        if how := self._points.pop((number, when), None):
            os.write(self._log, f"# {number} {when} {how}\n".encode())
            os.kill(os.getpid(), _SIGNALS[how])


def kind_of(thing: Json) -> str:
    """An event's or a decision's name, with the result or outcome that it tells."""
    told = thing.get("result") or thing.get("outcome") or thing.get("why") or thing.get("state") or ""
    return f"{thing['e']} ({told})" if told and isinstance(told, str) else str(thing["e"])


class CrashingJournal(SqliteJournal):
    """The journal of the server, with a plan."""

    plan: Plan

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._fatal: dict[str, int] = {}  # text of the event -> its number

    def append(
        self, at: datetime, event: Json, decisions: Sequence[Json] = (), key: str | None = None
    ) -> "asyncio.Future[int]":
        number = self.plan.next(event, decisions)
        self.plan.strike(number, "before")
        if self.plan.wants(number, "durable"):
            self._fatal[to_text(event)] = number
        future = super().append(at, event, decisions, key)
        if self.plan.wants(number, "done"):
            future.add_done_callback(lambda _: _after_deeds(self.plan, number))
        return future

    def _write(self, drafts: Sequence[Draft]) -> list[int]:
        positions = super()._write(drafts)
        for draft in drafts:
            if (number := self._fatal.pop(draft.event, None)) is not None:
                self.plan.strike(number, "durable")
        return positions


_afterwards: set["asyncio.Task[None]"] = set()


def _after_deeds(plan: Plan, number: int) -> None:
    """The dispatcher, who is told after us, begins the deeds before the task does its first step."""

    async def wait() -> None:
        for deeds in _deeds:
            await deeds.done()
        plan.strike(number, "done")

    _afterwards.add(asyncio.get_running_loop().create_task(wait()))


class _WatchedDeeds(Deeds):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _deeds.append(self)


def main() -> None:
    """Serve with the plan."""
    CrashingJournal.plan = Plan(Path(os.environ["CRASH_PLAN"]), Path(os.environ["CRASH_LOG"]))
    acd.journal.sqlite.SqliteJournal = CrashingJournal  # type: ignore[misc]
    acd.dispatcher.Deeds = _WatchedDeeds  # type: ignore[misc]
    from ivr.cli import main as ivr

    sys.argv = ["ivr", "serve"]
    ivr()


if __name__ == "__main__":
    main()

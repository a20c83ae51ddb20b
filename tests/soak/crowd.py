"""A hundred callers at a time, made by SIPp from `caller.xml`: each waits as long as his patience lasts."""

import asyncio
import contextlib
import random
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ivr.testing.instance import LINE, Instance
from ivr.testing.phone.g711 import encode
from tests.live.scenes import DIRECT
from tests.soak.traffic import CALLER

SCENARIO = Path(__file__).with_name("caller.xml")
TICK = 0.25
"""Seconds, as in the scenario."""

_ADDRESS = "127.0.0.11"
"""SIPp's own: the other of the trunk's two."""

_NUMBERS = (*DIRECT.values(), *DIRECT.values(), *DIRECT.values(), LINE)
_LONGEST = 60.0


@dataclass(slots=True)
class Call:
    """A call as SIPp saw it. `by`: caller, line; `answered` and `ended` are seconds since 1970."""

    number: str
    did: str
    patience: float
    answered: float | None = None
    ended: float | None = None
    by: str = ""
    refused: bool = False


class Crowd:
    """Callers by chance, `at_once` at any time. `calls` by number, those that were made."""

    def __init__(self, line: Instance, seed: int, at_once: int = 100, rate: float = 12.0) -> None:
        self.line = line
        self.at_once = at_once
        self.rate = rate
        self.folder = line.folder / "crowd"
        self._source = random.Random(seed)
        self._planned: dict[str, Call] = {}
        self._process: asyncio.subprocess.Process | None = None

    async def come(self, most: int) -> None:
        """They begin to call; at most so many."""
        self.folder.mkdir()
        self._planned = {call.number: call for call in map(self._call, range(most))}
        rows = [f"{c.number};{c.did};{max(1, round(c.patience / TICK))}\n" for c in self._planned.values()]
        (self.folder / "callers.csv").write_text("SEQUENTIAL\n" + "".join(rows))
        second = 0.4 * np.sin(2 * np.pi * CALLER * np.arange(80_000) / 8000)
        (self.folder / "tone.ul").write_bytes(encode((second * 32767).astype(np.int16)))
        self._process = await asyncio.create_subprocess_exec(
            *("setpriv", "--pdeathsig", "TERM", "--", "sipp", f"{self.line.sip[0]}:{self.line.sip[1]}"),
            *("-sf", str(SCENARIO), "-inf", "callers.csv", "-m", str(most), "-nostdin", "-timer_resol", "10"),
            *("-i", _ADDRESS, "-mi", _ADDRESS, "-l", str(self.at_once), "-r", f"{self.rate:g}"),
            *("-trace_logs", "-log_file", "calls.log", "-default_behaviors", "all,-abortunexp"),
            cwd=self.folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    def _call(self, place: int) -> Call:
        short = self._source.random() < 0.1
        patience = self._source.uniform(0.2, 3) if short else min(2 + self._source.expovariate(1 / 22), _LONGEST)
        return Call(f"30{place:08}", self._source.choice(_NUMBERS), patience)

    @property
    def comes(self) -> bool:
        """Whether SIPp is at work."""
        return self._process is not None and self._process.returncode is None

    async def end(self) -> None:
        """Nobody new comes, and the last ones go."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGUSR1)  # as the key q
        await asyncio.wait_for(self._process.wait(), _LONGEST + 60)

    async def leave_at_once(self) -> None:
        """End SIPp whatever it does; harmless when it has ended."""
        if self.comes:
            assert self._process is not None
            self._process.kill()
            await self._process.wait()

    @property
    def calls(self) -> list[Call]:
        """What SIPp wrote down."""
        made: dict[str, Call] = {}
        for row in (self.folder / "calls.log").read_text().splitlines():
            number, what, *_, at = row.split()
            call = made[number] = self._planned[number]
            if what == "answered":
                call.answered = float(at)
            elif what == "refused":
                call.refused = True
            else:
                call.ended, call.by = float(at), "caller" if what == "left" else "line"
        return list(made.values())

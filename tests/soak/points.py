"""Kills the server, cuts AMI or ends Asterisk at one point of the journal while the script is played, and looks what
came of everybody."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ivr.install.asterisk import tied
from ivr.testing.installation import ROOT, InstanceError
from ivr.testing.instance import Instance
from tests.soak.inspection import inspect
from tests.soak.part import Part
from tests.soak.script import Script

KILL, AMI_LOST, ASTERISK_KILLED = "server killed", "AMI cut", "Asterisk killed"

_PATIENT = 60.0
"""Seconds for a server to start while other lines play; what callers see of a slow start is judged all the same."""

_QUIET = 0.6
"""Seconds without an entry."""

_AWAY = 0.6
"""Seconds without AMI."""


@dataclass(frozen=True, slots=True)
class Point:
    """The entry of this number, and when: `before`, `durable` or `done` (tests/soak/crashing.py)."""

    number: int
    when: str
    what: str = KILL


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry that the server counted."""

    number: int
    event: str
    decisions: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Its event and what was decided, in words."""
        return " -> ".join([self.event, *self.decisions])


@dataclass(slots=True)
class Outcome:
    """What came of one play. `struck`: the kind of entry at each of its points that was reached."""

    counted: list[Appended]
    struck: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class CrashingLine(Instance):
    """An instance whose server counts its journal and dies when it is told."""

    async def start_server(self, *, ready: bool = True) -> None:
        (self.paths.var / "log").mkdir(exist_ok=True)
        with (self.paths.var / "log" / "server.log").open("ab") as log:
            self.server = await asyncio.create_subprocess_exec(
                *tied([sys.executable, "-m", "tests.soak.crashing"]),
                env=self._environ() | {"CRASH_PLAN": str(self._plan), "CRASH_LOG": str(self._counted)},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        if ready:
            await self.until_ready(_PATIENT)

    @property
    def _plan(self) -> Path:
        return self.folder / "plan"

    @property
    def _counted(self) -> Path:
        return self.folder / "appends"

    def arm(self, points: list[Point]) -> None:
        """The next entry of the journal is number 1."""
        self._counted.unlink(missing_ok=True)
        self._write_plan("".join(f"{p.number} {p.when} {'kill' if p.what == KILL else 'stop'}\n" for p in points))

    def _write_plan(self, text: str) -> None:
        fresh = self._plan.with_suffix(".fresh")
        fresh.write_text(text)
        fresh.replace(self._plan)

    async def disarm(self) -> None:
        """A server that has not died until now dies no more; of one that just did, it is known."""
        self._write_plan("")
        await asyncio.sleep(_QUIET / 4)

    def struck(self, point: Point) -> bool:
        """Whether the server that was armed said that it dies of this point."""
        text = self._counted.read_text() if self._counted.exists() else ""
        return any(row.startswith(f"# {point.number} {point.when} ") for row in text.splitlines())

    def counted(self) -> list[Appended]:
        """What the server that was armed has appended."""
        if not self._counted.exists():
            return []
        rows = [line.split("\t") for line in self._counted.read_text().splitlines() if not line.startswith("#")]
        return [Appended(int(n), event, tuple(filter(None, decided.split("+")))) for n, event, decided in rows]

    async def quiet(self) -> None:
        """Until nothing has been appended for a while: the last wrap-ups are entries too."""
        before, loop = -1, asyncio.get_running_loop()
        ends = loop.time() + 5
        while (now := len(self.counted())) != before and loop.time() < ends:
            before = now
            await asyncio.sleep(_QUIET)

    async def anew(self) -> None:
        """As if it had just been installed: nothing is in the journal, the records and Asterisk's CEL file, no message
        waits, nothing is overridden."""
        await self.forget_phones()
        await self.stop_server()
        await self.stop_asterisk()
        for file in self.paths.var.glob("*.sqlite*"):
            file.unlink()
        kept = [self.paths.var / name for name in ("voicemail", "overrides", "audit", "vault")]
        for folder in (self.paths.log / "cel-custom", self.paths.recordings, self.paths.recordings_done, *kept):
            for file in folder.glob("*"):
                shutil.rmtree(file) if file.is_dir() else file.unlink()
        (self.paths.var / "log" / "server.log").unlink(missing_ok=True)
        await self.start_asterisk()
        await self.start_server()

    async def stands_still(self) -> bool:
        """Whether the server has stopped itself."""
        if self.server is None or self.server.returncode is not None:
            return False
        stat = await asyncio.to_thread(Path(f"/proc/{self.server.pid}/stat").read_text)
        return stat.rpartition(")")[2].split()[0] == "T"


async def play(line: CrashingLine, points: list[Point], *, number: int = 0) -> Outcome:
    """The script once, with the server's end at the first of `points`, and what was found afterwards.

    Further points count from the entry behind the restart. Whatever stops the play is a fault as well.
    """
    fate = _Fate(line, points)
    try:
        faults = await _played(line, fate, number)
    except (InstanceError, AssertionError, OSError) as fault:
        faults = [f"the play broke off: {fault}"]
    return Outcome(fate.counted or line.counted(), fate.struck, faults)


async def _played(line: CrashingLine, fate: "_Fate", number: int) -> list[str]:
    line.arm(fate.points[:1])
    exact = not fate.points
    async with Script(line) as script:
        following = asyncio.ensure_future(fate.follow(script))
        try:
            await script.play(number)
            await fate.rest(following)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        if following.done() and not following.cancelled() and (fault := following.exception()):
            raise fault
    await line.heal()
    looked = Part(name="play", title="", about="", order=0, seconds=0)
    try:
        await inspect(looked, line, script, exact=exact)
    except AssertionError as fault:
        looked.faults.append(str(fault))
    return looked.faults


class _Fate:
    """Waits for the points and lets happen what must happen."""

    def __init__(self, line: CrashingLine, points: list[Point]) -> None:
        self.line = line
        self.points = list(points)
        self.busy = False
        self.struck: list[str] = []
        self.counted: list[Appended] = []

    async def follow(self, script: Script) -> None:
        """Until there is no point left."""
        while self.points:
            point = self.points.pop(0)
            await (self._died(point) if point.what == KILL else self._stopped(point, script))
            self.busy = True
            self.counted += self.line.counted()
            self.struck.append(self.counted[-1].kind)
            if self.points:
                self.line.arm(self.points[:1])
            if point.what == KILL:
                self.line.server = None
                await self._started_again()
            self.busy = False

    async def _started_again(self) -> None:
        """A server whose next point lies in its own recovery dies before it is ready; that is another death."""
        try:
            await self.line.start_server()
        except InstanceError:
            if not (self.points and self.line.struck(self.points[0])):
                raise

    async def rest(self, following: "asyncio.Future[None]") -> None:
        """Behind the end of the play: until nothing happens any more, and then nothing can."""
        await self._until_quiet(following)
        await self.line.disarm()
        await self._until_quiet(following)

    async def _until_quiet(self, following: "asyncio.Future[None]") -> None:
        while True:
            await self.line.quiet()
            if not self.busy or following.done():
                return

    async def _died(self, point: Point) -> None:
        assert self.line.server is not None
        await self.line.server.wait()
        if not self.line.struck(point):
            raise InstanceError(f"the server ended by itself, not at its point\n{self.line.logs()}")

    async def _stopped(self, point: Point, script: Script) -> None:
        line = self.line
        while not await line.stands_still():  # noqa: ASYNC110 (another process: there is no event)
            await asyncio.sleep(0.02)
        assert line.server is not None
        if point.what == AMI_LOST:
            await line.ami.cut()
        else:
            script.asterisk_died()
            await line.stop_asterisk(kill=True)
            script.asterisk_died()
        os.kill(line.server.pid, signal.SIGCONT)
        if point.what == AMI_LOST:
            await asyncio.sleep(_AWAY)
            await line.ami.join()
        else:
            await line.start_asterisk()


def kinds(counted: list[Appended]) -> Mapping[str, int]:
    """How often each kind of entry was there."""
    found: dict[str, int] = {}
    for one in counted:
        found[one.kind] = found.get(one.kind, 0) + 1
    return found


async def open_line(folder: Path, changes: Mapping[str, Any]) -> CrashingLine:
    """An instance to crash."""
    return await CrashingLine.start(folder, changes=changes)

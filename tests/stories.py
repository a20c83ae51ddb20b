"""Plays the pages that tell a story: a copy of the site, its examples laid over it, and its commands run beside a
server that has versions and overrides, but no Asterisk."""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ivr.clock import LoopClock
from ivr.control.server import ControlServer
from ivr.install.paths import Paths
from ivr.overrides import Overrides
from ivr.overrides.routes import OverrideRoutes
from ivr.settings.environment import Environment
from ivr.site import Site
from ivr.testing.api import control
from ivr.testing.instance_site import copy_site, dump, laid_over, read
from ivr.versions import Changes, Edition
from ivr.versions.canary_routes import CanaryRoutes
from ivr.versions.copies import Copies
from ivr.versions.loading import Folders, begin
from ivr.versions.routes import VersionRoutes
from ivr.versions.trials import Trials
from tests import warm
from tests.pages import ROOT, Block

SECONDS = 60
"""A command of a page ends by then."""
NAMES_ITS_FILE = re.compile(r"# ((?:config|ivr/flows)/[\w.]+\.yaml)\n")


def file_of(example: Block) -> str:
    """The file that an example names in its first line."""
    named = NAMES_ITS_FILE.match(example.text)
    assert named, f"the example does not begin with the name of its file:\n{example.text}"
    return named[1]


def copy_repository(folder: Path, changes: Mapping[str, Any] | None = None) -> None:
    """A copy of the site, laid out as the repository is, with its commands."""
    _, flows = copy_site(ROOT, folder, changes or {})
    (folder / "ivr").mkdir()
    flows.rename(folder / "ivr" / "flows")
    (folder / ".venv").symlink_to(sys.prefix)


def lay_over(example: Block, folder: Path) -> None:
    """Change a file of the copy as an example says: settings are joined, everything else is replaced."""
    file = folder / file_of(example)
    for recording in re.findall(r"recordings/\w+\.wav", example.text):
        _silence(folder / "config" / recording)
    if not file.exists():
        file.write_text(example.text, encoding="utf-8")
        return
    before = file.read_text(encoding="utf-8")
    after = dump(laid_over(read(before), read(example.text)))
    assert read(after) != read(before), f"the example changes nothing:\n{example.text}"
    file.write_text(after, encoding="utf-8")


def _silence(file: Path) -> None:
    """A studio's recording."""
    file.parent.mkdir(exist_ok=True)
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(44100)
        sound.writeframes(bytes(2 * 4410))


def shell(line: str, folder: Path) -> tuple[int, str]:
    """Run a line of a page; its exit status and what it printed."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("CENTRALITA_")}
    environment = {**settings, "COLUMNS": "160"}
    arguments = warm.arguments_of(line)
    if arguments is not None:
        status, out, err = warm.ivr(arguments, folder, environment, SECONDS)
        return status, out + err
    done = subprocess.run(
        ("sh", "-c", line),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return done.returncode, done.stdout + done.stderr


def shows(shown: str, said: str) -> bool:
    """Whether a page's block is what was printed. `…` stands for anything in a line, alone in a line for any lines."""
    lines = []
    for line in shown.rstrip("\n").split("\n"):
        any_lines = line.strip() == "…"
        lines.append(r"(?:.*\n)*" if any_lines else ".*".join(map(re.escape, line.rstrip().split("…"))) + r"[ ]*\n")
    return re.fullmatch("".join(lines), said if said.endswith("\n") else said + "\n") is not None


class Line:
    """What of a running server a page's commands need: the version in force, and overrides. Nobody calls."""

    def __init__(self, folder: Path) -> None:
        """Begin with the site in a folder that is laid out as the repository is. Raises VersionRefused."""
        self._clock = LoopClock()
        environment = replace(
            Environment.from_environ({}), config=folder / "config", flows=folder / "ivr" / "flows", var=folder / "var"
        )
        copies, folders = Copies(environment.var / "versions"), Folders(environment.config, environment.flows)
        paths = Paths.of(environment)
        start = begin(copies, folders, paths)
        self._var = environment.var
        self.changes = Changes(start, copies, folders, paths, clock=self._clock, record=lambda fact: None)
        self._server: ControlServer | None = None
        self._overrides: Overrides | None = None

    async def start(self) -> None:
        """Answer commands."""
        active = self.changes.editions.active
        await self.changes.begin(self, ())
        self._overrides = await Overrides.open(
            folder=self._var / "overrides", clock=self._clock, site=active, record=lambda fact: None
        )
        trials = Trials(self.changes, lambda since, versions: {})
        parts = (
            VersionRoutes(self.changes, dict),
            CanaryRoutes(self.changes, trials, lambda number: number),
            OverrideRoutes(self._overrides, self._clock, active),
        )
        self._server = control(parts, self._var)
        self._server.start()

    async def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            await self._server.close()
        if self._overrides is not None:
            await self._overrides.close()

    # What a version stands on (ivr.versions.changes.Ground): without callers, on nothing.
    async def make(self, edition: Edition) -> tuple[str, ...]:
        return ()

    async def prepare(self, edition: Edition, before: Site) -> tuple[str, ...]:
        return ()

    def in_force(self, before: Site, edition: Edition) -> None:
        pass


ELSEWHERE = ("make ", ".venv/bin/ivr voicemail")
"""Commands that need telephones or a records database: tests/live and others try what they do."""


def commands_of(block: Block) -> Iterator[str]:
    """The commands of a block that can be run here, without their remarks."""
    for line in block.text.splitlines():
        command = re.sub(r"(^|\s+)#.*$", "", line).strip()
        if command and not command.startswith(ELSEWHERE):
            yield command


class Telling:
    """One page, told in a copy of the repository."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._said = ""
        self._status = 0

    def tell(self, block: Block) -> None:
        """Do what a block says, or see that it was so."""
        match block.kind:
            case "yaml":
                lay_over(block, self._folder)
            case "sh":
                self._unshown()
                for line in commands_of(block):
                    status, said = shell(line, self._folder)
                    self._status, self._said = self._status or status, self._said + said
            case "text":
                assert shows(block.text, self._said), f"{self._said}\nis not\n{block.text}"
                self._said, self._status = "", 0
            case "csv":
                pass
            case other:
                raise AssertionError(f"a block of the kind {other!r}")

    def end(self) -> None:
        """Nothing failed unseen."""
        self._unshown()

    def _unshown(self) -> None:
        assert self._status == 0, self._said
        self._said = ""


async def happen(told: Iterable[Block], folder: Path) -> None:
    """Tell blocks in their order beside a server that began with the repository's site."""
    copy_repository(folder)
    line = Line(folder)
    await line.start()
    telling = Telling(folder)
    try:
        for block in told:
            await asyncio.to_thread(telling.tell, block)
        telling.end()
    finally:
        await line.close()


def short_folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder whose path leaves room for the control socket's: 107 bytes in all."""
    return tempfile.TemporaryDirectory(prefix="cl-")

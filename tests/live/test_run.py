"""`ivr run`: opens the line, keeps it open, and leaves nothing behind."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ivr.install.asterisk import taken
from ivr.install.paths import Paths
from ivr.settings.environment import Environment
from ivr.testing.installation import bring_prompts
from tests.tools import run
from tests.unit.install.samples import environment

pytestmark = pytest.mark.live

IVR = Path(sys.executable).with_name("ivr")
REPOSITORY = Path(__file__).parents[2]


class Running:
    """A started `ivr run`, whose lines a test waits for."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.heard: list[str] = []

    async def says(self, text: str, seconds: float = 60) -> str:
        """Wait for a line that holds the text."""
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                while line := (await self.process.stdout.readline()).decode():
                    self.heard.append(line)
                    if text in line:
                        return line
        except TimeoutError:
            pass
        raise AssertionError(f"never said {text!r}:\n{''.join(self.heard)}")

    def children(self) -> dict[str, int]:
        """Process ids of `asterisk` and `serve`."""
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_text() for pid in pids}
        return {"serve" if "serve" in line else "asterisk": pid for pid, line in lines.items()}


def variables(settings: Environment) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("CENTRALITA_")},
        "CENTRALITA_VAR": str(settings.var),
        "CENTRALITA_SIP": str(settings.sip),
        "CENTRALITA_AMI": str(settings.ami),
        "CENTRALITA_FASTAGI": str(settings.fastagi),
        "CENTRALITA_HTTP": str(settings.http),
        "CENTRALITA_ASTERISK_ROOT": str(settings.asterisk_root),
    }


@asynccontextmanager
async def started(environ: Mapping[str, str]) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        str(IVR), "run", env=environ, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def gone(*pids: int) -> None:
    async with asyncio.timeout(15):
        while any(alive(pid) for pid in pids):  # noqa: ASYNC110 - no event tells the end of a stranger's child
            await asyncio.sleep(0.05)


@run
async def test_a_second_start_makes_nothing_anew_and_ctrl_c_leaves_nothing(tmp_path: Path, asterisk_root: Path) -> None:
    settings = environment(tmp_path / "var", CENTRALITA_ASTERISK_ROOT=str(asterisk_root))
    bring_prompts(Paths.of(settings))
    async with started(variables(settings)) as first:
        await first.says("Ctrl-C ends everything")
        first.process.send_signal(signal.SIGINT)
        assert await first.process.wait() == 0
    made = {file: file.stat().st_mtime_ns for file in (settings.var / "asterisk/share").rglob("*.wav")}
    assert made
    ours = [file for file in settings.var.rglob("*") if not file.is_symlink()]
    assert [str(file) for file in ours if file.stat().st_mode & 0o007] == []  # talks, numbers, passwords
    async with started(variables(settings)) as second:
        await second.says("The line is open")
        assert made == {file: file.stat().st_mtime_ns for file in (settings.var / "asterisk/share").rglob("*.wav")}
        children = second.children()
        assert set(children) == {"asterisk", "serve"}
        second.process.send_signal(signal.SIGTERM)
        assert await second.process.wait() == 0
        assert [pid for pid in children.values() if alive(pid)] == []
    assert taken(settings) == ()


@run
async def test_whoever_dies_comes_back_and_the_other_goes_on(tmp_path: Path, asterisk_root: Path) -> None:
    settings = environment(tmp_path / "var", CENTRALITA_ASTERISK_ROOT=str(asterisk_root))
    bring_prompts(Paths.of(settings))
    async with started(variables(settings)) as running:
        await running.says("The line is open")
        before = running.children()
        os.kill(before["serve"], signal.SIGKILL)
        await running.says("the server is back")
        between = running.children()
        assert between["asterisk"] == before["asterisk"]
        os.kill(between["asterisk"], signal.SIGKILL)
        await running.says("Asterisk is back")
        after = running.children()
        assert after["serve"] == between["serve"]
        assert after["asterisk"] != between["asterisk"]


@run
async def test_killed_itself_it_takes_both_along(tmp_path: Path, asterisk_root: Path) -> None:
    settings = environment(tmp_path / "var", CENTRALITA_ASTERISK_ROOT=str(asterisk_root))
    bring_prompts(Paths.of(settings))
    async with started(variables(settings)) as running:
        await running.says("The line is open")
        children = running.children()
        running.process.kill()
        await running.process.wait()
        await gone(*children.values())


@run
async def test_taken_ports_are_told_at_once_with_the_remedy(tmp_path: Path, asterisk_root: Path) -> None:
    settings = environment(tmp_path / "var", CENTRALITA_ASTERISK_ROOT=str(asterisk_root))
    others = [await asyncio.start_server(lambda *_: None, at.host, at.port) for at in (settings.ami, settings.http)]
    async with started(variables(settings)) as running:
        await running.says(f"CENTRALITA_AMI: {settings.ami}: Address already in use; stop what uses it")
        await running.says(f"CENTRALITA_HTTP: {settings.http}: Address already in use; stop what uses it")
        assert await running.process.wait() == 1
    assert not settings.var.exists()
    for other in others:
        other.close()
        await other.wait_closed()


@run
async def test_a_broken_site_is_told_and_nothing_starts(tmp_path: Path, asterisk_root: Path) -> None:
    settings = environment(tmp_path / "var", CENTRALITA_ASTERISK_ROOT=str(asterisk_root))
    (tmp_path / "config").mkdir()
    async with started({**variables(settings), "CENTRALITA_CONFIG": str(tmp_path / "config")}) as running:
        await running.says("site.yaml")
        assert await running.process.wait() == 1
    assert not (tmp_path / "var").exists()

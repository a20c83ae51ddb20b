"""The rendered configuration in a real Asterisk: all of it is understood, and nothing is missing."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ivr.clock import LoopClock
from ivr.install.asterisk import Asterisk, AsteriskError, command
from ivr.install.paths import Paths
from ivr.install.prepare import Prepared, prepare
from ivr.settings.environment import Environment
from ivr.speech import WORDS
from ivr.testing.installation import bring_prompts
from tests.tools import run
from tests.unit.install.samples import environment

pytestmark = pytest.mark.live


async def prepare_with(settings: Environment) -> Prepared:
    await asyncio.to_thread(bring_prompts, Paths.of(settings))
    return await asyncio.to_thread(prepare, settings, print)


@asynccontextmanager
async def started(settings: Environment) -> AsyncIterator[tuple[Asterisk, Prepared]]:
    prepared = await prepare_with(settings)
    asterisk = await Asterisk.start(prepared.paths, settings, prepared.secrets.ami, LoopClock())
    try:
        yield asterisk, prepared
    finally:
        await asterisk.stop()


async def _unknown(asterisk: Asterisk, kind: str, names: set[str]) -> set[str]:
    """The names of applications or functions that Asterisk does not know."""
    missing = re.compile(r"Your application\(s\) is \(are\) not registered|No function by that name registered")
    return {name for name in names if missing.search(await asterisk.cli(f"core show {kind} {name}"))}


@run
async def test_everything_is_understood(tmp_path: Path, asterisk_root: Path) -> None:
    settings = environment(tmp_path / "var", CENTRALITA_ASTERISK_ROOT=str(asterisk_root))
    async with started(settings) as (asterisk, prepared):
        wanted = set(re.findall(r"(?m)^load = (\S+)", (prepared.paths.etc / "modules.conf").read_text()))
        running = {line.split()[0] for line in (await asterisk.cli("module show")).splitlines() if " Running " in line}
        assert wanted - running == set()

        dialplan = (prepared.paths.etc / "extensions.conf").read_text()
        statements = "\n".join(line.split(";")[0] for line in dialplan.splitlines())
        applications = set(re.findall(r"(?:[ ,](?:n|1)(?:\(\w+\))?,|\?|:)([A-Z]\w+)\(", statements))
        assert {"AGI", "Bridge", "Dial", "MixMonitor", "WaitExten"} <= applications
        assert await _unknown(asterisk, "application", applications | {"Nonsense"}) == {"Nonsense"}
        functions = set(re.findall(r"\$\{([A-Z_]+)\(", statements))
        assert {"LOCK", "GROUP_COUNT"} <= functions
        assert await _unknown(asterisk, "function", functions | {"NONSENSE"}) == {"NONSENSE"}

        log = (prepared.paths.log / "messages.log").read_text()
    assert [line for line in log.splitlines() if " WARNING[" in line or " ERROR[" in line] == []


@run
async def test_endpoints_music_and_prompts_are_there(tmp_path: Path, asterisk_root: Path) -> None:
    settings = environment(tmp_path / "var", CENTRALITA_ASTERISK_ROOT=str(asterisk_root))
    async with started(settings) as (asterisk, prepared):
        endpoints = await asterisk.cli("pjsip show endpoints")
        for name in (*prepared.site.extensions, *(f"trunk-{trunk}" for trunk in prepared.site.trunks)):
            assert re.search(rf"Endpoint:\s+{name}\b", endpoints), name
        assert "musica" in await asterisk.cli("moh show files")
        for name, prompt in prepared.site.prompts.items():
            for language in prompt.languages:
                file = prepared.prompts.file_of(name, language)
                assert file is not None
                assert file.stat().st_size > (2000 if name in WORDS else 8000), name


@run
async def test_a_taken_port_is_told_before_the_start(tmp_path: Path, asterisk_root: Path) -> None:
    settings = environment(tmp_path / "var", CENTRALITA_ASTERISK_ROOT=str(asterisk_root))
    async with started(settings) as (_, prepared):
        with pytest.raises(AsteriskError, match=r"(?s)CENTRALITA_SIP.*in use.*CENTRALITA_AMI.*in use"):
            await Asterisk.start(prepared.paths, settings, prepared.secrets.ami, LoopClock())


@run
async def test_an_asterisk_that_cannot_read_its_configuration_says_why(tmp_path: Path, asterisk_root: Path) -> None:
    settings = environment(tmp_path / "var", CENTRALITA_ASTERISK_ROOT=str(asterisk_root))
    prepared = await prepare_with(settings)
    (prepared.paths.etc / "modules.conf").unlink()
    with pytest.raises(AsteriskError, match=r"modules\.conf"):
        await Asterisk.start(prepared.paths, settings, prepared.secrets.ami, LoopClock())


@run
async def test_it_stops_and_is_watched(tmp_path: Path, asterisk_root: Path) -> None:
    settings = environment(tmp_path / "var", CENTRALITA_ASTERISK_ROOT=str(asterisk_root))
    async with started(settings) as (asterisk, _):
        os.kill(asterisk.pid, signal.SIGKILL)
        assert await asterisk.wait() == -signal.SIGKILL
    async with started(settings) as (asterisk, _):
        await asterisk.stop()
        with pytest.raises(ProcessLookupError):
            os.kill(asterisk.pid, 0)


def test_the_command_line_of_an_installed_asterisk() -> None:
    paths = Paths(Path("/var/lib/centralita"), Path("/"))
    assert command(paths, "-f") == ["/usr/sbin/asterisk", "-C", "/var/lib/centralita/asterisk/etc/asterisk.conf", "-f"]

"""The processes of a whole company line for a test: Asterisk and server, in folders and on ports of their own.

See `ivr.testing.instance`, which adds the people.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from ivr.clock import LoopClock
from ivr.control.client import ask
from ivr.install.asterisk import Asterisk, tied
from ivr.install.paths import Paths
from ivr.install.sounds import PromptFiles
from ivr.settings.environment import Endpoint, Environment
from ivr.site import Site
from ivr.testing.instance_site import copy_site
from ivr.testing.ports import free_audio_ports, free_port
from ivr.testing.relay import Relay
from ivr.testing.stalls import STALLS

ROOT = Path(__file__).parents[2]
"""The repository."""

IVR = Path(sys.executable).with_name("ivr")
"""The command."""

_SOUNDS = ROOT / "var" / "test-sounds"


class InstanceError(Exception):
    """The instance did not come up; the message has the end of its logs."""


class Installation:
    """Asterisk and server. `environment` is the server's; `ami` and `agi` are the switches between the two."""

    def __init__(self, folder: Path, variables: Mapping[str, str], ami: Relay, agi: Relay) -> None:
        self.folder = folder
        self.environment = Environment.from_environ(variables)
        self.paths = Paths.of(self.environment)
        self.ami = ami
        self.agi = agi
        self.server: asyncio.subprocess.Process | None = None
        self.asterisk: Asterisk | None = None
        self._variables = dict(variables)
        self._site: Site | None = None
        self._serves = False

    @classmethod
    async def start(
        cls,
        folder: Path,
        *,
        root: Path = ROOT,
        changes: Mapping[str, Any] | None = None,
        server: bool = True,
        **environ: str,
    ) -> Self:
        """Bring everything up. `root`: where the site lies (config/ and flows/), if not in the repository; `environ`
        adds CENTRALITA_ variables (`journal="memory:"`). Raises InstanceError."""
        config, flows = copy_site(root, folder, changes or {})
        ami, agi = [await Relay.open(("127.0.0.1", free_port())) for _ in range(2)]
        variables = {
            "CENTRALITA_CONFIG": str(config),
            "CENTRALITA_FLOWS": str(flows),
            "CENTRALITA_VAR": str(folder / "var"),
            "CENTRALITA_SIP": f"127.0.0.1:{free_port(udp=True)}",
            "CENTRALITA_AMI": f"127.0.0.1:{ami.port}",  # Asterisk listens behind the switch
            "CENTRALITA_FASTAGI": f"127.0.0.1:{agi.target[1]}",  # Asterisk calls the switch
            "CENTRALITA_HTTP": f"127.0.0.1:{free_port()}",
            "CENTRALITA_RTP": free_audio_ports(),
            "CENTRALITA_ASTERISK_ROOT": os.environ.get(
                "CENTRALITA_ASTERISK_ROOT", str(ROOT / "var" / "asterisk" / "root")
            ),
            **{f"CENTRALITA_{name.upper()}": value for name, value in environ.items()},
        }
        self = cls(folder, variables, ami, agi)
        try:
            await asyncio.to_thread(self._install)
            await self.start_asterisk()
            self._serves = server
            if server:
                await self.start_server()
        except BaseException:
            await self.stop()
            raise
        return self

    async def stop(self) -> None:
        """End everything, whatever state it is in."""
        await self.stop_server()
        await self.stop_asterisk()
        await self.ami.cut()
        await self.agi.cut()

    async def heal(self) -> None:
        """Join what was cut and start what was killed, as it was after `start`."""
        for switch in (self.ami, self.agi):
            switch.hold(False)
            await switch.join()
        if self.asterisk is None:
            await self.start_asterisk()
        if self._serves and (self.server is None or self.server.returncode is not None):
            await self.start_server(ready=False)
        if self._serves:
            await self.until_ready()

    # ---- the server

    async def start_server(self, *, ready: bool = True) -> None:
        """Start `ivr serve`; with `ready` wait until it says so."""
        with (self.paths.var / "log" / "server.log").open("ab") as log:
            self.server = await asyncio.create_subprocess_exec(
                *tied([str(IVR), "serve"]), env=self._environ(), cwd=ROOT, stdout=log, stderr=log
            )
        if ready:
            await self.until_ready()

    async def until_ready(self, seconds: float = 60) -> None:
        """Until /readyz says yes; InstanceError when it does not or when the server ends."""
        deadline = time.monotonic() + seconds
        while await self._status("/readyz") != 200:
            if self.server is None or self.server.returncode is not None:
                raise InstanceError(f"the server ended\n{self.logs()}")
            if time.monotonic() > deadline:
                raise InstanceError(f"the server was not ready within {seconds:g} s\n{self.logs()}")
            await asyncio.sleep(0.05)

    async def kill_server(self) -> None:
        """kill -9."""
        assert self.server is not None
        with contextlib.suppress(ProcessLookupError):
            self.server.send_signal(signal.SIGKILL)
        await self.server.wait()
        self.server = None

    async def stop_server(self) -> None:
        """SIGTERM, and after 10 s SIGKILL. Harmless when it does not run."""
        if self.server is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.server.terminate()
        try:
            await asyncio.wait_for(self.server.wait(), 10)
        except TimeoutError:
            await self.kill_server()
        self.server = None

    # ---- Asterisk

    async def start_asterisk(self) -> None:
        """Start Asterisk and wait until it takes calls."""
        environment = self._asterisks
        secret = (self.paths.secrets / "ami.secret").read_text().strip()
        self.asterisk = await Asterisk.start(self.paths, environment, secret, LoopClock(), seconds=30)
        STALLS.also(self.asterisk.pid)

    async def stop_asterisk(self, *, kill: bool = False) -> None:
        """End Asterisk, at once when `kill`. Harmless when it does not run."""
        if self.asterisk is None:
            return
        if kill:
            os.kill(self.asterisk.pid, signal.SIGKILL)
        await self.asterisk.stop()
        self.asterisk = None

    async def cli(self, line: str) -> str:
        """What Asterisk's command line answers."""
        assert self.asterisk is not None
        return await self.asterisk.cli(line)

    async def channels(self) -> list[str]:
        """The names of the channels that live."""
        lines = (await self.cli("core show channels concise")).splitlines()
        return [line.split("!")[0] for line in lines if line.count("!") > 5]

    async def variable(self, channel: str, name: str) -> str:
        """A variable of a living channel; empty when it has none."""
        for line in (await self.cli(f"core show channel {channel}")).splitlines():
            if line.strip().startswith(f"{name}="):
                return line.split("=", 1)[1]
        return ""

    async def leftovers(self) -> list[str]:
        """Channels, bridges and open recordings that Asterisk still holds: nothing, when no call lives."""
        assert self.asterisk is not None
        bridges = (await self.cli("bridge show all")).splitlines()[1:]
        files = []
        for link in Path(f"/proc/{self.asterisk.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(link.readlink())
                if str(self.paths.recordings) in target or str(self.paths.spool) in target:
                    files.append(target)
        return [*await self.channels(), *(line for line in bridges if line.strip()), *files]

    async def until_idle(self, seconds: float = 5) -> None:
        """Until Asterisk holds nothing of any call; AssertionError with what it holds otherwise."""
        deadline = time.monotonic() + seconds
        while left := await self.leftovers():
            assert time.monotonic() < deadline, f"left over in Asterisk: {left}\n{await self._known_of_channels()}"
            await asyncio.sleep(0.1)

    async def _known_of_channels(self) -> str:
        """Where each channel stands. One of which Asterisk knows nothing is none: the list comes from its cache. And
        the threads that follow a dialplan: a channel without one has been forgotten."""
        told = [await self.cli(f"core show channel {name}") for name in await self.channels()]
        wanted = ("Name:", "State:", "Blocking in:", "Application:", "Data:", "Context:", "Priority:", "not a known")
        rows = [line.strip() for text in told for line in text.splitlines() if any(w in line for w in wanted)]
        threads = (await self.cli("core show threads")).splitlines()
        return "\n".join([*rows, *(line.strip() for line in threads if "pbx_thread" in line or "bridge" in line)])

    # ---- what it says of itself

    @property
    def site(self) -> Site:
        """The site as it was installed."""
        assert self._site is not None
        return self._site

    @property
    def sip(self) -> tuple[str, int]:
        """Where Asterisk listens."""
        return self.environment.sip.host, self.environment.sip.port

    async def command(self, *arguments: str) -> str:
        """What `ivr <arguments>` prints; InstanceError when it fails."""
        process = await asyncio.create_subprocess_exec(
            str(IVR),
            *arguments,
            env=self._environ(),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        if process.returncode:
            raise InstanceError(f"ivr {' '.join(arguments)}: {out.decode()}{err.decode()}")
        return out.decode()

    async def api(self, path: str) -> dict[str, Any]:
        """What the server's API answers at a path (after /api), as at the socket file; ControlError with its reason."""
        return await asyncio.to_thread(ask, self.environment, "GET", path, seconds=10)

    def logs(self, lines: int = 40) -> str:
        """The ends of the logs, for the message of a failed test."""
        parts = []
        for file in (self.paths.var / "log" / "server.log", self.paths.log / "messages.log"):
            if file.exists():
                end = file.read_text(errors="replace").splitlines()[-lines:]
                parts.append("\n".join([f"--- {file.name}", *(line[:1500] for line in end)]))
        return "\n".join(parts)

    # ---- within

    @property
    def _asterisks(self) -> Environment:
        """The environment as Asterisk sees it: the other ends of the switches."""
        return replace(self.environment, ami=Endpoint(*self.ami.target), fastagi=Endpoint("127.0.0.1", self.agi.port))

    def _install(self) -> None:
        """What `ivr run` does before it starts anything, for these folders and ports."""
        from ivr.install.prepare import InstallError, of_the_files, prepare

        made: list[Path] = []

        def choose(environment: Environment, say: Callable[[str], None]) -> tuple[Site, PromptFiles]:
            site, prompts = of_the_files(environment, say)
            made.extend(prompts.missing())
            for file in made:
                _copy(_SOUNDS / file.parent.name / file.name, file)
            prompts.scan()
            return site, prompts

        said: list[str] = []
        try:
            prepared = prepare(self._asterisks, said.append, choose)
        except InstallError as fault:
            raise InstanceError("\n".join([*said, str(fault)])) from fault
        self._site = prepared.site
        for name, prompt in prepared.site.prompts.items():
            for file in filter(None, (prepared.prompts.file_of(name, language) for language in prompt.languages)):
                file.touch()  # of several editions the latest is the one that is heard
        for file in made:
            _copy(file, _SOUNDS / file.parent.name / file.name)

    def _environ(self) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("CENTRALITA_")}
        return others | self._variables

    async def _status(self, path: str) -> int:
        try:
            return (await self.get(path))[0]
        except OSError:
            return 0

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page of the server; OSError when nobody listens."""
        return await asyncio.to_thread(_fetch, f"http://{self.environment.http}{path}")


def bring_prompts(paths: Paths) -> None:
    """Those that tests have made before, to an installation that would make them anew."""
    before = os.umask(0o027)  # as in what `ivr run` makes
    try:
        for file in _SOUNDS.glob("*/*.wav"):
            _copy(file, paths.sounds / "centralita" / file.parent.name / file.name)
    finally:
        os.umask(before)


def _copy(file: Path, to: Path) -> None:
    """A prompt that is there, where it is not there yet: made once for all tests."""
    if file.exists() and not to.exists():
        to.parent.mkdir(parents=True, exist_ok=True)
        fresh = to.with_name(f".{to.name}.{os.getpid()}")
        shutil.copyfile(file, fresh)
        fresh.replace(to)


def _fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")

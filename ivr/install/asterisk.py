"""Starts, watches and stops the Asterisk of an instance, from the provisioned tree through the tree's own loader."""

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import Sequence

from ivr.clock import Clock
from ivr.install.paths import PathError, Paths
from ivr.settings.environment import Endpoint, Environment

_POLL_SECONDS = 0.03
# Asterisk ends within 0.6 to 2.5 s of SIGTERM (measured); a channel in the middle of something takes longer.
_STOP_SECONDS = 10.0
PRIORITY = -10
"""Niceness, as `nice` counts it."""


class AsteriskError(Exception):
    """Asterisk did not come up or died. The message has the end of its log and says what to do."""


def command(paths: Paths, *arguments: str) -> list[str]:
    """The command line of Asterisk. A tree of `/` is an installed Asterisk. Raises PathError."""
    configuration = ("-C", str(paths.etc / "asterisk.conf"))
    program = paths.root / "usr" / "sbin" / "asterisk"
    if paths.installed:
        return [str(program), *configuration, *arguments]
    libraries = paths.modules.parent.parent
    loaders = sorted(paths.root.glob("usr/lib*/ld-linux*.so.*"))
    if not loaders:
        raise PathError(
            f"{paths.root} has no loader; unpack Asterisk anew with: asterisk-conf/provision.sh {paths.root}"
        )
    loader = (str(loaders[0]), "--library-path", str(libraries), "--argv0", "asterisk")
    return [*loader, str(program), *configuration, *arguments]


def tied(arguments: Sequence[str], signal: str = "TERM") -> list[str]:
    """The same command, ended by the kernel when this process dies without having stopped it."""
    setpriv = shutil.which("setpriv")  # util-linux; present on every Debian
    return [setpriv, "--pdeathsig", signal, "--", *arguments] if setpriv else list(arguments)


def preferred(arguments: Sequence[str]) -> list[str]:
    """The same command before others where processors are scarce, if this user may say so: who talks hears at once
    what comes late."""
    return ["nice", "-n", str(PRIORITY), *arguments] if os.geteuid() == 0 else list(arguments)


def taken(environment: Environment, *, server: bool = False) -> tuple[str, ...]:
    """One line, with its remedy, for each address of Asterisk (and of the server) that another process has already.

    An Asterisk whose ports are taken says "fully booted" all the same, so it is looked at before.
    """
    wanted = [
        ("CENTRALITA_SIP", environment.sip, socket.SOCK_DGRAM),
        ("CENTRALITA_AMI", environment.ami, socket.SOCK_STREAM),
    ]
    if server:
        wanted += [
            ("CENTRALITA_FASTAGI", environment.fastagi, socket.SOCK_STREAM),
            ("CENTRALITA_HTTP", environment.http, socket.SOCK_STREAM),
        ]
    found = [(name, endpoint, _bind_fault(endpoint, kind)) for name, endpoint, kind in wanted]
    return tuple(
        f"{name}: {endpoint}: {fault}; stop what uses it, or set {name} to another address"
        for name, endpoint, fault in found
        if fault
    )


def _bind_fault(endpoint: Endpoint, kind: socket.SocketKind) -> str | None:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:  # Asterisk does the same; for UDP it would hide the other process
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((endpoint.host, endpoint.port))
        except OSError as fault:
            return fault.strerror
    return None


class Asterisk:
    """A running Asterisk. `start` gives one that is ready: AMI answers, and calls are taken."""

    def __init__(self, process: asyncio.subprocess.Process, paths: Paths, clock: Clock) -> None:
        self._process = process
        self._paths = paths
        self._clock = clock

    @classmethod
    async def start(
        cls, paths: Paths, environment: Environment, secret: str, clock: Clock, *, seconds: float = 20
    ) -> "Asterisk":
        """Start it and wait until it is ready. Raises AsteriskError, with nothing left running."""
        faults = taken(environment)
        if faults:
            raise AsteriskError("\n".join(faults))
        console = (paths.log / "console.log").open("ab")
        with console:
            process = await asyncio.create_subprocess_exec(
                *tied(preferred(command(paths, "-f", "-n"))),  # in the foreground, without colours
                stdin=asyncio.subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                cwd=paths.asterisk,
                start_new_session=True,
            )
        self = cls(process, paths, clock)
        try:
            await asyncio.wait_for(self._ready(environment, secret), seconds)
        except TimeoutError:
            await self.stop()
            raise AsteriskError(f"Asterisk was not ready within {seconds:g} s\n{self._end_of_log()}") from None
        except BaseException:
            await self.stop()
            raise
        return self

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def wait(self) -> int:
        """The exit status, when it has ended."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End it: calls are hung up by SIGTERM; after 10 s it is killed."""
        for end in (self._process.terminate, self._process.kill):
            with contextlib.suppress(ProcessLookupError):
                end()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
                return

    async def cli(self, line: str) -> str:
        """What a command of Asterisk's command line prints. Raises AsteriskError when it cannot be reached."""
        process = await asyncio.create_subprocess_exec(
            *command(self._paths, "-rx", line), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        text = (await process.communicate())[0].decode(errors="replace")
        if process.returncode:
            raise AsteriskError(f"asterisk -rx '{line}': {text.strip()}")
        return text

    async def _ready(self, environment: Environment, secret: str) -> None:
        while not await fully_booted(environment.ami, secret):
            await self._pause()
        while str(environment.sip) not in await self.cli("pjsip show transports"):
            await self._pause()

    async def _pause(self) -> None:
        if self._process.returncode is not None:
            raise AsteriskError(f"Asterisk ended at once (status {self._process.returncode})\n{self._end_of_log()}")
        await self._clock.sleep(_POLL_SECONDS)

    def _end_of_log(self) -> str:
        lines = []
        for file in (self._paths.log / "console.log", self._paths.log / "messages.log"):
            if file.exists():
                lines += file.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
        return "\n".join(lines)


async def fully_booted(ami: Endpoint, secret: str) -> bool:
    """Whether AMI takes our login and says that everything is loaded.

    Raises AsteriskError when the login is refused: then another Asterisk listens there.
    """
    try:
        reader, writer = await asyncio.open_connection(ami.host, ami.port)
    except OSError:
        return False
    try:
        writer.write(f"Action: Login\r\nUsername: centralita\r\nSecret: {secret}\r\nEvents: system\r\n\r\n".encode())
        async with asyncio.timeout(2):
            while line := await reader.readline():
                if line.startswith(b"Response: Error"):
                    raise AsteriskError(f"AMI at {ami} refuses our login: another Asterisk listens there")
                if line.strip() == b"Event: FullyBooted":
                    return True
    except (TimeoutError, ConnectionError, ValueError):
        return False
    finally:
        writer.close()
    return False

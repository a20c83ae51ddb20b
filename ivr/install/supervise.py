"""`ivr run`: Asterisk and the server as two children of one terminal, for development.

Either may die and is started again while the other goes on; Ctrl-C ends both and leaves nothing. In production systemd
does this (config/systemd).
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from ivr.clock import Clock
from ivr.install.asterisk import Asterisk, AsteriskError, taken, tied
from ivr.install.prepare import InstallError, Prepared, prepare
from ivr.settings.environment import Endpoint, Environment

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
# A child that lived this long was well: its next death begins with the shortest pause again.
_WELL_SECONDS = 30.0
_READY_SECONDS = 20.0
_STOP_SECONDS = 10.0
# A server that hangs is worse than a dead one: Asterisk's visits connect, and callers hear silence.
_ASK_EVERY_SECONDS = 1.0
_TIMES_SILENT = 3


class Child(Protocol):
    """Something that runs until it ends or is stopped."""

    async def wait(self) -> int:
        """The exit status, when it has ended."""

    async def stop(self) -> None:
        """End it; returns when it is gone."""


class Server:
    """`ivr serve` as a process, with a watchdog, as systemd is in production."""

    def __init__(self, process: asyncio.subprocess.Process, http: Endpoint, clock: Clock) -> None:
        self._process, self._http, self._clock = process, http, clock

    @classmethod
    async def start(cls, http: Endpoint, clock: Clock) -> "Server":
        """Start it and wait until `/readyz` says yes. Raises InstallError when it ends or stays unready."""
        command = (str(Path(sys.executable).with_name("ivr")), "serve")
        self = cls(await asyncio.create_subprocess_exec(*tied(command), start_new_session=True), http, clock)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while not await answers(http, "/readyz"):
                    if self._process.returncode is not None:
                        raise InstallError(f"the server ended at once (status {self._process.returncode})")
                    await clock.sleep(0.05)
        except TimeoutError:
            await self.stop()
            raise InstallError(
                f"the server was not ready within {_READY_SECONDS:g} s; see http://{http}/readyz"
            ) from None
        except BaseException:
            await self.stop()
            raise
        return self

    async def wait(self) -> int:
        """The exit status, when it has ended; one that answers nothing any more is ended."""
        watch = asyncio.create_task(self._watch())
        try:
            return await self._process.wait()
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        silent = 0
        while silent < _TIMES_SILENT:
            await self._clock.sleep(_ASK_EVERY_SECONDS)
            silent = 0 if await answers(self._http, "/healthz") else silent + 1
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def stop(self) -> None:
        """End it by SIGTERM, after 10 s by SIGKILL."""
        for end in (self._process.terminate, self._process.kill):
            with contextlib.suppress(ProcessLookupError):
                end()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
                return


class Keeper:
    """Keeps one child alive: starts it again whenever it ends, with a growing pause."""

    def __init__(
        self, name: str, start: Callable[[], Awaitable[Child]], clock: Clock, say: Callable[[str], None]
    ) -> None:
        self._name = name
        self._start = start
        self._clock = clock
        self._say = say
        self._child: Child | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Start the child for the first time; a failure here is raised, later ones are retried."""
        self._child = await self._start()
        self._keeping = asyncio.create_task(self._keep(self._child))

    async def end(self) -> None:
        """Stop the child for good."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        if self._child is not None:
            await self._child.stop()

    async def _keep(self, child: Child) -> None:
        pause = _FIRST_PAUSE
        while True:
            began = self._clock.engine_us()
            status = await child.wait()
            self._child = None
            if self._clock.engine_us() - began > _WELL_SECONDS * 1e6:
                pause = _FIRST_PAUSE
            self._say(f"{self._name} ended (status {status}); starting it again")
            while self._child is None:
                await self._clock.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                try:
                    self._child = await self._start()
                except (AsteriskError, InstallError, OSError) as fault:
                    self._say(f"{self._name}: {fault}")
            child = self._child
            self._say(f"{self._name} is back")


async def run(
    environment: Environment,
    clock: Clock,
    say: Callable[[str], None],
    prepare: Callable[[Environment, Callable[[str], None]], Prepared] = prepare,
) -> None:
    """Prepare, start both, and keep them until SIGINT, SIGTERM or SIGHUP. Raises InstallError or AsteriskError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    os.umask(0o077)  # as under systemd: talks, numbers and passwords are for this user only
    faults = taken(environment, server=True)
    if faults:  # all at once, and before the download of the first start
        raise AsteriskError("\n".join(faults))
    try:
        prepared = await asyncio.to_thread(prepare, environment, say)
    except InstallError:
        if stop.is_set():  # Ctrl-C ended what was unpacking, too
            return
        raise
    keepers = (
        Keeper(
            "Asterisk",
            lambda: Asterisk.start(prepared.paths, environment, prepared.secrets.ami, clock),
            clock,
            say,
        ),
        Keeper("the server", lambda: Server.start(environment.http, clock), clock, say),
    )
    begun: list[Keeper] = []
    try:
        for keeper in keepers:
            begun.append(keeper)
            await _unless(stop, keeper.begin())
            if stop.is_set():
                return
        for line in welcome(environment, prepared):
            say(line)
        await stop.wait()
        say("stopping")
    finally:
        for keeper in reversed(begun):
            await keeper.end()


async def _unless(stop: asyncio.Event, beginning: Awaitable[None]) -> None:
    """Wait for the beginning, but give it up when the user says stop."""
    work = asyncio.ensure_future(beginning)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not work.done():
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
    else:
        work.result()


def welcome(environment: Environment, prepared: Prepared) -> tuple[str, ...]:
    """Where to call, and where to look."""
    number = next(iter(prepared.site.numbers))
    trunks = sorted(address for trunk in prepared.site.trunks.values() for address in trunk.addresses)
    phones = os.path.relpath(prepared.paths.secrets / "phones.csv")
    return (
        "",
        f"The line is open: {prepared.site.label}",
        "  make call KEY=1   one call with the built-in phones, told as it happens",
        f"  sip:{number}@{environment.sip}   for any SIP client that calls from {', '.join(trunks)}",
        f"  {', '.join(prepared.site.extensions)}   extensions; their passwords are in {phones}",
        f"  http://{environment.http}/metrics and /readyz; ivr calls, ivr queues, ivr agents",
        "Ctrl-C ends everything.",
    )


async def answers(http: Endpoint, path: str) -> bool:
    """Whether a GET of the path is answered with 200 at once."""
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(http.host, http.port)
            writer.write(f"GET {path} HTTP/1.0\r\nHost: {http}\r\n\r\n".encode())
            status = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split()[1:2] == [b"200"]

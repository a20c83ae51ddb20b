"""A whole company line for a test: its own Asterisk, server, folders and ports, gone without trace afterwards.

    instance = await Instance.start(tmp_path, changes={"queues.yaml": {"queues": {"servicio": {"ring": "3 s"}}}})
    ana = await instance.caller("3000000001")
    await ana.hears("bienvenida")
    await instance.stop()

The site is the repository's own, copied, with `changes` laid over it (None removes an entry). Between server and
Asterisk stand two switches, `instance.ami` and `instance.agi`: cut them to make an outage. Several instances live
beside each other; an instance never takes a fixed port.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from ivr.clock import LoopClock
from ivr.install.asterisk import Asterisk, tied
from ivr.install.paths import Paths
from ivr.language.site import Site
from ivr.settings.environment import Endpoint, Environment
from ivr.testing.ears import Ears, sounds_of
from ivr.testing.instance_site import copy_site
from ivr.testing.person import Person
from ivr.testing.phone import Phone
from ivr.testing.phone.messages import Headers
from ivr.testing.ports import free_audio_ports, free_port
from ivr.testing.relay import Relay

ROOT = Path(__file__).parents[2]
"""The repository."""

IVR = Path(sys.executable).with_name("ivr")
"""The command."""

LINE = "6017436967"


class InstanceError(Exception):
    """The instance did not come up; the message has the end of its logs."""


class Instance:
    """See the module. Attributes: `environment` (the server's), `paths`, `ears`, `ami` and `agi` (the switches)."""

    def __init__(self, folder: Path, variables: Mapping[str, str], ami: Relay, agi: Relay) -> None:
        self.folder = folder
        self.environment = Environment.from_environ(variables)
        self.paths = Paths.of(self.environment)
        self.ami = ami
        self.agi = agi
        self.server: asyncio.subprocess.Process | None = None
        self.asterisk: Asterisk | None = None
        self.phones: dict[str, Phone] = {}
        self.persons: list[Person] = []
        self._variables = dict(variables)
        self._lines: dict[str, Phone] = {}
        self._ears: Ears | None = None
        self._site: Site | None = None

    @classmethod
    async def start(
        cls, folder: Path, *, changes: Mapping[str, Any] | None = None, server: bool = True, **environ: str
    ) -> "Instance":
        """Bring everything up. `environ` adds CENTRALITA_ variables (`journal="memory:"`). Raises InstanceError."""
        config, flows = copy_site(ROOT, folder, changes or {})
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
            if server:
                await self.start_server()
        except BaseException:
            await self.stop()
            raise
        return self

    async def stop(self) -> None:
        """End everything, whatever state it is in."""
        for phone in [*self.phones.values(), *self._lines.values()]:
            await phone.close()
        await self.stop_server()
        await self.stop_asterisk()
        await self.ami.cut()
        await self.agi.cut()

    # ---- the server

    async def start_server(self, *, ready: bool = True) -> None:
        """Start `ivr serve`; with `ready` wait until it says so."""
        with (self.paths.var / "log" / "server.log").open("ab") as log:
            self.server = await asyncio.create_subprocess_exec(
                *tied([str(IVR), "serve"]), env=self._environ(), cwd=ROOT, stdout=log, stderr=log
            )
        if ready:
            await self.until_ready()

    async def until_ready(self, seconds: float = 15) -> None:
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

    async def call_id(self, person: Person) -> str:
        """The id of a living caller's call: the unique id of the channel that shows this number."""
        for line in (await self.cli("core show channels concise")).splitlines():
            fields = line.split("!")
            if len(fields) > 13 and fields[0].startswith("PJSIP/trunk-") and fields[7] == person.name:
                return fields[-1]
        raise AssertionError(f"no channel of {person.name}")

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
            assert time.monotonic() < deadline, f"left over in Asterisk: {left}"
            await asyncio.sleep(0.1)

    # ---- phones and people

    @property
    def site(self) -> Site:
        """The site as it was installed."""
        assert self._site is not None
        return self._site

    @property
    def ears(self) -> Ears:
        """Know every prompt of the site and its music."""
        if self._ears is None:
            self._ears = Ears(sounds_of(self.paths.share, "es-CO"))
        return self._ears

    @property
    def sip(self) -> tuple[str, int]:
        """Where Asterisk listens."""
        return self.environment.sip.host, self.environment.sip.port

    async def phone(self, extension: str, *, register: bool = True) -> Phone:
        """The phone of an extension, made and registered at the first time."""
        if extension not in self.phones:
            rows = (self.paths.secrets / "phones.csv").read_text().splitlines()[1:]
            passwords = dict(row.split(",", 1) for row in rows)
            phone = await Phone.open(extension, server=self.sip, password=passwords[extension])
            self.phones[extension] = phone
            if register:
                await phone.register()
        return self.phones[extension]

    async def forget_phones(self) -> None:
        """Every phone unregisters and is closed: the next test begins with none."""
        for phone in self.phones.values():
            phone.on_call = None
            with contextlib.suppress(Exception):
                await phone.unregister()
            await phone.close()
        self.phones.clear()

    async def dial(
        self, number: str, *, did: str = LINE, at: str = "", name: str = "", address: str = "127.0.0.10"
    ) -> Person:
        """A caller whose number is `number` calls a number of the company; not yet answered."""
        line = self._lines.get(address)
        if line is None:
            line = self._lines[address] = await Phone.open("operador", server=self.sip, address=address)
        headers: Headers = (("X-Centralita-At", at),) if at else ()
        call = await line.call(did, shown_number=number, shown_name=name, headers=headers)
        return self._person(number, Person(number, call, self.ears))

    async def caller(self, number: str, **how: str) -> Person:
        """As `dial`, and answered."""
        person = await self.dial(number, **how)
        await person.call.answered()
        return person

    async def agent(self, extension: str, *, seconds: float = 10, answer: bool = True) -> Person:
        """The agent's end of the next call to an extension: rings, and is answered at once unless `answer` is off."""
        phone = await self.phone(extension)
        call = await phone.incoming(seconds)
        await call.ring()
        if answer:
            await call.answer()
        return self._person(extension, Person(extension, call, self.ears))

    def _person(self, name: str, person: Person) -> Person:
        self.persons.append(person)
        return person

    # ---- what it says of itself

    async def metric(self, name: str, **labels: str) -> float:
        """A figure of /metrics; 0 when it is not there. Several that match are added."""
        text = (await self._get("/metrics"))[1]
        total = 0.0
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    total += sample.value
        return total

    async def until_metric(self, name: str, value: float, seconds: float = 5, **labels: str) -> None:
        """Until a figure has a value; AssertionError with the value that it has otherwise."""
        deadline = time.monotonic() + seconds
        while (seen := await self.metric(name, **labels)) != value:
            assert time.monotonic() < deadline, f"{name}{labels or ''} is {seen:g}, not {value:g}"
            await asyncio.sleep(0.1)

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
            raise InstanceError(f"ivr {' '.join(arguments)}: {err.decode()}")
        return out.decode()

    async def records(self) -> list[dict[str, Any]]:
        """The rows of `ivr calls --json`, the oldest first."""
        rows: list[dict[str, Any]] = json.loads(await self.command("calls", "--json"))
        return rows

    def recordings(self) -> dict[str, Path]:
        """The recorded talks by file name, the oldest first."""
        files = sorted(self.paths.recordings.glob("*.wav"), key=lambda file: file.stat().st_mtime)
        return {file.stem: file for file in files}

    def logs(self, lines: int = 40) -> str:
        """The ends of the logs, for the message of a failed test."""
        parts = []
        for file in (self.paths.var / "log" / "server.log", self.paths.log / "messages.log"):
            if file.exists():
                end = file.read_text(errors="replace").splitlines()[-lines:]
                parts.append("\n".join([f"--- {file.name}", *end]))
        return "\n".join(parts)

    def told(self) -> str:
        """What every person heard, for the message of a failed test."""
        return "\n".join(f"{person.name}: {person.story()} {person.call.state.value}" for person in self.persons)

    # ---- within

    @property
    def _asterisks(self) -> Environment:
        """The environment as Asterisk sees it: the other ends of the switches."""
        return replace(self.environment, ami=Endpoint(*self.ami.target), fastagi=Endpoint("127.0.0.1", self.agi.port))

    def _install(self) -> None:
        """What `ivr run` does before it starts anything, for these folders and ports."""
        from ivr.install.prepare import InstallError, prepare

        said: list[str] = []
        try:
            self._site = prepare(self._asterisks, said.append).site
        except InstallError as fault:
            raise InstanceError("\n".join([*said, str(fault)])) from fault

    def _environ(self) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("CENTRALITA_")}
        return others | self._variables

    async def _status(self, path: str) -> int:
        try:
            return (await self._get(path))[0]
        except OSError:
            return 0

    async def _get(self, path: str) -> tuple[int, str]:
        return await asyncio.to_thread(_fetch, f"http://{self.environment.http}{path}")


def _fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")

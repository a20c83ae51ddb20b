"""One Asterisk with both: our dialplan and server, and app_queue with the same agents.

Callers are Local channels that enter the flow of a number (ours) or Queue() (theirs) and hear the same music; agents
are Local channels that pick up at once and talk for a random time. Every moment that is compared is read from
Asterisk's own record (CEL), which is the same for both.
"""

import asyncio
import os
import secrets
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from ivr.install.asterisk import tied
from ivr.settings.environment import Endpoint, Environment
from ivr.testing.installation import ROOT, Installation
from ivr.testing.phone import Phone

OURS, THEIRS = "centralita", "app_queue"
NUMBER = "6010000001"
QUEUE = "servicio"
FIRST_AGENT = 1001
HOUR = 3600

_MODULES = ("app_queue", "func_rand")

_QUEUES = """
[general]
persistentmembers = no
autofill = yes

[bench]
strategy = leastrecent
timeout = 15
retry = 1
wrapuptime = 0
ringinuse = no
joinempty = yes
leavewhenempty = no
announce-frequency = 0
"""

_DIALPLAN = """
[bench-agent]
exten => _X.,1,Answer()
 same => n,Wait(${{RAND({low},{high})}}.${{RAND(100,999)}})
 same => n,Hangup()

[bench-ours]
exten => s,1,Answer()
 same => n,CELGenUserEvent(JOIN)
 same => n,Goto(from-trunk,{number},1)

[bench-theirs]
exten => s,1,Answer()
 same => n,CELGenUserEvent(JOIN)
 same => n,Queue(bench,,,,3600)
 same => n,Hangup()
"""


_MANAGER = """
[bench]
secret = {secret}
read = system
write = originate,system,reporting
"""


def changes(agents: int) -> dict[str, Any]:
    """A site of one queue: no prompt before it, no wrap-up, nothing recorded."""
    names = [str(FIRST_AGENT + number) for number in range(agents)]
    nobody = dict.fromkeys(("101", "102", "103", "104", "105", "106"))
    extensions = {name: f"Agente {name}" for name in names}
    return {
        "site.yaml": {"lines": "1000", "extensions": extensions},
        "queues.yaml": {
            "queues": {
                QUEUE: {
                    "wrap-up": "0 s",
                    "longest wait": "2 h",
                    "announce": None,
                    "announce every": None,
                    "whisper": None,
                    "record": "no",
                }
            },
            "agents": {**nobody, **{name: {"skills": {"servicio": "3"}} for name in names}},
        },
        "servicio_directo.yaml": {
            "start": "cola",
            "steps": {"bienvenida": None, "aviso": None, "horario": None, "cerrado": None, "fin_cerrado": None},
        },
    }


class QueueLine(Installation):
    """The installation, with app_queue."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.bench_secret = secrets.token_urlsafe()
        self._phones: list[Phone] = []

    @property
    def _asterisks(self) -> Environment:
        """No switch stands between the two: it would be measured too."""
        return replace(self.environment, ami=Endpoint(*self.ami.target), fastagi=Endpoint(*self.agi.target))

    def _environ(self) -> dict[str, str]:
        return super()._environ() | {"CENTRALITA_AMI": str(Endpoint(*self.ami.target))}

    async def start_server(self, *, ready: bool = True) -> None:
        (self.paths.var / "log").mkdir(exist_ok=True)
        with (self.paths.var / "log" / "server.log").open("ab") as log:
            self.server = await asyncio.create_subprocess_exec(
                *tied([sys.executable, "-m", "bench.queue.server"]),
                env=self._environ(),
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        if ready:
            await self.until_ready()

    async def add_app_queue(self, agents: int, talk: tuple[int, int]) -> None:
        """Asterisk's own queue, with the same agents; `talk`: from and to, in whole seconds, of every talk."""
        etc = self.paths.etc
        members = "".join(f"member => Local/{FIRST_AGENT + n}@bench-agent/n\n" for n in range(agents))
        (etc / "queues.conf").write_text(_QUEUES + members)
        with (etc / "extensions.conf").open("a") as file:
            file.write(_DIALPLAN.format(low=talk[0], high=talk[1] - 1, number=NUMBER))
        with (etc / "manager.conf").open("a") as file:
            file.write(_MANAGER.format(secret=self.bench_secret))
        await self.cli("dialplan reload")
        await self.cli("manager reload")
        for module in _MODULES:
            await self.cli(f"module load {module}.so")

    async def without_music(self) -> None:
        """Who waits hears nothing, and costs Asterisk nothing."""
        (self.paths.etc / "musiconhold.conf").write_text("")
        await self.cli("moh reload")

    async def register(self, agents: int) -> None:
        """A phone for every agent, so that it is there for us; what rings is the Local channel."""
        rows = (self.paths.secrets / "phones.csv").read_text().splitlines()[1:]
        passwords = dict(row.split(",", 1) for row in rows)
        for number in range(agents):
            name = str(FIRST_AGENT + number)
            phone = await Phone.open(name, server=self.sip, password=passwords[name])
            self._phones.append(phone)
            await phone.register(HOUR)

    async def stop(self) -> None:
        for phone in self._phones:
            await phone.close()
        await super().stop()

    @property
    def cel(self) -> Path:
        """What Asterisk wrote of every channel."""
        return self.paths.log / "cel-custom" / "cel.csv"

    def server_cpu(self) -> float:
        """Seconds of CPU that our server has used, all threads."""
        return _cpu(self.server.pid) if self.server is not None else 0.0

    def asterisk_cpu(self) -> float:
        """The same of Asterisk."""
        assert self.asterisk is not None
        return _cpu(self.asterisk.pid)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

"""An Asterisk with a hundred talks: between two Local channels that play music to each other, or of callers whom our
server brings to agents, as `bench.queue.line` has it. Half of those callers dial a number that is never recorded.
"""

import asyncio
from pathlib import Path
from typing import Any

from bench.queue.line import NUMBER, OURS, QueueLine
from bench.queue.line import changes as queue_changes
from bench.queue.load import Load

UNRECORDED = "6010000009"
CHANNELS = 4
"""Of a talk: two for each voice."""

_DIALPLAN = """
[bench-agent]
exten => _X.,1,Answer()
 same => n,MusicOnHold()

[bench-ours]
exten => _X.,1,Answer()
 same => n,Goto(from-trunk,${{EXTEN}},1)

[bench-talk]
exten => voice,1,Answer()
 same => n,MusicOnHold()
exten => not,1,Dial(Local/voice@bench-talk/n)
exten => wav,1,MixMonitor({folder}/${{UNIQUEID}}.wav)
 same => n,Dial(Local/voice@bench-talk/n)
exten => ours,1,MixMonitor({folder}/${{UNIQUEID}}.raw,bD,/usr/bin/touch {folder}/${{UNIQUEID}}.done)
 same => n,Dial(Local/voice@bench-talk/n)
"""
_MANAGER = """
[bench]
secret = {secret}
read = system
write = originate,system,call,reporting
"""


def changes(agents: int) -> dict[str, Any]:
    """A site of one queue: a short notice, no wrap-up; who dials one of its two numbers is never recorded."""
    site = queue_changes(agents)
    site["site.yaml"]["numbers"] = {UNRECORDED: "Sin grabación"}
    site["queues.yaml"]["queues"]["servicio"]["record"] = "yes"
    site["prompts.yaml"] = {"prompts": {"anuncio_grabacion": {"es-CO": "Será grabada.", "en": None}}}
    site["recordings.yaml"] = {"record": {"numbers": {UNRECORDED: "never"}}}
    steps = {"bienvenida": None, "aviso": {"then": "cola"}, "horario": None, "cerrado": None, "fin_cerrado": None}
    site["servicio_directo.yaml"] = {"numbers": [NUMBER, UNRECORDED], "start": "aviso", "steps": steps}
    return site


class RecordedLine(QueueLine):
    """The installation, with voices."""

    @property
    def apart(self) -> Path:
        """Where recordings lie of which the server knows nothing."""
        return self.folder / "apart"

    async def add_voices(self) -> None:
        """The dialplan, and who may originate."""
        self.apart.mkdir()
        with (self.paths.etc / "extensions.conf").open("a") as file:
            file.write(_DIALPLAN.format(folder=self.apart))
        with (self.paths.etc / "manager.conf").open("a") as file:
            file.write(_MANAGER.format(secret=self.bench_secret))
        await self.cli("dialplan reload")
        await self.cli("manager reload")


class Talks(Load):
    """Talks of one kind, each with one Originate."""

    def __init__(self, line: RecordedLine, action: str) -> None:
        super().__init__(line, OURS)
        self._action = action

    @classmethod
    def alone(cls, line: RecordedLine, kind: str) -> "Talks":
        """Without the server: `not` recorded, `wav`, or `ours`."""
        return cls(
            line, f"Channel: Local/voice@bench-talk/n\r\nContext: bench-talk\r\nExten: {kind}\r\nPriority: 1\r\n"
        )

    @classmethod
    def served(cls, line: RecordedLine, number: str) -> "Talks":
        """Callers of a number, whom the server brings to agents."""
        return cls(line, f"Channel: Local/{number}@bench-ours/n\r\nApplication: MusicOnHold\r\n")

    async def call(self) -> None:
        self.placed += 1
        await self._ask(f"Action: Originate\r\n{self._action}Codecs: ulaw\r\nAsync: true\r\nTimeout: 30000\r\n")

    async def begin(self, count: int, seconds: float = 60) -> None:
        """So many talk. Raises RuntimeError when they do not."""
        for _ in range(count):
            await self.call()
            await asyncio.sleep(0.01)
        for _ in range(round(seconds / 0.1)):
            if await self.channels() >= CHANNELS * count:
                await asyncio.sleep(1)
                return
            await asyncio.sleep(0.1)
        raise RuntimeError(f"{await self.channels()} channels, not {CHANNELS * count}\n{self.line.logs()}")

    async def end(self, channels: str) -> None:
        """Hang up: a channel's name, or `/a pattern/`."""
        await self._ask(f"Action: Hangup\r\nChannel: {channels}\r\n")

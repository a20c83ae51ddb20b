"""Callers, as many as are wanted, through a connection of its own to AMI."""

import asyncio
from typing import Self

from bench.queue.line import OURS, THEIRS, QueueLine

_ENTRIES = {OURS: "Local/s@bench-ours/n", THEIRS: "Local/s@bench-theirs/n"}
SURROGATE = "Surrogate/"
_LOOK = 0.1
_AT_ONCE = 5


class Load:
    """Makes callers and counts channels; no event is asked for."""

    def __init__(self, line: QueueLine, side: str) -> None:
        self.line = line
        self.entry = _ENTRIES[side]
        self.placed = 0
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self.line.ami.target)
        await self._reader.readline()
        await self._ask(f"Action: Login\r\nUsername: bench\r\nSecret: {self.line.bench_secret}\r\nEvents: off\r\n")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def call(self) -> None:
        """One caller, who stays until somebody has talked with him."""
        self.placed += 1
        await self._ask(
            f"Action: Originate\r\nChannel: {self.entry}\r\nApplication: Wait\r\nData: 3600\r\nAsync: true\r\n"
            "Timeout: 30000\r\n"
        )

    async def channels(self) -> int:
        """How many channels live."""
        answer = await self._ask("Action: CoreStatus\r\n")
        return int(answer["CoreCurrentCalls"])

    async def _ask(self, action: str) -> dict[str, str]:
        async with self._lock:
            self._writer.write(f"{action}\r\n".encode())
            while "Response" not in (answer := await self._block()):
                pass  # FullyBooted comes also to who wants no events
            return answer

    async def _block(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while row := (await self._reader.readline()).decode().strip():
            name, _, value = row.partition(": ")
            found[name] = value
        if not found:
            raise RuntimeError("Asterisk closed the bench's AMI connection")
        return found

    async def keep(self, waiting: int, agents: int, seconds: float) -> None:
        """So many callers wait while all agents talk, for so long: who is taken is replaced.

        A caller has two channels, an agent who talks two more.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while loop.time() < ends:
            missing = (2 * waiting + 4 * agents - await self.channels()) // 2
            for _ in range(min(missing, _AT_ONCE)):
                await self.call()
            await asyncio.sleep(_LOOK)

    async def fill(self, waiting: int, agents: int) -> None:
        """Until as many wait."""
        while await self.channels() < 2 * waiting + 4 * agents - 4 * _AT_ONCE:
            await self.keep(waiting, agents, 1)

    async def arrive(self, rate: float, seconds: float) -> None:
        """Callers one after the other, so many a second."""
        for _ in range(int(rate * seconds)):
            await self.call()
            await asyncio.sleep(1 / rate)

    async def drain(self) -> None:
        """Everybody hangs up. A channel whose talk is over and that Asterisk forgets to end is left."""
        for _ in range(100):
            if not [name for name in await self.line.channels() if not name.startswith(SURROGATE)]:
                return
            await self.line.cli("channel request hangup all")
            await asyncio.sleep(0.3)
        raise RuntimeError("channels that do not end")

"""Wrong logins, many a second, from one address or from a whole network of them."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

OUTSTANDING = 400
"""So many may wait for their answers; a login that would be one more is not made."""
TICK = 0.002

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Flood:
    """What came of it. `statuses` has `none` where the connection ended without an answer."""

    sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


async def flood(host: str, port: int, names: list[str], a_second: float, seconds: float, *, one_address: bool) -> Flood:
    """So many a second, for so long, whatever becomes of those before; each with a password that is wrong: half of them
    for one of `names`, the others for a name that is never used again."""
    attack, began = _Attack(host, port, names, one_address), time.monotonic()
    due = 0
    while (passed := time.monotonic() - began) < seconds:
        while due < passed * a_second:
            due += 1
            attack.one_more()
        await asyncio.sleep(TICK)
    attack.found.seconds = passed
    await attack.end()
    return attack.found


class _Attack:
    """`idle`: connections of the one address that the server has left open."""

    def __init__(self, host: str, port: int, names: list[str], one_address: bool) -> None:
        self._host, self._port, self._names, self._one_address = host, port, names, one_address
        self._chance = random.Random(1)
        self._idle: list[Wire] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.found = Flood()

    def one_more(self) -> None:
        """A login, unless too many wait."""
        if len(self._tasks) < OUTSTANDING:
            self.found.sent += 1
            task = asyncio.get_running_loop().create_task(self._try())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Until the last answer."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        for _, writer in self._idle:
            writer.transport.abort()

    async def _try(self) -> None:
        wire, stays, chance = None, False, self._chance
        try:
            wire = self._idle.pop() if self._idle else await self._connection()
            name = chance.choice(self._names) if chance.random() < 0.5 else f"nadie{chance.randrange(10**9)}"
            status, stays = await wrong_login(*wire, name, chance)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            status = "none"
        self.found.statuses[status] += 1
        if wire is not None and stays and self._one_address:  # of a network each login has its own address
            self._idle.append(wire)
        elif wire is not None:
            wire[1].transport.abort()

    async def _connection(self) -> Wire:
        chance = self._chance
        network = f"127.{chance.randrange(10, 99)}.{chance.randrange(250)}.{chance.randrange(1, 250)}"
        own = "127.0.200.1" if self._one_address else network
        return await asyncio.open_connection(self._host, self._port, local_addr=(own, 0))


async def wrong_login(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str, chance: random.Random
) -> tuple[str, bool]:
    """The status, and whether another may follow on this connection."""
    body = b'{"name": "%s", "password": "no es esta %d"}' % (name.encode(), chance.randrange(10**9))
    head = (
        b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    writer.write(head % len(body) + body)
    async with asyncio.timeout(30):
        top = await reader.readuntil(b"\r\n\r\n")
        fields = dict(row.lower().split(b": ", 1) for row in top.split(b"\r\n")[1:] if b": " in row)
        await reader.readexactly(int(fields.get(b"content-length", b"0")))
    return top[9:12].decode(), fields.get(b"connection") != b"close"

"""Wrong logins, many a second, from one address or from a whole network of them."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

CONNECTIONS = 50
"""Over which they come; each is opened anew when the server closes it."""


@dataclass
class Flood:
    """What came of it. `statuses` has `none` where the connection ended without an answer."""

    sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


async def flood(host: str, port: int, names: list[str], a_second: float, seconds: float, *, one_address: bool) -> Flood:
    """So many a second, for so long, each with a password that is wrong: half of them for one of `names`, the others
    for a name that is never used again."""
    found, began = Flood(), time.monotonic()
    ends = began + seconds
    workers = [
        _worker(found, host, port, names, CONNECTIONS / a_second, began + number / a_second, ends,
                "127.0.200.1" if one_address else None, random.Random(number))
        for number in range(CONNECTIONS)
    ]  # fmt: skip
    await asyncio.gather(*workers)
    found.seconds = time.monotonic() - began
    return found


async def _worker(
    found: Flood, host: str, port: int, names: list[str], every: float, due: float, ends: float, address: str | None,
    chance: random.Random,
) -> None:  # fmt: skip
    wire: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    try:
        while due < ends:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += every
            try:
                if wire is None:
                    own = (
                        address or f"127.{chance.randrange(10, 99)}.{chance.randrange(250)}.{chance.randrange(1, 250)}"
                    )
                    wire = await asyncio.open_connection(host, port, local_addr=(own, 0))
                found.sent += 1
                name = chance.choice(names) if chance.random() < 0.5 else f"nadie{chance.randrange(10**9)}"
                status, goes_on = await wrong_login(*wire, name, chance)
            except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
                status, goes_on = "none", False
            found.statuses[status] += 1
            if wire is not None and (not goes_on or address is None):  # of a network each login has its own address
                wire[1].transport.abort()
                wire = None
    finally:
        if wire is not None:
            wire[1].transport.abort()


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

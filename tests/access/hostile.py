"""Hostile clients: what they show, where they go, what they ask for, how much and how slowly they send.

Each request must be answered as HTTP, with a status that says whose fault it was, or its connection be closed, within
`PATIENCE` seconds. `besiege` is one process's worth of them.
"""

import asyncio
import base64
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BAD = Path(__file__).parents[1] / "bad" / "http"

PATIENCE = 40.0
"""Longer than the server has for any of them."""
MOST_ANSWER = 4_000_000
AT_ONCE = 16
SLOW = 24
"""So many send a byte now and then."""
OURS = frozenset({503, 505})
"""Statuses of the 500s that are no fault of the server: too much at once, and a version of HTTP that is none."""

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@dataclass
class Siege:
    """What came of it."""

    sent: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    cut: int = 0
    """Slow clients whose connection the server ended."""

    def note(self, kind: str, request: bytes, answer: bytes, seconds: float) -> None:
        """One request and what came back."""
        self.sent[kind] += 1
        self.slowest = max(self.slowest, seconds)
        found = _STATUS.match(answer)
        status = int(found[1]) if found else 0
        self.statuses[str(status) if found else "closed"] += 1
        if answer and not found:
            self._fault(kind, request, f"no HTTP: {answer[:80]!r}")
        if status >= 500 and status not in OURS:
            self._fault(kind, request, f"{status}: {answer[-200:]!r}")
        if seconds >= PATIENCE:
            self._fault(kind, request, f"neither answered nor closed within {PATIENCE:g} s")

    def _fault(self, kind: str, request: bytes, why: str) -> None:
        if len(self.faults) < 50:
            self.faults.append(f"{kind}: {why} | {request[:300]!r}")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the server is, which paths it has, and what somebody with an account shows: the session's cookie and its
    CSRF token."""

    host: str
    port: int
    paths: Sequence[str]
    cookie: str = ""
    csrf: str = ""


async def besiege(target: Target, seconds: float, seed: int) -> Siege:
    """Everything by chance, for so long."""
    siege, chance, ends = Siege(), random.Random(seed), time.monotonic() + seconds
    quick = [_again(target, siege, random.Random(chance.random()), ends) for _ in range(AT_ONCE)]
    slow = [_slowly(target, siege, random.Random(chance.random()), ends) for _ in range(SLOW)]
    await asyncio.gather(*quick, *slow)
    return siege


async def _again(target: Target, siege: Siege, chance: random.Random, ends: float) -> None:
    kinds = list(KINDS.items())
    while time.monotonic() < ends:
        kind, made = chance.choice(kinds)
        request = made(target, chance)
        began = time.monotonic()
        answer = await _asked(target, [request], 0.0, chance)
        siege.note(kind, request, answer, time.monotonic() - began)
        await asyncio.sleep(chance.uniform(0, 0.05))


async def _slowly(target: Target, siege: Siege, chance: random.Random, ends: float) -> None:
    while time.monotonic() < ends:
        request = chance.choice(
            (_head("GET", "/api/queues"), _head("POST", "/api/session", "Content-Length: 900"), b"")
        )
        pieces = [request[place : place + 1] for place in range(len(request))] or [b""]
        began = time.monotonic()
        answer = await _asked(target, pieces, chance.choice((0.05, 0.5, 2.0)), chance, ends)
        siege.cut += time.monotonic() < ends
        siege.note("slow", request, answer, time.monotonic() - began)


async def _asked(
    target: Target, pieces: Sequence[bytes], pause: float, chance: random.Random, ends: float = float("inf")
) -> bytes:
    """What came back until the connection was closed, or enough of it."""
    address = f"127.0.{chance.randrange(1, 9)}.{chance.randrange(1, 250)}"
    try:
        reader, writer = await asyncio.open_connection(target.host, target.port, local_addr=(address, 0))
    except OSError:
        return b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if pause:
                await asyncio.sleep(pause)
                if time.monotonic() > ends or reader.at_eof():
                    break
        async with asyncio.timeout(min(PATIENCE, max(0.1, ends - time.monotonic()))):
            return await _answer(reader)
    except (OSError, TimeoutError):
        return b""
    finally:
        writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The head and the beginning of the body: a stream goes on."""
    found = b""
    while b"\r\n\r\n" not in found and len(found) < MOST_ANSWER:
        part = await reader.read(65_536)
        if not part:
            break
        found += part
    return found


# ---- what they send


def _head(method: str, path: str, *headers: str | bytes) -> bytes:
    rows = [row if isinstance(row, bytes) else row.encode("latin-1", "replace") for row in headers]
    start = f"{method} {path} HTTP/1.1".encode("utf-8", "surrogateescape")
    return b"\r\n".join([start, b"Host: 127.0.0.1", *rows, b"Connection: close", b"", b""])


def _junk(chance: random.Random, most: int = 200) -> bytes:
    kept = bytes(code for code in chance.randbytes(chance.randrange(1, most)) if code not in b"\r\n\0")
    return kept or b"x"


def _cookie(target: Target, chance: random.Random) -> bytes:
    good = target.cookie or "session=" + base64.urlsafe_b64encode(chance.randbytes(32)).decode().rstrip("=")
    name, _, value = good.partition("=")
    place = chance.randrange(len(value))
    shown: list[bytes] = [
        b"session=" + _junk(chance),
        f"{name}={value[:place]}{chance.choice('Aa0_-.')}{value[place + 1 :]}".encode(),
        f"{name}={value}; {name}={value[::-1]}".encode(),
        b"; ".join(b"session=" + _junk(chance, 20) for _ in range(50)),
        f"__Host-session={value}; session=".encode(),
        f'session="{value}\\'.encode(),
        ("session=" + "A" * chance.choice((42, 43, 44, 4_000))).encode(),
    ]
    method = chance.choice(("GET", "POST", "DELETE"))
    return _head(method, chance.choice(target.paths), b"Cookie: " + chance.choice(shown), "Content-Length: 0")


def _token(target: Target, chance: random.Random) -> bytes:
    shown = [
        b"Bearer " + _junk(chance),
        b"Bearer",
        b"bearer  ",
        b"Basic " + base64.b64encode(_junk(chance)),
        ("Bearer ctl_" + "".join(chance.choices("abcdefgh0123456789_", k=chance.choice((8, 32, 43, 200))))).encode(),
        "Bearer \u00e9\u00e8".encode("latin-1"),
        b"Bearer " + b"\xff" * 43,
    ]
    return _head(chance.choice(("GET", "PUT")), chance.choice(target.paths), b"Authorization: " + chance.choice(shown),
                 "Content-Length: 0")  # fmt: skip


def _path(target: Target, chance: random.Random) -> bytes:
    pieces = (
        "..",
        "%2e%2e",
        "%252e",
        "%00",
        "%0d%0aX:%20y",
        "//",
        "\\",
        "%ff%fe",
        "~",
        "etc/passwd",
        "a" * 300,
        "'",
        '"',
        ";ls",
        "$(id)",
        "${jndi:x}",
        "%c0%af",
        "?x=" + "y" * 500,
        "#",
        "*",
        "%u0061",
        "\u0130".encode().hex(),
    )
    path = chance.choice(target.paths)
    place = chance.randrange(len(path))
    wild = path[:place] + "/".join(chance.choices(pieces, k=chance.randrange(1, 6))) + path[place:]
    method = chance.choice(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"))
    return _head(method, "/" + wild.lstrip("/").replace(" ", "%20"), "Content-Length: 0", *_known(target, chance))


def _range(target: Target, chance: random.Random) -> bytes:
    numbers = ("0", "1", "-1", "99999999999999999999", "", "x", "5")
    spans = [f"{chance.choice(numbers)}-{chance.choice(numbers)}" for _ in range(chance.choice((1, 1, 2, 900)))]
    shown = f"Range: {chance.choice(('bytes', 'lines', ''))}={','.join(spans)}"
    paths = [path for path in target.paths if "audio" in path or "export" in path] or target.paths
    return _head("GET", chance.choice(list(paths)), shown, 'If-Range: W/"x"', *_known(target, chance))


def _headers(target: Target, chance: random.Random) -> bytes:
    many = [f"X-{number}: {number}" for number in range(chance.choice((90, 1_000, 10_000)))]
    long = ["X-Long: " + "y" * chance.choice((8_000, 100_000, 1_000_000))]
    odd = [b"X-Odd: " + _junk(chance), b": nameless", b"X Y: z", b"Transfer-Encoding: chunked, identity"]
    return _head("GET", chance.choice(target.paths), *chance.choice((many, long, odd)))


def _body(target: Target, chance: random.Random) -> bytes:
    bodies = [
        _junk(chance, 5_000),
        b"[" * 50_000,
        b'{"a":' * 20_000,
        b'{"name": ' + b"9" * 5_000 + b"}",
        b'{"name": "\\ud800", "password": "\\u0000"}',
        b'{"name": 1e999, "password": NaN}',
        b"{}" * 1_000,
        b"\xff\xfe{\x00}\x00",
    ]
    body = chance.choice(bodies)
    length = chance.choice((len(body), len(body), len(body) + 1, 0, 10**12))
    kind = chance.choice(("application/json", "text/plain", "multipart/form-data; boundary=x", "application/xml"))
    method = chance.choice(("POST", "PUT", "PATCH"))
    path = chance.choice(target.paths)
    return _head(method, path, f"Content-Length: {length}", f"Content-Type: {kind}", *_known(target, chance)) + body


def _wire(target: Target, chance: random.Random) -> bytes:
    return chance.choice(_WIRES)


def _known(target: Target, chance: random.Random) -> list[str]:
    """Half of them have a session."""
    if not target.cookie or chance.random() < 0.5:
        return []
    return [f"Cookie: {target.cookie}", f"X-CSRF-Token: {target.csrf}"]


_WIRES = [file.read_bytes() for file in sorted(BAD.glob("*.http"))]

KINDS: dict[str, Callable[[Target, random.Random], bytes]] = {
    "cookies": _cookie,
    "tokens": _token,
    "paths": _path,
    "ranges": _range,
    "headers": _headers,
    "bodies": _body,
    "wire": _wire,
}

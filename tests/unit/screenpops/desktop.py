"""A desktop's web hook to be told: a real HTTP server whose answers a test chooses, also where HTTP ends."""

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from ivr.web.server import WebServer

SECRET = "muy secreto"


@dataclass
class Desktop:
    """`answers` are given one after the other, the last one again and again: a status, or "slow", "huge", "drip",
    "redirect"."""

    answers: list[int | str] = field(default_factory=lambda: [200])
    told: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    elsewhere: int = 0
    at_once: int = 0
    most_at_once: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/pop"

    async def pop(self, request: Request) -> Response:
        """What is told."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            body = await request.body()
            self.bodies.append(body)
            self.told.append(json.loads(body))
            self.headers.append(dict(request.headers))
            return await self._answer(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        finally:
            self.at_once -= 1

    async def _answer(self, kind: int | str) -> Response:
        match kind:
            case "slow":
                await asyncio.sleep(1)
            case "busy":
                await asyncio.sleep(0.05)
            case "huge":
                return StreamingResponse(_huge())
            case "drip":
                return StreamingResponse(_drip())
            case "redirect":
                return RedirectResponse("/elsewhere")
            case int():
                return Response(status_code=kind)
        return Response(status_code=200)

    async def until_told(self, count: int, seconds: float = 5) -> None:
        """Until so many messages came."""
        for _ in range(round(seconds / 0.01)):
            if len(self.told) >= count:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"told {[told['event'] for told in self.told]}, not {count}")

    async def other(self, request: Request) -> Response:
        """Where nobody may be led."""
        self.elsewhere += 1
        return Response()

    def proves(self, number: int, secret: str = SECRET) -> bool:
        """Whether a message carries the signature that its receiver computes, as the guide says."""
        parts = dict(part.split("=", 1) for part in self.headers[number]["centralita-signature"].split(","))
        signed = parts["t"].encode() + b"." + self.bodies[number]
        return hmac.compare_digest(parts["v1"], hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest())


async def _huge() -> AsyncIterator[bytes]:
    for _ in range(2_000):
        yield b"x" * 65_536


async def _drip() -> AsyncIterator[bytes]:
    while True:
        yield b"x"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def desktop(*answers: int | str, port: int = 0) -> AsyncIterator[Desktop]:
    """A desktop on a port of this machine, or a free one."""
    there = Desktop(list(answers) or [200])
    routes = [Route("/pop", there.pop, methods=["POST"]), Route("/elsewhere", there.other, methods=["GET", "POST"])]
    web = WebServer(Starlette(routes=routes), "127.0.0.1", port)
    there.port = web.port
    web.start()
    try:
        yield there
    finally:
        await web.close()


def unsigned(folder: Path) -> ssl.SSLContext:
    """TLS with a certificate that nobody signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = made.add_extension(address, critical=False).sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    file = folder / "desktop.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context

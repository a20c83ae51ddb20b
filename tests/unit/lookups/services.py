"""Services to be asked: an invoices' one with a token, a customers' one with a key in its path, and a faulty one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from ivr.web.server import WebServer

INVOICES = {"900123456": [{"number": 12, "date": "2026-10-31", "total": 2500000.5, "balance": 1250000.25}]}
CONTACTS = {"573000000001": {"ID": "7", "NAME": "Ana", "VIP": True, "EMAIL": None}}
ACCESS_KEY, WEBHOOK = "a key with blanks", "hook/9x8y"


@dataclass
class Service:
    """What the services have been asked."""

    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method, and path with query as it was sent."""
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    signed_in: int = 0
    valid: set[str] = field(default_factory=set)
    """Tokens that are accepted now."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody waits for a slow answer."""
    at_once: int = 0
    most_at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ------------------------------------------------------------------ invoices
    async def auth(self, request: Request) -> Response:
        if (await request.json()) != {"username": "telefono", "access_key": ACCESS_KEY}:
            return JSONResponse({"Errors": [{"Code": "invalid"}]}, 401)
        self.signed_in += 1
        self.valid = {f"token{self.signed_in}"}
        return JSONResponse({"access_token": f"token{self.signed_in}", "expires_in": 86400})

    async def invoices(self, request: Request) -> Response:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.valid:
            return JSONResponse({"Errors": [{"Code": "unauthorized"}]}, 401)
        found = INVOICES.get(request.query_params["customer_identification"], [])
        return JSONResponse({"pagination": {"total_results": len(found)}, "results": found})

    # ------------------------------------------------------------------ customers
    async def contacts(self, request: Request) -> Response:
        if f"{request.path_params['user']}/{request.path_params['key']}" != WEBHOOK:
            return JSONResponse({"error": "INVALID_CREDENTIALS"}, 401)
        found = CONTACTS.get(request.query_params["filter[PHONE]"])
        return JSONResponse({"result": [found] if found else [], "total": 1 if found else 0})

    async def search(self, request: Request) -> Response:
        self.bodies.append(await request.json())
        return JSONResponse({"ok": True})

    async def one(self, request: Request) -> Response:
        return JSONResponse({"name": "x"}) if request.path_params["id"] == "7" else Response(status_code=404)

    # ------------------------------------------------------------------ faults
    async def fault(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind == "slow":
            self.at_once += 1
            self.begun.set()
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await asyncio.sleep(20)
            finally:
                self.at_once -= 1
        if kind == "redirect":
            return RedirectResponse(f"{self.url}/stolen")
        if kind == "huge":
            return StreamingResponse(_huge(), media_type="application/json")
        if kind == "packed":
            return Response(b"\x1f\x8b", headers={"content-encoding": "gzip"})
        if kind == "cookie":
            return JSONResponse({"name": "x"}, headers={"set-cookie": "session=1; Path=/"})
        texts = {"html": b"<html>", "nan": b'{"name": NaN}', "empty": b"", "deep": b"[" * 100_000}
        texts["list"], texts["null"] = b"[]", b"null"
        texts["number"] = b'{"name": ' + request.query_params.get("n", "1").encode() + b"}"
        if kind in texts:
            return Response(texts[kind], media_type="application/json")
        return JSONResponse({"error": kind}, int(kind))

    def note(self, request: Request) -> None:
        """Keep what was asked, except the asking for tokens."""
        path = request.scope["raw_path"].decode() + ("?" + request.url.query if request.url.query else "")
        if path != "/auth":
            self.asked.append((request.method, path))
            self.headers.append(dict(request.headers))


async def _huge() -> AsyncIterator[bytes]:
    yield b'{"name": "'
    for _ in range(50):
        await asyncio.sleep(0)
        yield b"x" * 65_536


@asynccontextmanager
async def service() -> AsyncIterator[Service]:
    """A service on a free port of this machine."""
    there = Service()
    routes = [
        Route("/auth", there.auth, methods=["POST"]),
        Route("/v1/invoices", there.invoices),
        Route("/rest/{user}/{key}/crm.contact.list", there.contacts),
        Route("/search", there.search, methods=["POST"]),
        Route("/contacts/{id:path}", there.one),
        Route("/fault/{kind}", there.fault, methods=["GET", "POST"]),
        Route("/stolen", there.one),
    ]
    application = Starlette(routes=routes)

    async def noted(scope: Any, receive: Any, send: Any) -> None:
        there.note(Request(scope))
        await application(scope, receive, send)

    web = WebServer(noted, "127.0.0.1", 0)
    there.port = web.port
    web.start()
    try:
        yield there
    finally:
        await web.close()

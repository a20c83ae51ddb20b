"""ASGI's words, and the refusals of those who stand before the application."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


def headers(scope: Scope, name: bytes) -> list[bytes]:
    """Every value of a header, in order."""
    return [value for found, value in scope["headers"] if found == name]


def header(scope: Scope, name: bytes) -> bytes:
    """The first value of a header; empty when it is not there."""
    return next((value for found, value in scope["headers"] if found == name), b"")


async def refuse(send: Send, status: int, why: str, more: Headers | None = None) -> None:
    """The form of every refusal: see `ivr.access.refusal.Refusal`."""
    body = json.dumps({"error": why}).encode()
    given: Headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*given, *(more or [])]})
    await send({"type": "http.response.body", "body": body})

"""How a part of the server declares what it can be told to do.

    class Greetings:
        def routes(self) -> list[Route]:
            return [operation("GET", "/greeting/{name}", self.show), operation("POST", "/greeting", self.change)]

        async def show(self, request: Request) -> Mapping[str, Any]:
            return {"greeting": self._of(request.path_params["name"])}

        async def change(self, request: Request) -> Mapping[str, Any]:
            text = text_of(await given(request), "text")
            if not text:
                raise Refusal("say which greeting: ivr greeting TEXT")
            ...
            return {"changed_by": who(request)}

An operation answers with a JSON object, or with a Response of its own (audio). It raises Refusal for everything that
its user may put right; every other exception is a fault of ours: logged, and answered without its text.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ivr import log as logs
from ivr.text import printable

log = logs.get(__name__)

WHO = "centralita-who"
"""The header in which the client names its user. Who may open the socket is that user already, or root."""

LONGEST_BODY = 1_000_000
"""Bytes; a list of callers is the longest thing that anybody sends."""


class Operations(Protocol):
    """A part that can be told to do something."""

    def routes(self) -> list[Route]:
        """Its operations."""


class Refusal(Exception):
    """The operation is not done. The message says why and what to do; `details` go into the answer beside it."""

    def __init__(self, message: str, *, status: int = 409, **details: Any) -> None:
        super().__init__(message)
        self.status, self.details = status, details


Answer = Mapping[str, Any] | Response


def operation(method: str, path: str, function: Callable[[Request], Awaitable[Answer]]) -> Route:
    """A route that answers with what `function` returns."""

    async def endpoint(request: Request) -> Response:
        try:
            answer = await function(request)
        except Refusal as refusal:
            return JSONResponse({"error": str(refusal), **refusal.details}, status_code=refusal.status)
        except Exception:
            log.exception("an operation failed", method=method, path=path)
            return JSONResponse({"error": "the server could not do it; its log says why"}, status_code=500)
        return answer if isinstance(answer, Response) else JSONResponse(dict(answer))

    return Route(path, endpoint, methods=[method])


async def given(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; empty when nothing was. Raises Refusal."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LONGEST_BODY:
            raise Refusal(f"more than {LONGEST_BODY} bytes were sent", status=413)
        parts.append(part)
    text = b"".join(parts)
    if not text:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal("what was sent is not JSON", status=400) from None
    if not isinstance(value, dict):
        raise Refusal("a JSON object is expected", status=400)
    return value


def text_of(values: Mapping[str, Any], name: str, *, longest: int = 200) -> str:
    """A text of the given object, without control characters; empty when it is not there. Raises Refusal."""
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refusal(f"{name}: a text is expected", status=400)
    return printable(value, longest)


def who(request: Request) -> str:
    """The user who asks, as the client names him."""
    return printable(unquote(request.headers.get(WHO, "")), 60) or "somebody"

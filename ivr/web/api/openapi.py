"""The API describes itself: /api/openapi.json for programs, /api/docs for people. Made from the routes, on demand."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ivr.access.model import Reach
from ivr.access.rights import reads
from ivr.aside import aside
from ivr.web.api.answers import ErrorAnswer, refusals
from ivr.web.api.docs_page import page, policy
from ivr.web.api.routing import Allowed, Cell, Granted, api_router, table

BEFORE = {
    408: "Headers or body came too slowly.",
    411: "A body without a length.",
    413: "The body is too long.",
    414: "The address is too long.",
    421: "The server does not go by this name (CENTRALITA_NAMES).",
    429: "Too many requests; try again after the seconds of `Retry-After`.",
    431: "The headers are too long, or too many.",
    503: "Too much at once, or a store that cannot be read or written; try again.",
}
"""What the shell of the server answers to any request, before a route has it."""

EVERYBODY = reads(
    "docs",
    admin=Reach.EVERYTHING,
    supervisor=Reach.EVERYTHING,
    agent=Reach.EVERYTHING,
    auditor=Reach.EVERYTHING,
    monitor=Reach.EVERYTHING,
)

DESCRIPTION = (
    "The company line: calls, queues, agents, flows. Log in with `POST /api/session` (a cookie, and a token in the "
    "header `X-CSRF-Token` for whatever changes something), or send `Authorization: Bearer` with a token of "
    "`POST /api/tokens`. Moments are ISO 8601; `..._us` are microseconds. Every refusal is an object with `error`."
)

_SCHEMES = {
    "session": {"type": "apiKey", "in": "cookie", "name": "session", "description": "`__Host-session` over https"},
    "token": {"type": "http", "scheme": "bearer"},
}
_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}


def described(app: FastAPI) -> dict[str, Any]:
    """The description: FastAPI's, with who may use each route and what each may answer. Takes about a tenth of a
    second: not on the loop."""
    found = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas["ErrorAnswer"] = ErrorAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    found["components"]["securitySchemes"] = _SCHEMES
    for cell in table(app):
        operation = found["paths"][cell.path.replace(":path}", "}")][cell.method.lower()]
        _complete(operation, cell)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return found


def _complete(operation: dict[str, Any], cell: Cell) -> None:
    responses = operation["responses"]
    responses.pop("422", None)  # what is not understood is 400
    for status, response in responses.items():
        if status >= "400":  # what refuses is JSON, also where a page is asked for
            response["content"] = _ERROR if "text/html" in response.get("content", {}) else response["content"]
    for status, why in BEFORE.items():
        responses.setdefault(str(status), {"description": why, "content": _ERROR})
    operation["responses"] = dict(sorted(responses.items()))
    operation["security"] = [] if cell.rights is None else [{"session": []}, {"token": []}]
    operation["x-allowed"] = who_may(cell)
    if cell.rights is not None:
        operation["x-scope"] = cell.rights.scope


def who_may(cell: Cell) -> Mapping[str, str]:
    """Role -> how far, in words; empty where anybody may."""
    if cell.rights is None:
        return {}
    far = {Reach.EVERYTHING: "everything", Reach.OWN_QUEUES: "own queues", Reach.SELF: "self"}
    return {role.value: far[reach] for role, reach in cell.rights.reaches.items() if reach is not Reach.NOBODY}


class Description:
    """A part of the API: the API."""

    def __init__(self) -> None:
        self._made: asyncio.Task[tuple[dict[str, Any], str]] | None = None

    def routes(self) -> APIRouter:
        """The description for programs and for people."""
        router = api_router("docs")
        router.get("/openapi.json", responses=refusals())(self.document)
        router.get("/docs", response_class=HTMLResponse, responses=refusals())(self.page)
        return router

    async def document(self, request: Request, granted: Annotated[Granted, Allowed(EVERYBODY)]) -> dict[str, Any]:
        """This API in the form of OpenAPI 3.1."""
        return (await self._both(request.app))[0]

    async def page(self, request: Request, granted: Annotated[Granted, Allowed(EVERYBODY)]) -> HTMLResponse:
        """This API as a page to read."""
        return HTMLResponse((await self._both(request.app))[1], headers={"Content-Security-Policy": policy()})

    async def _both(self, app: FastAPI) -> tuple[dict[str, Any], str]:
        """Made once, when first asked for."""
        if self._made is None or (self._made.done() and (self._made.cancelled() or self._made.exception())):
            self._made = asyncio.ensure_future(aside(_make, app))
        return await asyncio.shield(self._made)


def _make(app: FastAPI) -> tuple[dict[str, Any], str]:
    document = described(app)
    return document, page(document)

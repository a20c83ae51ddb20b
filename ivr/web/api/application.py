"""The API of all parts, as one ASGI application."""

from collections.abc import Iterable
from typing import Protocol

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ivr.web.api.deeds import Deeds
from ivr.web.api.door import Door
from ivr.web.api.routing import table


class Part(Protocol):
    """A part of the server that can be asked and told something."""

    def routes(self) -> APIRouter:
        """Its routes, without /api."""


def application(parts: Iterable[Part], door: Door, *, version: str = "") -> FastAPI:
    """All routes of all parts. Raises RouteOutsideTable."""
    app = FastAPI(
        title="Centralita",
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.door, app.state.deeds = door, Deeds()
    for part in parts:
        app.router.routes.extend(part.routes().routes)  # flat: an included router hides what is in it
    table(app)
    app.add_exception_handler(HTTPException, _unknown)
    return app


async def _unknown(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    words = {
        400: "the body cannot be read",
        404: "there is no such address",
        405: "this address does not take this method",
    }
    return JSONResponse({"error": words.get(status, "not possible")}, status_code=status,
                        headers=getattr(error, "headers", None))  # fmt: skip

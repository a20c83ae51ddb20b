"""The HTTP side, first form: figures for Prometheus and health for whoever supervises the server."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ivr.figures.metrics import CONTENT_TYPE
from ivr.web.health import Readiness


def application(metrics: Callable[[], bytes], alive: Readiness, ready: Readiness) -> Starlette:
    """The web application. `alive`: the process and its loop; `ready`: AMI, AGI, journal."""

    async def show_metrics(request: Request) -> Response:
        return Response(metrics(), media_type=CONTENT_TYPE)

    def answer(question: Readiness) -> Response:
        verdict = question.verdict()
        return JSONResponse(verdict.as_json(), status_code=200 if verdict.ready else 503)

    async def healthz(request: Request) -> Response:
        return answer(alive)

    async def readyz(request: Request) -> Response:
        return answer(ready)

    async def root(request: Request) -> Response:
        return PlainTextResponse("centralita: /metrics /healthz /readyz\n")

    return Starlette(
        routes=[
            Route("/", root),
            Route("/metrics", show_metrics),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
        ]
    )

"""How the server is, for whoever has a session: more than /readyz says to everybody nearby, and no number."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from ivr.access.model import Reach
from ivr.access.rights import reads
from ivr.web.api.answers import refusals
from ivr.web.api.routing import Allowed, Granted, api_router
from ivr.web.health import Readiness

LOOK = Allowed(
    reads(
        "health",
        admin=Reach.EVERYTHING,
        supervisor=Reach.EVERYTHING,
        agent=Reach.EVERYTHING,
        auditor=Reach.EVERYTHING,
        monitor=Reach.EVERYTHING,
    )
)


class Vitals(BaseModel):
    """What a running server measures of itself. `site`: the version of the site that is in force. `calls`: living ones.
    `records_behind`: entries of the journal that the records do not have yet."""

    node: str
    site: str
    since: datetime
    calls: int
    asterisk_linked: bool
    journal_position: int
    journal_degraded: bool
    records_behind: int


class HealthAnswer(Vitals):
    """`ready`: calls can be decided. `parts`: "ok", or what is wrong with it."""

    version: str
    ready: bool
    parts: dict[str, str]


class HealthRoutes:
    """Tells how the server is."""

    def __init__(self, ready: Readiness, vitals: Callable[[], Vitals], version: str) -> None:
        self._ready, self._vitals, self._version = ready, vitals, version

    def routes(self) -> APIRouter:
        """One."""
        router = api_router("health")
        router.get("/health", responses=refusals())(self.show)
        return router

    async def show(self, granted: Annotated[Granted, LOOK]) -> HealthAnswer:
        """Whether calls can be decided, and what is not well."""
        verdict = self._ready.verdict()
        return HealthAnswer(
            **self._vitals().model_dump(), version=self._version, ready=verdict.ready, parts=dict(verdict.parts)
        )

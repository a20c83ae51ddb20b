"""The API of some parts, asked without a network: a door that lets in whoever stands before it and keeps what is noted.

api = Api([AgentRoutes(...)], site)
answer = await api.ask(SUPERVISOR, "POST", "/agents/101/pause", {"reason": "Almuerzo"})
assert answer.status_code == 403 and api.door.noted[-1].note.action == "agents.pause"
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
from starlette.requests import Request
from starlette.routing import Match

from ivr.access.model import Principal, Role, Via
from ivr.control.client import socket_file
from ivr.control.server import ControlServer
from ivr.web.api.application import Part, application
from ivr.web.api.door import Note, Result
from ivr.web.api.openapi import described


def principal(role: Role, **more: Any) -> Principal:
    """Somebody with a session. `queues` and `mailboxes` may be given as any collection."""
    for several in ("queues", "mailboxes", "scopes"):
        if several in more:
            more[several] = frozenset(more[several])
    return Principal(account=role.value, role=role, via=more.pop("via", Via.SESSION), **more)


ADMIN, AUDITOR, MONITOR = principal(Role.ADMIN), principal(Role.AUDITOR), principal(Role.MONITOR)
LOCAL = principal(Role.ADMIN, via=Via.LOCAL)


@dataclass(frozen=True, slots=True)
class Noted:
    """What the audit was told of one request."""

    principal: Principal | None
    note: Note
    result: Result
    why: str


class OpenDoor:
    """A `Door`: who stands before it is let in as he is."""

    def __init__(self, who: Principal | None = None) -> None:
        self.who = who
        self.begun: list[Note] = []
        self.noted: list[Noted] = []

    async def identify(self, request: Request) -> Principal | None:
        """Who stands before it; the header Centralita-Who names the person, as at the socket file."""
        if self.who is not None and (person := request.headers.get("centralita-who")):
            return replace(self.who, person=unquote(person))
        return self.who

    async def note(self, principal: Principal | None, address: str, note: Note, result: Result, why: str) -> None:
        """Keep it."""
        if result is Result.BEGUN:
            self.begun.append(note)
            return
        self.noted.append(Noted(principal, note, result, why))


def control(parts: Iterable[Part], folder: Path) -> ControlServer:
    """Parts at the socket file of an instance whose `var` is `folder`; whoever can open it is its administrator.
    `start` and `close` it."""
    return ControlServer(application(parts, OpenDoor(LOCAL)), socket_file(folder))


class Api:
    """Parts behind an open door."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.door = OpenDoor()
        self.app = application(parts, self.door)
        self._document: dict[str, Any] | None = None

    async def ask(
        self,
        who: Principal | None,
        method: str,
        path: str,
        values: Mapping[str, Any] | None = None,
        **query: Any,
    ) -> httpx.Response:
        """What the API answers somebody. `path` is what stands after /api. An answer that the description of the API
        does not know fails the test."""
        self.door.who = who
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://centralita") as client:
            answer = await client.request(
                method, f"/api{path}", json=dict(values) if values is not None else None, params=query or None
            )
        self._described(method, answer)
        return answer

    def _described(self, method: str, answer: httpx.Response) -> None:
        """AssertionError for a status that the route does not document."""
        for route in self.app.routes:
            matched, _ = route.matches({"type": "http", "method": method, "path": answer.request.url.path})
            if matched is Match.FULL:
                if self._document is None:
                    self._document = described(self.app)
                known = self._document["paths"][route.path][method.lower()]["responses"]  # type: ignore[attr-defined]
                assert str(answer.status_code) in known, f"{method} {answer.url}: {answer.status_code} is undocumented"
                return

    async def told(self, who: Principal | None, method: str, path: str, *more: Any, **query: Any) -> Any:
        """The JSON of an answer that must be one of success."""
        answer = await self.ask(who, method, path, *more, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def status(self, who: Principal | None, method: str, path: str, *more: Any, **query: Any) -> int:
        """The status of an answer."""
        return (await self.ask(who, method, path, *more, **query)).status_code

"""How a part of the server declares its routes.

    class Greetings:
        def routes(self) -> APIRouter:
            router = api_router("greetings")
            router.get("/greeting/{name}")(self.show)
            return router

        async def show(
            self, name: str, granted: Annotated[Granted, Allowed(reads("greetings", admin=Reach.EVERYTHING))]
        ) -> Greeting: ...

Every route has exactly one `Allowed` (or `Public`); the table of roles and routes is read from them, and an application
with a route outside the table is not built. A route that changes something is always noted in the audit, before it
begins and when it has ended, and is carried out to its end (ivr.web.api.deeds); one that only reads is noted when it
says so (`granted.shows(...)`). It raises Refusal for everything that its user may put right; every other exception is a
fault of ours: logged, and answered without its text.
"""

import functools
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, cast

from fastapi import APIRouter, FastAPI, params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from ivr import log as logs
from ivr.access.model import Principal, Reach
from ivr.access.refusal import Refusal as Refusal
from ivr.access.rights import Rights
from ivr.web.api.deeds import Deeds
from ivr.web.api.door import Door, Note, Result

log = logs.get(__name__)

PREFIX = "/api"
_LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Granted:
    """Who asks, how far the role reaches on this route, and what the audit will say. `begins` is awaited before what
    changes something; it raises Refusal while the audit cannot be written."""

    principal: Principal
    reach: Reach
    note: Note
    begins: Callable[[], Awaitable[None]] | None = None

    @property
    def everything(self) -> bool:
        """No limit of queues or of oneself."""
        return self.reach is Reach.EVERYTHING

    def shows(self, what: str, **detail: Any) -> None:
        """Note that numbers or recordings are shown: `granted.shows("calls.search", shown=12)`."""
        self.note.action = what
        self.note.detail.update(detail)

    def changes(self, subject: str, before: Any = None, after: Any = None, **detail: Any) -> None:
        """Note what a change is about; the action is the route's."""
        self.note.object, self.note.before, self.note.after = subject, before, after
        self.note.detail.update(detail)


class _Allowed:
    """The dependency: lets in whom the rights name."""

    def __init__(self, rights: Rights) -> None:
        self.rights = rights

    async def __call__(self, request: Request) -> Granted:
        """As AuditedRoute found it, before anything of the body was read."""
        return cast(Granted, request.state.granted)

    async def grant(self, request: Request) -> Granted:
        """Let in, or raise Refusal."""
        principal = await _door(request).identify(request)
        if principal is None:
            raise Refusal("log in first, or send a token", status=401, headers={"WWW-Authenticate": "Bearer"})
        note: Note = request.state.note
        request.state.principal = principal
        if self.rights.writes:
            note.action = _action(request)
        if principal.must_change and not self.rights.any_state:
            raise Refusal("change the first password first: PUT /api/me/password", status=403)
        reach = self.rights.reach(principal)
        if reach is Reach.NOBODY:
            note.action = note.action or _action(request)
            raise Refusal(f"{principal.role.value}s may not do this, or the token's scopes do not hold "
                          f"{self.rights.scope}", status=403)  # fmt: skip
        begins = functools.partial(_begins, request, self.rights.urgent) if self.rights.writes else None
        return Granted(principal, reach, note, begins)


class _Public:
    """The dependency of a route that anybody may use: logging in."""

    async def __call__(self, request: Request) -> Note:
        return cast(Note, request.state.granted)

    async def grant(self, request: Request) -> Note:
        note: Note = request.state.note
        note.action = _action(request)
        return note


def Allowed(rights: Rights) -> Any:
    """`Annotated[Granted, Allowed(reads(...))]`."""
    return params.Depends(_Allowed(rights), use_cache=False)


def Public() -> Any:
    """`Annotated[Note, Public()]`."""
    return params.Depends(_Public(), use_cache=False)


class AuditedRoute(APIRoute):
    """Asks who comes before anything of the body is read, answers refusals and faults in one form, and writes the audit
    before the answer goes out."""

    def __init__(self, path: str, endpoint: Callable[..., Coroutine[Any, Any, Any]], **options: Any) -> None:
        super().__init__(path, _announced(endpoint), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with ours around it."""
        handler = super().get_route_handler()
        guards = _guards(self)
        changes = any(isinstance(guard, _Public) or guard.rights.writes for guard in guards)

        async def handle(request: Request) -> Response:
            if not changes:
                return await answered(request)
            deeds: Deeds = request.app.state.deeds
            return await deeds.carry_out(answered(request), self.unique_id)

        async def answered(request: Request) -> Response:
            request.state.note = Note()
            request.state.principal = None
            try:
                for guard in guards:
                    request.state.granted = await guard.grant(request)
                answer = await handler(request)
            except Refusal as refusal:
                if request.state.principal is not None:
                    request.state.note.object = request.state.note.object or _subject(request)
                return await _noted(request, _refused(refusal), Result.REFUSED, str(refusal))
            except RequestValidationError as fault:
                if request.state.principal is None:
                    request.state.note.action = ""  # of nobody: whoever sends nonsense must not fill the audit
                return await _noted(request, _not_understood(fault), Result.REFUSED, "not understood")
            except (HTTPException, ClientDisconnect):
                raise
            except Exception:
                log.exception("a request failed", method=request.method, path=self.path)
                answer = JSONResponse({"error": "the server could not do it; its log says why"}, status_code=500)
                return await _noted(request, answer, Result.FAILED, "a fault of the server")
            return await _noted(request, answer, Result.DONE, "")

        return handle


def _announced(endpoint: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """The same, after the audit says that it begins: when everything that was sent is understood."""

    @functools.wraps(endpoint)
    async def announced(**values: Any) -> Any:
        for value in values.values():
            if isinstance(value, Granted) and value.begins is not None:
                await value.begins()
        return await endpoint(**values)

    return announced


async def _begins(request: Request, urgent: bool) -> None:
    note: Note = request.state.note
    if not urgent:
        await _announce(request, note)
    note.owed = True


async def _announce(request: Request, note: Note) -> None:
    announced = Note(action=note.action, object=_subject(request))
    try:
        await _door(request).note(request.state.principal, address_of(request), announced, Result.BEGUN, "")
    except Exception as error:
        log.exception("the audit could not be written", action=note.action)
        note.action = ""  # nothing happened that there is to say of
        raise Refusal("nothing was changed, for the audit cannot be written; see the server's log",
                      status=503) from error  # fmt: skip


def _subject(request: Request) -> str:
    """What a request is about, as its path says: nobody may have looked at it yet."""
    return " ".join(str(value) for value in request.path_params.values())[:_LONGEST_SUBJECT]


async def _noted(request: Request, answer: Response, result: Result, why: str) -> Response:
    note: Note = request.state.note
    if not note.action:
        return answer
    try:
        await _door(request).note(request.state.principal, address_of(request), note, result, why)
    except Exception:
        log.exception("the audit could not be written", action=note.action)
        return JSONResponse({"error": "the audit cannot be written; see the server's log"}, status_code=503)
    if note.written is not None:
        note.written()
    return answer


def _refused(why: Refusal) -> JSONResponse:
    """The body of every refusal has this form."""
    return JSONResponse({"error": str(why), **why.details}, status_code=why.status, headers=why.headers)


def _not_understood(fault: RequestValidationError) -> JSONResponse:
    wrong = [{"where": ".".join(str(part) for part in one["loc"]), "why": one["msg"]} for one in fault.errors()[:20]]
    told = "; ".join(f"{one['where']}: {one['why']}" for one in wrong[:3])
    return JSONResponse({"error": f"not understood: {told}", "problems": wrong}, status_code=400)


def _door(request: Request) -> Door:
    return cast(Door, request.app.state.door)


def _action(request: Request) -> str:
    route = cast(APIRoute, request.scope["route"])
    return f"{route.tags[0]}.{route.name}" if route.tags else route.name


def address_of(request: Request) -> str:
    """Where the request comes from; empty at the socket file."""
    return request.client.host if request.client else ""


def api_router(area: str) -> APIRouter:
    """A part's routes, under /api. `area` is the first word of their names in the audit."""
    return APIRouter(
        prefix=PREFIX, route_class=AuditedRoute, tags=[area], generate_unique_id_function=lambda r: f"{area}.{r.name}"
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """A route of the table. `rights` is None where anybody may."""

    method: str
    path: str
    name: str
    rights: Rights | None


class RouteOutsideTable(Exception):
    """A route that does not say who may use it. A fault of ours."""


def table(app: FastAPI) -> list[Cell]:
    """Every route of the API with its rights. Raises RouteOutsideTable."""
    return [cell for route in app.routes for cell in _cells(route)]


def _guards(route: APIRoute) -> list[_Allowed | _Public]:
    return [d.call for d in route.dependant.dependencies if isinstance(d.call, _Allowed | _Public)]


def _cells(route: Any) -> Iterator[Cell]:
    if not isinstance(route, AuditedRoute):
        raise RouteOutsideTable(f"{getattr(route, 'path', route)} was not declared with `api_router`")
    found = _guards(route)
    if len(found) != 1:
        raise RouteOutsideTable(f"{route.path} has {len(found)} of Allowed and Public, not one")
    rights = found[0].rights if isinstance(found[0], _Allowed) else None
    for method in sorted(route.methods or ()):
        if rights is not None and not rights.agree(method):
            raise RouteOutsideTable(f"{method} {route.path} and its rights disagree whether it changes something")
        yield Cell(method, route.path, route.name, rights)

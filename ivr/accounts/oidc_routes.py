"""Logging in by single sign-on: away to the issuer, and back."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ivr import log as logs
from ivr.access.addresses import house_of
from ivr.access.throttle import Throttle
from ivr.accounts.door import give_cookie, session_secret
from ivr.accounts.login import Login, TooOften, Wrong, key_of, shown_name
from ivr.accounts.misses import Misses
from ivr.accounts.model import NOBODY, Account, by_session
from ivr.accounts.oidc import PENDING_FOR, Person, SingleSignOn
from ivr.accounts.register import Register
from ivr.clock import Clock
from ivr.web.api.answers import refusals
from ivr.web.api.door import Note
from ivr.web.api.routing import Public, Refusal, address_of, api_router

log = logs.get(__name__)

COOKIE, PATH = "single-sign-on", "/api/session/oidc"
BACK = f"{PATH}/return"

# A cookie of SameSite=Strict is not sent on the way that began at the issuer: our own page begins a new one.
PAGE = """<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/"><title>Centralita</title>
<p><a href="/">Continuar · Continue</a></p>"""


class SingleSignOnRoutes:
    """/session/oidc. They are there also where no issuer is set, and say so."""

    def __init__(
        self,
        sign_on: SingleSignOn | None,
        login: Login,
        register: Register,
        throttle: Throttle,
        misses: Misses,
        clock: Clock,
        *,
        broken: bool = False,
    ) -> None:
        """`broken`: an issuer is set, and cannot be asked."""
        self._sign_on, self._login, self._register = sign_on, login, register
        self._throttle, self._misses, self._clock, self._broken = throttle, misses, clock, broken

    def routes(self) -> APIRouter:
        """Away and back."""
        router = api_router("session")
        away: dict[int | str, dict[str, Any]] = {307: {"description": "To the issuer."}}
        router.get("/session/oidc", responses={**refusals(404), **away}, response_class=RedirectResponse,
                   status_code=307)(self.single_sign_on)  # fmt: skip
        router.get("/session/oidc/return", responses=refusals(404), response_class=HTMLResponse)(self.signed_on)
        return router

    async def single_sign_on(self, request: Request, note: Annotated[Note, Public()]) -> Response:
        """To the issuer's page."""
        note.action = ""  # nothing has happened yet
        where, cookie = await self._issuer().begin(_back(request))
        answer = RedirectResponse(where, headers={"Cache-Control": "no-store"})
        answer.set_cookie(
            COOKIE, cookie, max_age=int(PENDING_FOR.total_seconds()), path=PATH, httponly=True,
            secure=request.url.scheme == "https", samesite="lax",
        )  # fmt: skip
        return answer

    async def signed_on(
        self,
        request: Request,
        note: Annotated[Note, Public()],
        state: Annotated[str, Query(max_length=500)] = "",
        code: Annotated[str, Query(max_length=4_000)] = "",
        error: Annotated[str, Query(max_length=500)] = "",
    ) -> Response:
        """Back from the issuer's page: begin a session, and go on to the start page."""
        address = address_of(request)
        key = f"(single sign-on) {house_of(address)}"
        with note.quiet():
            issuer = self._issuer()
            pending = issuer.pending(request.cookies.get(COOKIE, ""), state)
            verdict = self._throttle.attempt(key, address, self._clock.engine_us(), known=False)
            if verdict.wait_us:
                self._misses.alone(NOBODY, address, known=False, tell=False, looked_at=False)
                raise TooOften(verdict)
        note.object = NOBODY
        try:
            if error or not code:
                raise Refusal("the issuer did not let you in", status=401)
            person = await issuer.end(pending, code, _back(request))
            account = self._account(person)
        except Refusal:
            if not self._misses.alone(NOBODY, address, known=False):
                note.action = ""  # it is counted
            raise
        note.object = account.name
        old = session_secret(request)
        agent = request.headers.get("user-agent", "")
        entered = await self._login.begin(
            account, address, agent, subject=person.subject, old=key_of(old) if old else ""
        )
        self._throttle.succeeded(key, address, known=False)
        request.state.principal = by_session(entered.account, entered.session, address)
        note.detail["how"] = "single sign-on"
        answer = HTMLResponse(PAGE, headers={"Cache-Control": "no-store"})
        give_cookie(request, answer, entered.secret, self._register.life)
        answer.delete_cookie(COOKIE, path=PATH)
        return answer

    # ------------------------------------------------------------------ inside
    def _issuer(self) -> SingleSignOn:
        if self._sign_on is None and self._broken:
            raise Refusal("single sign-on does not work now; the server's log says why", status=503)
        if self._sign_on is None:
            raise Refusal("no single sign-on is set up here; log in with a password", status=404)
        return self._sign_on

    def _account(self, person: Person) -> Account:
        name = shown_name(person.name)
        account = self._register.accounts.get(name)
        if account is None or account.disabled:
            raise Wrong("the issuer knows you, and there is no account for you here; ask an administrator")
        if account.subject and account.subject != person.subject:
            log.warning("somebody else has this name at the single sign-on now", account=name)
            raise Wrong("the issuer knows you, and there is no account for you here; ask an administrator")
        if not account.for_single_sign_on:
            log.warning("this account has a password: it is nobody's at the single sign-on", account=name)
            raise Wrong("the issuer knows you, and there is no account for you here; ask an administrator")
        return account


def _back(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{BACK}"

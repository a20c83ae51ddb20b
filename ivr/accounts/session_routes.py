"""Logging in and out, and one's own account."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from ivr.access import totp
from ivr.access.model import Principal, Reach, Role, Via
from ivr.access.rights import reads, writes
from ivr.accounts.door import give_cookie, refuse_other_sites, session_secret, take_cookie
from ivr.accounts.forms import (
    Ended,
    FirstCode,
    LogIn,
    Me,
    NewPassword,
    OwnPassword,
    SessionAnswer,
    Sessions,
    Totp,
    me,
    session_row,
)
from ivr.accounts.login import Entered, Login, TooOften, Wrong, csrf_of, key_of, shown_name
from ivr.accounts.misses import Misses
from ivr.accounts.model import NOBODY, by_session
from ivr.accounts.myself import Myself, with_session
from ivr.accounts.register import Register
from ivr.accounts.store import Change
from ivr.web.api.answers import refusals
from ivr.web.api.door import Note
from ivr.web.api.routing import Allowed, Granted, Public, Refusal, address_of, api_router

NO_STORE = {"Cache-Control": "no-store"}

EVERYBODY = {role.value: Reach.SELF for role in Role}
Looks = Annotated[Granted, Allowed(reads("me", any_state=True, **EVERYBODY))]
Tells = Annotated[Granted, Allowed(writes("me", **EVERYBODY))]
TellsInAnyState = Annotated[Granted, Allowed(writes("me", any_state=True, **EVERYBODY))]


class SessionRoutes:
    """/session and /me."""

    def __init__(self, register: Register, login: Login, myself: Myself, misses: Misses) -> None:
        self._register, self._login, self._myself, self._misses = register, login, myself, misses

    def routes(self) -> APIRouter:
        """Log in, look, log out; password, second factor, sessions."""
        router = api_router("session")
        router.post("/session", responses=refusals(), status_code=201)(self.log_in)
        router.get("/session", responses=refusals(404))(self.session)
        router.delete("/session", responses=refusals(409))(self.log_out)
        router.get("/me", responses=refusals())(self.me)
        router.get("/me/sessions", responses=refusals())(self.sessions)
        router.delete("/me/sessions", responses=refusals(409))(self.log_out_everywhere)
        router.put("/me/password", responses=refusals(409))(self.change_password)
        router.post("/me/totp", responses=refusals(409), status_code=201)(self.begin_second_factor)
        router.put("/me/totp", responses=refusals(409))(self.confirm_second_factor)
        router.post("/me/totp/removal", responses=refusals(409))(self.remove_second_factor)
        return router

    async def log_in(
        self, request: Request, response: Response, form: LogIn, note: Annotated[Note, Public()]
    ) -> SessionAnswer:
        """Begin a session. The answer sets its cookie; what was the cookie's session before ends."""
        name = shown_name(form.name)
        note.object = name if name in self._register.accounts else NOBODY
        agent = request.headers.get("user-agent", "")
        with note.quiet():
            refuse_other_sites(request)
        old = session_secret(request)
        try:
            entered = await self._login.enter(
                name, form.password, form.code, address_of(request), agent, old=key_of(old) if old else ""
            )
        except (TooOften, Wrong) as refusal:
            if not self._alone(refusal, name, note.object, address_of(request)):
                note.action = ""  # it is counted
            raise
        return self.entered(request, response, entered)

    def entered(self, request: Request, response: Response, entered: Entered) -> SessionAnswer:
        """The answer to whoever is in now, however that was proved."""
        give_cookie(request, response, entered.secret, self._register.life)
        response.headers.update(NO_STORE)
        principal = by_session(entered.account, entered.session, address_of(request))
        request.state.principal = principal
        return self._answer(principal, entered.secret)

    async def session(self, request: Request, response: Response, granted: Looks) -> SessionAnswer:
        """The session that asks, and its CSRF token."""
        if granted.principal.via is not Via.SESSION:
            raise Refusal("there is no session: a token needs none", status=404)
        response.headers.update(NO_STORE)
        return self._answer(granted.principal, session_secret(request))

    async def log_out(self, request: Request, response: Response, granted: TellsInAnyState) -> Ended:
        """End the session that asks."""
        with_session(granted.principal)
        key = key_of(session_secret(request))
        await self._register.change(lambda: Change(sessions=frozenset({key})))
        take_cookie(request, response)
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return Ended(ended=1)

    async def me(self, granted: Looks) -> Me:
        """Who asks, and what for."""
        return me(granted.principal, self._register.accounts.get(granted.principal.account))

    async def sessions(self, granted: Looks) -> Sessions:
        """One's own sessions, the latest used first."""
        own = self._register.sessions_of(granted.principal.account)
        ends = self._register.life.ends
        return Sessions(
            sessions=[session_row(one, ends(one.began, one.used), granted.principal.credential) for one in own]
        )

    async def log_out_everywhere(self, request: Request, response: Response, granted: TellsInAnyState) -> Ended:
        """End all one's sessions, also the one that asks."""
        name = with_session(granted.principal)
        keys = self._register.keys_of(name)
        await self._register.change(lambda: Change(sessions=keys | self._register.keys_of(name)))
        granted.changes(name, sessions=len(keys))
        take_cookie(request, response)
        return Ended(ended=len(keys))

    async def change_password(self, request: Request, form: NewPassword, granted: TellsInAnyState) -> Me:
        """Change one's password; all other sessions end."""
        granted.changes(granted.principal.account)
        keep = key_of(session_secret(request))
        changed = await self._myself.change_password(granted.principal, form.current, form.new, keep)
        return me(replace(granted.principal, must_change=False), changed.after)

    async def begin_second_factor(self, response: Response, form: OwnPassword, granted: Tells) -> Totp:
        """A secret for an app. It counts when its first code was sent."""
        granted.changes(granted.principal.account)
        secret = await self._myself.begin_totp(granted.principal, form.password)
        response.headers.update(NO_STORE)
        return Totp(secret=secret, address=totp.address(secret, granted.principal.account))

    async def confirm_second_factor(self, form: FirstCode, granted: Tells) -> Me:
        """The first code: from now on every login needs one."""
        granted.changes(granted.principal.account, after={"second_factor": True})
        await self._myself.confirm_totp(granted.principal, form.code)
        return await self.me(granted)

    async def remove_second_factor(self, form: OwnPassword, granted: Tells) -> Me:
        """No second factor any more."""
        granted.changes(granted.principal.account, {"second_factor": True}, {"second_factor": False})
        await self._myself.remove_totp(granted.principal, form.password)
        return await self.me(granted)

    # ------------------------------------------------------------------ inside
    def _alone(self, refusal: TooOften | Wrong, name: str, account: str, address: str) -> bool:
        """Whether a refused login is an entry of its own: always when the password was right."""
        if isinstance(refusal, Wrong) and refusal.details:
            return True
        known, tell = self._register.knows(name, address), not isinstance(refusal, TooOften) or refusal.tell
        return self._misses.alone(account, address, known=known, tell=tell, looked_at=isinstance(refusal, Wrong))

    def _answer(self, principal: Principal, secret: str) -> SessionAnswer:
        session = self._register.sessions.get(key_of(secret))
        if session is None:
            raise Refusal("the session has just ended", status=401)
        return SessionAnswer(
            me=me(principal, self._register.accounts.get(principal.account)),
            csrf=csrf_of(secret),
            began=session.began,
            ends=self._register.life.ends(session.began, session.used),
        )

"""Tokens: everybody's own; administrators see to all of them, auditors look."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from ivr.access.model import Reach, Via
from ivr.access.rights import reads, writes
from ivr.accounts.forms import NewToken, TokenAnswer, TokenList, TokenRow, token_row
from ivr.accounts.tokens import Tokens
from ivr.clock import Clock
from ivr.text import quoted
from ivr.web.api.answers import refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router, table

ALL, OWN = Reach.EVERYTHING, Reach.SELF
Looks = Annotated[Granted, Allowed(reads("tokens", admin=ALL, auditor=ALL, supervisor=OWN, agent=OWN, monitor=OWN))]
Tells = Annotated[Granted, Allowed(writes("tokens", admin=ALL, auditor=OWN, supervisor=OWN, agent=OWN, monitor=OWN))]


class TokenRoutes:
    """/tokens."""

    def __init__(self, tokens: Tokens, clock: Clock) -> None:
        self._tokens, self._clock = tokens, clock

    def routes(self) -> APIRouter:
        """List, make, revoke."""
        router = api_router("tokens")
        router.get("/tokens", responses=refusals())(self.tokens)
        router.post("/tokens", responses=refusals(404, 409), status_code=201)(self.add)
        router.delete("/tokens/{token}", responses=refusals(404))(self.revoke)
        return router

    async def tokens(self, granted: Looks, account: Annotated[str, Query(max_length=64)] = "") -> TokenList:
        """The tokens within reach, the newest first."""
        wanted = account or None if granted.everything else granted.principal.account
        now = self._clock.now()
        return TokenList(tokens=[token_row(token, now) for token in self._tokens.all(wanted)])

    async def add(self, request: Request, response: Response, form: NewToken, granted: Tells) -> TokenAnswer:
        """Make a token. It can do what its account may, as far as its scopes go; its text is shown only now."""
        principal = granted.principal
        account = form.account or principal.account
        granted.changes(account)
        if principal.via is Via.LOCAL and not form.account:
            raise Refusal("say whose token it is: ivr tokens add ACCOUNT", status=400)
        if account != principal.account and not granted.everything:
            raise Refusal("make tokens for your own account", status=403)
        areas = {cell.rights.area for cell in table(request.app) if cell.rights is not None}
        token, text = await self._tokens.add(principal, account, form.label, form.scopes, form.days, areas)
        row = token_row(token, self._clock.now())
        granted.changes(account, None, {"scopes": row.scopes, "expires": row.expires, "label": row.label}, token=row.id)
        response.headers["Cache-Control"] = "no-store"
        return TokenAnswer(token=row, text=text)

    async def revoke(self, token: Annotated[str, Path(max_length=64)], granted: Tells) -> TokenRow:
        """A token counts no more."""
        granted.changes("", token=token[:16])
        found = self._tokens.one(token)
        if not granted.everything and found.account != granted.principal.account:
            raise Refusal(f"there is no token {quoted(token)}", status=404)
        granted.changes(found.account, {"scopes": sorted(found.scopes), "label": found.label}, None, token=found.id)
        return token_row(await self._tokens.revoke(token), self._clock.now())

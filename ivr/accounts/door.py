"""Who asks: by the cookie of a session, by a token, or by the server's own token at the socket file."""

import hmac
from typing import Protocol
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from ivr.access.life import SessionLife
from ivr.access.model import Principal, Via
from ivr.accounts.login import Wrong, csrf_of, key_of
from ivr.accounts.model import at_the_socket, by_session, by_token
from ivr.accounts.register import Register
from ivr.accounts.tokens import Tokens
from ivr.audit.chain import Entry
from ivr.audit.entry import entry_of
from ivr.clock import Clock
from ivr.text import printable
from ivr.web.api.door import Note, Result
from ivr.web.api.routing import Refusal, address_of

WHO = "centralita-who"
"""The header in which a command names the user of the machine; heard only beside the server's own token."""
CSRF = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OF_THIS_SITE = frozenset({"", "same-origin", "none"})
"""Values of Sec-Fetch-Site with which something may be changed; browsers that do not know it send nothing."""
_COOKIE_LENGTH = 43


class Audit(Protocol):
    """What writes entries down (ivr.audit)."""

    async def append(self, entry: Entry) -> object: ...

    async def settle(self, entry: Entry) -> None: ...


class AccountsDoor:
    """An `ivr.web.api.door.Door`. `local_token`: what stands in var/secrets/cli.token."""

    def __init__(self, register: Register, tokens: Tokens, local_token: str, audit: Audit, clock: Clock) -> None:
        self._register, self._tokens, self._local = register, tokens, local_token
        self._audit, self._clock = audit, clock

    async def identify(self, request: Request) -> Principal | None:
        """See Door. Costs looks into tables, and no thread."""
        shown = request.headers.get("authorization")
        if shown is not None:
            return self._by_bearer(request, shown)
        return self._by_cookie(request)

    async def note(self, principal: Principal | None, address: str, note: Note, result: Result, why: str) -> None:
        """See Door."""
        entry = entry_of(principal, address, note, result, why, self._clock.now())
        await (self._audit.settle(entry) if note.owed else self._audit.append(entry))

    def known(self, address: str) -> bool:
        """Whether somebody came in from there lately."""
        return self._register.knows_address(address)

    def still(self, principal: Principal) -> bool:
        """Whether who came in earlier may stay. Streams ask it, which are open for hours; no session is used by it."""
        account = self._register.accounts.get(principal.account)
        if principal.via is Via.LOCAL:
            return True
        if account is None or account.disabled or account.role is not principal.role:
            return False
        if (account.queues, account.mailboxes, account.extension) != (
            principal.queues, principal.mailboxes, principal.extension,
        ):  # fmt: skip
            return False
        now = self._clock.now()
        if principal.via is Via.TOKEN:
            token = self._register.tokens.get(principal.credential)
            return token is not None and now < token.expires
        if account.must_change:
            return False
        session = self._register.open_session(principal.credential)
        return session is not None and session.account == account.name

    # ------------------------------------------------------------------ inside
    def _by_bearer(self, request: Request, shown: str) -> Principal:
        kind, _, text = shown.partition(" ")
        text = text.strip()
        if kind.lower() == "bearer":
            address = address_of(request)
            if request.client is None and hmac.compare_digest(text.encode(), self._local.encode()):
                return at_the_socket(printable(unquote(request.headers.get(WHO, "")), 60) or "somebody")
            found = self._tokens.checked(text, address)
            if found is not None:
                return by_token(*found, address)
        raise Wrong("the token is not valid: it is wrong, was revoked or has expired")

    def _by_cookie(self, request: Request) -> Principal | None:
        secret = session_secret(request)
        found = self._register.session(key_of(secret)) if secret else None
        if found is None:
            return None
        if request.method not in SAFE:
            refuse_other_sites(request)
            given = request.headers.get(CSRF, "")
            if not hmac.compare_digest(given.encode(), csrf_of(secret).encode()):
                raise Refusal("send the session's CSRF token in the header X-CSRF-Token: GET /api/session tells it",
                              status=403)  # fmt: skip
        account, session = found
        return by_session(account, session, address_of(request))


def refuse_other_sites(request: Request) -> None:
    """Raises Refusal when a page of somebody else's makes a browser send this."""
    if request.headers.get("sec-fetch-site", "") not in OF_THIS_SITE:
        raise Refusal("this cannot be asked from another site's page", status=403)


def cookie_name(request: Request) -> str:
    """`__Host-` ties a cookie to this host and to https; without https browsers refuse it."""
    return "__Host-session" if _secure(request) else "session"


def session_secret(request: Request) -> str:
    """What the session's cookie holds; empty when there is none, or something that we never gave out."""
    secret = request.cookies.get(cookie_name(request), "")
    return secret if len(secret) == _COOKIE_LENGTH and secret.isascii() else ""


def give_cookie(request: Request, response: Response, secret: str, life: SessionLife) -> None:
    """Tell the browser its session."""
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=int(life.absolute.total_seconds()),
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="strict",
    )


def take_cookie(request: Request, response: Response) -> None:
    """Make the browser forget it."""
    response.delete_cookie(cookie_name(request), path="/", secure=_secure(request), httponly=True, samesite="strict")


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"

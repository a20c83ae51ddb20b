"""Tokens for programs: `cnt_<id>_<secret>`. The secret is shown once, and only its hash is kept."""

import hmac
import re
import secrets
from collections.abc import Collection

from ivr.access.life import token_ends
from ivr.access.model import ANY_SCOPE, Principal, Via
from ivr.access.refusal import Refusal
from ivr.accounts.accounts import Accounts
from ivr.accounts.login import SECRET_BYTES, key_of
from ivr.accounts.model import Account, Token
from ivr.accounts.register import Register
from ivr.accounts.store import Change
from ivr.clock import Clock
from ivr.text import quoted, suggestion

PREFIX = "cnt"
MOST_TOKENS = 50
"""Of one account."""
_ID_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_FORM = re.compile(r"cnt_([a-z0-9]{10})_([A-Za-z0-9_-]{43})")


class Tokens:
    """Makes, checks and revokes them."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts, self._clock = accounts, clock
        self._register: Register = accounts.register

    def all(self, account: str | None = None) -> list[Token]:
        """Of one account or all; the newest first."""
        wanted = [t for t in self._register.tokens.values() if account is None or t.account == account]
        return sorted(wanted, key=lambda token: (token.made, token.id), reverse=True)

    def one(self, id: str) -> Token:
        """By its id. Raises Refusal."""
        token = self._register.tokens.get(id)
        if token is None:
            raise Refusal(f"there is no token {quoted(id)}", status=404)
        return token

    async def add(
        self, by: Principal, account: str, label: str, scopes: Collection[str], days: int, areas: Collection[str]
    ) -> tuple[Token, str]:
        """Make one; the text is shown to nobody again. `areas`: those of the API's routes. Raises Refusal."""
        if by.via is Via.TOKEN:
            raise Refusal("a token cannot make another one; log in with the password", status=403)
        _check(scopes, areas)
        now, secret = self._clock.now(), secrets.token_urlsafe(SECRET_BYTES)
        try:
            expires = token_ends(now, days)
        except ValueError as problem:
            raise Refusal(str(problem), status=400) from None
        token = Token(
            id="".join(secrets.choice(_ID_LETTERS) for _ in range(10)), key=key_of(secret), account=account,
            label=label, scopes=frozenset(scopes), made=now, made_by=by.who, expires=expires,
        )  # fmt: skip

        def change() -> Change:
            self._accounts.one(account)
            if len(self.all(account)) >= MOST_TOKENS:
                raise Refusal(f"this account has {MOST_TOKENS} tokens; revoke one first: ivr tokens revoke ID")
            return Change(put=(token,))

        await self._register.change(change)
        return token, f"{PREFIX}_{token.id}_{secret}"

    async def revoke(self, id: str) -> Token:
        """It counts no more. Raises Refusal."""
        token = self.one(id)
        await self._register.change(lambda: Change(tokens=frozenset({id})))
        return token

    def checked(self, text: str, address: str) -> tuple[Account, Token] | None:
        """Whose token this is; None when it is not valid."""
        form = _FORM.fullmatch(text)
        token = self._register.tokens.get(form[1]) if form else None
        if form is None or token is None or not hmac.compare_digest(token.key, key_of(form[2])):
            return None
        return self._register.token(token.id, address)


def _check(scopes: Collection[str], areas: Collection[str]) -> None:
    if not scopes:
        raise Refusal("name at least one scope, for example calls:read", status=400)
    known = [ANY_SCOPE, *(f"{area}:{what}" for area in sorted(areas) for what in ("read", "write"))]
    for scope in sorted(scopes):
        if scope not in known:
            raise Refusal(f"there is no scope {quoted(scope)}{suggestion(scope, known)}", status=400)

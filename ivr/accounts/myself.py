"""What everybody does with the own account: change the password, set up the second factor."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ivr.access import totp
from ivr.access.model import Principal, Via
from ivr.access.refusal import Refusal
from ivr.accounts.accounts import Accounts, Changed
from ivr.accounts.login import Login, NoFactors, Wrong
from ivr.accounts.model import Account
from ivr.accounts.store import Change
from ivr.clock import Clock
from ivr.seal import FernetSeal

BEGUN_FOR = timedelta(minutes=15)
MOST_BEGUN = 200


@dataclass(frozen=True, slots=True)
class Begun:
    """A second factor that waits for its first code."""

    secret: str
    at: datetime


class Myself:
    """Every method asks for the password again, and only a session will do: a token that was lost changes nothing."""

    def __init__(self, accounts: Accounts, login: Login, seal: FernetSeal | None, clock: Clock) -> None:
        """`seal`: of second factors; None when its key cannot be used."""
        self._accounts, self._login, self._seal, self._clock = accounts, login, seal, clock
        self._begun: OrderedDict[str, Begun] = OrderedDict()

    async def change_password(self, principal: Principal, current: str, new: str, keep: str) -> Changed:
        """Set the own password; all other sessions end (`keep`: the key of this one). Raises Refusal."""
        account = await self._proved(principal, current)
        if current == new:
            raise Refusal("this is the password that you have; take another one", status=400)
        return await self._accounts.set_password(account.name, new, must_change=False, keep=keep)

    async def begin_totp(self, principal: Principal, password: str) -> str:
        """A new secret for an app; it counts when `confirm_totp` has seen its first code. Raises Refusal."""
        if self._seal is None:
            raise NoFactors
        account = await self._proved(principal, password)
        secret = totp.new_secret(secrets.token_bytes(totp.SECRET_BYTES))
        self._begun[account.name] = Begun(secret, self._clock.now())
        self._begun.move_to_end(account.name)
        while len(self._begun) > MOST_BEGUN:
            self._begun.popitem(last=False)
        return secret

    async def confirm_totp(self, principal: Principal, code: str) -> None:
        """From now on a code is needed at every login. Raises Refusal."""
        name = with_session(principal)
        if self._seal is None:
            raise NoFactors
        begun = self._begun.get(name)
        if begun is None or self._clock.now() - begun.at > BEGUN_FOR:
            raise Refusal("begin again: POST /api/me/totp")
        step = totp.accepted_step(begun.secret, code, self._clock.now(), 0)
        if step is None:
            raise Refusal("the six digits are wrong; is the telephone's clock right?", status=400)
        del self._begun[name]
        await self._set(name, self._seal.close(begun.secret), step)

    async def remove_totp(self, principal: Principal, password: str) -> None:
        """No second factor any more. Raises Refusal."""
        account = await self._proved(principal, password)
        await self._set(account.name, "", 0)

    async def reset_totp(self, name: str) -> None:
        """An administrator takes it away from who lost the telephone; the account's sessions end. Raises Refusal."""
        self._accounts.one(name)
        await self._set(name, "", 0)
        await self._accounts.sign_out(name)

    # ------------------------------------------------------------------ inside
    async def _proved(self, principal: Principal, password: str) -> Account:
        try:
            return await self._login.proved(with_session(principal), password, principal.address)
        except Wrong:
            raise Refusal("the current password is wrong", status=403) from None

    async def _set(self, name: str, sealed: str, step: int) -> None:
        def change() -> Change:
            return Change(put=(replace(self._accounts.one(name), totp=sealed, totp_step=step),))

        await self._accounts.register.change(change)


def with_session(principal: Principal) -> str:
    """The account's name. Raises Refusal for who came with a token or through the socket file."""
    if principal.via is Via.LOCAL:
        raise Refusal("at the socket file there is no account of one's own: ivr accounts password NAME")
    if principal.via is not Via.SESSION:
        raise Refusal("a token cannot do this; log in with the password", status=403)
    return principal.account

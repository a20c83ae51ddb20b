"""Logging in: first how often, then the password, then the second factor. One wrong thing looks like another.

Nothing is hashed for who comes too often, and nothing is written: an attack costs the loop a look into a table. For an
account that does not exist, or is disabled, or has no password, the same work is done as for a wrong password.
"""

import contextlib
import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from ivr import log as logs
from ivr.access import totp
from ivr.access.addresses import house_of
from ivr.access.refusal import Refusal
from ivr.access.throttle import Throttle, Verdict
from ivr.accounts.hashing import Busy, Hashing
from ivr.accounts.model import NAME, Account, Seen, Session
from ivr.accounts.register import NotWritten, Register
from ivr.accounts.store import Change
from ivr.clock import Clock
from ivr.seal import FernetSeal
from ivr.text import printable

log = logs.get(__name__)

SECRET_BYTES = 32
LONGEST_AGENT = 200
BUSY_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody is logged in. `secret` goes into the cookie and is kept nowhere."""

    account: Account
    session: Session
    secret: str


class TooOften(Refusal):
    """429. `tell`: the audit should hear of it."""

    def __init__(self, verdict: Verdict, message: str = "too many attempts to log in") -> None:
        seconds = max(1, verdict.seconds)
        super().__init__(f"{message}; try again in {seconds} s", status=429, headers={"Retry-After": str(seconds)})
        self.tell = verdict.tell


class Wrong(Refusal):
    """401: what was shown is not right."""

    def __init__(self, message: str = "the name or the password is wrong", **details: object) -> None:
        super().__init__(message, status=401, headers={"WWW-Authenticate": "Bearer"}, **details)


class NoFactors(Refusal):
    """503: the key that seals second factors is damaged or gone."""

    def __init__(self) -> None:
        super().__init__("second factors cannot be checked or set up now; the server's log says why", status=503)


class Login:
    """Begins sessions, and asks for the password again where something important is changed."""

    def __init__(
        self, register: Register, hashing: Hashing, throttle: Throttle, seal: FernetSeal | None, clock: Clock
    ) -> None:
        """`seal`: of second factors; None when its key cannot be used."""
        self._register, self._hashing, self._throttle = register, hashing, throttle
        self._seal, self._clock = seal, clock

    async def enter(self, name: str, password: str, code: str, address: str, agent: str, *, old: str = "") -> Entered:
        """Log in; the session of the cookie that came along (`old`, its key) ends. Raises Refusal."""
        account = await self.proved(name, password, address)
        if account.totp:
            await self._second(account.name, code, address)
        return await self.begin(account, address, agent, old=old)

    async def proved(self, name: str, password: str, address: str) -> Account:
        """The account whose password this is. Raises TooOften and Wrong."""
        name = shown_name(name)
        known = self._register.knows(name, address)
        verdict = self._throttle.attempt(name, address, self._clock.engine_us(), known=known)
        if verdict.wait_us:
            raise TooOften(verdict)
        stored = self._stored(name)
        try:
            right = await self._hashing.right(password, stored, known=known)
        except Busy:
            self._throttle.spared(name, address, known=known)
            tell = self._throttle.tells(address, self._clock.engine_us())
            raise TooOften(Verdict(BUSY_SECONDS * 1_000_000, tell), "many are logging in at this moment") from None
        if not right or self._stored(name) != stored:  # it may have been changed while it was looked at
            raise Wrong
        self._throttle.succeeded(name, address, known=known)
        if self._hashing.outdated(stored):
            await self._hash_again(name, password, stored)
        account = self._register.accounts.get(name)
        if account is None:
            raise Wrong
        return account

    async def begin(self, proved: Account, address: str, agent: str, *, subject: str = "", old: str = "") -> Entered:
        """Begin a session for who has proved to be this account. Raises Wrong when it is gone meanwhile, or has another
        password: a change ends all sessions, also those that are about to begin."""
        name = proved.name
        secret = secrets.token_urlsafe(SECRET_BYTES)
        now = self._clock.now()
        session = Session(
            key=key_of(secret), account=name, began=now, used=now, address=address,
            agent=printable(agent, LONGEST_AGENT),
        )  # fmt: skip

        def change() -> Change:
            account = self._entering(proved, subject, now)
            return Change(
                put=(account, session, *([Seen(name, house_of(address), now)] if address else [])),
                sessions=self._register.surplus(name) | ({old} if old in self._register.sessions else frozenset()),
            )

        await self._register.change(change)
        log.info("logged in", account=name, address=address, session=session.id)
        return Entered(self._register.accounts[name], session, secret)

    # ------------------------------------------------------------------ inside
    def _stored(self, name: str) -> str:
        account = self._register.accounts.get(name)
        return account.password if account is not None and not account.disabled else ""

    async def _hash_again(self, name: str, password: str, stored: str) -> None:
        """With today's cost; when that is not possible now, at the next login."""

        def change() -> Change:
            account = self._register.accounts.get(name)
            if account is None or account.password != stored:
                return Change()
            return Change(put=(replace(account, password=hashed),))

        with contextlib.suppress(Busy, NotWritten):
            hashed = await self._hashing.hash(password)
            await self._register.change(change)

    def _entering(self, proved: Account, subject: str, now: datetime) -> Account:
        account = self._register.accounts.get(proved.name)
        if account is None or account.disabled or account.password != proved.password:
            raise Wrong
        if subject and (account.subject not in ("", subject) or not account.for_single_sign_on):
            raise Wrong
        return replace(account, last_login=now, subject=account.subject or subject)

    async def _second(self, name: str, code: str, address: str) -> None:
        """Raises Wrong and TooOften."""
        if not code:
            raise Wrong("the six digits of the second factor are needed too: send them as `code`", second_factor=True)
        if self._seal is None:
            raise NoFactors
        seal, known = self._seal, self._register.knows(name, address)
        verdict = self._throttle.code(name, address, self._clock.engine_us(), known=known)
        if verdict.wait_us:
            raise TooOften(verdict)
        now = self._clock.now()

        def change() -> Change:
            account = self._register.accounts.get(name)
            secret = seal.open(account.totp) if account is not None and account.totp else None
            if account is None or secret is None:
                log.error("the second factor cannot be unsealed: is var/secrets/totp.key another one?", account=name)
                raise Wrong
            step = totp.accepted_step(secret, code, now, account.totp_step)
            if step is None:
                raise Wrong("the six digits are wrong, or were used before; wait for the next ones", second_factor=True)
            return Change(put=(replace(account, totp_step=step),))

        await self._register.change(change)


def key_of(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits: no salt and no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_of(secret: str) -> str:
    """The session's CSRF token, from what stands in its cookie: nothing has to be kept for it."""
    return hashlib.sha256(b"csrf:" + secret.encode("utf-8", "surrogatepass")).hexdigest()


def shown_name(text: str) -> str:
    """A name as it was typed, as accounts are called; what cannot be one stays what it is."""
    name = text.strip().lower()
    return name if NAME.fullmatch(name) else text[:64]

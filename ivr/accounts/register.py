"""All accounts, sessions and tokens in memory: looking somebody up costs no thread and no database, also in an attack.

The server is the only one who writes them. A change is stored first and counts then; what goes away counts at once, so
that a database in trouble keeps nobody in. When something was used last is remembered, and written once a minute.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.access.addresses import house_of
from ivr.access.life import SessionLife
from ivr.access.refusal import Refusal
from ivr.accounts.model import Account, Seen, Session, Token
from ivr.accounts.store import AccountStore, Change
from ivr.accounts.whereabouts import Whereabouts
from ivr.clock import Clock, Timer

log = logs.get(__name__)


class NotWritten(Refusal):
    """503: the records' database cannot be written. Nothing was added; what was taken away counts until a restart."""

    def __init__(self) -> None:
        super().__init__("the accounts cannot be written now; the server's log says why", status=503)


KNOWN_FOR = timedelta(days=30)
"""So long an address is known from which an account logged in, or a token was used."""
MOST_SESSIONS = 20
"""Sessions of one account; the one that was not used for the longest time ends for a new one."""
SWEEP_SECONDS = 60.0


class Register:
    """`change` is the only way to change anything."""

    def __init__(self, store: AccountStore, clock: Clock, life: SessionLife) -> None:
        self.accounts: dict[str, Account] = {}
        self.sessions: dict[str, Session] = {}
        self.tokens: dict[str, Token] = {}
        self.life = life
        self._keys: dict[str, str] = {}  # of sessions, by their public ids
        self._addresses: dict[tuple[str, str], Seen] = {}
        self._whereabouts = Whereabouts()
        self._store, self._clock = store, clock
        self._changing = asyncio.Lock()
        self._touched: set[str] = set()
        self._timer: Timer | None = None
        self._sweeping: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Read everything. Raises SQLAlchemyError."""
        content = await asyncio.to_thread(self._store.load)
        self.accounts = {account.name: account for account in content.accounts}
        self.sessions = {session.key: session for session in content.sessions}
        self._keys = {session.id: session.key for session in content.sessions}
        self.tokens = {token.id: token for token in content.tokens}
        self._addresses = {(seen.account, seen.network): seen for seen in content.addresses}
        for seen in sorted(content.addresses, key=lambda one: one.at):
            self._whereabouts.note(seen.account, seen.network, seen.at)
        for token in content.tokens:
            if token.used is not None:
                self._whereabouts.note(token.account, house_of(token.used_from), token.used)
        self._timer = self._clock.call_later(SWEEP_SECONDS, self._begin_sweep)

    async def close(self) -> None:
        """Write what was used last."""
        if self._timer is not None:
            self._timer.cancel()
        if self._sweeping is not None:
            await asyncio.wait([self._sweeping])
        await self._sweep()

    async def change(self, make: Callable[[], Change]) -> None:
        """Carry out what `make` asks for; it looks at things as they are, and nobody else changes them meanwhile.

        Raises what `make` raises, and NotWritten.
        """
        async with self._changing:
            change = make()
            self._take_away(change)
            try:
                await asyncio.to_thread(self._store.apply, change)
            except SQLAlchemyError as error:
                log.error("accounts cannot be written", why=str(error).splitlines()[0])
                raise NotWritten from None
            for kept in change.put:
                self._put(kept)

    # ------------------------------------------------------------------ asked
    def knows(self, account: str, address: str) -> bool:
        """Whether this account logged in from there within KNOWN_FOR."""
        seen = self._addresses.get((account, house_of(address)))
        return seen is not None and self._clock.now() - seen.at < KNOWN_FOR

    def knows_address(self, address: str) -> bool:
        """Whether an account that may still come in was used from there within KNOWN_FOR, by password or token."""
        came = self._whereabouts.since(house_of(address), self._clock.now() - KNOWN_FOR)
        return any((account := self.accounts.get(name)) is not None and not account.disabled for name in came)

    def session(self, key: str) -> tuple[Account, Session] | None:
        """A session that is valid now, and whose it is; it counts as used."""
        session = self.sessions.get(key)
        account = self.accounts.get(session.account) if session is not None else None
        now = self._clock.now()
        if session is None or account is None or account.disabled:
            return None
        if self.life.over(session.began, session.used, now):
            return None
        session = replace(session, used=max(now, session.used))
        self.sessions[key] = session
        self._touched.add(key)
        return account, session

    def open_session(self, id: str) -> Session | None:
        """A session that is valid now, by its public id; it does not count as used."""
        session = self.sessions.get(self._keys.get(id, ""))
        over = session is None or self.life.over(session.began, session.used, self._clock.now())
        return None if over else session

    def token(self, id: str, address: str) -> tuple[Account, Token] | None:
        """A token that is valid now, and whose it is, for who has shown its secret; it counts as used."""
        token = self.tokens.get(id)
        account = self.accounts.get(token.account) if token is not None else None
        now = self._clock.now()
        if token is None or account is None or account.disabled or now >= token.expires:
            return None
        token = replace(token, used=now, used_from=address)
        self.tokens[id] = token
        self._whereabouts.note(account.name, house_of(address), now)
        self._touched.add(id)
        return account, token

    def sessions_of(self, account: str) -> list[Session]:
        """The account's sessions that are valid now, the latest used first."""
        now = self._clock.now()
        own = [s for s in self.sessions.values() if s.account == account]
        valid = [s for s in own if not self.life.over(s.began, s.used, now)]
        return sorted(valid, key=lambda session: session.used, reverse=True)

    def counted(self) -> tuple[Counter[str], Counter[str]]:
        """How many sessions that are valid now, and how many tokens, each account has."""
        now = self._clock.now()
        sessions = Counter(s.account for s in self.sessions.values() if not self.life.over(s.began, s.used, now))
        return sessions, Counter(token.account for token in self.tokens.values())

    def surplus(self, account: str) -> frozenset[str]:
        """Sessions that have to end before the account begins another one."""
        return frozenset(session.key for session in self.sessions_of(account)[MOST_SESSIONS - 1 :])

    def keys_of(self, account: str, but: str = "") -> frozenset[str]:
        """All its sessions, valid or not, but one."""
        return frozenset(key for key, s in self.sessions.items() if s.account == account and key != but)

    # ------------------------------------------------------------------ inside
    def _take_away(self, change: Change) -> None:
        for name in change.accounts:
            self.accounts.pop(name, None)
            self.sessions = {key: s for key, s in self.sessions.items() if s.account != name}
            self.tokens = {id: t for id, t in self.tokens.items() if t.account != name}
            self._addresses = {key: seen for key, seen in self._addresses.items() if seen.account != name}
            self._whereabouts.forget(name)
        for key in change.sessions:
            self.sessions.pop(key, None)
        if change.accounts or change.sessions:
            self._keys = {id: key for id, key in self._keys.items() if key in self.sessions}
        for id in change.tokens:
            self.tokens.pop(id, None)
        for pair in change.addresses:
            self._addresses.pop(pair, None)

    def _put(self, kept: Account | Session | Token | Seen) -> None:
        match kept:
            case Account():
                self.accounts[kept.name] = kept
            case Session():
                self.sessions[kept.key] = kept
                self._keys[kept.id] = kept.key
            case Token():
                self.tokens[kept.id] = kept
            case Seen():
                self._addresses[kept.account, kept.network] = kept
                self._whereabouts.note(kept.account, kept.network, kept.at)

    def _begin_sweep(self) -> None:
        self._sweeping = asyncio.ensure_future(self._sweep())
        self._timer = self._clock.call_later(SWEEP_SECONDS, self._begin_sweep)

    async def _sweep(self) -> None:
        """Forget what is over, and write what was used last."""
        touched, self._touched = self._touched, set()
        try:
            await self.change(lambda: self._swept(touched))
        except NotWritten:
            self._touched |= touched

    def _swept(self, touched: set[str]) -> Change:
        now = self._clock.now()
        over = frozenset(k for k, s in self.sessions.items() if self.life.over(s.began, s.used, now))
        sessions = (self.sessions[key] for key in touched if key in self.sessions and key not in over)
        tokens = (self.tokens[id] for id in touched if id in self.tokens)
        old = frozenset(pair for pair, seen in self._addresses.items() if now - seen.at >= KNOWN_FOR)
        return Change(put=(*sessions, *tokens), sessions=over, addresses=old)

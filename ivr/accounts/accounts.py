"""What an administrator does with accounts. Whatever would leave no administrator behind is refused."""

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ivr.access import passwords
from ivr.access.model import Role
from ivr.access.refusal import Refusal
from ivr.access.throttle import Throttle
from ivr.accounts.hashing import Busy, Hashing
from ivr.accounts.login import BUSY_SECONDS
from ivr.accounts.model import ADMIN, NAME, RESERVED, Account
from ivr.accounts.register import Register
from ivr.accounts.store import Change
from ivr.clock import Clock
from ivr.text import quoted, suggestion


class Site(Protocol):
    """What accounts may name (ivr.site.Site)."""

    @property
    def queues(self) -> Collection[str]: ...
    @property
    def mailboxes(self) -> Collection[str]: ...
    @property
    def extensions(self) -> Collection[str]: ...


@dataclass(frozen=True, slots=True)
class Changed:
    """An account before and after. `password`: the one-time password that was made, to be shown once."""

    after: Account
    before: Account | None = None
    password: str = ""


class Accounts:
    """`left_first_password` is called when the account `admin` has a password of somebody's own."""

    def __init__(
        self,
        register: Register,
        hashing: Hashing,
        throttle: Throttle,
        clock: Clock,
        site: Callable[[], Site],
        left_first_password: Callable[[], None] = lambda: None,
    ) -> None:
        self.register = register
        self._hashing, self._throttle, self._clock, self._site = hashing, throttle, clock, site
        self._left_first_password = left_first_password

    def all(self) -> list[Account]:
        """By name."""
        return [account for _, account in sorted(self.register.accounts.items())]

    def one(self, name: str) -> Account:
        """By its name. Raises Refusal."""
        account = self.register.accounts.get(name)
        if account is None:
            raise Refusal(f"there is no account {quoted(name)}", status=404)
        return account

    def slowed(self, names: Collection[str]) -> Counter[str]:
        """From how many addresses attempts to log in to each of these accounts have to wait."""
        return self._throttle.slowed(names, self._clock.engine_us())

    async def add(self, name: str, role: Role, values: Mapping[str, Any], password: str | None = "") -> Changed:
        """Make an account. With an empty password a one-time password is made; with None it has none: for programs.
        Raises Refusal."""
        if not NAME.fullmatch(name) or name in RESERVED:
            raise Refusal(
                "an account's name has up to 64 of the characters a-z 0-9 . _ - and is not `local`", status=400
            )
        self._free(name)
        account = self._checked(Account(name=name, role=role, created=self._clock.now(), **values))
        made = ""
        if password is not None:
            made = "" if password else one_time()
            account = await self._with_password(account, password or made, must_change=True)

        def change() -> Change:
            self._free(name)
            return Change(put=(account,))

        await self.register.change(change)
        return Changed(account, None, made)

    async def change(self, name: str, values: Mapping[str, Any]) -> Changed:
        """Change what `values` names. Its sessions end when the change is about what it may do. Raises Refusal."""
        before = after = self.one(name)

        def change() -> Change:
            nonlocal before, after
            before = self.one(name)
            after = self._checked(replace(before, **values), before)
            self._leaves_an_admin(after)
            label_only = replace(after, label=before.label) == before
            return Change(put=(after,), sessions=frozenset() if label_only else self.register.keys_of(name))

        await self.register.change(change)
        return Changed(after, before)

    async def remove(self, name: str) -> Changed:
        """Remove an account with its sessions and tokens. Raises Refusal."""
        before = self.one(name)

        def change() -> Change:
            self._leaves_an_admin(replace(self.one(name), disabled=True))
            return Change(accounts=(name,))

        await self.register.change(change)
        self._throttle.forget(name)
        return Changed(before, before)

    async def reset_password(self, name: str, password: str = "") -> Changed:
        """Give it another password, which has to be changed at the next login; all its sessions end. Raises Refusal."""
        made = "" if password else one_time()
        return replace(await self.set_password(name, password or made, must_change=True), password=made)

    async def set_password(self, name: str, password: str, *, must_change: bool, keep: str = "") -> Changed:
        """Set a password; all sessions end but the one with the key `keep`. Raises Refusal."""
        hashed = await self._with_password(self.one(name), password, must_change=must_change)
        before = after = hashed

        def change() -> Change:
            nonlocal before, after
            before = self.one(name)
            after = replace(before, password=hashed.password, must_change=must_change, changed=self._clock.now())
            return Change(put=(after,), sessions=self.register.keys_of(name, but=keep))

        await self.register.change(change)
        self._throttle.forget(name)
        if name == ADMIN:
            self._left_first_password()
        return Changed(after, before)

    async def sign_out(self, name: str, *, but: str = "") -> int:
        """End all its sessions but the one with the key `but`; says how many. Raises Refusal."""
        ended: frozenset[str] = frozenset()

        def change() -> Change:
            nonlocal ended
            self.one(name)
            ended = self.register.keys_of(name, but=but)
            return Change(sessions=ended)

        await self.register.change(change)
        return len(ended)

    def unlock(self, name: str) -> None:
        """Forget failed logins. Raises Refusal."""
        self.one(name)
        self._throttle.forget(name)

    # ------------------------------------------------------------------ inside
    async def _with_password(self, account: Account, password: str, *, must_change: bool) -> Account:
        problem = passwords.problem(password, account.name)
        if problem is not None:
            raise Refusal(problem, status=400)
        try:
            hashed = await self._hashing.hash(password)
        except Busy:
            raise Refusal("many passwords wait to be looked at; try again in a moment", status=429,
                          headers={"Retry-After": str(BUSY_SECONDS)}) from None  # fmt: skip
        return replace(account, password=hashed, must_change=must_change, changed=self._clock.now())

    def _free(self, name: str) -> None:
        if name in self.register.accounts:
            raise Refusal(f"there is an account {quoted(name)} already: ivr accounts change {name}")

    def _checked(self, account: Account, before: Account | None = None) -> Account:
        """What it names is there. What it named before is not asked about: the site may have lost it since, and the
        account can be disabled all the same."""
        site = self._site()
        _exist("queue", account.queues - (before.queues if before else frozenset()), site.queues)
        _exist("mailbox", account.mailboxes - (before.mailboxes if before else frozenset()), site.mailboxes)
        extensions = {account.extension} - {"", before.extension if before else ""}
        _exist("extension", extensions, site.extensions)
        if account.role is Role.AGENT and not account.extension:
            raise Refusal("an agent's account names the agent's extension", status=400)
        return account

    def _leaves_an_admin(self, after: Account) -> None:
        """Raises Refusal when nobody could administer accounts any more."""
        others = [a for a in self.register.accounts.values() if a.name != after.name]
        before = self.register.accounts.get(after.name)
        if before is None or not _administers(before) or _administers(after):
            return
        if not any(_administers(account) for account in others):
            raise Refusal("this is the last administrator; make another one first: ivr accounts add NAME --role admin")


def one_time() -> str:
    """A password that has to be changed when it was used."""
    return passwords.one_time(secrets.token_bytes(passwords.ONE_TIME_BYTES))


def _administers(account: Account) -> bool:
    return account.role is Role.ADMIN and not account.disabled and bool(account.password or account.subject)


def _exist(what: str, named: Iterable[str], known: Collection[str]) -> None:
    for name in sorted(named):
        if name not in known:
            raise Refusal(f"the site has no {what} {quoted(name)}{suggestion(name, known, none='')}", status=400)

"""Accounts, for administrators; auditors look."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from ivr.access.model import Reach
from ivr.access.rights import reads, writes
from ivr.accounts.accounts import Accounts
from ivr.accounts.forms import (
    AccountAnswer,
    AccountList,
    AccountRow,
    ChangedAccount,
    Ended,
    NewAccount,
    ResetPassword,
    SessionRow,
    Sessions,
    account_row,
    session_row,
)
from ivr.accounts.model import Account
from ivr.accounts.myself import Myself
from ivr.web.api.answers import refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router

Looks = Annotated[Granted, Allowed(reads("accounts", admin=Reach.EVERYTHING, auditor=Reach.EVERYTHING))]
Tells = Annotated[Granted, Allowed(writes("accounts", admin=Reach.EVERYTHING))]
Name = Annotated[str, Path(max_length=64)]


class AccountRoutes:
    """/accounts."""

    def __init__(self, accounts: Accounts, myself: Myself) -> None:
        self._accounts, self._myself = accounts, myself

    def routes(self) -> APIRouter:
        """List, add, change, remove; passwords, sessions, failed logins, second factors."""
        router = api_router("accounts")
        router.get("/accounts", responses=refusals())(self.accounts)
        router.post("/accounts", responses=refusals(409), status_code=201)(self.add)
        router.get("/accounts/{name}", responses=refusals(404))(self.account)
        router.patch("/accounts/{name}", responses=refusals(404, 409))(self.change)
        router.delete("/accounts/{name}", responses=refusals(404, 409))(self.remove)
        router.put("/accounts/{name}/password", responses=refusals(404))(self.password)
        router.get("/accounts/{name}/sessions", responses=refusals(404))(self.sessions)
        router.delete("/accounts/{name}/sessions", responses=refusals(404))(self.sign_out)
        router.delete("/accounts/{name}/failures", responses=refusals(404))(self.unlock)
        router.delete("/accounts/{name}/totp", responses=refusals(404))(self.remove_second_factor)
        router.delete("/accounts/{name}/subject", responses=refusals(404, 409))(self.remove_single_sign_on)
        return router

    async def accounts(self, granted: Looks) -> AccountList:
        """All accounts, by name."""
        return AccountList(accounts=self._rows(self._accounts.all()))

    async def account(self, name: Name, granted: Looks) -> AccountRow:
        """One account."""
        return self._row(self._accounts.one(name))

    async def add(self, form: NewAccount, response: Response, granted: Tells) -> AccountAnswer:
        """Make an account. Its password, or the one-time password that is answered, has to be changed at the first
        login."""
        granted.changes(form.name)
        if form.password and not form.login:
            raise Refusal("an account without login has no password", status=400)
        values = {name: getattr(form, name) for name in ("label", "queues", "mailboxes", "extension")}
        made = await self._accounts.add(form.name, form.role, values, form.password if form.login else None)
        granted.changes(form.name, None, told(made.after))
        response.headers["Cache-Control"] = "no-store"
        return AccountAnswer(account=self._row(made.after), one_time_password=made.password)

    async def change(self, name: Name, form: ChangedAccount, granted: Tells) -> AccountRow:
        """Change what is sent. The account's sessions end, unless only its label changes."""
        granted.changes(name)
        values = {key: value for key, value in form.model_dump(exclude_unset=True).items() if value is not None}
        changed = await self._accounts.change(name, values)
        granted.changes(name, told(changed.before), told(changed.after))
        return self._row(changed.after)

    async def remove(self, name: Name, granted: Tells) -> AccountRow:
        """Remove an account, its sessions and its tokens. What the audit says of it stays."""
        granted.changes(name)
        row = self._row(self._accounts.one(name))
        removed = await self._accounts.remove(name)
        granted.changes(name, told(removed.before), None)
        return row

    async def password(self, name: Name, form: ResetPassword, response: Response, granted: Tells) -> AccountAnswer:
        """Another password, to be changed at the next login; the account's sessions end, its tokens stay."""
        granted.changes(name)
        changed = await self._accounts.reset_password(name, form.password)
        response.headers["Cache-Control"] = "no-store"
        return AccountAnswer(account=self._row(changed.after), one_time_password=changed.password)

    async def sessions(self, name: Name, granted: Looks) -> Sessions:
        """An account's sessions, the latest used first."""
        return Sessions(sessions=self._sessions(name, granted.principal.credential))

    async def sign_out(self, name: Name, granted: Tells) -> Ended:
        """End all sessions of an account."""
        granted.changes(name)
        return Ended(ended=await self._accounts.sign_out(name))

    async def unlock(self, name: Name, granted: Tells) -> AccountRow:
        """Forget failed logins: nobody has to wait any more."""
        granted.changes(name)
        self._accounts.unlock(name)
        return self._row(self._accounts.one(name))

    async def remove_second_factor(self, name: Name, granted: Tells) -> AccountRow:
        """For who lost the telephone with the codes. The account's sessions end."""
        granted.changes(name, {"second_factor": bool(self._accounts.one(name).totp)}, {"second_factor": False})
        await self._myself.reset_totp(name)
        return self._row(self._accounts.one(name))

    async def remove_single_sign_on(self, name: Name, granted: Tells) -> AccountRow:
        """Forget who this is at the single sign-on; the next login there says it anew. The account's sessions end."""
        granted.changes(name, {"single_sign_on": bool(self._accounts.one(name).subject)}, {"single_sign_on": False})
        return self._row((await self._accounts.change(name, {"subject": ""})).after)

    # ------------------------------------------------------------------ inside
    def _row(self, account: Account) -> AccountRow:
        return self._rows([account])[0]

    def _rows(self, accounts: Sequence[Account]) -> list[AccountRow]:
        slowed = self._accounts.slowed(frozenset(account.name for account in accounts))
        sessions, tokens = self._accounts.register.counted()
        return [account_row(one, sessions[one.name], tokens[one.name], slowed[one.name]) for one in accounts]

    def _sessions(self, name: str, own: str) -> list[SessionRow]:
        register = self._accounts.register
        ends = register.life.ends
        of = self._accounts.one(name).name
        return [session_row(one, ends(one.began, one.used), own) for one in register.sessions_of(of)]


def told(account: Account | None) -> dict[str, Any]:
    """An account for the audit."""
    if account is None:
        return {}
    return {
        "role": account.role.value, "label": account.label, "queues": sorted(account.queues),
        "mailboxes": sorted(account.mailboxes), "extension": account.extension, "disabled": account.disabled,
    }  # fmt: skip

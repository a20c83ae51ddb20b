"""Accounts, tokens, and the audit of what they did. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from ivr.access.model import Role
from ivr.doctor.finding import Finding, fault, note, warning
from ivr.doctor.observed import AccountSeen, AuditSeen, TokenSeen

UNUSED = timedelta(days=90)
FIRST_PASSWORD = timedelta(days=2)
"""How long somebody may take to change the password that another one gave."""
LONG_TOKEN = timedelta(days=100)


def judge_accounts(accounts: Iterable[AccountSeen] | None, now: datetime, *, reached: bool) -> Iterator[Finding]:
    """`reached`: other machines reach the pages, so that a stolen password is enough to come in."""
    if accounts is None:
        return
    accounts = tuple(accounts)
    admins = [one for one in accounts if one.role == Role.ADMIN.value]
    if accounts and not admins:
        yield fault("no-admin", "accounts", "no administrator can log in", "ivr accounts add NAME --role admin")
    for one in accounts:
        where = f"account {one.name}"
        if one.role == Role.ADMIN.value and not one.second_factor:
            say = warning if reached else note
            yield say("admin-one-factor", where, "this administrator logs in with a password alone",
                      "let this person set up a one-time code for the account")  # fmt: skip
        if one.must_change and now - one.created > FIRST_PASSWORD:
            yield warning("password-first", where, f"for {(now - one.created).days} days it has had the password that "
                          "somebody else knows", f"ivr accounts password {one.name}, and give the new one to this "
                          f"person now; or ivr accounts remove {one.name}")  # fmt: skip
        elif now - (one.last_seen or one.created) > UNUSED:
            yield warning("account-unused", where, _unused(one.last_seen, now), f"ivr accounts remove {one.name}")


def judge_tokens(tokens: Iterable[TokenSeen], now: datetime) -> Iterator[Finding]:
    """Those that are valid."""
    for one in tokens:
        where = f"token {one.name} of {one.account}"
        if one.everything and one.expires - one.created > LONG_TOKEN:
            yield warning("token-wide", where, f"it may do all that {one.account} may, until {one.expires:%Y-%m-%d}",
                          "make one with the scopes that its program needs, and revoke this one")  # fmt: skip
        if now - (one.last_used or one.created) > UNUSED:
            yield warning("account-unused", where, _unused(one.last_used, now), f"ivr tokens revoke {one.name}")


def _unused(last: datetime | None, now: datetime) -> str:
    return f"it was not used for {(now - last).days} days" if last is not None else "it was never used"


def judge_audit(audit: AuditSeen | None) -> Iterator[Finding]:
    """Its chain holds, to its beginning."""
    if audit is None:
        return
    if audit.broken:
        yield fault("audit-broken", "audit", f"it was changed: {audit.broken}", "keep this machine's disk as it is, "
                    "compare it with the newest backup, and find out who could write to it")  # fmt: skip
    elif audit.verified < audit.entries:
        yield note("audit-unverified", "audit", f"only {audit.verified} of {audit.entries} entries were verified",
                   "verify all of them: ivr audit verify")  # fmt: skip

"""What is kept of accounts, sessions and tokens. Secrets stand here only as hashes, or sealed."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from ivr.access.model import Principal, Role, Via

NAME = re.compile(r"[a-z0-9._-]{1,64}")
ADMIN, LOCAL = "admin", "local"
"""The account that the first start makes; and who comes through the socket file, which is no account."""
RESERVED = frozenset({LOCAL, ".", ".."})
"""Names that no account has."""


NOBODY = "(no account)"
"""In the audit for a name that no account has: people type their passwords there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody, or a program. Without `password` nobody logs in with one: there are tokens, or a single sign-on."""

    name: str
    role: Role
    created: datetime
    label: str = ""
    queues: frozenset[str] = field(default_factory=frozenset)
    mailboxes: frozenset[str] = field(default_factory=frozenset)
    extension: str = ""
    disabled: bool = False
    password: str = field(default="", repr=False)
    """argon2id, in its own notation."""
    must_change: bool = False
    changed: datetime | None = None
    """When the password was changed last."""
    totp: str = field(default="", repr=False)
    """The sealed secret of the second factor; empty: there is none."""
    totp_step: int = 0
    """The last time step whose code was used."""
    subject: str = ""
    """Who it is at the single sign-on: set by the first login there, and from then on nobody else."""
    last_login: datetime | None = None

    @property
    def for_single_sign_on(self) -> bool:
        """Tied to somebody there, or made without a password for it: people may choose their own names at an issuer,
        so that whoever calls himself `admin` there is not the administrator here."""
        return bool(self.subject) or not (self.password or self.totp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is logged in. `key`: SHA-256 of what its cookie holds."""

    key: str = field(repr=False)
    account: str
    began: datetime
    used: datetime
    address: str
    agent: str = ""
    """What the browser calls itself."""

    @property
    def id(self) -> str:
        """For people, the log and the audit."""
        return self.key[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A program's key. `key`: SHA-256 of its secret part."""

    id: str
    key: str = field(repr=False)
    account: str
    label: str
    scopes: frozenset[str]
    made: datetime
    made_by: str
    expires: datetime
    used: datetime | None = None
    used_from: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """An address (of IPv6 the /64) from which an account logged in."""

    account: str
    network: str
    at: datetime


def by_session(account: Account, session: Session, address: str) -> Principal:
    """Who asks, with a session."""
    return Principal(
        account=account.name, role=account.role, via=Via.SESSION, address=address, credential=session.id,
        extension=account.extension, queues=account.queues, mailboxes=account.mailboxes,
        must_change=account.must_change,
    )  # fmt: skip


def by_token(account: Account, token: Token, address: str) -> Principal:
    """Who asks, with a token: what the account may do, as far as the scopes go."""
    return Principal(
        account=account.name, role=account.role, via=Via.TOKEN, address=address, credential=token.id,
        extension=account.extension, queues=account.queues, mailboxes=account.mailboxes, scopes=token.scopes,
    )  # fmt: skip


def at_the_socket(person: str) -> Principal:
    """The user of this machine who can read the server's own token."""
    return Principal(account=LOCAL, role=Role.ADMIN, via=Via.LOCAL, person=person)

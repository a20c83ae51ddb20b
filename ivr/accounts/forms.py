"""What comes in and goes out at the routes of accounts, sessions and tokens."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ivr.access.life import MOST_TOKEN_DAYS, TOKEN_DAYS
from ivr.access.model import Principal, Role, Via
from ivr.access.passwords import LONGEST
from ivr.accounts.model import Account, Session, Token
from ivr.web.api.answers import Words

Password = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Code = Annotated[str, Field(max_length=16)]
Label = Annotated[Words, Field(max_length=128)]
Names = Annotated[frozenset[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=200)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class LogIn(_Form):
    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Password
    code: Code = ""


class NewPassword(_Form):
    current: Password
    new: Password


class OwnPassword(_Form):
    password: Password


class FirstCode(_Form):
    code: Code


class NewAccount(_Form):
    """Without `password` a one-time password is made; with `login` false the account has none: for programs."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    role: Role
    label: Label = ""
    queues: Names = frozenset()
    mailboxes: Names = frozenset()
    extension: Annotated[str, Field(max_length=32)] = ""
    password: Annotated[str, Field(max_length=LONGEST)] = ""
    login: bool = True


class ChangedAccount(_Form):
    """Only what is sent is changed. `totp`: false takes the second factor away; the single sign-on likewise."""

    role: Role | None = None
    label: Label | None = None
    queues: Names | None = None
    mailboxes: Names | None = None
    extension: Annotated[str, Field(max_length=32)] | None = None
    disabled: bool | None = None


class ResetPassword(_Form):
    """Without `password` a one-time password is made."""

    password: Annotated[str, Field(max_length=LONGEST)] = ""


class NewToken(_Form):
    """`account`: one's own when it is not said; only administrators name another one."""

    account: Annotated[str, Field(max_length=64)] = ""
    label: Label = ""
    scopes: Annotated[frozenset[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=100)]
    days: Annotated[int, Field(ge=1, le=MOST_TOKEN_DAYS)] = TOKEN_DAYS


class Me(BaseModel):
    """Who asks."""

    account: str
    role: Role
    via: Via
    label: str = ""
    queues: list[str]
    mailboxes: list[str]
    extension: str
    must_change: bool
    second_factor: bool = False
    scopes: list[str]
    sees_numbers: bool


class SessionRow(BaseModel):
    """`id` is no secret. `own`: the one that asks."""

    id: str
    began: datetime
    used: datetime
    ends: datetime
    address: str
    agent: str
    own: bool


class SessionAnswer(BaseModel):
    """Send `csrf` as X-CSRF-Token with everything that changes something."""

    me: Me
    csrf: str
    began: datetime
    ends: datetime


class Sessions(BaseModel):
    sessions: list[SessionRow]


class Ended(BaseModel):
    """How many sessions ended."""

    ended: int


class Totp(BaseModel):
    """Show `address` as a QR code, or type `secret` into the app; it counts after its first code."""

    secret: str
    address: str


class AccountRow(BaseModel):
    name: str
    role: Role
    label: str
    queues: list[str]
    mailboxes: list[str]
    extension: str
    disabled: bool
    has_password: bool
    must_change: bool
    password_changed: datetime | None
    second_factor: bool
    single_sign_on: bool
    created: datetime
    last_login: datetime | None
    sessions: int
    tokens: int
    slowed: int
    """From how many addresses attempts to log in have to wait now."""


class AccountList(BaseModel):
    accounts: list[AccountRow]


class AccountAnswer(BaseModel):
    """`one_time_password` is shown only now."""

    account: AccountRow
    one_time_password: str = ""


class TokenRow(BaseModel):
    id: str
    account: str
    label: str
    scopes: list[str]
    made: datetime
    made_by: str
    expires: datetime
    expired: bool
    used: datetime | None
    used_from: str


class TokenList(BaseModel):
    tokens: list[TokenRow]


class TokenAnswer(BaseModel):
    """`text` is shown only now."""

    token: TokenRow
    text: str


def me(principal: Principal, account: Account | None) -> Me:
    return Me(
        account=principal.account, role=principal.role, via=principal.via, label=account.label if account else "",
        queues=sorted(principal.queues), mailboxes=sorted(principal.mailboxes), extension=principal.extension,
        must_change=principal.must_change, second_factor=bool(account and account.totp),
        scopes=sorted(principal.scopes), sees_numbers=principal.sees_numbers,
    )  # fmt: skip


def session_row(session: Session, ends: datetime, own: str) -> SessionRow:
    return SessionRow(
        id=session.id, began=session.began, used=session.used, ends=ends, address=session.address,
        agent=session.agent, own=session.id == own,
    )  # fmt: skip


def token_row(token: Token, now: datetime) -> TokenRow:
    return TokenRow(
        id=token.id, account=token.account, label=token.label, scopes=sorted(token.scopes), made=token.made,
        made_by=token.made_by, expires=token.expires, expired=now >= token.expires, used=token.used,
        used_from=token.used_from,
    )  # fmt: skip


def account_row(account: Account, sessions: int, tokens: int, slowed: int) -> AccountRow:
    return AccountRow(
        name=account.name, role=account.role, label=account.label, queues=sorted(account.queues),
        mailboxes=sorted(account.mailboxes), extension=account.extension, disabled=account.disabled,
        has_password=bool(account.password), must_change=account.must_change, password_changed=account.changed,
        second_factor=bool(account.totp), single_sign_on=bool(account.subject), created=account.created,
        last_login=account.last_login, sessions=sessions, tokens=tokens, slowed=slowed,
    )  # fmt: skip

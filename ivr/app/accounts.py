"""The accounts: opened on the records' database, with the first administrator, and the door of the API."""

import asyncio
import base64
import secrets as random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine

from ivr import log as logs
from ivr.access.addresses import Offices, nowhere
from ivr.access.life import SessionLife
from ivr.access.throttle import Throttle
from ivr.accounts.account_routes import AccountRoutes
from ivr.accounts.accounts import Accounts, Site
from ivr.accounts.door import AccountsDoor, Audit
from ivr.accounts.first import FILE, forget_first_password, make_first_admin
from ivr.accounts.hashing import Hashing
from ivr.accounts.login import Login
from ivr.accounts.misses import Misses
from ivr.accounts.myself import Myself
from ivr.accounts.oidc import Settings, SingleSignOn
from ivr.accounts.oidc_routes import SingleSignOnRoutes
from ivr.accounts.register import Register
from ivr.accounts.session_routes import SessionRoutes
from ivr.accounts.store import AccountStore
from ivr.accounts.token_routes import TokenRoutes
from ivr.accounts.tokens import Tokens
from ivr.app.closing import Closing
from ivr.clock import Clock
from ivr.install import secrets
from ivr.install.paths import Paths
from ivr.seal import FernetSeal
from ivr.settings.environment import SettingsError
from ivr.web.api.application import Part

log = logs.get(__name__)

LOCAL_TOKEN, TOTP_KEY, OIDC_SECRET = "cli.token", "totp.key", "oidc.secret"


@dataclass(frozen=True, slots=True)
class AccountParts:
    """What the other parts are given: who asks, and the routes of accounts."""

    door: AccountsDoor
    accounts: Accounts
    parts: tuple[Part, ...]


async def open_accounts(
    engine: Engine,
    paths: Paths,
    *,
    site: Callable[[], Site],
    audit: Audit,
    clock: Clock,
    closing: Closing,
    life: SessionLife | None = None,
    oidc: str = "",
    say: Callable[[str], None] | None = None,
    hashing: Hashing | None = None,
    office: Offices = nowhere,
) -> AccountParts:
    """Open them; where there is none, make `admin` and say its one-time password once (`say`: to the terminal).

    `oidc`: the setting of that name; `office`: whether many people stand behind an address. Raises SettingsError,
    SQLAlchemyError.
    """
    folder = paths.secrets
    local, key = await asyncio.to_thread(_secrets, paths)
    factors = FernetSeal(key) if key else None
    seal = factors or FernetSeal(_new_key())  # what travels in a cookie may be sealed with any
    register = Register(AccountStore(engine), clock, life or SessionLife())
    await register.open()
    closing.add(register.close)
    hashing, throttle = hashing or Hashing(), Throttle(office)
    closing.add_now(hashing.close)
    accounts = Accounts(register, hashing, throttle, clock, site, partial(forget_first_password, folder))
    password = await make_first_admin(accounts, folder)
    if password:
        (say or _say)(
            f"First start: log in as admin with the one-time password {password}; it has to be changed then. "
            f"It stands in {folder / FILE} until it is changed."
        )
    misses = Misses(audit, clock)
    closing.add(misses.close)
    login = Login(register, hashing, throttle, factors, clock)
    tokens, myself = Tokens(accounts, clock), Myself(accounts, login, factors, clock)
    sign_on = await asyncio.to_thread(_single_sign_on, oidc, paths, seal, clock) if oidc else None
    parts: tuple[Part, ...] = (
        SessionRoutes(register, login, myself, misses),
        SingleSignOnRoutes(sign_on, login, register, throttle, misses, clock, broken=bool(oidc) and sign_on is None),
        AccountRoutes(accounts, myself),
        TokenRoutes(tokens, clock),
    )
    return AccountParts(AccountsDoor(register, tokens, local, audit, clock), accounts, parts)


def _secrets(paths: Paths) -> tuple[str, bytes]:
    """The commands' token, new at each start, and the key of second factors; empty when it cannot be used: calls go on
    without."""
    folder = paths.secrets
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    local = random.token_urlsafe(32)
    secrets.write(folder / LOCAL_TOKEN, local + "\n")
    file = folder / TOTP_KEY
    try:
        key = secrets.made_once(file, _new_key().decode()).encode()
        FernetSeal(key)
    except (OSError, ValueError, secrets.SecretsError) as error:
        log.error("who has a second factor cannot log in, and none can be set up: its key cannot be used; put back the "
                  "copy from your backup and restart", file=str(file), why=str(error))  # fmt: skip
        return local, b""
    return local, key


def _new_key() -> bytes:
    return base64.urlsafe_b64encode(random.token_bytes(32))


def _single_sign_on(setting: str, paths: Paths, seal: FernetSeal, clock: Clock) -> SingleSignOn | None:
    """None when the client's secret cannot be read: calls go on without. Raises SettingsError."""
    file = paths.secrets / OIDC_SECRET
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        log.error("nobody can log in by single sign-on: the client's secret cannot be read; write it there (mode 600) "
                  "and restart", file=str(file), why=str(error))  # fmt: skip
        return None
    try:
        return SingleSignOn(Settings.of(setting, secret), seal, clock)
    except (ValueError, TypeError) as error:
        raise SettingsError((str(error),)) from None


def _say(text: str) -> None:
    """Past the log: nothing that collects log lines should keep a password."""
    print(text, file=sys.stderr, flush=True)

"""Single sign-on, against an issuer that keeps to the protocol and against one that does not."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from ivr.accounts.oidc import Settings, SingleSignOn
from ivr.accounts.oidc_routes import SingleSignOnRoutes
from ivr.seal import FernetSeal
from tests.tools import run
from tests.unit.accounts.house import HERE, THERE, Browser, House, house
from tests.unit.accounts.issuer import ISSUER, Issuer

SETTING = f"{ISSUER}?client_id=centralita"


def joined(home: House, setting: str = SETTING) -> Issuer:
    """An issuer, and the routes of `home` joined to it."""
    issuer = Issuer(home.clock.now().timestamp())
    seal = FernetSeal((home.paths.secrets / "totp.key").read_bytes().strip())
    part = next(part for part in home.opened.parts if isinstance(part, SingleSignOnRoutes))
    part._sign_on = SingleSignOn(Settings.of(setting, "the secret"), seal, home.clock, issuer.transport)
    return issuer


async def begin(browser: Browser) -> str:
    answer = await browser.ask("GET", "/session/oidc")
    assert answer.status_code == 307, answer.text
    return answer.headers["location"]


async def back(browser: Browser, **query: str) -> httpx.Response:
    return await browser.http.get("/api/session/oidc/return", params=query)


async def sign_on(browser: Browser, issuer: Issuer) -> httpx.Response:
    return await back(browser, **issuer.log_in(await begin(browser)))


def test_what_takes_long_is_done_before_the_first_login() -> None:
    """In a process of its own: others have imported it here."""
    code = (
        "import sys\n"
        "from ivr.accounts import oidc\n"
        "from ivr.clock import LoopClock\n"
        "assert 'authlib' not in sys.modules and 'httpx' not in sys.modules\n"
        "made = oidc.SingleSignOn(oidc.Settings.of('https://i?client_id=c', 's'), None, LoopClock())\n"
        "assert {'authlib.integrations.httpx_client', 'authlib.oidc.core', 'joserfc.jwt'} <= set(sys.modules)\n"
        "assert made._network()['verify'] is made._network()['verify']\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


@run
async def test_a_login_at_the_issuer(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        issuer = joined(home)
        await home.command().told("POST", "/accounts", {"name": "eva", "role": "auditor", "login": False})
        browser = home.browser(scheme="https")
        answer = await sign_on(browser, issuer)
        assert answer.status_code == 200 and 'url=/"' in answer.text
        cookies = answer.headers.get_list("set-cookie")
        assert any(c.startswith("__Host-session=") and "SameSite=strict" in c for c in cookies)
        assert (await browser.told("GET", "/me"))["account"] == "eva"
        entry = home.audit.entries[-1]
        assert (entry.action, entry.who, entry.detail) == ("session.signed_on", "eva", {"how": "single sign-on"})
        row = await home.command().told("GET", "/accounts/eva")
        assert row["single_sign_on"] and not row["has_password"]
        issuer.claims = {"sub": "u-2"}  # the name belongs to somebody else now
        assert (await sign_on(home.browser(THERE), issuer)).status_code == 401
        await home.command().told("DELETE", "/accounts/eva/subject")
        assert await browser.status("GET", "/me") == 401
        assert (await sign_on(home.browser(THERE), issuer)).status_code == 200
        await home.command().told("PATCH", "/accounts/eva", {"disabled": True})
        assert (await sign_on(home.browser(THERE), issuer)).status_code == 401
        assert issuer.asked.count("/realm/keys") == 1


@run
async def test_whoever_calls_himself_like_an_account_with_a_password_gets_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        issuer = joined(home)
        issuer.claims = {"preferred_username": "admin", "sub": "a-stranger"}
        assert (await sign_on(home.browser(THERE), issuer)).status_code == 401
        row = await home.command().told("GET", "/accounts/admin")
        assert row["has_password"] and not row["single_sign_on"]


@pytest.mark.parametrize(
    "broken",
    [
        {"claims": {"aud": "another"}},
        {"claims": {"iss": "https://evil.example.com"}},
        {"claims": {"nonce": "another"}},
        {"claims": {"nonce": None}},
        {"claims": {"exp": 1_000}},
        {"claims": {"exp": None}},
        {"claims": {"preferred_username": None}},
        {"claims": {"preferred_username": ["eva"]}},
        {"claims": {"preferred_username": "nobody"}},
        {"claims": {"preferred_username": "local"}},
        {"claims": {"sub": ""}},
        {"algorithm": "none"},
        {"algorithm": "HS256"},
        {"key": RSAKey.generate_key(2048, {"kid": "one"})},
    ],
)
@run
async def test_what_proves_nothing_lets_nobody_in(tmp_path: Path, broken: dict[str, Any]) -> None:
    async with house(tmp_path) as home:
        issuer = joined(home)
        await home.command().told("POST", "/accounts", {"name": "eva", "role": "auditor", "login": False})
        issuer.published = issuer.key
        for name, value in broken.items():
            setattr(issuer, name, value)
        browser = home.browser()
        answer = await sign_on(browser, issuer)
        assert answer.status_code == 401, answer.text
        assert await browser.status("GET", "/me") == 401
        assert home.audit.entries[-1].result == "refused" and not home.opened.accounts.register.sessions


@run
async def test_a_login_belongs_to_the_browser_that_began_it(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        issuer = joined(home)
        await home.command().told("POST", "/accounts", {"name": "eva", "role": "auditor", "login": False})
        one, two = home.browser(), home.browser()
        taken = issuer.log_in(await begin(one))
        assert (await back(two, **taken)).status_code == 400
        await begin(two)
        assert (await back(two, **taken)).status_code == 400
        assert (await back(one, state=taken["state"], error="access_denied")).status_code == 401
        assert (await back(one, state="ñ", code="x")).status_code == 400
        home.clock.advance(601)
        assert (await back(one, **taken)).status_code == 400
        issuer.now = home.clock.now().timestamp()
        where = await begin(one)
        taken = issuer.log_in(where)
        assert (await back(one, **taken)).status_code == 200 and (await back(one, **taken)).status_code == 400
        assert "/realm/token" in issuer.asked and issuer.asked.count("/realm/token") == 1


@run
async def test_the_issuer_takes_new_keys_or_does_not_answer(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        issuer = joined(home)
        await home.command().told("POST", "/accounts", {"name": "eva", "role": "auditor", "login": False})
        assert (await sign_on(home.browser(), issuer)).status_code == 200
        issuer.key = RSAKey.generate_key(2048, {"kid": "two"})
        home.clock.advance(11)
        assert (await sign_on(home.browser(), issuer)).status_code == 200
        issuer.down = True
        assert (await sign_on(home.browser(), issuer)).status_code == 503
        home.clock.advance(3601)
        before = len(issuer.asked)
        for _ in range(5):
            answer = await home.browser().ask("GET", "/session/oidc")
            assert answer.status_code == 503 and "password" in answer.json()["error"]
        assert len(issuer.asked) == before + 1  # not asked again at once
        issuer.down, issuer.named = False, "https://evil.example.com"
        home.clock.advance(11)
        assert await home.browser().status("GET", "/session/oidc") == 503


@run
async def test_an_address_cannot_make_us_ask_for_ever(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        issuer = joined(home)
        browser = home.browser(THERE)
        statuses = []
        for _ in range(12):
            state = issuer.log_in(await begin(browser))["state"]
            statuses.append((await back(browser, state=state, code="wrong")).status_code)
        assert statuses == [401] * 5 + [429] * 7
        await home.command().told("POST", "/accounts", {"name": "eva", "role": "auditor", "login": False})
        assert (await sign_on(home.browser(HERE), issuer)).status_code == 200


@run
async def test_without_an_issuer_the_routes_say_so(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        assert await home.browser().status("GET", "/session/oidc") == 404
        assert (await back(home.browser(), code="x", state="y")).status_code == 404


def test_the_setting() -> None:
    settings = Settings.of(f"{ISSUER}?client_id=x&claim=email", "s")
    assert (settings.issuer, settings.client_id, settings.claim) == (ISSUER, "x", "email")
    for wrong in (ISSUER, f"{ISSUER}?client_id=x&secret=y"):
        with pytest.raises(ValueError, match="client_id"):
            Settings.of(wrong, "s")


@run
async def test_a_secret_that_cannot_be_read_keeps_nobody_from_calling(tmp_path: Path) -> None:
    async with house(tmp_path, oidc=SETTING) as home:
        assert await home.browser().status("GET", "/session/oidc") == 503
        assert (await home.person("eva", "admin")).headers["X-CSRF-Token"]
    (tmp_path / "secrets" / "oidc.secret").write_text("the secret\n")
    async with house(tmp_path, oidc=SETTING) as whole:
        part = next(part for part in whole.opened.parts if isinstance(part, SingleSignOnRoutes))
        assert part._sign_on is not None

"""Logging in and out: cookies, CSRF, expiry, sign-out, the first administrator."""

import asyncio
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from ivr.access.life import SessionLife
from ivr.accounts.model import by_session, by_token
from tests.tools import run
from tests.unit.accounts.house import BETTER, GOOD, HERE, THERE, house, shown
from tests.unit.accounts.test_login import until


@run
async def test_the_first_start_makes_an_administrator_who_must_change_the_password(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        password = home.first_password
        file = home.paths.secrets / "admin.password"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert len(home.said) == 1 and password in home.said[0]
        browser = home.browser()
        answer = await browser.log_in("admin", password)
        assert answer.status_code == 201 and answer.json()["me"]["must_change"]
        assert answer.headers["cache-control"] == "no-store"
        refused = await browser.ask("GET", "/accounts")
        assert (refused.status_code, "first password" in refused.text) == (403, True)
        assert await browser.status("PUT", "/me/password", {"current": password, "new": "admin1234567"}) == 400
        assert await browser.status("PUT", "/me/password", {"current": password, "new": password}) == 400
        assert await browser.status("PUT", "/me/password", {"current": "wrong", "new": GOOD}) == 403
        assert file.exists()
        assert not (await browser.told("PUT", "/me/password", {"current": password, "new": GOOD}))["must_change"]
        assert not file.exists()
        assert [one["name"] for one in (await browser.told("GET", "/accounts"))["accounts"]] == ["admin"]
        assert password not in str(home.audit.entries) and GOOD not in str(home.audit.entries)
    async with house(tmp_path) as again:
        assert again.said == [] and (await again.browser().log_in("admin", GOOD)).status_code == 201


@run
async def test_cookies_and_the_csrf_token(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        browser = await home.person("eva", "admin")
        cookie = (await home.browser().log_in("eva", GOOD)).headers["set-cookie"]
        assert cookie.startswith("session=") and "Secure" not in cookie
        for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"):
            assert part in cookie
        sure = await home.browser(scheme="https").log_in("eva", GOOD)
        assert sure.headers["set-cookie"].startswith("__Host-session=") and "Secure" in sure.headers["set-cookie"]
        assert "Domain" not in sure.headers["set-cookie"]
        assert (await browser.told("GET", "/session"))["csrf"] == browser.headers["X-CSRF-Token"]
        for wrong in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": "é".encode()}):
            kept, browser.headers = browser.headers, wrong
            assert await browser.status("DELETE", "/me/sessions") == 403
            browser.headers = kept
        browser.headers["Sec-Fetch-Site"] = "same-site"
        assert await browser.status("DELETE", "/me/sessions") == 403
        stranger = home.browser()
        stranger.headers["Sec-Fetch-Site"] = "cross-site"
        noted = len(home.audit.entries)
        assert (await stranger.log_in("eva", GOOD)).status_code == 403
        assert len(home.audit.entries) == noted, "no password was looked at, and any page can send many"
        raw = await stranger.http.post("/api/session", content=b'{"name":"eva","password":"x"}')
        assert raw.status_code == 400  # a form of another site cannot send JSON's content type


@run
async def test_a_session_ends_when_idle_and_after_half_a_day(tmp_path: Path) -> None:
    async with house(tmp_path, life=SessionLife(timedelta(minutes=30), timedelta(hours=2))) as home:
        browser = await home.person("eva", "admin")
        for _ in range(4):
            home.clock.advance(29 * 60)
            assert await browser.status("GET", "/me") == 200
        home.clock.advance(5 * 60)
        assert await browser.status("GET", "/me") == 401
        await browser.log_in("eva", GOOD)
        home.clock.advance(31 * 60)
        assert await browser.status("GET", "/me") == 401


@run
async def test_a_session_outlives_a_restart_and_secrets_are_not_stored(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        browser = await home.person("eva", "auditor")
        secret = browser.http.cookies["session"]
        clock = home.clock
        assert secret.encode() not in home.stored() and b"eva" in home.stored()
    async with house(tmp_path, clock=clock) as again:
        other = again.browser()
        other.http.cookies.set("session", secret)
        assert (await other.told("GET", "/me"))["account"] == "eva"
        other.http.cookies.set("session", secret[:-1])
        assert await other.status("GET", "/me") == 401


@run
async def test_signing_out_here_and_everywhere(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        one = await home.person("eva", "admin")
        two, three = home.browser(THERE), home.browser(THERE)
        await two.log_in("eva", GOOD)
        await three.log_in("eva", GOOD)
        listed = (await two.told("GET", "/me/sessions"))["sessions"]
        assert [(s["address"], s["own"]) for s in listed].count((THERE, True)) == 1 and len(listed) == 3
        assert await one.status("DELETE", "/session") == 200
        assert [await b.status("GET", "/me") for b in (one, two, three)] == [401, 200, 200]
        assert await two.told("DELETE", "/me/sessions") == {"ended": 2}
        assert [await b.status("GET", "/me") for b in (two, three)] == [401, 401]
        again = home.browser()
        await again.log_in("eva", GOOD)
        first = again.http.cookies["session"]
        await again.log_in("eva", GOOD)  # another login in the same browser: the session before ends
        assert again.http.cookies["session"] != first
        assert len((await again.told("GET", "/me/sessions"))["sessions"]) == 1


@run
async def test_a_change_of_password_or_role_ends_the_other_sessions(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        boss = await home.person("eva", "admin")
        one = await home.person("leo", "auditor")
        two = home.browser(THERE)
        await two.log_in("leo", GOOD)
        await two.told("PUT", "/me/password", {"current": GOOD, "new": BETTER + "!"})
        assert [await b.status("GET", "/me") for b in (one, two)] == [401, 200]
        await boss.told("PATCH", "/accounts/leo", {"label": "Leo"})
        assert await two.status("GET", "/me") == 200
        await boss.told("PATCH", "/accounts/leo", {"role": "monitor"})
        assert await two.status("GET", "/me") == 401
        await two.log_in("leo", BETTER + "!")
        await boss.told("PATCH", "/accounts/leo", {"disabled": True})
        assert await two.status("GET", "/me") == 401
        assert (await two.log_in("leo", BETTER + "!")).status_code == 401


@run
async def test_a_session_that_ends_while_its_password_is_changed_is_no_fault(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        browser = await home.person("eva", "admin")
        register = home.opened.accounts.register
        async with register._changing:  # both wait for their turn; the logout comes first
            out = asyncio.ensure_future(home.opened.accounts.sign_out("eva"))
            await asyncio.sleep(0)
            changing = asyncio.ensure_future(browser.ask("PUT", "/me/password", {"current": GOOD, "new": BETTER}))
            await until(lambda: len(register._changing._waiters or ()) == 2)
        assert await out == 1
        assert (await changing).status_code == 200
        assert (await home.browser().log_in("eva", BETTER)).status_code == 201


@run
async def test_no_account_has_more_than_twenty_sessions(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        first = await home.person("eva", "admin")
        for _ in range(20):
            home.clock.advance(1)
            assert (await home.browser().log_in("eva", GOOD)).status_code == 201
        assert await first.status("GET", "/me") == 401
        assert len(home.opened.accounts.register.sessions) == 20


@run
async def test_who_is_not_let_in_learns_nothing(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.person("eva", "admin")
        await home.command().told("POST", "/accounts", {"name": "bot", "role": "monitor", "login": False})
        await home.command().told("PATCH", "/accounts/bot", {"label": "x"})
        await home.person("old", "monitor")
        await home.command().told("PATCH", "/accounts/old", {"disabled": True})
        answers = []
        for name, password in (("eva", "wrong password"), ("nobody", GOOD), ("bot", GOOD), ("old", GOOD)):
            answers.append(shown(await home.browser("198.51.100.7").log_in(name, password)))
        assert len(set(answers)) == 1
        noted = [(e.object, e.result, e.who) for e in home.audit.entries if e.action == "session.log_in"][-4:]
        assert noted == [(o, "refused", "") for o in ("eva", "(no account)", "bot", "old")]


@run
async def test_a_second_factor(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        browser = await home.person("eva", "admin")
        assert await browser.status("POST", "/me/totp", {"password": "wrong"}) == 403
        begun = await browser.told("POST", "/me/totp", {"password": GOOD})
        codes = pyotp.TOTP(begun["secret"])
        assert await browser.status("PUT", "/me/totp", {"code": "000"}) == 400
        assert (await browser.told("PUT", "/me/totp", {"code": codes.at(home.clock.now())}))["second_factor"]
        other = home.browser()
        answer = await other.log_in("eva", GOOD)
        assert (answer.status_code, answer.json()["second_factor"]) == (401, True)
        assert (await other.log_in("eva", GOOD, code=codes.at(home.clock.now()))).status_code == 401  # used already
        home.clock.advance(30)
        code = codes.at(home.clock.now())
        assert (await other.log_in("eva", GOOD, code=code)).status_code == 201
        assert (await home.browser().log_in("eva", GOOD, code=code)).status_code == 401
        assert begun["secret"].encode() not in home.stored()
        guesses = [(await home.browser(THERE).log_in("eva", GOOD, code=f"{n:06}")).status_code for n in range(15)]
        assert guesses.count(429) >= 5
        lost = await home.command().told("DELETE", "/accounts/eva/totp")
        assert not lost["second_factor"] and await other.status("GET", "/me") == 401
        assert (await other.log_in("eva", GOOD)).status_code == 201


@run
async def test_whether_somebody_may_stay(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        browser = await home.person("eva", "supervisor", queues=["cartera"])
        door = home.opened.door
        accounts = home.opened.accounts
        principal = by_session(accounts.one("eva"), accounts.register.sessions_of("eva")[0], HERE)
        assert door.still(principal)
        home.clock.advance(31 * 60)
        assert not door.still(principal)
        await browser.log_in("eva", GOOD)
        principal = by_session(accounts.one("eva"), accounts.register.sessions_of("eva")[0], HERE)
        assert door.still(principal)
        await home.command().told("PATCH", "/accounts/eva", {"queues": []})
        assert not door.still(principal)
        await browser.log_in("eva", GOOD)
        principal = by_session(accounts.one("eva"), accounts.register.sessions_of("eva")[0], HERE)
        other = await home.person("ana", "supervisor")
        assert door.still(principal) and not door.still(replace(principal, account="ana", queues=frozenset()))
        assert await other.status("DELETE", "/me/sessions") == 200 and door.still(principal)
        assert await browser.status("DELETE", "/session") == 200 and not door.still(principal)
        assert accounts.register.open_session(principal.credential) is None


@run
async def test_a_token_may_stay_as_long_as_it_is_let_in(tmp_path: Path) -> None:
    """A first password that waits to be changed is no matter of a program's."""
    async with house(tmp_path) as home:
        await home.command().told("POST", "/accounts", {"name": "tablero", "role": "monitor"})
        form = {"account": "tablero", "scopes": ["*"]}
        made = await home.command().told("POST", "/tokens", form)
        assert (await home.program(made["text"]).told("GET", "/me"))["account"] == "tablero"
        register = home.opened.accounts.register
        principal = by_token(register.accounts["tablero"], register.tokens[made["token"]["id"]], HERE)
        assert home.opened.door.still(principal)
        await home.command().told("DELETE", f"/tokens/{made['token']['id']}")
        assert not home.opened.door.still(principal)


@pytest.mark.parametrize(
    "cookie", ["", "x", "a" * 43, "ñ" * 43, "a" * 5000, "session=;;;=", '"' + "a" * 43, "\x7f" * 43]
)
@run
async def test_fuzzed_cookies_are_nobody(tmp_path: Path, cookie: str) -> None:
    async with house(tmp_path) as home:
        browser = home.browser()
        browser.headers["Cookie"] = f"session={cookie}".encode()
        assert await browser.status("GET", "/me") == 401


@pytest.mark.parametrize("content", [b"damaged", b"", b"\xff\xfe", None])
@run
async def test_a_damaged_key_of_second_factors_keeps_nobody_from_calling(tmp_path: Path, content: bytes | None) -> None:
    async with house(tmp_path) as home:
        browser = await home.person("eva", "admin")
        secret = (await browser.told("POST", "/me/totp", {"password": GOOD}))["secret"]
        await browser.told("PUT", "/me/totp", {"code": pyotp.TOTP(secret).at(home.clock.now())})
        await home.person("leo", "admin")
        clock = home.clock
    key = tmp_path / "secrets" / "totp.key"
    kept = key.read_bytes()
    if content is None:
        key.unlink()
        key.mkdir()
    else:
        key.write_bytes(content)
    clock.advance(60)
    async with house(tmp_path, clock=clock) as again:
        code = pyotp.TOTP(secret).at(clock.now())
        answer = await again.browser().log_in("eva", GOOD, code=code)
        assert answer.status_code == 503 and "second factors" in answer.json()["error"]
        browser = again.browser()
        assert (await browser.log_in("leo", GOOD)).status_code == 201
        assert await browser.status("POST", "/me/totp", {"password": GOOD}) == 503
        assert await browser.status("PUT", "/me/totp", {"code": "123456"}) == 503
        assert await again.command().status("DELETE", "/accounts/leo/sessions") == 200
    if content is None:
        key.rmdir()
    assert content is None or key.read_bytes() == content, "what may be put right is not overwritten"
    key.write_bytes(kept)
    async with house(tmp_path, clock=clock) as whole:
        code = pyotp.TOTP(secret).at(clock.now())
        assert (await whole.browser().log_in("eva", GOOD, code=code)).status_code == 201

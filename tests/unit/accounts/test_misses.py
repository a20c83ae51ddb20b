"""Wrong logins in great number: what of them the audit says, and that nothing is left out."""

from pathlib import Path
from typing import Any

import pytest

from ivr.accounts import misses as module
from ivr.accounts.misses import ELSEWHERE, ONE_BY_ONE, SEVERAL, Misses
from ivr.accounts.model import NOBODY
from ivr.audit.chain import Entry
from ivr.testing.clock import ManualClock
from tests.tools import run
from tests.unit.accounts.house import GOOD, HERE, Notebook, house


def attacked(misses: Misses, times: int, account: str = NOBODY, **more: Any) -> int:
    """So many from as many addresses; how many are entries of their own."""
    return sum(misses.alone(account, f"198.51.{n // 250}.{n % 250}", known=False, **more) for n in range(times))


async def entries(misses: Misses, book: Notebook) -> list[Entry]:
    await misses.close()
    return book.entries


@run
async def test_the_first_are_entries_and_the_others_one() -> None:
    book, clock = Notebook(), ManualClock()
    misses = Misses(book, clock)
    assert attacked(misses, 300) == ONE_BY_ONE
    assert attacked(misses, 30, "eva") == 0 and attacked(misses, 5, "eva", looked_at=False, tell=False) == 0
    assert misses.alone("eva", HERE, known=True), "who is known is bounded by the throttle, and no stranger"
    clock.advance(60)
    (entry,) = await entries(misses, book)
    assert (entry.action, entry.object, entry.result) == ("session.log_in", SEVERAL, "refused")
    assert (entry.detail["times"], entry.detail["looked_at"]) == (300 - ONE_BY_ONE + 35, 300 - ONE_BY_ONE + 30)
    assert entry.detail["accounts"] == {NOBODY: 290, "eva": 35}
    assert len(entry.detail["networks"]) == module.MOST_NAMED and entry.detail["networks"]["198.51.0.10"] == 2
    left = entry.detail["networks_not_named"]
    assert sum(entry.detail["networks"].values()) + left["times"] == 325 and left["many"] == 300 - module.MOST_NAMED


@run
async def test_each_minute_begins_anew_and_none_without_an_attack() -> None:
    book, clock = Notebook(), ManualClock()
    misses = Misses(book, clock)
    assert attacked(misses, 7) == 7
    clock.advance(60)
    assert attacked(misses, ONE_BY_ONE + 2) == ONE_BY_ONE
    clock.advance(60)
    clock.advance(3_600)
    assert clock.pending == 0 and attacked(misses, ONE_BY_ONE) == ONE_BY_ONE
    (entry,) = await entries(misses, book)
    assert entry.detail["times"] == 2 and entry.object == NOBODY
    assert entry.detail["since"].startswith("2026-11-23T15:01:00")


@run
async def test_what_is_told_apart_is_bounded_and_the_total_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NETWORKS", 50)
    book = Notebook()
    misses = Misses(book, ManualClock())
    attacked(misses, 500, tell=False)
    assert len(misses._networks) == 51
    (entry,) = await entries(misses, book)
    assert entry.detail["times"] == 500 and entry.detail["networks"][ELSEWHERE] == 450


@run
async def test_every_wrong_login_stands_in_the_audit_when_the_server_has_stopped(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.person("eva", "admin")
        book, before = home.audit, len(home.audit.entries)
        for n in range(40):
            assert (await home.browser(f"198.51.100.{n}").log_in(f"x{n}", "wrong")).status_code == 401
        for _ in range(8):
            await home.browser("203.0.113.77").log_in("eva", "wrong")
        assert (await home.browser(HERE).log_in("eva", "wrong")).status_code == 401
        assert len(book.entries) - before == ONE_BY_ONE + 1
    *_, known, counted = book.entries
    assert (known.object, known.detail) == ("eva", {})
    assert counted.detail["times"] + ONE_BY_ONE == 48 and counted.detail["accounts"] == {NOBODY: 30, "eva": 8}
    assert counted.detail["looked_at"] == 35 and counted.detail["networks"]["203.0.113.77"] == 8


@run
async def test_who_has_the_password_and_not_the_code_is_never_only_counted(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        browser = await home.person("eva", "admin")
        await browser.told("POST", "/me/totp", {"password": GOOD})
        accounts = home.opened.accounts
        await accounts.change("eva", {"totp": "sealed"})
        for n in range(ONE_BY_ONE + 5):
            await home.browser(f"198.51.100.{n}").log_in("nobody", "wrong")
        noted = len(home.audit.entries)
        assert (await home.browser("198.51.100.99").log_in("eva", GOOD)).json()["second_factor"]
        assert len(home.audit.entries) == noted + 1 and home.audit.entries[-1].object == "eva"

"""An attack on logins: what is hashed, what is written, who still comes in."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import argon2
import pytest

from ivr.access.throttle import ADDRESS, FREE_FAILURES
from ivr.accounts import hashing
from ivr.accounts.hashing import HASHER, Busy, Hashing
from ivr.accounts.login import Wrong
from ivr.accounts.session_routes import SessionRoutes
from ivr.testing.clock import ManualClock
from tests.tools import run
from tests.unit.accounts.house import BETTER, GOOD, HERE, QUICK, THERE, house, shown


class Counted(argon2.PasswordHasher):
    """Counts what it compares, and can be held up."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared: list[str] = []
        self.hashes: list[str] = []
        self.go = threading.Event()
        self.go.set()

    def verify(self, hash: Any, password: Any) -> Any:
        self.go.wait(10)
        self.compared.append(password)
        self.hashes.append(hash)
        return super().verify(hash, password)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come true")


@run
async def test_who_comes_too_often_is_not_hashed_and_fills_no_audit(tmp_path: Path) -> None:
    hasher = Counted()
    async with house(tmp_path, hashing=Hashing(hasher)) as home:
        await home.person("eva", "admin")
        before, noted = len(hasher.compared), len(home.audit.entries)
        attacker = home.browser(THERE)
        statuses = [(await attacker.log_in("eva", "wrong")).status_code for _ in range(60)]
        assert statuses == [401] * FREE_FAILURES + [429] * (60 - FREE_FAILURES)
        assert len(hasher.compared) - before == FREE_FAILURES
        assert len(home.audit.entries) - noted == FREE_FAILURES + 1
        several = [(await attacker.log_in(f"x{n}", "wrong")).status_code for n in range(60)]
        assert several.count(401) == ADDRESS.burst - FREE_FAILURES
        answer = await attacker.log_in("eva", "wrong")
        assert answer.headers["retry-after"] == "2" and "try again in 2 s" in answer.json()["error"]
        assert await attacker.status("POST", "/session", {"name": "eva", "password": "x" * 300}) == 400
        assert len(home.audit.entries) - noted <= ADDRESS.burst + 2
        assert (await home.browser(HERE).log_in("eva", GOOD)).status_code == 201
        assert (await attacker.log_in("eva", GOOD)).status_code == 429  # also the right one


@run
async def test_an_attack_from_everywhere_locks_no_administrator_out(tmp_path: Path) -> None:
    hasher = Counted()
    async with house(tmp_path, hashing=Hashing(hasher)) as home:
        await home.person("eva", "admin")
        hasher.go.clear()
        crowd = [asyncio.ensure_future(home.browser(f"198.51.100.{n}").log_in("eva", f"wrong{n}")) for n in range(100)]
        await asyncio.sleep(0.1)
        known = asyncio.ensure_future(home.browser(HERE).log_in("eva", GOOD))
        await until(lambda: bool(home.hashing._waiting[True]))
        assert len(home.hashing._waiting[False]) == hashing.MOST_WAITING
        before = len(hasher.compared)
        hasher.go.set()
        assert (await known).status_code == 201
        assert hasher.compared[before + 1] == GOOD  # its turn came before all others that waited
        statuses = [answer.status_code for answer in await asyncio.gather(*crowd)]
        assert statuses.count(401) == hashing.MOST_WAITING + 1 and statuses.count(429) == 91
        for n in range(200):
            await home.browser(f"198.51.{n}.1").log_in("eva", "wrong")
        assert (await home.browser("198.51.100.250").log_in("eva", GOOD)).status_code == 429
        assert (await home.browser(HERE).log_in("eva", GOOD)).status_code == 201
        assert await home.command().status("GET", "/accounts") == 200
        row = await home.command().told("DELETE", "/accounts/eva/failures")
        assert row["slowed"] == 0
        assert (await home.browser("198.51.100.251").log_in("eva", GOOD)).status_code == 201


@run
async def test_an_address_is_known_for_thirty_days_also_after_a_restart(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.person("eva", "admin")
        clock = home.clock
    async with house(tmp_path, clock=clock) as again:
        register = again.opened.accounts.register
        assert register.knows("eva", HERE) and not register.knows("eva", THERE) and not register.knows("x", HERE)
        assert register.knows_address(HERE) and not register.knows_address(THERE)
        await again.opened.accounts.change("eva", {"disabled": True})
        assert not register.knows_address(HERE)
        await again.opened.accounts.change("eva", {"disabled": False})
        assert register.knows_address(HERE)
        clock.wall = clock.wall.replace(year=clock.wall.year + 1)
        assert not register.knows("eva", HERE) and not register.knows_address(HERE)


@run
async def test_the_same_work_is_done_for_who_does_not_exist(tmp_path: Path) -> None:
    """No clock: the argument of the work is looked at, which decides how long it takes."""
    hasher = Counted()
    async with house(tmp_path, hashing=Hashing(hasher)) as home:
        await home.person("eva", "admin")
        hasher.compared.clear(), hasher.hashes.clear()
        answers = [
            shown(await home.browser(f"198.51.100.{n}").log_in(name, "wrong"))
            for n, name in enumerate(("eva", "nobody", "Eva ", "no body", "\x00", "ñ" * 64))
        ]
        assert len(set(answers)) == 1 and hasher.compared == ["wrong"] * 6
        costs = {str(argon2.extract_parameters(one)) for one in hasher.hashes}
        assert len(costs) == 1


@run
async def test_a_password_changed_while_it_was_looked_at_counts_no_more(tmp_path: Path) -> None:
    hasher = Counted()
    async with house(tmp_path, hashing=Hashing(hasher)) as home:
        await home.person("eva", "admin")
        hasher.go.clear()
        entering = asyncio.ensure_future(home.browser().log_in("eva", GOOD))
        await until(lambda: home.hashing._working)
        await home.opened.accounts.change("eva", {"disabled": False, "password": QUICK.hash("something else")})
        hasher.go.set()
        assert (await entering).status_code == 401


@run
async def test_a_password_changed_before_the_session_begins_lets_nobody_in(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.person("eva", "admin")
        accounts = home.opened.accounts
        account, register = accounts.one("eva"), accounts.register
        login = next(part for part in home.opened.parts if isinstance(part, SessionRoutes))._login
        async with register._changing:  # another one's turn: who enters waits for it with the old password proved
            entering = asyncio.ensure_future(login.begin(account, HERE, ""))
            await asyncio.sleep(0)
            register.accounts["eva"] = replace(account, password=QUICK.hash(BETTER))
        with pytest.raises(Wrong):
            await entering
        assert len(register.sessions_of("eva")) == 1


@run
async def test_the_hashing_thread_gives_way_and_is_bounded() -> None:
    hasher = Counted()
    pool = Hashing(hasher)
    hasher.go.clear()
    waiting = [asyncio.ensure_future(pool.right("x", "", known=False)) for _ in range(1 + hashing.MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await pool.right("x", "", known=False)
    waiting[3].cancel()
    waiting[5].cancel()
    await asyncio.sleep(0)
    other = asyncio.ensure_future(pool.right("y", hasher.hash("y"), known=False))
    hasher.go.set()
    assert await other
    assert [one for one in await asyncio.gather(*waiting, return_exceptions=True) if one is False] == [False] * 7
    assert await pool.right("contraseña larga", await pool.hash("contraseña larga"), known=True)
    assert not pool._working
    pool.close()


@run
async def test_the_thread_rests_after_a_strangers_password_but_not_for_who_is_known() -> None:
    clock = ManualClock()

    class Slow(Counted):
        def verify(self, hash: Any, password: Any) -> Any:
            clock.boot_us += 100_000
            return super().verify(hash, password)

    hasher = Slow()
    pool = Hashing(hasher, clock)
    assert not await pool.right("1", "", known=False)
    await until(lambda: pool._resting and not pool._working)
    second = asyncio.ensure_future(pool.right("2", "", known=False))
    assert not await pool.right("3", "", known=True)
    await asyncio.sleep(0.02)
    assert hasher.compared == ["1", "3"] and not second.done()
    clock.advance(0.1)
    assert not await second and hasher.compared == ["1", "3", "2"]
    await until(lambda: pool._resting and not pool._working)
    clock.advance(1)
    assert clock.pending == 0 and not await pool.right("4", "", known=False)
    pool.close()


@run
async def test_what_is_stored_is_argon2id_with_our_cost() -> None:
    pool = Hashing()
    stored = await pool.hash(GOOD)
    assert stored.startswith("$argon2id$v=19$m=32768,t=3,p=1$") and not pool.outdated(stored)
    assert pool.outdated(QUICK.hash("x")) and argon2.extract_parameters(pool._dummy) == argon2.extract_parameters(
        HASHER.hash("x")
    )
    assert not await pool.right(GOOD, "no hash at all", known=True)
    pool.close()


@run
async def test_a_better_hash_is_made_at_the_next_login(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        browser = await home.person("eva", "admin")
        accounts = home.opened.accounts
        await accounts.change("eva", {"label": "x", "password": HASHER.hash(BETTER)})
        assert await browser.status("GET", "/me") == 401  # a password was changed
        assert (await browser.log_in("eva", BETTER)).status_code == 201
        assert not home.hashing.outdated(accounts.one("eva").password)
        assert (await home.browser().log_in("eva", BETTER)).status_code == 201

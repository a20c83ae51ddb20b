"""Accounts on a database of their own, behind the API, asked without a network."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import argon2
import httpx
from fastapi import FastAPI

from ivr.access.life import SessionLife
from ivr.accounts.hashing import Hashing
from ivr.app.accounts import AccountParts, open_accounts
from ivr.app.closing import Closing
from ivr.audit.chain import Entry
from ivr.install.paths import Paths
from ivr.records.store import RecordStore
from ivr.testing.clock import ManualClock
from ivr.web.api.application import application
from tests.records import fresh

QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
GOOD, BETTER = "four gatos on a train", "another long sentence"
HERE, THERE = "192.0.2.1", "203.0.113.9"


@dataclass
class Office:
    """What accounts may name."""

    queues: tuple[str, ...] = ("cartera", "servicio")
    mailboxes: tuple[str, ...] = ("cartera",)
    extensions: tuple[str, ...] = ("101", "102")


@dataclass
class Notebook:
    """An audit that only remembers."""

    entries: list[Entry] = field(default_factory=list)
    begun: list[Entry] = field(default_factory=list)

    async def append(self, entry: Entry) -> None:
        (self.begun if entry.result == "begun" else self.entries).append(entry)

    async def settle(self, entry: Entry) -> None:
        self.entries.append(entry)

    @property
    def actions(self) -> list[str]:
        """How everything ended."""
        return [f"{entry.action} {entry.object} {entry.result}" for entry in self.entries]


class Browser:
    """Keeps cookies and the CSRF token, as a page does."""

    def __init__(self, app: FastAPI, address: str | None, scheme: str = "http") -> None:
        client: Any = (address, 4711) if address is not None else None
        transport = httpx.ASGITransport(app=app, client=client, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=f"{scheme}://centralita")
        self.headers: dict[str, str | bytes] = {}

    async def ask(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> httpx.Response:
        return await self.http.request(method, f"/api{path}", json=values, headers=self.headers)

    async def told(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> Any:
        answer = await self.ask(method, path, values)
        assert answer.status_code < 300, (answer.status_code, answer.text)
        return answer.json()

    async def status(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> int:
        return (await self.ask(method, path, values)).status_code

    async def log_in(self, name: str, password: str, **more: str) -> httpx.Response:
        answer = await self.ask("POST", "/session", {"name": name, "password": password, **more})
        if answer.status_code == 201:
            self.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return answer


class House:
    """A server's accounts."""

    def __init__(
        self, folder: Path, closing: Closing, clock: ManualClock, hashing: Hashing | None, oidc: str = ""
    ) -> None:
        self.paths, self.clock, self.closing, self.audit = Paths(folder, folder), clock, closing, Notebook()
        self.said: list[str] = []
        self.oidc = oidc
        self.hashing = hashing or Hashing(QUICK)

    async def open(self, url: str, life: SessionLife | None) -> None:
        self.store = RecordStore.open(url)
        self.closing.add_now(self.store.close)
        self.opened: AccountParts = await open_accounts(
            self.store.engine, self.paths, site=Office, audit=self.audit, clock=self.clock, closing=self.closing,
            life=life, say=self.said.append, hashing=self.hashing, oidc=self.oidc,
        )  # fmt: skip
        self.app = application(self.opened.parts, self.opened.door)

    def stored(self) -> bytes:
        """Everything that the database wrote, also what still stands in its log."""
        return b"".join(file.read_bytes() for file in sorted(self.paths.var.glob("records.sqlite*")))

    @property
    def first_password(self) -> str:
        return (self.paths.secrets / "admin.password").read_text().strip()

    def browser(self, address: str = HERE, scheme: str = "http") -> Browser:
        return Browser(self.app, address, scheme)

    def command(self, who: str = "ana") -> Browser:
        """As a command of `ivr` at the socket file."""
        found = Browser(self.app, None)
        token = (self.paths.secrets / "cli.token").read_text().strip()
        found.headers = {"Authorization": f"Bearer {token}", "Centralita-Who": who}
        return found

    def program(self, text: str, address: str = HERE) -> Browser:
        found = Browser(self.app, address)
        found.headers = {"Authorization": f"Bearer {text}".encode()}
        return found

    async def person(self, name: str, role: str, address: str = HERE, **values: Any) -> Browser:
        """Somebody with an account and a password of their own, logged in."""
        form = {"name": name, "role": role, "password": BETTER, **values}
        await self.command().told("POST", "/accounts", form)
        browser = self.browser(address)
        assert (await browser.log_in(name, BETTER)).status_code == 201
        await browser.told("PUT", "/me/password", {"current": BETTER, "new": GOOD})
        return browser


@asynccontextmanager
async def house(
    folder: Path,
    *,
    life: SessionLife | None = None,
    clock: ManualClock | None = None,
    hashing: Hashing | None = None,
    oidc: str = "",
) -> AsyncIterator[House]:
    """Open, and closed at the end; opening the same folder again is a restart."""
    made = House(folder, Closing(), clock or ManualClock(), hashing, oidc)
    await made.open(fresh(folder / "records.sqlite"), life)
    try:
        yield made
    finally:
        await made.closing.all()


def shown(answer: httpx.Response) -> str:
    """An answer as one text, to compare or to search."""
    return json.dumps([answer.status_code, answer.text, sorted(answer.headers.items())])

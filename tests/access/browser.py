"""Somebody's browser: what the tests of who may do what log in with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx

ENDS = {("DELETE", "/api/session"), ("DELETE", "/api/me/sessions")}
"""After these nobody is logged in any more, where they are obeyed."""


def plain(url: str) -> httpx.Client:
    """A client without encryption: the certificates of the authorities, which nobody asks for here, take 20 ms."""
    return httpx.Client(base_url=url, timeout=30, verify=False)


@dataclass
class Browser:
    """Somebody's session: a cookie, and the token for whatever changes something."""

    client: httpx.Client
    name: str
    password: str
    csrf: str = ""
    there: bool = False
    """Whether the session was begun, and since then neither ended nor shown to others, who may have ended it."""

    @classmethod
    def at(cls, url: str, name: str, password: str) -> Self:
        """Of the server at an address; not yet logged in."""
        return cls(plain(url), name, password)

    def log_in(self) -> None:
        """Begin a session."""
        self.client.cookies.clear()
        answer = self.client.post("/api/session", json={"name": self.name, "password": self.password})
        assert answer.status_code == 201, answer.text
        self.csrf = answer.json()["csrf"]
        self.there = True

    def change_password(self, new: str) -> None:
        """To another one."""
        answer = self.ask("PUT", "/api/me/password", json={"current": self.password, "new": new})
        assert answer.status_code == 200, answer.text
        self.password = new

    def ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        """What the server answers."""
        answer = self.client.request(method, path, headers={"X-CSRF-Token": self.csrf}, **how)
        if (method, path) in ENDS:
            self.there = False
        return answer

    def shown(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Headers and cookies of every request."""
        self.there = False
        return {"X-CSRF-Token": self.csrf}, dict(self.client.cookies)

    over = log_in

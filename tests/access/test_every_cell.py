"""Every cell of the table of roles and routes, asked at a running server: who is let in, and who is not.

What is within a role's own queues, or its own, is asked for by whoever has it and by whoever has not.
"""

import re
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ivr.access.model import Reach, Role
from ivr.commands._access_page import blank, pages
from ivr.web.api.routing import Cell, table
from tests.access.browser import plain
from tests.access.examples import EXAMPLES, Example
from tests.access.house import AGENT, MESSAGES, QUEUE, House, house
from tests.pages import ROOT

TABLE = table(blank())
CELLS = {f"{cell.method} {cell.path}": cell for cell in TABLE}
GUARDED = {name: cell for name, cell in CELLS.items() if cell.rights is not None}
LIMITED = (Reach.SELF, Reach.OWN_QUEUES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("access")) as here:
        yield here


@pytest.fixture(scope="module")
def nobody(server: House) -> Iterator[httpx.Client]:
    """Whoever is not logged in: each request has what stands in its headers, and nothing of the one before."""
    with plain(server.url) as client:
        yield client


def reach_of(cell: Cell, role: Role) -> Reach:
    assert cell.rights is not None
    return cell.rights.reaches.get(role, Reach.NOBODY)


def asked(server: House, cell: Cell, role: Role, *, other: bool = False) -> httpx.Response:
    """The answer to a role's request, of its own or of something else."""
    example = EXAMPLES[f"{cell.method} {cell.path}"]
    browser = server.alive(role)
    body = example.other_body if other and example.other_body is not None else example.body
    how: dict[str, Any] = {"params": dict(example.query)}
    path = _path(cell, example, server, role, other)
    if body is not None:
        how["json"] = dict(body(server, role) if callable(body) else body)
    if example.streams:
        return _beginning(browser.client, cell, path, how)
    return browser.ask(cell.method, path, **how)


def _path(cell: Cell, example: Example, server: House, role: Role, other: bool) -> str:
    if "{" not in cell.path:
        return cell.path
    filled: str
    if other and example.other:
        filled = example.other(server) if callable(example.other) else example.other
    else:
        filled = example.own(server, role) if callable(example.own) else example.own
    assert filled, f"the example of {cell.path} names nothing"
    return re.sub(r"\{[^}]+\}", filled, cell.path)


def _beginning(client: httpx.Client, cell: Cell, path: str, how: dict[str, Any]) -> httpx.Response:
    """The first rows of an answer that goes on."""
    with client.stream(cell.method, path, **how) as answer:
        found = b""
        if answer.status_code == 200:
            for part in answer.iter_bytes():
                found += part
                if found.count(b"\n\n") >= 3:
                    break
        else:
            found = answer.read()
    return httpx.Response(answer.status_code, content=found)


def let_in(answer: httpx.Response, example: Example) -> bool:
    if answer.status_code == 409 and example.as_things_stand:
        return re.search(example.as_things_stand, answer.json()["error"]) is not None
    return answer.status_code < 400


# ---- the table and what is asked are complete


def test_every_route_has_an_example() -> None:
    assert set(EXAMPLES) == set(CELLS)


def test_what_has_limits_is_asked_of_somebody_else_too() -> None:
    """A route that reaches only so far names something of another one, shows a list, or cannot be about others."""
    for name, cell in GUARDED.items():
        if any(reach in LIMITED for reach in (reach_of(cell, role) for role in Role)):
            example = EXAMPLES[name]
            assert example.other or example.other_body or example.shows or example.of_oneself, name


def test_the_server_has_these_routes_and_no_other(server: House) -> None:
    described = server.alive(Role.MONITOR).ask("GET", "/api/openapi.json").json()
    there = {
        f"{method.upper()} {path}": operation["x-allowed"]
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    }
    assert set(there) == {name.replace(":path}", "}") for name in CELLS}
    words = {Reach.SELF: "self", Reach.OWN_QUEUES: "own queues", Reach.EVERYTHING: "everything"}
    for name, cell in GUARDED.items():
        told = {role.value: words[reach] for role in Role if (reach := reach_of(cell, role)) is not Reach.NOBODY}
        assert there[name.replace(":path}", "}")] == told, name


def test_the_page_is_as_the_code_makes_it() -> None:
    page = (ROOT / "docs/reference/access.md").read_text(encoding="utf-8")
    assert page == pages()["access.md"], "run: ivr docs"


# ---- every cell


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
@pytest.mark.parametrize("name", GUARDED)
def test_a_cell(server: House, name: str, role: Role) -> None:
    cell, example = GUARDED[name], EXAMPLES[name]
    reach = reach_of(cell, role)
    answer = asked(server, cell, role)
    if reach is Reach.NOBODY:
        assert answer.status_code == 403, answer.text
        assert "error" in answer.json()
        return
    assert let_in(answer, example), f"{answer.status_code} {answer.text[:300]}"
    if example.shows is not None:
        own, others = example.shows
        text = answer.text.replace('": ', '":')
        assert (own in text) is (role not in example.shows_none), text[:500]
        assert (others in text) is (reach is Reach.EVERYTHING), text[:500]


OF_OTHERS = [
    (name, role)
    for name, cell in GUARDED.items()
    for role in Role
    if (EXAMPLES[name].other or EXAMPLES[name].other_body if name in EXAMPLES else False)
    and reach_of(cell, role) is not Reach.NOBODY
]


@pytest.mark.parametrize(("name", "role"), OF_OTHERS, ids=lambda value: getattr(value, "value", value))
def test_what_belongs_to_others(server: House, name: str, role: Role) -> None:
    """Whom a limit binds is refused; whoever reaches everything is not."""
    cell, example = GUARDED[name], EXAMPLES[name]
    answer = asked(server, cell, role, other=True)
    if reach_of(cell, role) is Reach.EVERYTHING:
        assert let_in(answer, example), f"{answer.status_code} {answer.text[:300]}"
    else:
        assert answer.status_code in (403, 404), f"{answer.status_code} {answer.text[:300]}"


def done(server: House, method: str, path: str, **values: Any) -> Any:
    """The answer to the administrator, who has to be obeyed."""
    answer = server.alive(Role.ADMIN).ask(method, path, json=values)
    assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
    return answer.json()


def test_what_may_be_refused_as_things_stand_is_done_where_they_stand_otherwise(server: House) -> None:
    agent = f"/api/agents/{AGENT}"
    for deed, values in (("login", {}), ("pause", {"reason": "1"}), ("ready", {}), ("logout", {})):
        done(server, "POST", f"{agent}/{deed}", **values)
    message = f"/api/voicemail/messages/{MESSAGES[QUEUE][-1]}"
    for method, path in (("DELETE", message), ("POST", f"{message}/restore")):
        done(server, method, path)
    done(server, "POST", "/api/versions/reload")  # who has prepared one before may hold the files back
    for what in ("entries", "entries/remove"):
        done(server, "POST", f"/api/lists/vip/{what}", number="3105559999")
    file = server.environment.config / "site.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "\n# another edition\n", encoding="utf-8")
    done(server, "POST", "/api/canary/start", percent=1)
    done(server, "POST", "/api/canary/stop")
    done(server, "POST", "/api/canary/start", percent=1)
    done(server, "POST", "/api/canary/promote")
    done(server, "POST", "/api/versions/rollback")


# ---- nobody


@pytest.mark.parametrize("name", GUARDED)
def test_nobody_is_let_in_without_logging_in(nobody: httpx.Client, name: str) -> None:
    cell, example = GUARDED[name], EXAMPLES[name]
    own = example.other if isinstance(example.other, str) and example.other else example.own
    path = re.sub(r"\{[^}]+\}", own if isinstance(own, str) and own else "x", cell.path)
    body = dict(example.body) if isinstance(example.body, dict) else None
    cookie = "session=" + "A" * 43
    for headers in ({}, {"Authorization": "Bearer cnt_aaaaaaaa_bbbbbbbbbbbbbbbb"}, {"Cookie": cookie},
                    {"Authorization": "Basic YWRtaW46YWRtaW4="}, {"Centralita-Who": "root"}):  # fmt: skip
        nobody.cookies.clear()
        answer = nobody.request(cell.method, path, json=body, headers=headers)
        assert answer.status_code == 401, f"{headers}: {answer.status_code} {answer.text[:200]}"


def test_anybody_may_only_log_in(nobody: httpx.Client) -> None:
    sign_on = ["GET /api/session/oidc", "GET /api/session/oidc/return"]
    assert [name for name, cell in CELLS.items() if cell.rights is None] == ["POST /api/session", *sign_on]
    nobody.cookies.clear()
    wrong = nobody.post("/api/session", json={"name": "nadie", "password": "la que sea"})
    assert wrong.status_code == 401
    for name in sign_on:  # no issuer is set here
        assert nobody.get(name.removeprefix("GET ")).status_code == 404


# ---- sessions and tokens


def test_a_first_password_that_was_not_changed_opens_nothing(server: House) -> None:
    """Only one's own account, to change it, and to log out."""
    server.add("reciente", Role.ADMIN, password="la primera de quien acaba de llegar")
    with plain(server.url) as client:
        form = {"name": "reciente", "password": "la primera de quien acaba de llegar"}
        headers = {"X-CSRF-Token": client.post("/api/session", json=form).json()["csrf"]}
        for name, cell in GUARDED.items():
            assert cell.rights is not None
            if not cell.rights.any_state:
                path = re.sub(r"\{[^}]+\}", "x", cell.path)
                answer = client.request(cell.method, path, json={}, headers=headers)
                assert answer.status_code == 403 and "change the first password" in answer.json()["error"], name
        assert client.get("/api/me").status_code == 200


@pytest.mark.parametrize("name", [name for name, cell in GUARDED.items() if cell.rights and cell.rights.writes])
def test_nothing_is_changed_by_a_cookie_alone(server: House, nobody: httpx.Client, name: str) -> None:
    """Another site's page can make a browser send its cookie, and no more."""
    cell, browser = GUARDED[name], server.alive(Role.ADMIN)
    path = re.sub(r"\{[^}]+\}", "x", cell.path)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    for headers in ({}, {"X-CSRF-Token": "A" * 43}):
        nobody.cookies.clear()
        answer = nobody.request(cell.method, path, json={}, headers={"Cookie": cookie, **headers})
        assert answer.status_code == 403, f"{answer.status_code} {answer.text[:200]}"


def test_a_token_reaches_as_far_as_its_scopes(server: House, nobody: httpx.Client) -> None:
    """Of an administrator's token for reading queues everything else is refused."""
    text = server.token(scopes=("queues:read",))["text"]
    for name, cell in GUARDED.items():
        path = re.sub(r"\{[^}]+\}", "x", cell.path)
        nobody.cookies.clear()
        answer = nobody.request(cell.method, path, headers={"Authorization": f"Bearer {text}"})
        allowed = cell.rights is not None and cell.rights.scope == "queues:read"
        assert (answer.status_code == 403) is not allowed, f"{name}: {answer.status_code} {answer.text[:200]}"
        assert answer.status_code != 401, name


def test_a_token_does_not_reach_beyond_its_account(server: House, nobody: httpx.Client) -> None:
    """Of a monitor's token for everything, what a monitor may not do is refused."""
    text = server.token(Role.MONITOR.value)["text"]
    for name, cell in GUARDED.items():
        if reach_of(cell, Role.MONITOR) is Reach.NOBODY:
            path = re.sub(r"\{[^}]+\}", "x", cell.path)
            nobody.cookies.clear()
            answer = nobody.request(cell.method, path, headers={"Authorization": f"Bearer {text}"})
            assert answer.status_code == 403, f"{name}: {answer.status_code} {answer.text[:200]}"


@pytest.mark.parametrize(
    "path",
    ["/api", "/api/", "/api/nothing", "/api//calls", "/api/calls/", "/api/../metrics", "/api/%2e%2e/metrics",
     "//api/calls", "/api/calls%00", "/API/calls", "/api;/calls"],
)  # fmt: skip
def test_paths_outside_the_table_are_nobodys(server: House, path: str) -> None:
    """Written to the wire as they stand: clients tidy them up."""
    browser = server.alive(Role.ADMIN)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    with socket.create_connection((server.environment.http.host, server.environment.http.port), 10) as wire:
        wire.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n".encode()
        )
        status = int(wire.recv(1000).split(b" ")[1])
    assert status in (400, 404), status

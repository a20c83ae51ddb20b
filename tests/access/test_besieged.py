"""A sample of the siege (`tests/soak/test_10_siege.py`, which is longer and has calls): each role asks some routes for
what is described and what is not, and hostile clients do what they like."""

import asyncio
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ivr.access.model import Role
from tests.access.described import ask_everything
from tests.access.hostile import KINDS, Target, besiege
from tests.access.house import House, house

ROUTES = 12
"""Of each role, by chance, but the same ones each time."""
SECONDS = 6.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("access")) as here:
        yield here


@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_every_answer_is_described(server: House, role: Role) -> None:
    document = server.alive(role).ask("GET", "/api/openapi.json").json()
    labels = [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]
    some = random.Random(role.value).sample(labels, ROUTES)
    others = [label for label in labels if label not in some]
    document["paths"] = {
        path: {method: told for method, told in methods.items() if f"{method.upper()} {path}" not in others}
        for path, methods in document["paths"].items()
    }
    told = ask_everything(document, server.url, server.alive(role), 1, 1)
    assert not told.faults, "\n".join(told.faults.values())
    assert told.requests >= ROUTES / 2 and set(told.statuses) - {401, 429}


def test_hostile_clients_are_refused_and_nobody_else_notices(server: House) -> None:
    auditor = server.alive(Role.AUDITOR)
    cookie = "; ".join(f"{name}={value}" for name, value in auditor.client.cookies.items())
    http = server.environment.http
    target = Target(
        http.host, http.port, ["/api/queues", "/api/calls/search", "/api/session", "/metrics"], cookie, auditor.csrf
    )
    with ThreadPoolExecutor(1) as thread:  # here the tests' own loop runs
        siege = thread.submit(lambda: asyncio.run(besiege(target, SECONDS, 1))).result()
    assert not siege.faults, "\n".join(siege.faults)
    asked = sum(siege.statuses.values())
    assert set(siege.sent) >= set(KINDS) and siege.statuses["200"] < asked / 2 and siege.statuses["closed"] < asked / 2
    assert {"400", "401", "404", "411", "414", "431"} <= set(siege.statuses)
    assert server.alive(Role.MONITOR).ask("GET", "/api/queues").status_code == 200
    assert "Traceback" not in server.log() and "a request failed" not in server.log()

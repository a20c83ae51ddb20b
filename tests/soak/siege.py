"""A process that besieges a server: `python -m tests.soak.siege described|hostile|logins`, its orders on standard input
and what came of it on standard output, both as one JSON object.

Three ways: everything that the API describes and what it does not, with every role (schemathesis); hostile clients
(`tests/access/hostile.py`); wrong logins (`tests/soak/logins.py`).
"""

import asyncio
import contextlib
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.access.browser import Browser
from tests.access.described import ask_everything
from tests.access.hostile import Target, besiege
from tests.soak.logins import flood

SURPLUS = 60.0
"""Seconds that a process has to end by itself, after its time."""


@dataclass(frozen=True, slots=True)
class Orders:
    """`people`: role -> name and password. `but`: operations that are left out, by the beginnings of their labels."""

    url: str
    seconds: float
    seed: int
    people: Mapping[str, tuple[str, str]]
    but: tuple[str, ...] = ()
    a_second: float = 1000.0
    one_address: bool = False


async def besieged(what: str, orders: Orders) -> dict[str, Any]:
    """In a process of its own, which takes what the server and its callers leave of this machine: besiegers have their
    own; what came of it."""
    process = await asyncio.create_subprocess_exec(
        *("nice", "-n", "19", "setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", "tests.soak.siege", what),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(json.dumps(asdict(orders)).encode()),
                                        orders.seconds + SURPLUS)  # fmt: skip
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def described(orders: Orders) -> dict[str, Any]:
    """Role after role, again and again, each time with other requests."""
    ends = time.monotonic() + orders.seconds
    people = {role: Browser.at(orders.url, *who) for role, who in orders.people.items()}
    for browser in people.values():
        browser.log_in()
    document = next(iter(people.values())).ask("GET", "/api/openapi.json").json()
    requests, statuses, faults = Counter[str](), Counter[int](), dict[str, str]()
    served: set[str] = set()
    for number in itertools.count(orders.seed):
        for role, browser in people.items():
            told = ask_everything(document, orders.url, browser, 1, number, but=orders.but, ends=ends)
            requests[role] += told.requests
            statuses += told.statuses
            served |= told.served
            faults |= told.faults
            if time.monotonic() >= ends:
                routes = sum(map(len, document["paths"].values()))
                return {"requests": requests, "statuses": statuses, "served": len(served), "routes": routes,
                        "faults": list(faults.values())}  # fmt: skip
    raise AssertionError("time does not end")


def hostile(orders: Orders) -> dict[str, Any]:
    """Everything that clients can do wrong at once."""
    browser = Browser.at(orders.url, *orders.people["auditor"])
    browser.log_in()
    paths = [path for path in browser.ask("GET", "/api/openapi.json").json()["paths"] if "events" not in path]
    filled = [path.replace("{", "").replace("}", "") for path in paths]
    where = urlsplit(orders.url)
    assert where.hostname is not None and where.port is not None
    cookie = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    target = Target(where.hostname, where.port, [*filled, "/metrics", "/healthz", "/"], cookie, browser.csrf)
    return vars(asyncio.run(besiege(target, orders.seconds, orders.seed)))


def logins(orders: Orders) -> dict[str, Any]:
    """Half of the names have an account; the others are made up, each for one attempt."""
    where = urlsplit(orders.url)
    assert where.hostname is not None and where.port is not None
    names = [name for name, _ in orders.people.values()]
    found = asyncio.run(flood(where.hostname, where.port, names, orders.a_second, orders.seconds,
                              one_address=orders.one_address))  # fmt: skip
    return vars(found)  # asdict would count the pairs of a Counter


WAYS = {"described": described, "hostile": hostile, "logins": logins}


def main() -> None:
    """Read the orders, carry them out, tell."""
    orders = Orders(**json.loads(sys.stdin.read()))
    with contextlib.redirect_stdout(sys.stderr):
        found = WAYS[sys.argv[1]](orders)
    print(json.dumps(found))


if __name__ == "__main__":
    main()

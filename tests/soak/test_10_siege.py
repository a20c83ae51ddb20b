"""A siege of the API while fifty callers are in the line.

SIPp keeps fifty callers in the line and eight real phones serve them, as in the part before; beside it the server's
API is besieged by a process of its own, in four ways, each for a fifth of the time: everything that the API describes
and what it does not, with every role (schemathesis: no 500, no answer that is not described); hostile clients (cookies,
tokens, paths, ranges, header floods, bodies, broken HTTP, and two dozen that send a byte now and then); a thousand
wrong logins a second from one address; as many from a whole network. The calls must notice nothing: they are reconciled
to the last one. How long the server kept its own loop is measured in each part, without the time in which this machine,
which the besiegers share, had no processor for it.
"""

import asyncio
import functools
from collections.abc import Mapping
from typing import Any

from ivr.access.model import Role
from ivr.control.client import ask
from ivr.testing.instance import Instance
from tests.access.browser import Browser
from tests.soak.crowd import Crowd
from tests.soak.part import MINUTES, SEED, Part
from tests.soak.reconciled import reconcile
from tests.soak.siege import Orders, besieged
from tests.soak.staff import Staff
from tests.soak.test_7_hundred_callers import CHANGES as CHANGES
from tests.soak.test_7_hundred_callers import MOST_CALLS
from tests.soak.test_7_hundred_callers import STARTED as CROWDED
from tests.tools import run

NAME, ORDER, SHARE = "siege", 10, 1.0
STARTED = {**CROWDED, "monitors": "127.0.0.1"}
"""The besiegers' addresses are no neighbours."""
AGENTS = ("101", "102", "103", "201", "202", "301", "302", "401")
CALLERS, RATE = 50, 6.0
QUIET = 0.020
"""Seconds for which the loop may be kept at most."""
EVERY = 20.0
"""Seconds between two looks at the server's figures, which tell of the last minute."""
LEFT_OUT = ("POST /api/overrides", "PUT /api/overrides", "POST /api/agents", "POST /api/versions/rollback")
"""What is allowed to an administrator and changes what becomes of calls; elsewhere (tests/access) it is asked, too."""

NONE: dict[str, Any] = {}
WAYS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "nobody": ("", NONE),
    "described": ("described", NONE),
    "hostile": ("hostile", NONE),
    "1,000 wrong logins a second, one address": ("logins", {"one_address": True}),
    "1,000 wrong logins a second, a network": ("logins", NONE),
}


@functools.partial(run, seconds=MINUTES * 60 * 3 + 1800)
async def test_fifty_callers_and_a_siege(part: Part, line: Instance) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    people = await asyncio.to_thread(accounts, line)
    crowd = Crowd(line, SEED, CALLERS, RATE)
    async with Staff(line, AGENTS, SEED) as staff:
        try:
            await crowd.come(MOST_CALLS)
            for title, (way, more) in WAYS.items():
                await _phase(part, line, title, way, people, more)
            assert crowd.comes, "SIPp ended by itself"
            await staff.settle()
            await staff.everybody_ready()
            await crowd.end()
        finally:
            await crowd.leave_at_once()
        await line.until_idle(60)
        await reconcile(part, line, crowd, staff, exact=True)
    part.finish(loop.time() - began)


async def _phase(
    part: Part, line: Instance, title: str, way: str, people: Mapping[str, tuple[str, str]], more: Mapping[str, Any]
) -> None:
    seconds = max(part.seconds / len(WAYS), 75.0)
    orders = Orders(f"http://{line.environment.http}", seconds, SEED, people, LEFT_OUT, **more)
    looking = asyncio.ensure_future(_longest(line, seconds))
    found = await besieged(way, orders) if way else {}
    blocked, worked = await looking
    for what in ("requests", "sent"):
        if isinstance(told := found.get(what), Mapping):
            part.found(f"{title}: {what}", ", ".join(f"{kind} {count:,}" for kind, count in told.items()))
        elif told is not None:
            part.found(f"{title}: {what}", told)
    if statuses := found.get("statuses"):
        part.found(f"{title}: answers", ", ".join(f"{code} {n:,}" for code, n in sorted(statuses.items())))
    if "cut" in found:
        part.must(f"{title}: slow clients are let go", found["cut"] > 0, True)
        part.found(f"{title}: longest time until an answer or the end", f"{found['slowest']:.1f} s")
    if "served" in found:
        part.found(f"{title}: routes that did what was asked", f"{found['served']} of {found['routes']}")
    if way == "logins":
        part.at_most(f"{title}: missing of these", round(orders.a_second - found["sent"] / found["seconds"]), 50)
    if "faults" in found:
        part.none(f"{title}: answers that are wrong", found["faults"])
    part.found(f"{title}: longest block of the loop, with the time it had no processor", f"{blocked * 1000:.1f} ms")
    part.at_most(f"{title}: longest block of the loop", round(worked * 1000, 1), QUIET * 1000, " ms")


async def _longest(line: Instance, seconds: float) -> tuple[float, float]:
    """The longest blocks of a phase. What was before it is forgotten after a minute."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    await asyncio.sleep(60)
    found = [(0.0, 0.0)]
    while True:
        names = ("centralita_loop_longest_block_seconds", "centralita_loop_longest_work_seconds")
        blocked, worked = [await line.metric(name) for name in names]
        found.append((blocked, worked))
        if (left := ends - loop.time()) <= 0:
            return max(blocked for blocked, _ in found), max(worked for _, worked in found)
        await asyncio.sleep(min(EVERY, left))


def accounts(line: Instance) -> dict[str, tuple[str, str]]:
    """Somebody of each role, who has changed the first password: role -> name and password."""
    values: dict[Role, dict[str, Any]] = {
        Role.ADMIN: {},
        Role.SUPERVISOR: {"queues": ["cartera"], "mailboxes": ["cartera"]},
        Role.AGENT: {"extension": "301"},
        Role.AUDITOR: {},
        Role.MONITOR: {},
    }
    found = {}
    for role, more in values.items():
        name, first, second = f"una-{role.value}", f"la primera de {role.value}", f"y despues la de {role.value}"
        ask(line.environment, "POST", "/accounts", {"name": name, "role": role.value, "password": first, **more})
        browser = Browser.at(f"http://{line.environment.http}", name, first)
        browser.log_in()
        browser.change_password(second)
        browser.client.close()
        found[role.value] = (name, second)
    return found

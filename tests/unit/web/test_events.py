"""The stream of events: everything first, then what changes, within each one's reach."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from ivr.access.addresses import Offices, nowhere
from ivr.access.limits import Limits
from ivr.access.model import Principal, Reach, Role
from ivr.testing.api import ADMIN, MONITOR, OpenDoor, principal
from ivr.testing.clock import ManualClock, ManualTimer
from ivr.web.api import events as module
from ivr.web.api.application import application
from ivr.web.api.events import BEHIND, Events, Topic
from ivr.web.api.routing import Granted
from tests.tools import run

SUPERVISOR = principal(Role.SUPERVISOR, queues=["ventas"])


@dataclass(frozen=True)
class Row:
    name: str
    state: str
    number: str = "+573001234567"


class House:
    """Agents, and whoever listens."""

    def __init__(self, office: Offices = nowhere) -> None:
        self.rows = {name: Row(name, "ready") for name in ("ana", "luz")}
        self.clock = ManualClock()
        self.may_stay = True
        self.asked = 0
        self.within = {"ana"}
        agents = Topic(
            name="agents",
            rows=lambda: dict(self.rows),
            within=lambda limits, row: limits.agent(row.name),
            shown=lambda row, full: {"name": row.name, "state": row.state, "number": row.number if full else "***"},
            numbers=True,
        )
        queues = Topic(name="queues", rows=dict, within=lambda limits, row: True, shown=lambda row, full: {})
        self.events = Events([agents, queues], self._limits, lambda who: self.may_stay, self.clock, office)
        self.door = OpenDoor()
        self.app = application([self.events], self.door)

    def _limits(self, granted: Granted) -> Limits:
        self.asked += 1
        return Limits(everything=granted.reach is Reach.EVERYTHING, agents=frozenset(self.within))

    async def ask(self, who: Principal | None, query: str) -> httpx.Response:
        self.door.who = who
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get(f"/api/events{query}")

    def listen(self, who: Principal, topics: str = "agents") -> AsyncIterator[str]:
        granted = Granted(who, Reach.EVERYTHING if who.role is Role.ADMIN else Reach.OWN_QUEUES, None)  # type: ignore[arg-type]
        client = self.events._client(granted, self.events._wanted(who, topics))
        return self.events._stream(client, 3600)

    def change(self, name: str, state: str) -> None:
        self.rows[name] = replace(self.rows[name], state=state)
        self.clock.advance(1)


def rows_in(message: str) -> dict[str, Any]:
    event, data = message.strip().split("\n")
    assert event == "event: agents"
    told: dict[str, Any] = json.loads(data.removeprefix("data: "))
    return told


async def begun(stream: AsyncIterator[str]) -> dict[str, Any]:
    assert (await anext(stream)).startswith("retry:")
    return rows_in(await anext(stream))


@run
async def test_everything_first_and_numbers_only_for_who_sees_them() -> None:
    house = House()
    answer = await house.ask(ADMIN, "?seconds=0")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
    assert "+573001234567" in answer.text and "event: queues" in answer.text
    assert house.door.noted[-1].note.action == "events.listen"
    answer = await house.ask(MONITOR, "?seconds=0&topics=agents")
    assert "+573001234567" not in answer.text and "event: queues" not in answer.text
    assert len(house.door.noted) == 1
    assert house.events.clients == 0


@run
async def test_what_is_asked_wrongly() -> None:
    house = House()
    assert (await house.ask(None, "")).status_code == 401
    assert (await house.ask(ADMIN, "?topics=cats")).status_code == 400
    assert (await house.ask(ADMIN, "?seconds=-1")).status_code == 400
    scoped = principal(Role.ADMIN, scopes=["events:read", "queues:read"])
    assert (await house.ask(scoped, "?topics=agents&seconds=0")).status_code == 403
    assert "event: agents" not in (await house.ask(scoped, "?seconds=0")).text


@run
async def test_then_what_changes_within_reach() -> None:
    house = House()
    admin, supervisor = house.listen(ADMIN), house.listen(SUPERVISOR)
    assert [row["name"] for row in (await begun(admin))["rows"]] == ["ana", "luz"]
    assert [row["name"] for row in (await begun(supervisor))["rows"]] == ["ana"]
    waiting = asyncio.ensure_future(anext(admin)), asyncio.ensure_future(anext(supervisor))
    await asyncio.sleep(0)
    house.change("luz", "talking")
    await asyncio.sleep(0.01)
    told = rows_in(waiting[0].result())
    assert told["whole"] is False and [row["name"] for row in told["rows"]] == ["luz"]
    assert not waiting[1].done()
    del house.rows["ana"]
    house.clock.advance(1)
    assert rows_in(await waiting[1]) == {"whole": False, "rows": [], "gone": ["ana"]}
    await admin.aclose()  # type: ignore[attr-defined]
    await supervisor.aclose()  # type: ignore[attr-defined]
    house.clock.advance(2)
    assert house.clock.pending == 0  # nobody looks when nobody listens


@run
async def test_what_comes_within_reach_is_told_and_what_leaves_it_is_gone() -> None:
    house = House()
    stream = house.listen(SUPERVISOR)
    await begun(stream)
    house.within = {"luz"}
    house.clock.advance(1)
    told = rows_in(await anext(stream))
    assert [row["name"] for row in told["rows"]] == ["luz"] and told["gone"] == ["ana"]
    house.change("luz", "talking")
    house.change("ana", "talking")
    assert [row["state"] for row in rows_in(await anext(stream))["rows"]] == ["talking"]
    house.within = set()
    house.change("luz", "ready")
    assert rows_in(await anext(stream)) == {"whole": False, "rows": [], "gone": ["luz"]}
    house.events.close()


@run
async def test_a_look_lets_go_of_the_loop_between_the_clients_and_asks_each_limit_once() -> None:
    """Each limit takes 0.4 ms here: after three clients it is others' turn."""
    house = House()
    people = [replace(SUPERVISOR, account=f"s{number}") for number in range(10)]
    streams = [house.listen(who, "agents,queues") for who in people]
    for stream in streams:
        await begun(stream)
        await anext(stream)
    house.asked, in_a_slice, later, limits = 0, [0], house.clock.call_later, house.events._limits

    def slow(granted: Granted) -> Limits:
        house.clock.boot_us += 400
        in_a_slice[-1] += 1
        return limits(granted)

    def call_later(seconds: float, callback: Callable[[], None]) -> ManualTimer:
        if seconds == 0:
            in_a_slice.append(0)
        return later(seconds, callback)

    house.events._limits, house.clock.call_later = slow, call_later  # type: ignore[method-assign]
    house.change("ana", "talking")
    house.clock.advance(0.5)
    assert house.asked == 10 and in_a_slice == [3, 3, 3, 1]
    for stream in streams:
        assert [row["state"] for row in rows_in(await anext(stream))["rows"]] == ["talking"]
    house.events.close()
    assert house.clock.pending == 0


@run
async def test_who_comes_while_a_look_goes_on_is_told_each_thing_once() -> None:
    house = House()
    streams = [house.listen(replace(ADMIN, account=f"a{number}")) for number in range(4)]
    for stream in streams[:3]:
        await begun(stream)
    limits = house.events._limits

    def slow(granted: Granted) -> Limits:
        house.clock.boot_us += 2_000
        return limits(granted)

    house.events._limits = slow
    house.rows["ana"] = replace(house.rows["ana"], state="talking")
    house.clock.advance(1)  # the first one was told, the others were not
    assert [row["state"] for row in (await begun(streams[3]))["rows"]] == ["talking", "ready"]
    house.clock.advance(0.5)
    for stream in streams[:3]:
        assert [row["name"] for row in rows_in(await anext(stream))["rows"]] == ["ana"]
    house.change("luz", "talking")
    house.clock.advance(0.5)
    assert [row["name"] for row in rows_in(await anext(streams[3]))["rows"]] == ["luz"]
    house.events.close()


@run
async def test_who_does_not_keep_up_is_let_go() -> None:
    house = House()
    stream = house.listen(ADMIN)
    await begun(stream)
    for number in range(BEHIND + 1):
        house.change("ana", str(number))
    assert [message async for message in stream] == []
    assert house.events.clients == 0


@run
async def test_who_may_no_longer_stay_is_let_go() -> None:
    house = House()
    stream = house.listen(ADMIN)
    await begun(stream)
    house.may_stay = False
    house.change("ana", "talking")
    house.clock.advance(module.LOOK_EVERY_SECONDS)
    assert [message async for message in stream] == []


@run
async def test_only_so_many_listen_and_none_when_the_server_ends() -> None:
    house = House()
    streams = [house.listen(ADMIN) for _ in range(module.MOST_CLIENTS_OF_ONE)]
    for stream in streams:
        await begun(stream)
    assert (await house.ask(ADMIN, "?seconds=0")).status_code == 429
    assert (await house.ask(MONITOR, "?seconds=0")).status_code == 200
    house.events.close()
    for stream in streams:
        assert [message async for message in stream] == []
    assert (await house.ask(ADMIN, "")).status_code == 503


@run
async def test_who_stands_in_an_office_takes_nobodys_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CLIENTS", 1)
    monkeypatch.setattr(module, "MOST_CLIENTS_OF_OFFICES", 3)
    house = House(office=lambda address: address == "192.0.2.9")
    inside = [house.listen(replace(ADMIN, address="192.0.2.9")) for _ in range(3)]
    for stream in inside:
        await begun(stream)
    await begun(house.listen(ADMIN))
    for address in ("192.0.2.9", "192.0.2.8"):
        assert (await house.ask(replace(MONITOR, address=address), "?seconds=0")).status_code == 429
    await inside[0].aclose()  # type: ignore[attr-defined]
    assert (await house.ask(replace(MONITOR, address="192.0.2.9"), "?seconds=0")).status_code == 200
    house.events.close()


@run
async def test_only_so_many_listen_also_when_they_all_ask_at_once() -> None:
    house = House()
    streams = [house.listen(ADMIN) for _ in range(module.MOST_CLIENTS_OF_ONE + 3)]  # all were let in
    for stream in streams:
        await anext(stream)
    told = [await anext(stream, "") for stream in streams]
    assert house.events.clients == module.MOST_CLIENTS_OF_ONE and told.count("") == 3

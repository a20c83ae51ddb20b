"""What changes something: noted before it begins, carried out to its end, and noted then, whatever comes between."""

import asyncio
from typing import Annotated, Any

import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from ivr.access.model import Principal, Reach
from ivr.access.rights import reads, writes
from ivr.testing.api import ADMIN, Api, OpenDoor
from ivr.web.api import deeds
from ivr.web.api.answers import refusals
from ivr.web.api.deeds import Deeds
from ivr.web.api.door import Note, Result
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from tests.tools import run

EVERYTHING = {"admin": Reach.EVERYTHING}
Writes = Annotated[Granted, Allowed(writes("lamps", **EVERYTHING))]
Urgent = Annotated[Granted, Allowed(writes("lamps", urgent=True, **EVERYTHING))]
Reads = Annotated[Granted, Allowed(reads("lamps", **EVERYTHING))]


class Light(BaseModel):
    """How a lamp is."""

    on: bool


class Lamps:
    """Changes take until `go_on`."""

    def __init__(self) -> None:
        self.changed: list[str] = []
        self.seen: list[int] = []
        self.go_on = asyncio.Event()
        self.begun = asyncio.Event()
        self.api: Api | None = None

    def routes(self) -> APIRouter:
        router = api_router("lamps")
        router.put("/lamps/{lamp}", responses=refusals(400, 409))(self.change)
        router.put("/urgent/{lamp}")(self.urgent)
        router.get("/lamps/{lamp}")(self.show)
        return router

    async def change(self, lamp: str, light: Light, granted: Writes) -> Light:
        """One lamp."""
        assert self.api is not None
        self.seen.append(len(self.api.door.begun))
        self.begun.set()
        await self.go_on.wait()
        if lamp == "broken":
            raise Refusal("it is broken")
        self.changed.append(lamp)
        granted.changes(lamp, after=light.on)
        return light

    async def urgent(self, lamp: str, granted: Urgent) -> None:
        """One that somebody waits for."""
        self.changed.append(lamp)

    async def show(self, lamp: str, granted: Reads) -> None:
        """One lamp."""
        granted.shows("lamps.show")


class FullDisk(OpenDoor):
    """Nothing can be written down but what is owed."""

    async def note(self, principal: Principal | None, address: str, note: Note, result: Result, why: str) -> None:
        if not note.owed:
            raise OSError("no space left on device")
        await super().note(principal, address, note, result, why)


def lamps(door: OpenDoor | None = None) -> tuple[Lamps, Api]:
    part = Lamps()
    part.api = api = Api([part])
    if door is not None:
        api.door = api.app.state.door = door
    return part, api


@run
async def test_it_is_noted_before_and_after() -> None:
    part, api = lamps()
    part.go_on.set()
    await api.told(ADMIN, "PUT", "/lamps/hall", {"on": True})
    assert part.seen == [1]  # the entry was there first
    (begun,), (noted,) = api.door.begun, api.door.noted
    assert (begun.action, begun.object, begun.after) == ("lamps.change", "hall", None)
    assert (noted.note.object, noted.note.after, noted.result) == ("hall", True, Result.DONE)
    assert (await api.ask(ADMIN, "PUT", "/lamps/broken", {"on": True})).status_code == 409
    assert len(api.door.begun) == 2 and api.door.noted[-1].result is Result.REFUSED


@pytest.mark.parametrize("body", [{"on": "perhaps"}, None])
@run
async def test_what_is_not_understood_never_begins(body: Any) -> None:
    part, api = lamps()
    assert (await api.ask(ADMIN, "PUT", "/lamps/hall", body)).status_code == 400
    assert not api.door.begun and not part.seen


@run
async def test_who_goes_before_the_end_stops_nothing() -> None:
    part, api = lamps()
    asking = asyncio.create_task(api.ask(ADMIN, "PUT", "/lamps/hall", {"on": True}))
    await part.begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not part.changed
    part.go_on.set()
    await api.app.state.deeds.close()
    assert part.changed == ["hall"] and api.door.noted[0].result is Result.DONE


@run
async def test_a_server_that_closes_gives_up_what_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deeds, "LAST_SECONDS", 0.05)
    part, api = lamps()
    asking = asyncio.create_task(api.ask(ADMIN, "PUT", "/lamps/hall", {"on": True}))
    await part.begun.wait()
    await api.app.state.deeds.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not part.changed and api.door.begun and not api.door.noted
    await Deeds().close()  # of which nothing goes on


@run
async def test_while_the_audit_cannot_be_written_only_what_callers_wait_for_is_done() -> None:
    part, api = lamps(FullDisk())
    part.go_on.set()
    refused = await api.ask(ADMIN, "PUT", "/lamps/hall", {"on": True})
    assert refused.status_code == 503 and "nothing was changed" in refused.json()["error"]
    assert not part.changed and not api.door.noted
    assert (await api.ask(ADMIN, "GET", "/lamps/hall")).status_code == 503  # what is shown is noted, or not shown
    assert (await api.ask(ADMIN, "PUT", "/urgent/hall")).status_code == 200
    assert part.changed == ["hall"] and [noted.result for noted in api.door.noted] == [Result.DONE]

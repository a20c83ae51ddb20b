"""Agents over the API, on a real engine."""

from types import SimpleNamespace

from ivr.access.model import Role, Via
from ivr.agents.routes import AgentRoutes
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from ivr.web.api.door import Result
from tests.tools import run
from tests.unit.agents.staff import Staff, staff

OWN = principal(Role.SUPERVISOR, queues=["cartera"])
OTHER = principal(Role.SUPERVISOR, queues=["servicio"])
SELF = principal(Role.AGENT, extension="301")


def api_of(s: Staff) -> Api:
    s.site.queues = {
        "cartera": SimpleNamespace(agents_ever=("301", "302"), open=""),
        "servicio": SimpleNamespace(agents_ever=("302",), open=""),
    }
    s.site.mailboxes = {}
    return Api([AgentRoutes(s.agents, lambda: s.site)])


@run
async def test_everybody_sees_the_agents_within_reach() -> None:
    async with staff() as s:
        api = api_of(s)
        for who, seen in (
            (ADMIN, ["301", "302"]),
            (AUDITOR, ["301", "302"]),
            (MONITOR, ["301", "302"]),
            (OWN, ["301", "302"]),
            (OTHER, ["302"]),
            (SELF, ["301"]),
        ):
            assert [row["agent"] for row in (await api.told(who, "GET", "/agents"))["agents"]] == seen
            for agent in ("301", "302"):
                status = await api.status(who, "GET", f"/agents/{agent}")
                assert status == (200 if agent in seen else 403)
        assert await api.status(None, "GET", "/agents") == 401
        assert not api.door.noted, "who only looks is not noted"


@run
async def test_an_agent_is_told_by_who_may_and_it_is_noted() -> None:
    async with staff() as s:
        api = api_of(s)
        paused = await api.told(SELF, "POST", "/agents/301/pause", {"reason": "almuerzo"})
        assert (paused["state"], paused["reason"]) == ("paused", "Almuerzo")
        noted = api.door.noted[-1]
        assert (noted.note.action, noted.note.object, noted.result) == ("agents.pause", "301", Result.DONE)
        assert noted.note.before["state"] == "available" and noted.note.after["reason"] == "Almuerzo"
        assert (await api.told(OWN, "POST", "/agents/301/ready"))["state"] == "available"
        assert (await api.told(ADMIN, "POST", "/agents/301/logout"))["state"] == "logged out"
        assert (await api.told(OWN, "POST", "/agents/301/login", {}))["state"] == "available"
        for who, status in ((SELF, 403), (AUDITOR, 403), (MONITOR, 403), (None, 401)):
            assert await api.status(who, "POST", "/agents/302/logout") == status
        assert api.door.noted[-2].result is Result.REFUSED and s.state("302") == "available"


@run
async def test_what_cannot_be_is_refused() -> None:
    async with staff() as s:
        api = api_of(s)
        assert await api.status(ADMIN, "POST", "/agents/999/login") == 404
        assert await api.status(OWN, "POST", "/agents/999/login") == 403, "what there is elsewhere is not told"
        assert await api.status(ADMIN, "POST", "/agents/301/dance") == 404
        refused = await api.ask(ADMIN, "POST", "/agents/301/pause", {"reason": "Cuba"})
        assert refused.status_code == 409 and "1 (Almuerzo)" in refused.json()["error"]
        assert await api.status(ADMIN, "POST", "/agents/301/pause", {"reason": 7}) == 400
        assert await api.status(ADMIN, "POST", "/agents/301/pause", {"reason": "x" * 41}) == 400
        assert await api.status(principal(Role.ADMIN, scopes=["queues:write"]), "GET", "/agents") == 403


@run
async def test_the_journal_has_on_which_way_it_came() -> None:
    async with staff() as s:
        api = api_of(s)
        await api.told(principal(Role.ADMIN, via=Via.LOCAL), "POST", "/agents/301/logout")
        await api.told(ADMIN, "POST", "/agents/302/logout")
        await s.dispatcher.settled()
        told = [entry.event["by"] async for entry in s.journal.read() if "by" in entry.event]
        assert told == ["command", "api"]

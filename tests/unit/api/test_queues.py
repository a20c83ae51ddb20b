"""Queues over the API."""

from types import SimpleNamespace
from typing import Any

from acd.config import SECOND
from ivr.access.model import Role
from ivr.figures.tally import Tally
from ivr.queues.routes import QueueRoutes
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from tests.tools import run
from tests.unit.queues.test_queues import a_busy_engine

SITE: Any = SimpleNamespace(
    queues={
        "servicio": SimpleNamespace(label="Servicio", agents_ever=("101", "102", "103", "201"), open=""),
        "cartera": SimpleNamespace(label="Cartera", agents_ever=("103",), open=""),
    },
    mailboxes={},
)


@run
async def test_everybody_sees_the_queues_within_reach() -> None:
    tally = Tally()
    tally.joined["servicio", "flow"] = 7
    api = Api([QueueRoutes(a_busy_engine(), tally, lambda: SITE, lambda: SECOND)])
    for who, seen in (
        (ADMIN, ["servicio", "cartera"]),
        (AUDITOR, ["servicio", "cartera"]),
        (MONITOR, ["servicio", "cartera"]),
        (principal(Role.SUPERVISOR, queues=["cartera"]), ["cartera"]),
        (principal(Role.SUPERVISOR), []),
        (principal(Role.AGENT, extension="101"), ["servicio"]),
        (principal(Role.AGENT, extension="103"), ["servicio", "cartera"]),
    ):
        answer = await api.told(who, "GET", "/queues")
        assert [row["queue"] for row in answer["queues"]] == seen and answer["overtaking_bound_seconds"] == 120 * 11
        for queue in ("servicio", "cartera"):
            assert await api.status(who, "GET", f"/queues/{queue}") == (200 if queue in seen else 403)
    one = await api.told(ADMIN, "GET", "/queues/servicio")
    assert (one["waiting"], one["joined"], one["label"]) == (3, 7, "Servicio")
    assert await api.status(ADMIN, "GET", "/queues/nothing") == 404
    assert await api.status(principal(Role.SUPERVISOR, queues=["cartera"]), "GET", "/queues/nothing") == 403
    assert not api.door.noted

"""The API describes itself, completely and without anything from elsewhere."""

import contextlib
import re
from types import SimpleNamespace
from typing import Annotated

import pytest
from fastapi import APIRouter
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from ivr.access.model import Reach
from ivr.access.rights import Rights, reads, writes
from ivr.testing.api import ADMIN, MONITOR, Api
from ivr.web.api.health import HealthRoutes, Vitals
from ivr.web.api.openapi import BEFORE, Description
from ivr.web.api.routing import Allowed, Granted, Public, RouteOutsideTable, api_router
from ivr.web.health import Readiness
from tests.tools import run


class Wish(BaseModel):
    """What <b>somebody</b> wants."""

    text: str
    often: list[int] | None = None


class Wishes:
    def routes(self) -> APIRouter:
        router = api_router("wishes")
        router.put("/wishes/{name}")(self.change)
        router.post("/wishes")(self.anybody)
        return router

    async def change(
        self, name: str, wish: Wish, granted: Annotated[Granted, Allowed(writes("wishes", supervisor=Reach.OWN_QUEUES))]
    ) -> Wish:
        """Change `one` <script>."""
        return wish

    async def anybody(self, note: Annotated[object, Public()]) -> None:
        return None


@pytest.mark.parametrize(
    ("rights", "method", "fit"),
    [
        (reads("wishes"), "GET", True),
        (reads("wishes"), "POST", False),
        (reads("wishes", by_body=True), "POST", True),
        (reads("wishes", by_body=True), "GET", False),
        (reads("wishes", by_body=True), "DELETE", False),
        (writes("wishes"), "POST", True),
        (writes("wishes"), "GET", False),
    ],
)
def test_a_route_whose_method_says_something_else_than_its_rights_is_not_served(
    rights: Rights, method: str, fit: bool
) -> None:
    async def look(granted: Annotated[Granted, Allowed(rights)]) -> None:
        return None

    router = api_router("wishes")
    router.add_api_route("/wishes", look, methods=[method])
    part = SimpleNamespace(routes=lambda: router)
    with contextlib.nullcontext() if fit else pytest.raises(RouteOutsideTable):
        assert Api([part])


@run
async def test_every_route_tells_who_may_and_what_it_may_answer() -> None:
    document = await Api([Wishes(), Description()]).told(MONITOR, "GET", "/openapi.json")
    change = document["paths"]["/api/wishes/{name}"]["put"]
    assert change["x-allowed"] == {"supervisor": "own queues"} and change["x-scope"] == "wishes:write"
    assert change["security"] == [{"session": []}, {"token": []}]
    assert set(map(str, BEFORE)) <= set(change["responses"]) and "422" not in change["responses"]
    anybody = document["paths"]["/api/wishes"]["post"]
    assert anybody["security"] == [] and anybody["x-allowed"] == {}
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert sorted(ids) == ["docs.document", "docs.page", "wishes.anybody", "wishes.change"]


@run
async def test_the_page_has_nothing_from_elsewhere() -> None:
    api = Api([Wishes(), Description()])
    answer = await api.ask(ADMIN, "GET", "/docs")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "style-src 'sha256-" in policy and "script" not in policy
    assert not re.search(r"https?://|<script|<img|<link|javascript:", answer.text)
    assert "&lt;script&gt;" in answer.text and "<code>one</code>" in answer.text
    assert await api.status(None, "GET", "/docs") == 401


@run
async def test_health_tells_what_is_not_well() -> None:
    ready = Readiness({"ami": lambda: "not connected", "agi": lambda: None})
    api = Api([HealthRoutes(ready, whole, "1.2")])
    told = await api.told(MONITOR, "GET", "/health")
    assert told["parts"] == {"ami": "not connected", "agi": "ok"} and told["ready"] is False
    assert told["version"] == "1.2" and told["node"] == "n1"
    assert await api.status(None, "GET", "/health") == 401


def whole() -> Vitals:
    return Vitals.model_validate(
        {
            "node": "n1",
            "site": "abc",
            "since": "2026-11-23T15:00:00Z",
            "calls": 3,
            "asterisk_linked": True,
            "journal_position": 7,
            "journal_degraded": False,
            "records_behind": 0,
        }
    )

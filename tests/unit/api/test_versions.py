"""Versions and trials over the API, on the repository's site."""

from pathlib import Path
from typing import Any

from ivr.access.model import Role, Via
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from ivr.versions.canary import Score
from ivr.versions.canary_routes import CanaryRoutes
from ivr.versions.changes import Changes
from ivr.versions.routes import VersionRoutes
from ivr.versions.trials import Trials
from ivr.web.api.door import Result
from tests.tools import run
from tests.unit.versions.site_files import Office

LOCAL = principal(Role.ADMIN, via=Via.LOCAL)
OTHERS = (MONITOR, principal(Role.SUPERVISOR, queues=["cartera"]), principal(Role.AGENT, extension="101"))


class Desk:
    def __init__(self, office: Office, changes: Changes) -> None:
        self.office, self.changes = office, changes
        self.scores: dict[str, Score] = {}
        trials = Trials(changes, lambda since, versions: self.scores)
        versions = VersionRoutes(changes, lambda: {changes.editions.active().version: 3})
        self.api = Api([versions, CanaryRoutes(changes, trials, lambda n: f"key of {n}" if n.strip() else "")])


async def served(folder: Path) -> Desk:
    office = Office(folder)
    return Desk(office, await office.serve())


@run
async def test_a_whole_change_and_back_is_noted(tmp_path: Path) -> None:
    desk = await served(tmp_path)
    api, first = desk.api, desk.changes.editions.active().version
    shown = await api.told(AUDITOR, "GET", "/versions")
    assert (shown["active"], shown["tried"], shown["held"], shown["problems"]) == (first, None, False, [])
    assert shown["kept"][0]["version"] == first and shown["kept"][0]["calls"] == 3 and shown["calls"] == {first: 3}
    assert shown["kept"][0]["activations"][-1]["how"] == "start"
    assert (await api.told(ADMIN, "GET", "/versions", limit=0))["kept"] == []
    desk.office.say("Buenas.")
    checked = await api.told(AUDITOR, "GET", "/versions/check")
    assert checked["version"] not in ("", first) and desk.changes.editions.active().version == first
    for who in (*OTHERS, AUDITOR):
        assert await api.status(who, "POST", "/versions/reload") == 403
        assert await api.status(who, "POST", "/versions/rollback") == 403
    told = await api.told(ADMIN, "POST", "/versions/reload", {"why": "más corto"})
    assert (told["before"], told["version"]) == (first, checked["version"])
    noted = api.door.noted[-1].note
    assert (noted.action, noted.before, noted.after) == ("versions.reload", first, told["version"])
    assert noted.detail == {"why": "más corto"}
    assert (desk.office.facts[-1].who, desk.office.facts[-1].why) == ("admin", "más corto")
    assert (await api.told(ADMIN, "POST", "/versions/rollback", {"version": first[:6]}))["version"] == first
    for who in OTHERS:
        assert await api.status(who, "GET", "/versions") == 403
        assert await api.status(who, "GET", "/versions/check") == 403


@run
async def test_faulty_files_are_told_and_change_nothing(tmp_path: Path) -> None:
    desk = await served(tmp_path)
    desk.office.break_flow()
    checked = await desk.api.told(ADMIN, "GET", "/versions/check")
    assert checked["version"] == "" and "nirgends" in checked["problems"][0]
    assert not desk.changes.problems, "a check is no attempt"
    refused = await desk.api.ask(ADMIN, "POST", "/versions/reload")
    assert refused.status_code == 409 and refused.json()["error"].startswith("1 error: nothing was changed")
    assert refused.json()["problems"] == checked["problems"]
    assert desk.api.door.noted[-1].result is Result.REFUSED
    assert await desk.api.status(ADMIN, "POST", "/versions/rollback", {"version": "../.."}) == 409
    assert await desk.api.status(ADMIN, "POST", "/versions/reload", {"why": "x" * 301}) == 400
    assert not list((tmp_path / "var" / "versions").glob(".new-*"))


@run
async def test_a_trial_from_its_preparation_to_its_end(tmp_path: Path) -> None:
    desk = await served(tmp_path)
    api, first = desk.api, desk.changes.editions.active().version
    nothing = await api.told(AUDITOR, "GET", "/canary")
    assert nothing["canary"] is None and not nothing["held"]
    assert (await api.told(ADMIN, "POST", "/canary/prepare"))["held"]
    desk.office.say("Buenas.")
    asked = {"percent": 10, "callers": ["300 000 0001", " "], "bounds": ["no key=5 %"], "least": 3, "why": "corto"}
    for who in (*OTHERS, AUDITOR):
        assert await api.status(who, "POST", "/canary/start", asked) == 403
    canary = (await api.told(ADMIN, "POST", "/canary/start", asked))["canary"]
    assert (canary["percent"], canary["callers"], canary["bounds"]) == (10, 1, ["no key at most 5 %"])
    assert "0001" not in str(api.door.noted[-1].note), "numbers never stand in the audit"
    assert desk.changes.editions.for_new_call("key of 300 000 0001", "").version == canary["version"]
    desk.scores[canary["version"]] = Score(begun=2, ended=1)
    shown = await api.told(ADMIN, "GET", "/canary")
    assert shown["beside"] == first and shown["scores"][canary["version"]]["begun"] == 2
    assert "key of" not in str(shown), "callers are not named"
    assert (await api.told(ADMIN, "POST", "/canary/promote"))["version"] == canary["version"]
    assert await api.status(ADMIN, "POST", "/canary/stop", {}) == 409


WRONG_WISHES: list[tuple[dict[str, Any], int, str]] = [
    ({}, 409, "say which callers meet it"),
    ({"percent": 101}, 400, "percent"),
    ({"percent": True}, 400, "percent"),
    ({"percent": 1, "least": 0}, 400, "least"),
    ({"percent": 1, "bounds": ["lost=1"]}, 400, "--bound 'lost': write one of"),
    ({"percent": 1, "callers": "300"}, 400, "callers"),
    ({"percent": 1, "callers": [300]}, 400, "callers"),
    ({"percent": 1, "config": "relative"}, 409, "there is no folder"),
    ({"percent": 1, "config": "/" + "x" * 4000}, 409, "there is no folder"),
    ({"percent": 1, "flows": "/nonexistent"}, 409, "there is no folder"),
    ({"percent": 1, "version": "../.."}, 409, "is not the beginning of a version"),
    ({"percent": 1}, 409, "this is the version in force"),
]


@run
async def test_a_wrong_wish_is_refused_with_a_remedy(tmp_path: Path) -> None:
    desk = await served(tmp_path)
    for asked, status, remedy in WRONG_WISHES:
        answer = await desk.api.ask(LOCAL, "POST", "/canary/start", asked)
        assert answer.status_code == status and remedy in answer.json()["error"], (asked, answer.text)
        assert desk.changes.editions.canary is None, asked


@run
async def test_other_folders_are_named_only_at_the_server_itself(tmp_path: Path) -> None:
    desk = await served(tmp_path)
    asked = {"percent": 1, "config": str(desk.office.folders.config)}
    assert await desk.api.status(ADMIN, "POST", "/canary/start", asked) == 403
    assert await desk.api.status(LOCAL, "POST", "/canary/start", asked) == 409

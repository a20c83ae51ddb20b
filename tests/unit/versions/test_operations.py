"""What the commands ask, over the socket."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from ivr.control.client import ControlError, ask, socket_file
from ivr.control.server import ControlServer
from ivr.settings.environment import Environment
from ivr.versions.canary import Score
from ivr.versions.changes import Changes
from ivr.versions.figures import VersionFigures
from ivr.versions.operations import VersionOperations
from ivr.versions.trials import Trials
from tests.tools import run
from tests.unit.versions.site_files import Office


class Desk:
    """A served office."""

    def __init__(self, office: Office, changes: Changes) -> None:
        self.office, self.changes = office, changes
        self.scores: dict[str, Score] = {}
        trials = Trials(changes, lambda since, versions: self.scores)
        operations = VersionOperations(changes, trials, lambda n: f"key of {n}" if n.strip() else "", self.in_use)
        self.environment = replace(Environment.from_environ({}), var=office.paths.var)
        self.server = ControlServer([operations], socket_file(office.paths.var))
        self.server.start()

    def in_use(self) -> dict[str, int]:
        return {self.changes.editions.active().version: 3}

    async def ask(self, method: str, path: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
        return await asyncio.to_thread(ask, self.environment, method, path, values)


async def served(folder: Path) -> Desk:
    office = Office(folder)
    return Desk(office, await office.serve())


@run
async def test_a_whole_change_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ana")
    desk = await served(tmp_path)
    first = desk.changes.editions.active().version
    assert await desk.ask("GET", "/versions") == {
        "active": first,
        "tried": None,
        "held": False,
        "problems": [],
        "calls": {first: 3},
    }
    desk.office.say("Buenas.")
    told = await desk.ask("POST", "/versions/reload", {"why": "más corto"})
    assert told["changed"] and told["before"] == first and told["remarks"] == ["a remark"]
    assert (desk.office.facts[-1].who, desk.office.facts[-1].why) == ("ana", "más corto")
    assert (await desk.ask("POST", "/versions/rollback", {"version": first[:6]}))["version"] == first
    desk.office.break_flow()
    with pytest.raises(ControlError, match="1 error: nothing was changed") as refused:
        await desk.ask("POST", "/versions/reload", {})
    assert "nirgends" in refused.value.details["problems"][0]
    assert (await desk.ask("GET", "/versions"))["problems"] == refused.value.details["problems"]
    await desk.server.close()


@run
async def test_a_trial_from_its_preparation_to_its_end(tmp_path: Path) -> None:
    desk = await served(tmp_path)
    first = desk.changes.editions.active().version
    assert await desk.ask("GET", "/canary") == {"canary": None, "held": False}
    await desk.ask("POST", "/canary/prepare", {})
    desk.office.say("Buenas.")
    asked = {"percent": 10, "callers": ["300 000 0001", " "], "bounds": ["no key=5 %"], "least": 3, "why": "corto"}
    canary = (await desk.ask("POST", "/canary/start", asked))["canary"]
    assert (canary["percent"], canary["callers"], canary["bounds"], canary["least"]) == (
        10,
        1,
        ["no key at most 5 %"],
        3,
    )
    assert desk.changes.editions.for_new_call("key of 300 000 0001", "").version == canary["version"]
    desk.scores[canary["version"]] = Score(begun=2, ended=1)
    shown = await desk.ask("GET", "/canary")
    assert shown["beside"] == first and shown["scores"][canary["version"]]["begun"] == 2
    assert "key of" not in str(shown), "callers are not named"
    assert (await desk.ask("POST", "/canary/promote", {}))["version"] == canary["version"]
    with pytest.raises(ControlError, match="no version is tried"):
        await desk.ask("POST", "/canary/stop", {})
    await desk.server.close()


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ({}, "say which callers meet it"),
        ({"percent": 101}, "a whole number from 0 to 100"),
        ({"percent": True}, "a whole number"),
        ({"percent": 1, "least": 0}, "least: a whole number from 1"),
        ({"percent": 1, "bounds": ["lost=1"]}, "--bound 'lost': write one of"),
        ({"percent": 1, "callers": "300"}, "a list of at most"),
        ({"percent": 1, "callers": [300]}, "a list of at most"),
        ({"percent": 1, "config": "relative"}, "there is no folder"),
        ({"percent": 1, "flows": "/nonexistent"}, "there is no folder"),
        ({"percent": 1, "version": "../.."}, "is not the beginning of a version"),
        ({"percent": 1}, "this is the version in force"),
    ],
)
@run
async def test_a_wrong_wish_is_refused_with_a_remedy(tmp_path: Path, asked: dict[str, Any], remedy: str) -> None:
    desk = await served(tmp_path)
    with pytest.raises(ControlError, match=remedy):
        await desk.ask("POST", "/canary/start", asked)
    assert desk.changes.editions.canary is None
    await desk.server.close()


@run
async def test_prometheus_sees_what_is_in_force_and_how_a_trial_goes(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    first = changes.editions.active()
    trials = Trials(changes, lambda since, versions: {})
    office.say("Buenas.")
    canary = await trials.start(
        percent=7, callers=frozenset(), bounds=(), least=1, who="ana", why="", digits="", folders=None
    )
    registry = CollectorRegistry()
    scores = {canary.version: Score(begun=5, ended=4), first.version: Score(begun=9)}
    scores[canary.version].counts["no key"] = 2
    registry.register(VersionFigures(changes, lambda: {first.version: 4, "f" * 64: 2}, lambda: scores))
    lines = generate_latest(registry).decode().splitlines()
    for line in (
        f'centralita_version_info{{role="active",version="{first.edition}"}} 1.0',
        f'centralita_version_info{{role="canary",version="{canary.version[:12]}"}} 1.0',
        "centralita_version_older_calls 2.0",
        "centralita_version_files_faulty 0.0",
        "centralita_version_refused_total 0.0",
        "centralita_canary_percent 7.0",
        'centralita_canary_calls{role="canary",what="no_key"} 2.0',
        'centralita_canary_calls{role="active",what="begun"} 9.0',
    ):
        assert line in lines, line

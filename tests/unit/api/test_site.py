"""Flows, pictures and configuration over the API, on the repository's site."""

import shutil
from pathlib import Path

import pytest

from ivr.access.model import Role
from ivr.picture import graphviz
from ivr.settings.environment import Environment
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from ivr.versions.changes import Changes
from ivr.versions.site_routes import SiteRoutes, shown_settings, without_secrets
from tests.tools import run
from tests.unit.versions.site_files import Office

OTHERS = (MONITOR, principal(Role.SUPERVISOR, queues=["cartera"]), principal(Role.AGENT, extension="101"))


async def served(folder: Path) -> tuple[Api, Changes, Office]:
    office = Office(folder)
    changes = await office.serve()
    return Api([SiteRoutes(changes, {"node": "n1"})]), changes, office


@run
async def test_flows_are_told_with_their_steps_as_they_came_into_force(tmp_path: Path) -> None:
    api, changes, office = await served(tmp_path)
    shown = await api.told(AUDITOR, "GET", "/flows")
    assert shown["version"] == changes.editions.active().version
    main = next(flow for flow in shown["flows"] if flow["flow"] == "linea_principal")
    assert main["numbers"] and main["start"] == "bienvenida" and main["file"] == "linea_principal.yaml"
    source = (office.folders.flows / "linea_principal.yaml").read_text(encoding="utf-8")
    office.break_flow()
    whole = await api.told(ADMIN, "GET", "/flows/linea_principal")
    assert whole["source"] == source and len(whole["every_step"]) == main["steps"]
    first = next(step for step in whole["every_step"] if step["step"] == "bienvenida")
    assert first["verb"] == "play" and first["exits"][0]["to"] == "aviso"
    assert await api.status(ADMIN, "GET", "/flows/nothing") == 404
    for who in OTHERS:
        for path in ("/flows", "/flows/linea_principal", "/flows/linea_principal/graph", "/graph", "/configuration"):
            assert await api.status(who, "GET", path) == 403


@run
async def test_pictures_are_drawn_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api, _, _ = await served(tmp_path)
    text = await api.ask(ADMIN, "GET", "/flows/linea_principal/graph", form="dot")
    assert text.text.startswith("digraph") and "bienvenida" in text.text
    assert len((await api.ask(ADMIN, "GET", "/graph", form="dot")).text) > len(text.text)
    assert await api.status(ADMIN, "GET", "/flows/nothing/graph") == 404
    assert await api.status(ADMIN, "GET", "/graph", form="png") == 400
    if shutil.which("dot") is not None:
        picture = await api.ask(AUDITOR, "GET", "/flows/linea_principal/graph")
        assert picture.headers["content-type"].startswith("image/svg+xml") and "<svg" in picture.text
    monkeypatch.setattr(graphviz.subprocess, "run", _not_installed)
    assert await api.status(ADMIN, "GET", "/flows/cartera_directa/graph") == 503
    assert (await api.ask(ADMIN, "GET", "/flows/linea_principal/graph", form="dot")).text == text.text


def _not_installed(*arguments: object, **more: object) -> None:
    raise FileNotFoundError


@run
async def test_the_configuration_is_told_as_it_came_into_force(tmp_path: Path) -> None:
    api, _, office = await served(tmp_path)
    queues = (office.folders.config / "queues.yaml").read_text(encoding="utf-8")
    (office.folders.config / "queues.yaml").write_text("broken")
    shown = await api.told(AUDITOR, "GET", "/configuration")
    files = {file["name"]: file["text"] for file in shown["files"]}
    assert files["queues.yaml"] == queues and "site.yaml" in files and shown["settings"] == {"node": "n1"}


def test_what_looks_like_a_secret_in_an_address_is_not_shown() -> None:
    for written, shown in (
        ("url: https://crm.example/x?api_key=abc123&id={id}", "url: https://crm.example/x?api_key=***&id={id}"),
        ("url: https://u:geheim@crm.example/x", "url: https://u:***@crm.example/x"),
        ("records: postgresql://u:ge@heim@db/ivr", "records: postgresql://u:***@db/ivr"),
        ("see http://h:8080/who@where and a@b", "see http://h:8080/who@where and a@b"),
        ("get: https://c.example/?token={secret crm}", "get: https://c.example/?token={secret crm}"),
        ("password: secret sales", "password: secret sales"),
    ):
        assert without_secrets(written) == shown


def test_the_servers_settings_are_shown_without_passwords() -> None:
    environ = {"CENTRALITA_RECORDS": "postgresql://ivr:geheim@db/ivr", "CENTRALITA_TOKEN": "cnt_secret"}
    shown = shown_settings(Environment.from_environ(environ))
    assert shown["records"] == "postgresql+psycopg://ivr:***@db/ivr" and shown["profile"] == "development"
    assert "geheim" not in str(shown) and "cnt_secret" not in str(shown)

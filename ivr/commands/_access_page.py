"""The reference page of roles and routes, made from the routes themselves: no server has to run for it."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute

from ivr.access.model import Role
from ivr.accounts.account_routes import AccountRoutes
from ivr.accounts.oidc_routes import SingleSignOnRoutes
from ivr.accounts.session_routes import SessionRoutes
from ivr.accounts.token_routes import TokenRoutes
from ivr.agents.routes import AgentRoutes
from ivr.audit.routes import AuditRoutes
from ivr.calls.routes import CallRoutes
from ivr.erasure.routes import CallerRoutes
from ivr.language.reference import GENERATED
from ivr.lists.routes import ListRoutes
from ivr.overrides.routes import OverrideRoutes
from ivr.queues.routes import QueueRoutes
from ivr.recordings.capacity_routes import CapacityRoutes
from ivr.recordings.hold_routes import HoldRoutes
from ivr.recordings.remark_routes import RemarkRoutes
from ivr.recordings.retention_routes import RetentionRoutes
from ivr.recordings.routes import RecordingRoutes
from ivr.versions.canary_routes import CanaryRoutes
from ivr.versions.routes import VersionRoutes
from ivr.versions.site_routes import SiteRoutes
from ivr.voicemail.routes import VoicemailRoutes
from ivr.web.api.application import Part, application
from ivr.web.api.door import Door
from ivr.web.api.events import Events
from ivr.web.api.health import HealthRoutes
from ivr.web.api.openapi import Description, who_may
from ivr.web.api.routing import Cell, table

PARTS: tuple[type[Any], ...] = (
    SessionRoutes,
    SingleSignOnRoutes,
    AccountRoutes,
    TokenRoutes,
    CallRoutes,
    CapacityRoutes,
    HoldRoutes,
    RetentionRoutes,
    RecordingRoutes,
    RemarkRoutes,
    QueueRoutes,
    AgentRoutes,
    VoicemailRoutes,
    OverrideRoutes,
    ListRoutes,
    SiteRoutes,
    VersionRoutes,
    CanaryRoutes,
    AuditRoutes,
    CallerRoutes,
    Events,
    HealthRoutes,
    Description,
)
"""Whose routes the server has; a test holds this beside the running one."""

INTRODUCTION = """
Every route of the API, and how far each role reaches there: `all`; `own queues`: the queues and mailboxes that the
account names, with their agents, calls and messages; `self`: the account's own extension, calls, password. An empty
cell is a refusal (403). Without a session or token the answer is 401, except where it says `anybody`. A token needs the
scope too: `AREA:write` holds `AREA:read`, and `*` holds all. A test asks the running server for every cell.
"""


def pages() -> Mapping[str, str]:
    """File name -> text."""
    return {"access.md": _page(blank())}


def blank() -> FastAPI:
    """The API with all of its routes and nothing behind them."""
    parts: Iterable[Part] = [object.__new__(part) for part in PARTS]
    return application(parts, cast(Door, None))


def _page(app: FastAPI) -> str:
    told = {(method, route.path): _first_line(route) for route in _routes(app) for method in route.methods or ()}
    areas = {(method, route.path): str(route.tags[0]) for route in _routes(app) for method in route.methods or ()}
    text = [f"# Roles and routes\n\n{GENERATED}\n{INTRODUCTION}"]
    area = ""
    for cell in table(app):
        key = (cell.method, cell.path)
        if areas[key] != area:
            area = areas[key]
            roles = " | ".join(role.value for role in Role)
            text.append(f"\n## {area}\n\n| route | what it does | scope | {roles} |\n| --- | --- | --- |"
                        + " --- |" * len(Role) + "\n")  # fmt: skip
        text.append(_row(cell, told[key]))
    return "".join(text)


def _row(cell: Cell, told: str) -> str:
    if cell.rights is None:
        scope, reaches = "", ["anybody"] * len(Role)
    else:
        may = who_may(cell)
        scope = f"`{cell.rights.scope}`"
        reaches = [may.get(role.value, "").replace("everything", "all") for role in Role]
    return f"| {cell.method} `{cell.path}` | {told} | {scope} | {' | '.join(reaches)} |\n"


def _routes(app: FastAPI) -> list[APIRoute]:
    return [route for route in app.routes if isinstance(route, APIRoute)]


def _first_line(route: APIRoute) -> str:
    """What the route's own words say in their first sentence."""
    line = " ".join((route.description or route.name).split("\n\n")[0].split())
    return line.split(". ")[0].rstrip(".").replace("|", "\\|")

"""The site over the API, as the version in force has it: flows, their pictures, and the files of the configuration."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from ivr.access.model import Reach
from ivr.access.rights import reads
from ivr.aside import aside
from ivr.picture.drawing import Picture
from ivr.picture.graphviz import NotDrawn, drawn
from ivr.picture.steps import shown
from ivr.settings.environment import Environment
from ivr.site import Flow, Site
from ivr.versions.changes import Changes
from ivr.web.api.answers import Name, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from ivr.web.api.turns import Turns

DRAW_SECONDS = 20
KEPT_PICTURES = 50

FLOWS = Allowed(reads("flows", admin=Reach.EVERYTHING, auditor=Reach.EVERYTHING))
CONFIGURATION = Allowed(reads("configuration", admin=Reach.EVERYTHING, auditor=Reach.EVERYTHING))

LooksAtFlows = Annotated[Granted, FLOWS]
LooksAtFiles = Annotated[Granted, CONFIGURATION]
Form = Annotated[Literal["svg", "dot"], Query(description="a picture, or the text that Graphviz draws it from")]

PICTURE: dict[int | str, dict[str, object]] = {
    200: {
        "description": "The picture.",
        "content": {
            "image/svg+xml": {"schema": {"type": "string"}},
            "text/vnd.graphviz": {"schema": {"type": "string"}},
        },
    }
}

_SECRET_QUERY = re.compile(r"([?&][\w.-]*(?:key|token|secret|password|signature)[\w.-]*=)[^&\s\"'{}]+", re.IGNORECASE)
_PASSWORD = re.compile(r"(://[^/@\s:]*:)[^/\s?#]+@")
"""Up to the last @ of the address: in a password written as it is there may be others."""


class FlowAnswer(BaseModel):
    """A flow of the version in force."""

    flow: str
    file: str
    language: str
    numbers: list[str]
    start: str
    steps: int


class FlowsAnswer(BaseModel):
    """By name."""

    version: str
    flows: list[FlowAnswer]


class ExitAnswer(BaseModel):
    """Where a step leads: when, and to which step, or word that is no step."""

    on: list[str]
    to: str


class StepAnswer(BaseModel):
    """A step: its verb, what it does, and where it leads."""

    step: str
    verb: str
    does: str
    exits: list[ExitAnswer]


class WholeFlowAnswer(FlowAnswer):
    """`source`: the file, as it came into force."""

    every_step: list[StepAnswer]
    source: str


class FileAnswer(BaseModel):
    """A file of the configuration; what looks like a password in an address is replaced by ***."""

    name: str
    text: str


class ConfigurationAnswer(BaseModel):
    """The site's files as they came into force (lists of callers stand under /lists), and the server's settings."""

    version: str
    label: str
    files: list[FileAnswer]
    settings: dict[str, str]


_SHOWN = (
    "node",
    "profile",
    "config",
    "flows",
    "var",
    "sip",
    "rtp",
    "ami",
    "fastagi",
    "http",
    "journal",
    "records",
    "watch",
)


def shown_settings(environment: Environment) -> dict[str, str]:
    """The server's own settings that everybody who reads the configuration may see."""
    values = {name: getattr(environment, name) for name in _SHOWN}
    return {name: without_secrets(str(getattr(value, "value", value))) for name, value in values.items()}


class SiteRoutes:
    """Shows what is in force. `settings`: the server's own, without secrets."""

    def __init__(self, changes: Changes, settings: Mapping[str, str]) -> None:
        self._changes, self._settings = changes, settings
        self._pictures: dict[tuple[str, str, str], bytes] = {}
        self._drawing = Turns(1, "pictures")

    def routes(self) -> APIRouter:
        """Flows, one, its picture, all in one picture; the configuration."""
        router = api_router("flows")
        router.get("/flows", responses=refusals())(self.flows)
        router.get("/flows/{flow}", responses=refusals(404))(self.flow)
        router.get("/flows/{flow}/graph", responses=refusals(404) | PICTURE, response_class=Response)(self.graph)
        router.get("/graph", responses=refusals() | PICTURE, response_class=Response)(self.whole_graph)
        router.get("/configuration", responses=refusals())(self.configuration)
        return router

    async def flows(self, granted: LooksAtFlows) -> FlowsAnswer:
        """The flows of the version in force."""
        site = self._site()
        return FlowsAnswer(version=site.version, flows=[FlowAnswer(**_plain(flow)) for flow in site.flows.values()])

    async def flow(self, flow: Name, granted: LooksAtFlows) -> WholeFlowAnswer:
        """One flow: every step, and its file."""
        site, found = self._site(), self._flow(flow)
        source = await aside(self._source, site, Path(found.file).name)
        steps = [_step(site, found, name) for name in found.steps]
        return WholeFlowAnswer(**_plain(found), every_step=steps, source=source)

    async def graph(self, flow: Name, granted: LooksAtFlows, form: Form = "svg") -> Response:
        """A flow as a picture."""
        found = self._flow(flow)
        return await self._drawn(flow, [found], form)

    async def whole_graph(self, granted: LooksAtFlows, form: Form = "svg") -> Response:
        """All flows in one picture."""
        return await self._drawn("", [*self._site().flows.values()], form)

    async def configuration(self, granted: LooksAtFiles) -> ConfigurationAnswer:
        """The files of the configuration in force, and the server's settings; no secrets."""
        site = self._site()
        files = await aside(self._files, site)
        return ConfigurationAnswer(version=site.version, label=site.label, files=files, settings=dict(self._settings))

    # ------------------------------------------------------------------ within
    def _site(self) -> Site:
        return self._changes.editions.active()

    def _flow(self, name: str) -> Flow:
        found = self._site().flows.get(name)
        if found is None:
            raise Refusal(f"there is no flow of this name; there are: {', '.join(self._site().flows)}", status=404)
        return found

    async def _drawn(self, name: str, flows: list[Flow], form: str) -> Response:
        site = self._site()
        key = (site.edition, name, form)
        if key not in self._pictures:
            async with self._drawing.one():
                if key not in self._pictures:
                    try:
                        made = await aside(lambda: drawn(Picture(site, flows), form, DRAW_SECONDS))
                    except NotDrawn as why:
                        raise Refusal(str(why), status=503) from None
                    self._keep(key, made)
        media = "image/svg+xml" if form == "svg" else "text/vnd.graphviz"
        return Response(self._pictures[key], media_type=media)

    def _keep(self, key: tuple[str, str, str], picture: bytes) -> None:
        while len(self._pictures) >= KEPT_PICTURES:
            del self._pictures[next(iter(self._pictures))]
        self._pictures[key] = picture

    def _source(self, site: Site, name: str) -> str:
        """A flow's file as it came into force; empty when its copy could not be kept."""
        kept = self._changes.copies.get(site.edition)
        try:
            return (kept.flows / name).read_text(encoding="utf-8") if kept is not None else ""
        except (OSError, ValueError):
            return ""

    def _files(self, site: Site) -> list[FileAnswer]:
        kept = self._changes.copies.get(site.edition)
        found = sorted(kept.config.glob("*.yaml")) if kept is not None else []
        return [FileAnswer(name=file.name, text=without_secrets(_text(file))) for file in found]


def without_secrets(text: str) -> str:
    """A text of the configuration; secrets never stand in it, but an address may hold one."""
    return _SECRET_QUERY.sub(r"\1***", _PASSWORD.sub(r"\1***@", text))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return f"# it cannot be read: {error.strerror}\n"


def _plain(flow: Flow) -> dict[str, object]:
    return {
        "flow": flow.name,
        "file": Path(flow.file).name,
        "language": flow.language,
        "numbers": [*flow.numbers],
        "start": flow.start,
        "steps": len(flow.steps),
    }


def _step(site: Site, flow: Flow, name: str) -> StepAnswer:
    step = shown(site, flow, name)
    exits = [ExitAnswer(on=[*one.labels], to=one.target) for one in step.exits]
    return StepAnswer(step=name, verb=step.verb, does=step.whole, exits=exits)

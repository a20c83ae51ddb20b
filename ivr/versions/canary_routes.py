"""A version that only some callers meet, over the API: prepare, begin, look, stop, make it the rule (`ivr canary`)."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ivr.access.model import Reach, Via
from ivr.access.rights import reads, writes
from ivr.aside import aside
from ivr.versions.canary import LEAST_CALLS, Bound, Canary
from ivr.versions.changes import Changes
from ivr.versions.loading import Folders, VersionRefused
from ivr.versions.routes import Digits, OutcomeAnswer, Why, refusal_of, told
from ivr.versions.trials import Trials
from ivr.web.api.answers import WHOLE, Words, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router

MOST_CALLERS = 50_000
LONGEST_PATH = 4096

LOOK = Allowed(reads("versions", admin=Reach.EVERYTHING, auditor=Reach.EVERYTHING))
TELL = Allowed(writes("versions", admin=Reach.EVERYTHING))

Looks = Annotated[Granted, LOOK]
Tells = Annotated[Granted, TELL]

Folder = Annotated[Words, Field(max_length=LONGEST_PATH)]


class CanaryAnswer(BaseModel):
    """A trial. `callers`: how many are listed by name; who they are is not told."""

    version: str
    percent: int
    callers: int
    bounds: list[str]
    least: int
    since: str
    who: str
    why: str


class Begun(BaseModel):
    """The trial that a request was about."""

    canary: CanaryAnswer


class Standing(BaseModel):
    """The trial that is on, how its calls and those of the version `beside` fare (begun, ended, and how many of each
    figure that may be bounded), and whether changes of the files are held back."""

    canary: CanaryAnswer | None
    held: bool
    beside: str = ""
    scores: dict[str, dict[str, int]] = {}


class Held(BaseModel):
    """Changes of the files wait."""

    held: bool


class WhyRequest(BaseModel):
    """For whoever asks later."""

    why: Why = ""


class StartRequest(BaseModel):
    """Who meets it: `percent` of the callers, and `callers` (numbers). `bounds`: abandoned=20. `version`: a kept one
    instead of the files; `config` and `flows`: other folders of the server instead of the site's, only at the server
    itself."""

    percent: Annotated[int, Field(ge=0, le=100), WHOLE] = 0
    callers: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MOST_CALLERS)] = []
    bounds: Annotated[list[Annotated[Words, Field(max_length=100)]], Field(max_length=20)] = []
    least: Annotated[int, Field(ge=1, le=100_000), WHOLE] = LEAST_CALLS
    version: Digits = ""
    config: Folder = ""
    flows: Folder = ""
    why: Why = ""


class CanaryRoutes:
    """One trial at a time. `key_of` gives the opaque key of a caller's number."""

    def __init__(self, changes: Changes, trials: Trials, key_of: Callable[[str], str]) -> None:
        self._changes, self._trials, self._key_of = changes, trials, key_of

    def routes(self) -> APIRouter:
        """Look at it, prepare, begin, end it, make it the rule."""
        router = api_router("canary")
        router.get("/canary", responses=refusals())(self.show)
        router.post("/canary/prepare", responses=refusals(409))(self.prepare)
        router.post("/canary/start", responses=refusals(409, 413))(self.start)
        router.post("/canary/stop", responses=refusals(409))(self.stop)
        router.post("/canary/promote", responses=refusals(409))(self.promote)
        return router

    async def show(self, granted: Looks) -> Standing:
        """How the tried version fares beside the one in force."""
        canary, held = self._changes.editions.canary, self._changes.standing.held
        if canary is None:
            return Standing(canary=None, held=held)
        scores = await self._trials.scores()
        return Standing(
            canary=_shown(canary),
            held=held,
            beside=self._changes.editions.active().version,
            scores={version: score.as_json() for version, score in scores.items()},
        )

    async def prepare(self, granted: Tells) -> Held:
        """Hold changes of the site's files back until `start` or `reload`."""
        granted.changes("files", self._changes.standing.held, True)
        await self._trials.hold()
        return Held(held=True)

    async def start(self, wanted: StartRequest, granted: Tells) -> Begun:
        """Let some callers begin with what stands in the site's files, or elsewhere."""
        callers = await aside(self._keys, wanted.callers)
        if not callers and not wanted.percent:
            raise Refusal("say which callers meet it: --percent 10, or --callers FILE, or --numbers 3000000001")
        try:
            canary = await self._trials.start(
                percent=wanted.percent,
                callers=callers,
                bounds=_bounds(wanted),
                least=wanted.least,
                who=granted.principal.who,
                why=wanted.why,
                digits=wanted.version,
                folders=await aside(_folders, wanted, self._changes.folders, granted),
            )
        except VersionRefused as refused:
            raise refusal_of(refused) from None
        shown = _shown(canary)
        granted.changes("canary", None, shown.model_dump())
        return Begun(canary=shown)

    async def stop(self, granted: Tells, wanted: WhyRequest | None = None) -> Begun:
        """Let no call begin with the tried version any more; who did goes on with it."""
        try:
            canary = await self._trials.stop(granted.principal.who, wanted.why if wanted is not None else "")
        except VersionRefused as refused:
            raise refusal_of(refused) from None
        shown = _shown(canary)
        granted.changes("canary", shown.model_dump(), None)
        return Begun(canary=shown)

    async def promote(self, granted: Tells, wanted: WhyRequest | None = None) -> OutcomeAnswer:
        """Let all calls begin with the tried version."""
        why = wanted.why if wanted is not None else ""
        try:
            return told(await self._trials.promote(granted.principal.who, why), granted, why)
        except VersionRefused as refused:
            raise refusal_of(refused) from None

    def _keys(self, numbers: list[str]) -> frozenset[str]:
        return frozenset(key for number in numbers if (key := self._key_of(number)))


def _shown(canary: Canary) -> CanaryAnswer:
    """Without the callers' keys."""
    told = {**canary.as_json(), "callers": len(canary.callers), "bounds": [str(bound) for bound in canary.bounds]}
    return CanaryAnswer(**told)


def _bounds(wanted: StartRequest) -> tuple[Bound, ...]:
    try:
        return tuple(Bound.parse(text) for text in wanted.bounds)
    except ValueError as fault:
        raise Refusal(f"--bound {fault}", status=400) from None


def _folders(wanted: StartRequest, own: Folders, granted: Granted) -> Folders | None:
    """Other folders than the site's own, where a change was prepared; None for the site's own."""
    if not wanted.config and not wanted.flows:
        return None
    if granted.principal.via is not Via.LOCAL:
        raise Refusal("other folders can be named only at the server itself: ivr canary start --config", status=403)
    found = Folders(
        Path(wanted.config) if wanted.config else own.config, Path(wanted.flows) if wanted.flows else own.flows
    )
    for folder in (found.config, found.flows):
        if not folder.is_absolute() or not _is_folder(folder):
            raise Refusal(f"there is no folder {folder}")
    return found


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long
        return False

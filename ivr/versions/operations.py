"""What the server can be told to do with versions (`ivr reload`, `ivr versions`, `ivr rollback`, `ivr canary`)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from ivr.control.operations import Refusal, given, operation, text_of, who
from ivr.versions.canary import LEAST_CALLS, Bound, Canary
from ivr.versions.changes import Changes, Outcome
from ivr.versions.loading import Folders, VersionRefused
from ivr.versions.trials import Trials

LONGEST_WHY = 300
MOST_CALLERS = 50_000


class VersionOperations:
    """Shows and changes which version is in force. `key_of` gives the opaque key of a caller's number."""

    def __init__(
        self, changes: Changes, trials: Trials, key_of: Callable[[str], str], in_use: Callable[[], Mapping[str, int]]
    ) -> None:
        """`in_use`: how many living calls each version has, by its full name."""
        self._changes, self._trials, self._key_of, self._in_use = changes, trials, key_of, in_use

    def routes(self) -> list[Route]:
        """Show, reload, roll back; begin, look at and end a trial."""
        return [
            operation("GET", "/versions", self._show),
            operation("POST", "/versions/reload", self._reload),
            operation("POST", "/versions/rollback", self._rollback),
            operation("GET", "/canary", self._show_canary),
            operation("POST", "/canary/prepare", self._hold),
            operation("POST", "/canary/start", self._start),
            operation("POST", "/canary/stop", self._stop),
            operation("POST", "/canary/promote", self._promote),
        ]

    # ------------------------------------------------------------------ versions
    async def _show(self, request: Request) -> Mapping[str, Any]:
        changes = self._changes
        return {
            "active": changes.editions.active().version,
            "tried": changes.editions.canary.version if changes.editions.canary is not None else None,
            "held": changes.standing.held,
            "problems": list(changes.problems),
            "calls": dict(self._in_use()),
        }

    async def _reload(self, request: Request) -> Mapping[str, Any]:
        values = await given(request)
        try:
            tests = values.get("tests", True) is not False
            return _told(await self._changes.reload("reload", who(request), _why(values), tests))
        except VersionRefused as refused:
            raise _refusal(refused) from None

    async def _rollback(self, request: Request) -> Mapping[str, Any]:
        values = await given(request)
        try:
            return _told(await self._changes.rollback(text_of(values, "version"), who(request), _why(values)))
        except VersionRefused as refused:
            raise _refusal(refused) from None

    # ------------------------------------------------------------------ the trial
    async def _show_canary(self, request: Request) -> Mapping[str, Any]:
        canary = self._changes.editions.canary
        if canary is None:
            return {"canary": None, "held": self._changes.standing.held}
        scores = await self._trials.scores()
        return {
            "canary": _shown(canary),
            "beside": self._changes.editions.active().version,
            "scores": {version: score.as_json() for version, score in scores.items()},
        }

    async def _hold(self, request: Request) -> Mapping[str, Any]:
        await self._trials.hold()
        return {"held": True}

    async def _start(self, request: Request) -> Mapping[str, Any]:
        values = await given(request)
        try:
            canary = await self._trials.start(
                percent=_whole(values, "percent", 0, 0, 100),
                callers=self._callers(values),
                bounds=_bounds(values),
                least=_whole(values, "least", LEAST_CALLS, 1, 100_000),
                who=who(request),
                why=_why(values),
                digits=text_of(values, "version"),
                folders=_folders(values, self._changes.folders),
            )
        except VersionRefused as refused:
            raise _refusal(refused) from None
        return {"canary": _shown(canary)}

    async def _stop(self, request: Request) -> Mapping[str, Any]:
        values = await given(request)
        try:
            return {"canary": _shown(await self._trials.stop(who(request), _why(values)))}
        except VersionRefused as refused:
            raise _refusal(refused) from None

    async def _promote(self, request: Request) -> Mapping[str, Any]:
        values = await given(request)
        try:
            return _told(await self._trials.promote(who(request), _why(values)))
        except VersionRefused as refused:
            raise _refusal(refused) from None

    def _callers(self, values: Mapping[str, Any]) -> frozenset[str]:
        numbers = values.get("callers", [])
        if not isinstance(numbers, list) or len(numbers) > MOST_CALLERS or not all(isinstance(n, str) for n in numbers):
            raise Refusal(f"callers: a list of at most {MOST_CALLERS} numbers is expected", status=400)
        keys = frozenset(key for number in numbers if (key := self._key_of(number)))
        if not keys and not values.get("percent"):
            raise Refusal("say which callers meet it: --percent 10, or --callers FILE, or --numbers 3000000001")
        return keys


def _told(outcome: Outcome) -> dict[str, Any]:
    return {
        "version": outcome.version,
        "before": outcome.before,
        "changed": outcome.changed,
        "remarks": list(outcome.remarks),
    }


def _shown(canary: Canary) -> dict[str, Any]:
    """Without the callers' keys."""
    return {**canary.as_json(), "callers": len(canary.callers), "bounds": [str(bound) for bound in canary.bounds]}


def _refusal(refused: VersionRefused) -> Refusal:
    return Refusal(str(refused), problems=list(refused.problems))


def _why(values: Mapping[str, Any]) -> str:
    return text_of(values, "why", longest=LONGEST_WHY)


def _whole(values: Mapping[str, Any], name: str, otherwise: int, least: int, most: int) -> int:
    value = values.get(name, otherwise)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Refusal(f"{name}: a whole number from {least} to {most} is expected", status=400)
    return value


def _bounds(values: Mapping[str, Any]) -> tuple[Bound, ...]:
    try:
        return tuple(Bound.parse(str(text)[:100]) for text in values.get("bounds", []))
    except (ValueError, TypeError) as fault:
        raise Refusal(f"--bound {fault}", status=400) from None


def _folders(values: Mapping[str, Any], own: Folders) -> Folders | None:
    """Other folders than the site's own, where a change was prepared; None for the site's own."""
    config, flows = text_of(values, "config", longest=4096), text_of(values, "flows", longest=4096)
    if not config and not flows:
        return None
    found = Folders(Path(config) if config else own.config, Path(flows) if flows else own.flows)
    for folder in (found.config, found.flows):
        if not folder.is_absolute() or not folder.is_dir():
            raise Refusal(f"there is no folder {folder}", status=400)
    return found

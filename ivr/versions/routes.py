"""What of versions is shown and told over the API: which is in force, what the files would be, reload and rollback."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from ivr.access.model import Reach
from ivr.access.rights import reads, writes
from ivr.aside import aside
from ivr.versions.changes import Changes, Outcome
from ivr.versions.copies import KEPT, Kept
from ivr.versions.loading import VersionRefused, check
from ivr.web.api.answers import Words, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from ivr.web.api.turns import Turns

LONGEST_WHY = 300

LOOK = Allowed(reads("versions", admin=Reach.EVERYTHING, auditor=Reach.EVERYTHING))
TELL = Allowed(writes("versions", admin=Reach.EVERYTHING))

Looks = Annotated[Granted, LOOK]
Tells = Annotated[Granted, TELL]

Why = Annotated[Words, Field(max_length=LONGEST_WHY, description="for whoever asks later")]
Digits = Annotated[Words, Field(max_length=64, description="the first digits of a kept version")]


class ActivationAnswer(BaseModel):
    """Once that a version came into force."""

    at: str
    how: str
    who: str
    why: str


class KeptAnswer(BaseModel):
    """A kept version; the latest activation stands last. `calls`: how many living calls have it."""

    version: str
    edition: str
    calls: int
    activations: list[ActivationAnswer]


class VersionsAnswer(BaseModel):
    """`active`: the version in force. `tried`: one that only some callers meet. `held`: changes of the files wait for
    `ivr reload`. `problems`: why the files are not in force. `kept`: the one that came into force last stands first."""

    active: str
    tried: str | None
    held: bool
    problems: list[str]
    calls: dict[str, int]
    kept: list[KeptAnswer]


class CheckAnswer(BaseModel):
    """What `ivr check` would say of the site's files now. `version` is empty when they have errors."""

    version: str
    problems: list[str]


class OutcomeAnswer(BaseModel):
    """What a change did."""

    version: str
    before: str
    changed: bool
    remarks: list[str]


class ReloadRequest(BaseModel):
    """`tests`: those of the flows must pass."""

    why: Why = ""
    tests: bool = True


class RollbackRequest(BaseModel):
    """Without a version: the one before the present one."""

    version: Digits = ""
    why: Why = ""


class VersionRoutes:
    """Shows and changes which version is in force. `in_use`: how many living calls each has, by its full name."""

    def __init__(self, changes: Changes, in_use: Callable[[], Mapping[str, int]]) -> None:
        self._changes, self._in_use = changes, in_use
        self._checking = Turns(1, "checks")

    def routes(self) -> APIRouter:
        """Show, check, reload, roll back."""
        router = api_router("versions")
        router.get("/versions", responses=refusals())(self.show)
        router.get("/versions/check", responses=refusals(409))(self.check)
        router.post("/versions/reload", responses=refusals(409))(self.reload)
        router.post("/versions/rollback", responses=refusals(409))(self.rollback)
        return router

    async def show(self, granted: Looks, limit: Annotated[int, Query(ge=0, le=KEPT)] = 20) -> VersionsAnswer:
        """Which version is in force, and which are kept."""
        changes = self._changes
        kept = (await aside(changes.copies.all))[:limit]
        canary, calls = changes.editions.canary, dict(self._in_use())
        return VersionsAnswer(
            active=changes.editions.active().version,
            tried=canary.version if canary is not None else None,
            held=changes.standing.held,
            problems=[*changes.problems],
            calls=calls,
            kept=[kept_answer(one, calls) for one in kept],
        )

    async def check(self, granted: Looks) -> CheckAnswer:
        """What is wrong in the site's files as they stand now; nothing is changed."""
        async with self._checking.one():
            try:
                copy = await self._changes.copied()
            except VersionRefused as refused:
                raise refusal_of(refused) from None
            try:
                site, remarks = await aside(check, copy, self._changes.folders)
            except VersionRefused as refused:
                return CheckAnswer(version="", problems=[*refused.problems])
            finally:
                await aside(self._changes.copies.discard, copy)
        return CheckAnswer(version=site.version, problems=[*remarks])

    async def reload(self, granted: Tells, wanted: ReloadRequest | None = None) -> OutcomeAnswer:
        """Bring the site's changed files into force for the calls that begin from now on, or tell why not."""
        asked = wanted or ReloadRequest()
        try:
            outcome = await self._changes.reload("reload", granted.principal.who, asked.why, asked.tests)
        except VersionRefused as refused:
            raise refusal_of(refused) from None
        return told(outcome, granted, asked.why)

    async def rollback(self, granted: Tells, wanted: RollbackRequest | None = None) -> OutcomeAnswer:
        """Bring a kept version into force again."""
        asked = wanted or RollbackRequest()
        try:
            outcome = await self._changes.rollback(asked.version, granted.principal.who, asked.why)
        except VersionRefused as refused:
            raise refusal_of(refused) from None
        return told(outcome, granted, asked.why)


def kept_answer(kept: Kept, calls: Mapping[str, int]) -> KeptAnswer:
    """A kept version as the API and the command show it."""
    return KeptAnswer(
        version=kept.version,
        edition=kept.edition,
        calls=calls.get(kept.version, 0),
        activations=[ActivationAnswer(**one.as_json()) for one in kept.activations],
    )


def told(outcome: Outcome, granted: Granted, why: str) -> OutcomeAnswer:
    """The answer to a change, which is noted."""
    granted.changes("version", outcome.before, outcome.version, why=why)
    return OutcomeAnswer(
        version=outcome.version, before=outcome.before, changed=outcome.changed, remarks=[*outcome.remarks]
    )


def refusal_of(refused: VersionRefused) -> Refusal:
    """With the problems, as `ivr check` tells them."""
    return Refusal(str(refused), problems=list(refused.problems))

"""Retention over the API: what is due, by which rule, and a run by hand."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.access.model import Reach
from ivr.access.rights import reads, writes
from ivr.clock import Clock
from ivr.recordings.allowance import Run
from ivr.recordings.retention import Busy, Retention
from ivr.site import Site
from ivr.web.api.answers import WHOLE, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from ivr.web.api.turns import Turns
from recordings.judge import Judge
from recordings.retention import ClockLeapt, DryRun, Planned, Sum, Verdict

FIRST = 100
USUAL, MOST = 500, 2_000
"""Of a run by hand, which is waited for."""
TOLD = 100
"""Recordings that are not finished and are told one by one."""

Looks = Annotated[Granted, Allowed(reads("recordings", admin=Reach.EVERYTHING, auditor=Reach.EVERYTHING))]
Runs = Annotated[Granted, Allowed(writes("recordings", admin=Reach.EVERYTHING))]


class SumAnswer(BaseModel):
    """So many recordings, and their bytes."""

    count: int
    bytes: int


class RuleAnswer(BaseModel):
    """A rule in words. `held`: would be deleted if nobody held them."""

    rule: str
    delete: SumAnswer
    archive: SumAnswer
    held: SumAnswer


class DueAnswer(BaseModel):
    """One recording. `what`: delete or archive; `due`: since when."""

    recording: str
    call: str
    queue: str
    ended: datetime
    bytes: int
    what: str
    rule: str
    due: datetime


class RunAnswer(BaseModel):
    """A run. `stopped`: why it ended before everything was done; empty: nothing is left that is due. `left`: recordings
    that are not gone everywhere yet, the first of them with the reason."""

    began: datetime
    ended: datetime | None
    deleted: int
    archived: int
    held: int
    stopped: str
    left: int
    reasons: dict[str, str]


class RetentionAnswer(BaseModel):
    """What a run would do now. `trouble`: why nothing is deleted at the moment; `remarks`: what else is to be known;
    `first`: what was due first."""

    at: datetime
    quiet: str
    trouble: str
    remarks: list[str]
    delete: SumAnswer
    archive: SumAnswer
    held: SumAnswer
    rules: list[RuleAnswer]
    first: list[DueAnswer]
    running: RunAnswer | None
    last: RunAnswer | None


class RunRequest(BaseModel):
    """At most so many recordings. `clock_is_right`: whoever says so has looked at the clock, which seemed to leap."""

    model_config = {"extra": "forbid"}

    most: Annotated[int, Field(ge=1, le=MOST), WHOLE] = USUAL
    clock_is_right: bool = False


class RetentionRoutes:
    """Shows and runs it."""

    def __init__(self, retention: Retention, site: Callable[[], Site], clock: Clock) -> None:
        self._retention, self._site, self._clock = retention, site, clock
        self._one = Turns(1)

    def routes(self) -> APIRouter:
        """Before those of single recordings: `retention` is no recording's name."""
        router = api_router("recordings")
        router.get("/recordings/retention", responses=refusals())(self.retention)
        router.post("/recordings/retention/run", responses=refusals(409))(self.retain)
        return router

    async def retention(self, granted: Looks) -> RetentionAnswer:
        """What is due now, and would be deleted or archived: nothing is changed."""
        async with self._one.one():
            try:
                told = await self._retention.dry_run(FIRST)
            except SQLAlchemyError as error:
                raise Refusal(f"the records cannot be read: {logs.first_line(error)}", status=503) from None
        return self._answer(told)

    async def retain(self, granted: Runs, wanted: RunRequest | None = None) -> RunAnswer:
        """Delete and archive what is due, now, whatever the hour; at most so many, and no more than an hour may have.
        Nothing brings back what is deleted."""
        wanted = wanted or RunRequest()
        granted.changes("retention", most=wanted.most, clock_is_right=wanted.clock_is_right)
        try:
            if wanted.clock_is_right:
                await self._retention.believe()
            run = await self._retention.at_once(wanted.most)
        except (Busy, ClockLeapt) as why:
            raise Refusal(str(why), status=409) from None
        except (OSError, SQLAlchemyError) as error:
            raise Refusal(f"not everything could be done: {logs.first_line(error)}", status=503) from None
        granted.changes("retention", None, None, deleted=run.deleted, archived=run.archived, held=run.held)
        return _run(run)

    def _answer(self, told: DryRun) -> RetentionAnswer:
        last, now = self._retention.last, self._retention.going_on
        return RetentionAnswer(
            at=self._clock.now(),
            quiet=str(self._site().recordings.quiet),
            trouble=self._retention.trouble,
            remarks=self._remarks(told),
            delete=_sum(told.deletions),
            archive=_sum(told.archivings),
            held=_sum(told.held),
            rules=[
                RuleAnswer(
                    rule=str(rule),
                    delete=_sum(sums.get(Verdict.DELETE)),
                    archive=_sum(sums.get(Verdict.ARCHIVE)),
                    held=_sum(sums.get(Verdict.HELD)),
                )
                for rule, sums in told.by_rule.items()
            ],
            first=[_due(one) for one in told.first],
            running=_run(now) if now is not None else None,
            last=_run(last) if last is not None else None,
        )

    def _remarks(self, told: DryRun) -> list[str]:
        remarks = []
        if Judge(self._site().recordings.keep, self._clock.now()).asks_dispositions:
            remarks.append(
                "a recording with no disposition may still get one: what a rule with a disposition might keep longer "
                "is not deleted"
            )
        if told.archivings.count and not self._retention.archives:
            remarks.append("there is no archive: what would be archived stays where it is")
        return remarks


def _sum(found: Sum | None) -> SumAnswer:
    return SumAnswer(count=found.count, bytes=found.bytes) if found is not None else SumAnswer(count=0, bytes=0)


def _due(one: Planned) -> DueAnswer:
    assert one.fate.at is not None, "what is due has a time"
    return DueAnswer(
        recording=one.kept.recording,
        call=one.kept.call,
        queue=one.kept.queue,
        ended=one.kept.ended,
        bytes=one.kept.bytes,
        what=one.fate.verdict.value,
        rule=str(one.fate.rule),
        due=one.fate.at,
    )


def _run(run: Run) -> RunAnswer:
    return RunAnswer(
        began=run.began,
        ended=run.ended,
        deleted=run.deleted,
        archived=run.archived,
        held=run.held,
        stopped=run.stopped,
        left=len(run.left),
        reasons=dict(list(run.left.items())[:TOLD]),
    )

"""Callers over the API: what is kept of one, and erasing it. The number is sent in the body: addresses are logged."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from ivr.access.model import Reach
from ivr.access.rights import reads, writes
from ivr.audit.audit import AuditUnavailable
from ivr.erasure.erasure import Busy, Erasure, OnTheLine
from ivr.erasure.number import NotANumber, Number
from ivr.erasure.report import Report, told
from ivr.erasure.tidy import NotTidied
from ivr.web.api.answers import Words, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from ivr.web.api.turns import Turns

USUAL_SECONDS, MOST_SECONDS = 60, 3_600
SEARCHES_AT_ONCE = 2
"""Each reads Asterisk's events and logs from the beginning to the end."""

Looks = Annotated[Granted, Allowed(reads("callers", by_body=True, admin=Reach.EVERYTHING, auditor=Reach.EVERYTHING))]
Erases = Annotated[Granted, Allowed(writes("callers", admin=Reach.EVERYTHING))]


class CallerRequest(BaseModel):
    """Whose: as a person writes a number, a foreign one with +. `language`: of the report."""

    number: Annotated[Words, Field(min_length=1, max_length=64)]
    language: Literal["es", "en"] = "es"


class EraseRequest(CallerRequest):
    """`sure` has to be true: nothing brings it back."""

    sure: bool = False


class PlaceAnswer(BaseModel):
    """One place. `left` and `why` (figures, customer, in force, elsewhere, held, unreadable): what stays after an
    erasure. `trouble`: why it could not be done there."""

    place: str
    held: int
    erased: int
    left: int
    why: str
    things: list[dict[str, Any]]
    trouble: str


class SweptAnswer(BaseModel):
    """All files of the installation were looked through afterwards; `found`: those that still hold the number."""

    files: int
    bytes: int
    found: dict[str, int]
    unread: list[str]


class ReportAnswer(BaseModel):
    """`number` is masked, `callers` are the opaque keys; `text` is the report in words. `untidy`: free parts of the
    database hold the number, see /callers/tidy."""

    number: str
    callers: list[str]
    at: str
    who: str
    erased: bool
    known: bool
    complete: bool
    places: list[PlaceAnswer]
    swept: SweptAnswer | None
    remarks: list[str]
    untidy: bool
    text: str


class TidyRequest(BaseModel):
    """`seconds`: how long others who write may have to wait."""

    seconds: Annotated[int, Field(ge=1, le=MOST_SECONDS)] = USUAL_SECONDS


class TidiedAnswer(BaseModel):
    """Bytes of the database `before` and `after`, and how long it took."""

    before: int
    after: int
    seconds: float


class CallerRoutes:
    """Find and erase."""

    def __init__(self, erasure: Erasure) -> None:
        self._erasure = erasure
        self._searches = Turns(SEARCHES_AT_ONCE)

    def routes(self) -> APIRouter:
        """The number is taken in the body."""
        router = api_router("callers")
        router.post("/callers/search", responses=refusals())(self.search)
        router.post("/callers/erase", responses=refusals(409))(self.erase)
        router.post("/callers/tidy", responses=refusals(409))(self.tidy)
        return router

    async def search(self, granted: Looks, wanted: CallerRequest) -> ReportAnswer:
        """Everything that is kept of a caller, place by place."""
        number = self._number(wanted)
        granted.shows("callers.search")
        granted.note.object = number.masked
        try:
            async with self._searches.one():
                report = await self._erasure.find(number, granted.principal.who)
        except (SQLAlchemyError, OSError) as error:
            raise _away(error) from None
        granted.note.object = " ".join(report.callers)
        granted.note.detail |= {"masked": report.number, "places": _counts(report)}
        return _answer(report, wanted.language)

    async def erase(self, granted: Erases, wanted: EraseRequest) -> ReportAnswer:
        """Erase everything that is kept of a caller, for ever. The figures stay as they are."""
        number = self._number(wanted)
        granted.changes(number.masked)
        if not wanted.sure:
            raise Refusal("nothing brings it back: say `sure`; /api/callers/search shows what would be erased")
        try:
            report = await self._erasure.erase(number, granted.principal.who)
        except Busy as busy:
            raise Refusal(str(busy)) from None
        except OnTheLine as living:
            raise Refusal(str(living), calls=[*living.calls]) from None
        except (SQLAlchemyError, OSError, AuditUnavailable) as error:
            raise _away(error) from None
        granted.changes(
            " ".join(report.callers), masked=report.number, complete=report.complete, places=_counts(report)
        )
        return _answer(report, wanted.language)

    async def tidy(self, granted: Erases, wanted: TidyRequest | None = None) -> TidiedAnswer:
        """Write the records' database anew, so that its free parts hold nothing of who was erased. Who writes into it
        waits meanwhile; calls go on. What is not done within `seconds` is given up, and the database is as before."""
        granted.changes("records")
        try:
            done = await self._erasure.tidy((wanted or TidyRequest()).seconds)
        except (Busy, NotTidied) as why:
            raise Refusal(str(why)) from None
        except (SQLAlchemyError, OSError) as error:
            raise _away(error) from None
        granted.changes("records", done.before, done.after)
        return TidiedAnswer(before=done.before, after=done.after, seconds=round(done.seconds, 1))

    def _number(self, wanted: CallerRequest) -> Number:
        try:
            return self._erasure.number(wanted.number)
        except NotANumber as fault:
            raise Refusal(str(fault), status=400) from None


def _counts(report: Report) -> dict[str, Any]:
    return {line.place.value: line.erased if report.erased else line.held for line in report.lines}


def _answer(report: Report, language: str) -> ReportAnswer:
    return ReportAnswer(**report.as_json(), text=told(report, language))


def _away(error: Exception) -> Refusal:
    return Refusal(f"a store cannot be reached: {str(error).splitlines()[0]}", status=503)

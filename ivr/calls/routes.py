"""Calls over the API: searched, living ones, one with everything that is known of it, and its story."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from ivr.access.limits import Limits, limits
from ivr.access.model import Reach
from ivr.access.rights import reads
from ivr.aside import aside
from ivr.calls import live
from ivr.calls.answers import CallAnswer, WholeCallAnswer, call_answer, shown_number, whole_answer
from ivr.calls.search import MOST, Wanted, find, search
from ivr.calls.telling import NotTold, Story, elsewhere
from ivr.figures.call_record import CallOutcome, LegRecord
from ivr.log import mask_number, mask_text
from ivr.records.store import RecordStore
from ivr.site import Site
from ivr.web.api.answers import Moment, Name, Words, refusals
from ivr.web.api.paging import LONGEST_CURSOR, moment_of, place_of
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from ivr.web.api.turns import Turns

T = TypeVar("T")

SEARCHES_AT_ONCE = 2
STORIES_AT_ONCE = 1
STORIES_WAITING = 3

_RIGHTS = reads(
    "calls", admin=Reach.EVERYTHING, supervisor=Reach.OWN_QUEUES, agent=Reach.SELF, auditor=Reach.EVERYTHING
)
LOOK = Allowed(_RIGHTS)
SEARCH = Allowed(replace(_RIGHTS, by_body=True))
READ = Allowed(reads("calls", admin=Reach.EVERYTHING, supervisor=Reach.OWN_QUEUES, auditor=Reach.EVERYTHING))

Looks = Annotated[Granted, LOOK]
Searches = Annotated[Granted, SEARCH]
Reads = Annotated[Granted, READ]

Numbers = Annotated[bool, Query(description="callers' numbers in full; this is noted in the audit")]


class CallsAnswer(BaseModel):
    """Newest first. `next`: give it as `after` for the next page; null: this is the last one."""

    calls: list[CallAnswer]
    next: str | None


class LiveAnswer(BaseModel):
    """A living call and what it does now (`ivr.calls.live`), since when; `queue` and `agent` of what it does now."""

    call: str
    did: str
    started: datetime
    caller: str
    number: str
    flow: str
    step: str
    doing: str
    since: datetime
    queue: str
    agent: str


class LiveCallsAnswer(BaseModel):
    """The oldest first."""

    calls: list[LiveAnswer]


class LineAnswer(BaseModel):
    """`depth` 0 is a fact, 1 a decision that it caused, 2 a reason."""

    at: datetime
    depth: int
    text: str


class StoryAnswer(BaseModel):
    """What happened, what was decided and why; `helped`: what would have answered the caller sooner."""

    call: str
    lines: list[LineAnswer]
    helped: list[str]


class Filters(BaseModel):
    """All of them have to hold."""

    model_config = {"extra": "forbid"}

    begin: Annotated[Moment | None, Field(alias="from", description="begun then or later; the site's time")] = None
    end: Annotated[Moment | None, Field(alias="to", description="begun before; the site's time")] = None
    caller: Annotated[Words, Field(max_length=64, description="opaque key of the caller, from another answer")] = ""
    did: Annotated[Words, Field(max_length=32, description="the number that was called")] = ""
    queue: Annotated[Name, Field(description="was in this queue")] = ""
    agent: Annotated[Words, Field(max_length=32, description="this agent, or extension, talked")] = ""
    outcome: CallOutcome | None = None
    text: Annotated[Words, Field(max_length=64, description="a part of the call's id")] = ""
    after: Annotated[Words, Field(max_length=LONGEST_CURSOR, description="`next` of the page before")] = ""
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    legs: Annotated[bool, Field(description="every phone that was rung, too")] = False
    numbers: Annotated[bool, Field(description="callers' numbers in full; this is noted in the audit")] = False


class Search(Filters):
    """With what must not stand in an address: proxies log those."""

    number: Annotated[Words, Field(max_length=64, description="of the caller, however it is written; noted")] = ""


_NOT_LOOKED_FOR = {"after", "limit", "legs", "numbers"}
"""How the answer looks."""


class CallRoutes:
    """What the records, the fold and the journal tell of calls. `key_of`: the opaque key of a number."""

    def __init__(
        self,
        store: RecordStore,
        fold: live.Fold,
        site: Callable[[], Site],
        key_of: Callable[[str], str],
        journal: str,
        story: Callable[[str, str, str], Story] = elsewhere,
    ) -> None:
        self._store, self._fold, self._site, self._key_of = store, fold, site, key_of
        self._journal, self._tell = journal, story
        self._searches = Turns(SEARCHES_AT_ONCE)
        self._stories = Turns(STORIES_AT_ONCE, "explanations", STORIES_WAITING)

    def routes(self) -> APIRouter:
        """Search, the living ones, one, its story."""
        router = api_router("calls")
        router.get("/calls", responses=refusals())(self.list)
        router.post("/calls/search", responses=refusals())(self.search)
        router.get("/calls/live", responses=refusals())(self.live)
        router.get("/calls/{call}", responses=refusals(404))(self.show)
        router.get("/calls/{call}/explanation", responses=refusals(404, 409))(self.explain)
        return router

    async def list(self, granted: Looks, filters: Annotated[Filters, Query()]) -> CallsAnswer:
        """Calls, newest first. Numbers are masked unless they are asked for."""
        return await self._found(granted, filters)

    async def search(self, granted: Searches, wanted: Search) -> CallsAnswer:
        """Calls, newest first, also those of a number; it stands in the body, for addresses are logged."""
        return await self._found(granted, wanted, wanted.number)

    async def _found(self, granted: Granted, filters: Filters, number: str = "") -> CallsAnswer:
        within, full = self._limits(granted), filters.numbers and granted.principal.sees_numbers
        wanted, beginning = self._wanted(filters, number, granted), place_of(filters.after)

        def look() -> tuple[list[CallAnswer], str | None]:
            page = search(self._store, wanted, within, beginning, filters.limit)
            known = self._store.numbers_of({call.caller for call in page.calls if call.caller})
            legs: dict[str, list[LegRecord]] = {}
            for leg in self._store.legs_of(call.call for call in page.calls) if filters.legs else ():
                legs.setdefault(leg.call, []).append(leg)
            shown = [call_answer(c, known.get(c.caller, ""), legs.get(c.call, ()), full) for c in page.calls]
            return shown, page.next.cursor() if page.next is not None else None

        calls, following = await _taken(self._searches, look)
        if full or number:
            asked = filters.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=_NOT_LOOKED_FOR)
            asked |= {"number": mask_number(number)} if number else {}
            # Also those of a withheld number: a leg of theirs may show another one, outside.
            granted.shows("calls.search", **asked, calls=[call.call for call in calls])
        return CallsAnswer(calls=calls, next=following)

    async def live(self, granted: Looks, numbers: Numbers = False) -> LiveCallsAnswer:
        """The calls that are there now, and what each does."""
        found = live.living(self._fold, self._limits(granted))
        keys = {one.record.caller for one in found if one.record.caller}
        known = await _taken(self._searches, lambda: self._store.numbers_of(keys)) if keys else {}
        full = numbers and granted.principal.sees_numbers
        calls = [_live_answer(one, known.get(one.record.caller, ""), full) for one in found]
        if full:
            granted.shows("calls.live", calls=[call.call for call in calls])
        return LiveCallsAnswer(calls=calls)

    async def show(self, call: Name, granted: Looks, numbers: Numbers = False) -> WholeCallAnswer:
        """One call with every phone that was rung and every stay in a queue."""
        within, full = self._limits(granted), numbers and granted.principal.sees_numbers

        def look() -> WholeCallAnswer | None:
            found = find(self._store, call, within)
            if found is None:
                return None
            number = self._store.number_of(found.caller) if found.caller else ""
            return whole_answer(found, number, self._store.legs_of([call]), self._store.visits_of(call), full)

        found = await _taken(self._searches, look)
        if found is None:
            raise _no_such_call()
        if full:
            granted.shows("calls.show", calls=[call])
        return found

    async def explain(
        self, call: Name, granted: Reads, language: Annotated[Literal["", "es", "en"], Query()] = ""
    ) -> StoryAnswer:
        """What happened to a call, what was decided and why, and what would have answered it sooner. It may name
        numbers outside that the call was transferred to, and is noted in the audit."""
        if self._journal.startswith("memory:"):
            raise Refusal("the journal is only in the server's memory; set CENTRALITA_JOURNAL to a file")
        within = self._limits(granted)
        if not within.everything and await _taken(self._searches, lambda: find(self._store, call, within)) is None:
            raise _no_such_call()
        granted.shows("calls.explain", calls=[call])
        words = language or self._site().language
        try:
            story = await _taken(self._stories, lambda: self._tell(self._journal, call, words))
        except NotTold as why:
            raise Refusal(str(why), status=503) from None
        if not story.lines:
            raise _no_such_call()
        shown: Callable[[str], str] = str if granted.principal.sees_numbers else mask_text
        return StoryAnswer(
            call=call,
            lines=[LineAnswer(at=line.at, depth=line.depth, text=shown(line.text)) for line in story.lines],
            helped=[shown(line) for line in story.helped],
        )

    # ------------------------------------------------------------------ within
    def _limits(self, granted: Granted) -> Limits:
        return limits(granted.principal, granted.reach, self._site())

    def _wanted(self, filters: Filters, number: str, granted: Granted) -> Wanted:
        caller = filters.caller
        if number:
            if not granted.principal.sees_numbers:
                raise Refusal("this account does not see callers' numbers", status=403)
            caller = self._key_of(number)
            if not caller or filters.caller not in ("", caller):
                raise Refusal("number: write a telephone number, without `caller` beside it", status=400)
        return Wanted(
            begin=moment_of(filters.begin, self._site().zone, "from"),
            end=moment_of(filters.end, self._site().zone, "to"),
            caller=caller,
            did=filters.did,
            queue=filters.queue,
            agent=filters.agent,
            outcome=filters.outcome,
            text=filters.text,
        )


async def _taken(turns: Turns, work: Callable[[], T]) -> T:
    """What `work` returns, from a thread. Raises Refusal when too many wait or the records cannot be read."""
    async with turns.one():
        try:
            return await aside(work)
        except SQLAlchemyError as error:
            raise Refusal(f"the records cannot be read: {str(error).splitlines()[0]}", status=503) from None


def _live_answer(found: live.LiveCall, number: str, full: bool) -> LiveAnswer:
    record = found.record
    told: dict[str, Any] = {
        name: getattr(record, name) for name in ("call", "did", "started", "caller", "flow", "step")
    }
    return LiveAnswer(
        **told,
        number=shown_number(number, full),
        doing=found.doing,
        since=found.since,
        queue=found.queue,
        agent=found.agent if full else mask_text(found.agent),
    )


def _no_such_call() -> Refusal:
    return Refusal("there is no call of this id; `ivr calls` lists them", status=404)

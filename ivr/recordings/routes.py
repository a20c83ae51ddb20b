"""Recordings over the API: searched, heard with seeking, drawn, taken away with a reason; and a living talk's recording
paused. Who hears or takes one away stands in the audit before the first byte goes out, and so does who was refused."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal, Protocol, TypeVar

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.access.limits import Limits, limits
from ivr.access.model import Reach
from ivr.access.rights import reads, writes
from ivr.aside import aside
from ivr.call.calls import LiveCall, LiveCalls
from ivr.clock import Clock
from ivr.exchange.recording.leg import CannotChange
from ivr.figures.call_record import CallOutcome, CallRecord, TalkRuling
from ivr.log import mask_number
from ivr.recordings import player
from ivr.recordings.search import MOST, Wanted, callers_of, find, search
from ivr.site import Site
from ivr.web.api.answers import Moment, Name, Words, refusals
from ivr.web.api.paging import LONGEST_CURSOR, moment_of, place_of
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from ivr.web.api.turns import Turns
from recordings.catalogue import Recording, State
from recordings.retention import LONGEST_DISPOSITION
from recordings.vault.keyclient import KeysAway
from recordings.vault.keyring import KeysLocked
from recordings.vault.keys import KeyTrouble

T = TypeVar("T")

SEARCHES_AT_ONCE = 2
HEARD_SECONDS = 600.0
"""A player asks for a recording in many pieces, in any order: that is one listening."""
MOST_HEARD = 10_000

_RIGHTS = reads("recordings", admin=Reach.EVERYTHING, supervisor=Reach.OWN_QUEUES, auditor=Reach.EVERYTHING)
LOOK = Allowed(_RIGHTS)
ASK = Allowed(replace(_RIGHTS, by_body=True))
CHANGE = Allowed(
    writes("recordings", urgent=True, admin=Reach.EVERYTHING, supervisor=Reach.OWN_QUEUES, agent=Reach.SELF)
)
"""Urgent: a card's number is about to be said."""

Looks = Annotated[Granted, LOOK]
Asks = Annotated[Granted, ASK]
Changes = Annotated[Granted, CHANGE]


class GapAnswer(BaseModel):
    """Silence that was asked for: seconds from the beginning, and why: paused, not begun (nobody had demanded it yet),
    before the caller (two of the house talked, to whom the caller was handed over afterwards)."""

    begin: float
    end: float
    why: str


class RecordingAnswer(BaseModel):
    """One talk. `began`: of the audio; `seconds`: its length; `state`: taken (not in the vault yet), kept, archived,
    spoilt, deleted; `notice`: version of the notice that the caller heard; `disposition`: what became of the talk, and
    `note`: free text, also of several lines."""

    recording: str
    call: str
    queue: str
    agent: str
    did: str
    direction: str
    began: datetime
    seconds: float
    state: str
    codec: str
    bytes: int
    notice: str
    gaps: list[GapAnswer]
    disposition: str = ""
    note: str = ""
    caller: str = ""


class RecordingsAnswer(BaseModel):
    """Newest first. `next`: give it as `after` for the next page; null: this is the last one. Where a note is looked
    for, a page may be short, or empty, and have a next one."""

    recordings: list[RecordingAnswer]
    next: str | None


class WaveformAnswer(BaseModel):
    """Points at equal distances: caller and agent, 0 (silence) to 255."""

    recording: str
    seconds: float
    points: list[list[int]]


class Filters(BaseModel):
    """All of them have to hold."""

    model_config = {"extra": "forbid"}

    begin: Annotated[Moment | None, Field(alias="from", description="ended then or later; the site's time")] = None
    end: Annotated[Moment | None, Field(alias="to", description="ended before; the site's time")] = None
    caller: Annotated[Words, Field(max_length=64, description="opaque key of the caller, from another answer")] = ""
    call: Annotated[Words, Field(max_length=64, description="id of the call")] = ""
    did: Annotated[Words, Field(max_length=32, description="the number that was called")] = ""
    direction: Literal["", "inbound", "outbound", "internal"] = ""
    queue: Annotated[Name, Field(description="talk of this queue")] = ""
    agent: Annotated[Words, Field(max_length=32, description="this agent, or extension, talked")] = ""
    state: Literal["", "taken", "kept", "archived", "spoilt", "deleted"] = ""
    outcome: CallOutcome | None = None
    disposition: Annotated[Words, Field(max_length=LONGEST_DISPOSITION, description="exactly this one")] = ""
    shortest: Annotated[float, Field(ge=0, le=1e6, description="seconds")] = 0
    longest: Annotated[float | None, Field(ge=0, le=1e6, description="seconds")] = None
    after: Annotated[Words, Field(max_length=LONGEST_CURSOR, description="`next` of the page before")] = ""
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50


class Search(Filters):
    """With what must not stand in an address, for it may tell of people: proxies log those."""

    number: Annotated[Words, Field(max_length=64, description="of the caller, however it is written; noted")] = ""
    note: Annotated[Words, Field(max_length=200, description="a part of the note, in small or capital letters")] = ""


class Reason(BaseModel):
    """Why a recording leaves the vault."""

    model_config = {"extra": "forbid"}

    reason: Annotated[Words, Field(min_length=3, max_length=200, description="it stands in the audit")]


class Talks(Protocol):
    """Talks that are recorded now (ivr.exchange.recording.recorder)."""

    async def pause(self, live: LiveCall, leg: str, by: str) -> str: ...
    async def resume(self, live: LiveCall, leg: str, by: str) -> str: ...
    async def begin(self, live: LiveCall, leg: str, by: str) -> str: ...


class Change(BaseModel):
    """What becomes of the recording of a talk that lasts."""

    model_config = {"extra": "forbid"}

    do: Literal["pause", "resume", "begin"]


class ChangedAnswer(BaseModel):
    """`became`: paused, resumed or begun."""

    call: str
    leg: str
    became: str


class RulingAnswer(BaseModel):
    """Whether a talk was recorded and what decided: `said` is everything that was said, `level|name|wish|share`;
    `stopped`: from then on nothing was recorded, for want of room."""

    leg: str
    queue: str
    agent: str
    record: bool
    why: str
    said: list[str]
    begun: datetime | None
    stopped: datetime | None
    pauses: list[dict[str, Any]]


class RulingsAnswer(BaseModel):
    """Of one call. `notice`: version of the notice that was heard to its end; empty = none."""

    call: str
    notice: str
    declined: bool
    talks: list[RulingAnswer]


class RecordingRoutes:
    """The catalogue and what is heard. `keys_of`: the opaque keys of a number, however it was written; it blocks.
    `living` and `talks`: the calls that are there now and their recordings."""

    def __init__(
        self,
        engine: Engine,
        listener: player.Player,
        site: Callable[[], Site],
        keys_of: Callable[[str], Collection[str]],
        clock: Clock,
        living: LiveCalls,
        talks: Talks,
        record_of: Callable[[str], CallRecord | None],
    ) -> None:
        self._engine, self._player, self._site, self._keys_of, self._clock = engine, listener, site, keys_of, clock
        self._living, self._talks, self._record_of = living, talks, record_of
        self._searches = Turns(SEARCHES_AT_ONCE)
        self._heard: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def routes(self) -> APIRouter:
        """Search, one, its audio and waveform, and a copy to take away."""
        router = api_router("recordings")
        router.get("/recordings", responses=refusals())(self.list)
        router.post("/recordings/search", responses=refusals())(self.search)
        router.get("/recordings/{recording}", responses=refusals(404))(self.show)
        router.get("/recordings/{recording}/waveform", responses=refusals(404))(self.waveform)
        audio: dict[str, Any] = {"response_class": Response}
        router.get("/recordings/{recording}/audio", responses=_AUDIO | refusals(404, 410, 416), **audio)(self.audio)
        router.post("/recordings/{recording}/copy", responses=_AUDIO | refusals(404, 410), **audio)(self.copy)
        router.get("/calls/{call}/rulings", responses=refusals(404))(self.rulings)
        router.post("/calls/{call}/recording", responses=refusals(404, 409))(self.change)
        return router

    async def list(self, granted: Looks, filters: Annotated[Filters, Query()]) -> RecordingsAnswer:
        """Recordings, newest first."""
        return await self._found(granted, filters, "")

    async def search(self, granted: Asks, wanted: Search) -> RecordingsAnswer:
        """Recordings, newest first, also those of a number; it stands in the body, for addresses are logged."""
        if wanted.number and not granted.principal.sees_numbers:
            raise Refusal("this account does not see callers' numbers", status=403)
        found = await self._found(granted, wanted, wanted.number)
        if wanted.number:
            names = [one.recording for one in found.recordings]
            granted.shows("recordings.search", number=mask_number(wanted.number), recordings=names)
        return found

    async def show(self, recording: Name, granted: Looks) -> RecordingAnswer:
        """One recording."""
        return recording_answer(await self._one(recording, granted))

    async def waveform(self, recording: Name, granted: Looks) -> WaveformAnswer:
        """Its waveform, to be drawn; there is none before it is in the vault."""
        found = await self._one(recording, granted)
        return WaveformAnswer(
            recording=found.recording, seconds=found.length_us / 1e6, points=player.drawing(found.peaks)
        )

    async def audio(
        self, recording: Name, granted: Looks, range: Annotated[str | None, Header(max_length=200)] = None
    ) -> Response:
        """The audio, or the range of bytes that is asked for, so that a player can seek. Noted in the audit."""
        granted.shows("recordings.play")
        granted.note.object = recording
        found = await self._one(recording, granted)
        heard_by = (granted.principal.who, granted.principal.credential, found.recording)
        heard = await self._opened(found)
        try:
            asked = player.wanted_range(range, heard.size)
        except ValueError as why:
            heard.close()
            raise Refusal(f"range: {why}", status=416, headers={"Content-Range": f"bytes */{heard.size}"}) from None
        now = self._clock.engine_us() / 1e6
        if self._is_new(heard_by, now):
            granted.shows("recordings.play", call=found.call)
            granted.note.written = partial(self._remember, heard_by, now)
        else:
            granted.note.action = ""
        begin, end = asked or (0, heard.size)
        head = {"Accept-Ranges": "bytes", "Content-Length": str(end - begin), "Cache-Control": "no-store"}
        if asked is not None:
            head["Content-Range"] = f"bytes {begin}-{end - 1}/{heard.size}"
        return StreamingResponse(
            _pieces(heard, begin, end), status_code=200 if asked is None else 206, media_type=heard.media, headers=head
        )

    async def copy(self, recording: Name, granted: Asks, why: Reason) -> Response:
        """A copy to take away. The reason is noted in the audit."""
        granted.shows("recordings.export", reason=why.reason)
        granted.note.object = recording
        found = await self._one(recording, granted)
        heard = await self._opened(found)
        granted.shows("recordings.export", call=found.call)
        head = {
            "Content-Length": str(heard.size),
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{found.recording}.{heard.ending}"',
        }
        return StreamingResponse(_pieces(heard, 0, heard.size), media_type=heard.media, headers=head)

    async def rulings(self, call: Name, granted: Looks) -> RulingsAnswer:
        """Whether each talk of a call was recorded, and why."""
        within = self._limits(granted)
        found = await _read(lambda: self._record_of(call))
        talks = [one for one in found.rulings if within.queue(one.queue)] if found is not None else []
        if found is None or not (talks or within.everything or (found.queue and within.queue(found.queue))):
            raise Refusal("there is no call of this id; `ivr calls` lists them", status=404)
        return RulingsAnswer(
            call=call, notice=found.notice, declined=found.declined, talks=[_ruling(one) for one in talks]
        )

    async def change(self, call: Name, change: Change, granted: Changes) -> ChangedAnswer:
        """Pause the recording of the talk that lasts, let it go on, or begin it on demand."""
        granted.changes(call)
        live, within = self._living.get(call), self._limits(granted)
        ruled = live.ruled.get(live.talk) if live is not None and live.talk is not None else None
        if live is None or not within.queue(ruled.queue if ruled is not None else live.queue or ""):
            raise Refusal("no call of this id lives, or it is not within your account's reach", status=404)
        if ruled is None:
            raise Refusal("nobody talks in this call now", status=409)
        if granted.reach is Reach.SELF and within.talked != ruled.agent:
            raise Refusal("another agent talks in this call", status=403)
        deed = {"pause": self._talks.pause, "resume": self._talks.resume, "begin": self._talks.begin}[change.do]
        try:
            became = await deed(live, ruled.leg, granted.principal.who)
        except CannotChange as why:
            raise Refusal(str(why), status=409) from None
        granted.changes(call, None, became, leg=ruled.leg)
        return ChangedAnswer(call=call, leg=ruled.leg, became=became)

    # ------------------------------------------------------------------ within
    async def _found(self, granted: Granted, filters: Filters, number: str) -> RecordingsAnswer:
        keys = frozenset(await _read(lambda: self._keys_of(number))) if number else frozenset({filters.caller} - {""})
        if number and (not keys or filters.caller not in ("", *keys)):
            raise Refusal("number: write a telephone number, without `caller` beside it", status=400)
        wanted, within, after = self._wanted(filters, keys), self._limits(granted), place_of(filters.after)

        def look() -> RecordingsAnswer:
            page = search(self._engine, wanted, within, after, filters.limit)
            callers = callers_of(self._engine, {one.call for one in page.recordings})
            shown = [recording_answer(one, callers.get(one.call, "")) for one in page.recordings]
            return RecordingsAnswer(recordings=shown, next=page.next.cursor() if page.next is not None else None)

        async with self._searches.one():
            return await _read(look)

    async def _one(self, recording: str, granted: Granted) -> Recording:
        within = self._limits(granted)
        found = await _read(lambda: find(self._engine, recording, within))
        if found is None:
            raise Refusal("there is no recording of this name; `ivr recordings` lists them", status=404)
        return found

    async def _opened(self, recording: Recording) -> player.Audio:
        try:
            return await self._player.open(recording)
        except player.NotThere as why:
            raise Refusal(str(why), status=410) from None
        except KeysLocked:
            raise Refusal(
                "recordings are locked; an administrator unlocks them: ivr recordings unlock", status=503
            ) from None
        except (KeysAway, KeyTrouble) as why:
            raise Refusal(f"recordings cannot be opened: {why}", status=503) from None
        except (OSError, SQLAlchemyError) as why:
            raise Refusal(f"the recording cannot be read: {logs.first_line(why)}", status=503) from None

    def _is_new(self, heard_by: tuple[str, str, str], now: float) -> bool:
        """Whether this is another listening than the one a moment ago."""
        before = self._heard.get(heard_by)
        return before is None or now - before >= HEARD_SECONDS

    def _remember(self, heard_by: tuple[str, str, str], now: float) -> None:
        """This listening stands in the audit: its other pieces belong to it."""
        self._heard.pop(heard_by, None)
        self._heard[heard_by] = now
        while len(self._heard) > MOST_HEARD:
            self._heard.popitem(last=False)

    def _limits(self, granted: Granted) -> Limits:
        return limits(granted.principal, granted.reach, self._site())

    def _wanted(self, filters: Filters, callers: frozenset[str]) -> Wanted:
        return Wanted(
            begin=moment_of(filters.begin, self._site().zone, "from"),
            end=moment_of(filters.end, self._site().zone, "to"),
            callers=callers,
            call=filters.call,
            did=filters.did,
            direction=filters.direction,
            queue=filters.queue,
            agent=filters.agent,
            state=State(filters.state) if filters.state else None,
            outcome=filters.outcome,
            disposition=filters.disposition,
            note=filters.note if isinstance(filters, Search) else "",
            shortest=round(filters.shortest * 1e6),
            longest=None if filters.longest is None else round(filters.longest * 1e6),
        )


_AUDIO: dict[int | str, dict[str, Any]] = {
    200: {"description": "all of it", "content": {"audio/ogg": {}, "audio/wav": {}}},
    206: {"description": "the range", "content": {"audio/ogg": {}, "audio/wav": {}}},
}


async def _pieces(heard: player.Audio, begin: int, end: int) -> AsyncIterator[bytes]:
    try:
        while begin < end:
            piece = await aside(heard.piece, begin, min(player.PIECE, end - begin))
            if not piece:
                return
            begin += len(piece)
            yield piece
    finally:
        heard.close()


async def _read(work: Callable[[], T]) -> T:
    try:
        return await aside(work)
    except SQLAlchemyError as error:
        raise Refusal(f"the records cannot be read: {logs.first_line(error)}", status=503) from None


def _ruling(ruling: TalkRuling) -> RulingAnswer:
    return RulingAnswer(
        leg=ruling.leg,
        queue=ruling.queue,
        agent=ruling.agent,
        record=ruling.record,
        why=ruling.why,
        said=list(ruling.said),
        begun=ruling.begun,
        stopped=ruling.stopped,
        pauses=[asdict(pause) for pause in ruling.pauses],
    )


def recording_answer(recording: Recording, caller: str = "") -> RecordingAnswer:
    """How one is told. `caller`: the opaque key."""
    seen = ("recording", "call", "queue", "agent", "did", "direction", "codec", "bytes", "notice", "began")
    told = (*seen, "disposition", "note")
    return RecordingAnswer(
        **{name: getattr(recording, name) for name in told},
        seconds=recording.length_us / 1e6,
        state=recording.state.value,
        gaps=[GapAnswer(begin=gap.from_us / 1e6, end=gap.to_us / 1e6, why=gap.why) for gap in recording.gaps],
        caller=caller,
    )

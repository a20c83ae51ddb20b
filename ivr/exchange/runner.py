"""Performs a call's effects over AGI: one short visit after another, the caller's channel carries the rest.

The machine (ivr.call.machine) decides, this shell plays, listens, writes the place onto the channel and tells the
journal. `DONE` is always written last: an empty `DONE` tells the dialplan that nobody finished the visit.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

import structlog

from acd.facts import CallerGone, CallerJoined, CallerReturned, Fact
from acd.model import CallId, QueueId, VisitId
from ivr.asterisk.agi.session import Session
from ivr.call import effects, facts
from ivr.call.calls import LiveCall, LiveCalls
from ivr.call.machine import Machine
from ivr.call.place import Place
from ivr.call.story import CallInfo
from ivr.clock import Clock
from ivr.exchange.ticket import Ticket
from ivr.site import Site

log = structlog.get_logger(__name__)

ALL_KEYS = "0123456789*#"
HIGHEST_PLACE = 30
"""Of Debian's es_CO prompts: beyond it a number needs words that they do not have."""


class Desk(Protocol):
    """What the runner needs of the dispatcher."""

    def submit(self, fact: Fact) -> object: ...
    def record(self, event: object, key: str | None = None) -> object: ...


class Sounds(Protocol):
    """Where prompts are; None = not available, to be skipped."""

    def path_of(self, name: str, language: str) -> str | None: ...
    def version_of(self, name: str, language: str) -> str | None: ...


class Waiting(Protocol):
    """What the engine knows of a visit."""

    def place_of(self, visit: VisitId) -> int | None:
        """1 for the next in line; None when the visit does not wait."""


class CallRunner:
    """Answers the dialplan's visits."""

    def __init__(
        self,
        *,
        site: Callable[[], Site],
        sounds: Sounds,
        desk: Desk,
        calls: LiveCalls,
        clock: Clock,
        waiting: Waiting,
        caller_key: Callable[[str, str], str],
        complain: Callable[[str, str], None],
        trust_pretended_time: bool,
    ) -> None:
        """`caller_key(number, name)` gives the opaque key of a caller and keeps the number in the erasable table;
        `complain(problem, detail)` tells an administrator."""
        self._site = site
        self._sounds = sounds
        self._desk = desk
        self._calls = calls
        self._clock = clock
        self._waiting = waiting
        self._caller_key = caller_key
        self._complain = complain
        self._pretend = trust_pretended_time
        self._routes: dict[str, Callable[[Session, LiveCall], Awaitable[None]]] = {
            "/call": self._flow,
            "/visit": self._visit,
        }

    async def __call__(self, session: Session) -> None:
        """Serve one visit. A hang-up (HungUp) ends it; AMI or the CEL file tells the call's end."""
        call = session.environment.get("agi_uniqueid", "")
        route = self._routes.get(session.path)
        if route is None or not call:
            log.warning("unknown visit", path=session.path)
            return
        with structlog.contextvars.bound_contextvars(call=call):
            live = self._calls.get(call) or LiveCall(CallId(call))
            live.number = live.number or _number(session)
            await route(session, live)

    # ------------------------------------------------------------------ the flow
    async def _flow(self, session: Session, live: LiveCall) -> None:
        did, place_text, returned_text, ticket_text, pretended = _arguments(session, 5)
        ticket = Ticket.parse(ticket_text)
        if ticket is not None and not returned_text and await self._still_waits(session, live, ticket):
            return
        if live.started_at is None:
            live = self._begin(session, live, did)
        site = self._site()
        flow = site.flow_for(did) or site.default_flow
        info = CallInfo(call=live.call, did=did, caller=live.caller)
        returned = effects.Returned.parse(returned_text)
        machine = Machine(site, flow, info, Place.decode(place_text), returned)
        performer = _Performer(self, session, live, self._time_of(pretended, site))
        effect = machine.start(self._clock.now())
        while (answer := await performer.perform(effect)) is not None:
            effect = machine.step(answer, self._clock.now())

    def _begin(self, session: Session, live: LiveCall, did: str) -> LiveCall:
        name = session.environment.get("agi_calleridname", "")
        site = self._site()
        started = facts.CallStarted(
            at=self._clock.now(),
            call=live.call,
            did=did,
            caller=self._caller_key(live.number, "" if name == "unknown" else name),
            flow=site.entry.get(did, ""),
            config=site.version,
        )
        self._desk.record(started, key=f"started:{live.call}")
        met = self._calls.meet(live.call)
        met.number = live.number
        return met

    def _time_of(self, pretended: str, site: Site) -> Callable[[], datetime]:
        zone = site.zone
        if self._pretend and pretended:
            try:
                moment = datetime.fromisoformat(pretended)
                moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
                return lambda: site.local(moment)
            except ValueError:
                log.warning("pretended time is not a time", text=pretended)
        return lambda: site.local(self._clock.now())

    # ------------------------------------------------------------------ waiting
    async def _still_waits(self, session: Session, live: LiveCall, ticket: Ticket) -> bool:
        """A caller whose ticket was written before the server died in the middle of the visit."""
        if live.visit is not None and live.visit != ticket.visit:
            return False
        self._rejoin(live, ticket)
        await session.set_variable("DONE", "wait")
        return True

    def _rejoin(self, live: LiveCall, ticket: Ticket) -> None:
        if live.visit is None and not self._calls.has_ended(live.call):
            self._join(live.call, ticket)
        elif live.fallback:
            returned = CallerReturned(at=self._clock.now(), t=self._clock.engine_us(), visit=ticket.visit)
            self._desk.submit(returned)

    def _join(self, call: CallId, ticket: Ticket) -> None:
        now, t = self._clock.now(), self._clock.engine_us()
        joined = CallerJoined(
            at=ticket.joined_at, t=t, visit=ticket.visit, call=call, queue=ticket.queue, priority=ticket.priority
        )
        self._desk.submit(joined)
        if self._calls.has_ended(call):
            # hung up while we wrote the ticket: AMI told the end before we told the beginning
            self._desk.submit(CallerGone(at=now, t=t, visit=ticket.visit, hung_up=True))

    async def _visit(self, session: Session, live: LiveCall) -> None:
        _, _, _, ticket_text, _ = _arguments(session, 5)
        ticket = Ticket.parse(ticket_text)
        if ticket is None:
            await session.set_variable("DONE", "call")
            return
        self._rejoin(live, ticket)
        await self._announce(session, live, ticket)
        await session.set_variable("DONE", "wait")

    async def _announce(self, session: Session, live: LiveCall, ticket: Ticket) -> None:
        """When it is due: the queue's own words, then the place, from Debian's recorded phrases."""
        site = self._site()
        queue = site.queues.get(ticket.queue)
        now = self._clock.now()
        since = live.announced_at or ticket.joined_at
        if queue is None or not queue.announce_every or now - since < queue.announce_every:
            return
        place = self._waiting.place_of(ticket.visit)
        if place is None:
            return  # an agent's phone rings
        live.announced_at = now
        words = self._sounds.path_of(queue.announce, site.language) if queue.announce else None
        for sound in [words, *_place_phrases(place)] if words else _place_phrases(place):
            await session.stream_file(sound)


class _Performer:
    """Carries out the effects of one visit of the flow."""

    def __init__(
        self, runner: CallRunner, session: Session, live: LiveCall, time_of_day: Callable[[], datetime]
    ) -> None:
        self._runner = runner
        self._session = session
        self._live = live
        self._time = time_of_day
        self._returned = bool(_arguments(session, 5)[2])

    async def perform(self, effect: effects.Effect) -> effects.Input | None:
        """Do it, and give the machine's next input; None when the visit is over."""
        match effect:
            case effects.Play():
                return await self._play(effect)
            case effects.WaitKey(seconds=seconds):
                return effects.Pressed(await self._session.wait_for_digit(int(seconds * 1000)))
            case effects.Remember(place=place):
                return await self._remember(place)
            case effects.Tell(fact=fact):
                self._runner._desk.record(fact)
                return effects.Done()
            case effects.Complain(problem=problem, detail=detail):
                self._runner._complain(problem, detail)
                return effects.Done()
            case effects.AskTime():
                return effects.Time(self._time())
            case effects.JoinQueue():
                await self._queue(effect)
            case effects.Ring(extension=extension, seconds=seconds):
                await self._session.set_variable("DIAL_TO", extension)
                await self._session.set_variable("DIAL_FOR", str(int(seconds)))
                await self._session.set_variable("DONE", "dial")
            case effects.HangUp(reason=reason):
                self._live.reason = reason
                await self._session.set_variable("DONE", "hangup")
        return None

    async def _play(self, effect: effects.Play) -> effects.Input:
        sound = self._runner._sounds.path_of(effect.prompt, effect.language)
        if sound is None:
            return effects.Played(complete=False, missing=True)
        if not effect.notice:
            played = await self._session.stream_file(sound, effect.keys)
            return effects.Played(key=played.key, complete=played.key is None and played.ok, missing=not played.ok)
        version = self._runner._sounds.version_of(effect.prompt, effect.language) or ""
        # A key pressed while STREAM FILE listens to none is lost to AGI. So it listens to all, and the notice goes on
        # from the sample at which the key stopped it.
        first, offset = None, 0
        while True:
            played = await self._session.stream_file(sound, ALL_KEYS, offset)
            if played.key is None:
                # nothing more to play after a key in the last sample is no missing file
                whole = played.ok or offset > 0
                return effects.Played(key=first, complete=whole, missing=not whole, version=version)
            first, offset = first or played.key, played.offset

    async def _remember(self, place: Place) -> effects.Input:
        """The place and the used-up RETURNED change together: a crash in between would repeat a dial."""
        if self._returned:
            await self._session.execute("MSet", f"PLACE={place.encode()},RETURNED=,TICKET=")
            self._returned = False
        else:
            await self._session.set_variable("PLACE", place.encode())
        return effects.Done()

    async def _queue(self, effect: effects.JoinQueue) -> None:
        live = self._live
        visit = VisitId(f"{live.call}/{live.visits + 1}")
        ticket = Ticket(visit, QueueId(effect.queue), self._runner._clock.now(), effect.priority)
        await self._session.set_variable("TICKET", str(ticket))
        self._runner._join(live.call, ticket)
        await self._session.set_variable("DONE", "wait")


def _place_phrases(place: int) -> list[str]:
    """The sounds that tell the place; none for one that cannot be said."""
    if place == 1:
        return ["queue-youarenext"]
    return ["queue-thereare", f"digits/{place}", "queue-callswaiting"] if place <= HIGHEST_PLACE else []


def _arguments(session: Session, count: int) -> list[str]:
    given = list(session.arguments)[:count]
    return given + [""] * (count - len(given))


def _number(session: Session) -> str:
    number = session.environment.get("agi_callerid", "")
    return "" if number == "unknown" else number

"""Answers the dialplan's visits: a short AGI session each time; the caller's channel carries the rest.

`/call` runs the flow from the caller's place, `/visit` is made now and then by a caller who waits, `/undo` once for a
caller who hung up in a step that has something to undo.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from acd.facts import CallerGone, CallerJoined, CallerReturned
from acd.model import CallId, VisitId
from ivr.asterisk.agi.session import Session
from ivr.call import effects, facts
from ivr.call.calls import LiveCall
from ivr.call.machine import Machine
from ivr.call.place import Place
from ivr.call.story import CallInfo
from ivr.exchange.announcement import announcement
from ivr.exchange.carried import Carried, read_memory
from ivr.exchange.house import House
from ivr.exchange.live_values import LiveValues
from ivr.exchange.performer import Performer
from ivr.exchange.ticket import Ticket
from ivr.site import Site
from ivr.site.callers import caller_facts

log = structlog.get_logger(__name__)


class CallRunner:
    """Answers the dialplan's visits."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._routes: dict[str, Callable[[Session, LiveCall], Awaitable[None]]] = {
            "/call": self._flow,
            "/visit": self._visit,
            "/undo": self._undo,
        }

    async def __call__(self, session: Session) -> None:
        """Serve one visit. A hang-up (HungUp) ends it; AMI or the CEL file tells the call's end."""
        call = session.environment.get("agi_uniqueid", "")
        route = self._routes.get(session.path)
        if route is None or not call:
            log.warning("unknown visit", path=session.path)
            return
        with structlog.contextvars.bound_contextvars(call=call):
            live = self._house.calls.get(call) or LiveCall(CallId(call))
            live.number = live.number or _number(session)
            await route(session, live)

    # ------------------------------------------------------------------ the flow
    async def _flow(self, session: Session, live: LiveCall) -> None:
        did, place_text, returned_text, ticket_text, pretended = _arguments(session, 5)
        ticket = Ticket.parse(ticket_text)
        if ticket is not None and not returned_text and await self._still_waits(session, live, ticket):
            return
        place = Place.decode(place_text)
        site = self._site_of(live, place)
        now = self._time_of(pretended, site)
        caller = caller_facts(site, live.number, now().date())
        if live.started_at is None:
            live = self._begin(session, live, did, site)
        returned = effects.Returned.parse(returned_text)
        info = CallInfo(call=live.call, did=did, caller=live.caller, blocked=caller.blocked)
        memory = await read_memory(session, place, self._house.seal)
        machine = Machine(site, site.flow_for(did) or site.default_flow, info, place, returned, memory)
        carried = Carried(
            session,
            self._house.seal,
            self._house.complain,
            place=place,
            memory=memory,
            undo=_has_undo(site, place),
            returned=bool(returned_text),
        )
        values = LiveValues(self._house, site, did, caller, now)
        await self._drive(machine, site, session, live, values, carried)

    async def _undo(self, session: Session, live: LiveCall) -> None:
        """The caller hung up in a step that has something to undo: nothing is heard or remembered."""
        did, place_text, _, _, pretended = _arguments(session, 5)
        place = Place.decode(place_text)
        if place is None:
            return
        site = self._site_of(live, place)
        now = self._time_of(pretended, site)
        memory = await read_memory(session, place, self._house.seal)
        info = CallInfo(call=live.call, did=did, caller=live.caller)
        machine = Machine(site, site.flow_for(did) or site.default_flow, info, place, memory=memory, hung_up=True)
        values = LiveValues(self._house, site, did, caller_facts(site, live.number, now().date()), now)
        carried = Carried(session, self._house.seal, self._house.complain, place=place, memory=memory)
        await self._drive(machine, site, session, live, values, carried)

    async def _drive(
        self, machine: Machine, site: Site, session: Session, live: LiveCall, values: LiveValues, carried: Carried
    ) -> None:
        """Let the machine ask and the performer do, until the visit is over."""
        performer = Performer(
            self._house, site, session, live, values, carried, lambda ticket: self._join(live.call, ticket)
        )
        effect = machine.start(self._house.clock.now())
        while (answer := await performer.perform(effect)) is not None:
            effect = machine.step(answer, self._house.clock.now())

    def _site_of(self, live: LiveCall, place: Place | None) -> Site:
        """The edition of the site that the call began with; for a new call, the one that it begins with."""
        sites = self._house.sites
        if place is not None and place.edition:
            return sites.of(place.edition)
        if live.config:
            return sites.of(live.config[:12])
        return sites.for_new_call(self._house.caller_key(live.number, ""), live.number)

    def _begin(self, session: Session, live: LiveCall, did: str, site: Site) -> LiveCall:
        name = session.environment.get("agi_calleridname", "")
        started = facts.CallStarted(
            at=self._house.clock.now(),
            call=live.call,
            did=did,
            caller=self._house.caller_key(live.number, "" if name == "unknown" else name),
            flow=site.entry.get(did, ""),
            config=site.version,
        )
        self._house.desk.record(started, key=f"started:{live.call}")
        met = self._house.calls.meet(live.call)
        met.number = live.number
        return met

    def _time_of(self, pretended: str, site: Site) -> Callable[[], datetime]:
        zone = site.zone
        if self._house.trust_pretended_time and pretended:
            try:
                moment = datetime.fromisoformat(pretended)
                moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
                return lambda: site.local(moment)
            except ValueError:
                log.warning("pretended time is not a time", text=pretended)
        return lambda: site.local(self._house.clock.now())

    # ------------------------------------------------------------------ waiting
    async def _still_waits(self, session: Session, live: LiveCall, ticket: Ticket) -> bool:
        """A caller whose ticket was written before the server died in the middle of the visit."""
        if live.visit is not None and live.visit != ticket.visit:
            return False
        self._rejoin(live, ticket)
        await session.set_variable("DONE", "wait")
        return True

    def _rejoin(self, live: LiveCall, ticket: Ticket) -> None:
        if live.visit is None and not self._house.calls.has_ended(live.call):
            self._join(live.call, ticket)
        elif live.fallback:
            returned = CallerReturned(at=self._house.clock.now(), t=self._house.clock.engine_us(), visit=ticket.visit)
            self._house.desk.submit(returned)

    def _join(self, call: CallId, ticket: Ticket) -> None:
        now, t = self._house.clock.now(), self._house.clock.engine_us()
        joined = CallerJoined(
            at=ticket.joined_at, t=t, visit=ticket.visit, call=call, queue=ticket.queue, priority=ticket.priority
        )
        self._house.desk.submit(joined)
        if self._house.calls.has_ended(call):
            # hung up while we wrote the ticket: AMI told the end before we told the beginning
            self._house.desk.submit(CallerGone(at=now, t=t, visit=ticket.visit, hung_up=True))

    async def _visit(self, session: Session, live: LiveCall) -> None:
        _, place_text, _, ticket_text, _ = _arguments(session, 5)
        ticket = Ticket.parse(ticket_text)
        if ticket is None:
            await session.set_variable("DONE", "call")
            return
        if (exit_name := self._house.waiting.exit_of(ticket.visit)) is not None:
            # He overflowed, but the Redirect was lost with the link.
            await session.execute("MSet", f"RETURNED=queue {exit_name},TICKET=")
            await session.set_variable("DONE", "call")
            return
        if self._house.waiting.is_over(ticket.visit):
            # Counted as gone, and yet he is here: a new visit at the old place.
            visit = VisitId(f"{live.call}/{max(live.visits, ticket.number) + 1}")
            ticket = Ticket(visit, ticket.queue, ticket.joined_at, ticket.priority)
            await session.set_variable("TICKET", str(ticket))
        self._rejoin(live, ticket)
        await self._announce(session, live, ticket, Place.decode(place_text))
        await session.set_variable("DONE", "wait")

    async def _announce(self, session: Session, live: LiveCall, ticket: Ticket, place: Place | None) -> None:
        """When it is due: the queue's own words, then the place in the line, in the caller's language."""
        site = self._site_of(live, place)
        sounds = self._house.sites.sounds_of(site)
        queue = site.queues.get(ticket.queue)
        now = self._house.clock.now()
        since = live.announced_at or ticket.joined_at
        if queue is None or not queue.announce_every or now - since < queue.announce_every:
            return
        position = self._house.waiting.place_of(ticket.visit)
        if position is None:
            return  # an agent's phone rings
        live.announced_at = now
        for sound in announcement(site, sounds, queue, position, place):
            await session.stream_file(sound)


def _has_undo(site: Site, place: Place | None) -> bool:
    """Whether the step of a place has something to undo when the caller hangs up in it."""
    flow = site.flows.get(place.flow) if place is not None else None
    step = flow.steps.get(place.step) if flow is not None and place is not None else None
    return step is not None and bool(step.when_hung_up)


def _arguments(session: Session, count: int) -> list[str]:
    given = list(session.arguments)[:count]
    return given + [""] * (count - len(given))


def _number(session: Session) -> str:
    number = session.environment.get("agi_callerid", "")
    return "" if number == "unknown" else number

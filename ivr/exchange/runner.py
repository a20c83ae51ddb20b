"""Answers the dialplan's visits: a short AGI session each time; the caller's channel carries the rest.

`/call` runs the flow from the caller's place, `/visit` is made now and then by a caller who waits, `/key` when that
caller presses a key, `/undo` once for a caller who hung up in a step that has something to undo. `/transfer` and
`/inside` are for callers whom a phone hands on, and for the phones (ivr.exchange.transfers). `/hush`, `/leg` and
`/recording` come from the legs of those who are rung (ivr.exchange.recording.legs).
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from acd.model import CallId
from ivr.asterisk.agi.session import Session
from ivr.call import effects, facts
from ivr.call.calls import LiveCall
from ivr.call.machine import Machine
from ivr.call.place import RECEPTION, Place
from ivr.call.story import CallInfo
from ivr.exchange.carried import Carried, read_memory
from ivr.exchange.house import House
from ivr.exchange.live_values import LiveValues
from ivr.exchange.performer import Performer
from ivr.exchange.ticket import Ticket
from ivr.exchange.transfers import Transfers
from ivr.exchange.waiting_room import WaitingRoom
from ivr.site import Site
from ivr.site.callers import caller_facts
from ivr.verbs.queue import Queue
from ivr.verbs.step import Step

log = structlog.get_logger(__name__)

_TOLD_AGENT = {
    "begun": "phrase_recording_on",
    "resumed": "phrase_recording_on",
    "paused": "phrase_recording_paused",
    "refused": "phrase_recording_off",
}
"""What the agent hears after the recording's key."""

_IN_A_TALK = frozenset({"/hush", "/recording", "/part", "/part-begun"})
"""Two people hear nothing of each other until these are answered: they wait for no gap to be filled."""


class CallRunner:
    """Answers the dialplan's visits."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._room = WaitingRoom(house)
        transfers = Transfers(house, self._room)
        self._routes: dict[str, Callable[[Session, LiveCall], Awaitable[None]]] = {
            "/call": self._flow,
            "/visit": self._visit,
            "/key": self._key,
            "/undo": self._undo,
            "/transfer": transfers.transfer,
            "/inside": transfers.inside,
            "/hush": self._hush,
            "/leg": self._leg,
            "/recording": self._recording,
            "/part": self._part,
            "/part-begun": self._part_begun,
        }

    async def __call__(self, session: Session) -> None:
        """Serve one visit. A hang-up (HungUp) ends it; AMI or the CEL file tells the call's end."""
        call = session.environment.get("agi_uniqueid", "")
        route = self._routes.get(session.path)
        if route is None or not call:
            log.warning("unknown visit", path=session.path)
            return
        with structlog.contextvars.bound_contextvars(call=call), self._house.visiting.visit(call):
            if session.path not in _IN_A_TALK:
                await self._house.catch_up()
            live = self._house.calls.get(call) or LiveCall(CallId(call))
            live.number = live.number or _number(session)
            live.channel = session.environment.get("agi_channel", "")
            await route(session, live)

    # ------------------------------------------------------------------ the flow
    async def _flow(self, session: Session, live: LiveCall) -> None:
        did, place_text, returned_text, ticket_text, pretended = _arguments(session, 5)
        if not did and not place_text:
            await session.set_variable("DONE", "hangup")  # a phone of the house that has been in a queue
            return
        ticket = Ticket.parse(ticket_text)
        if ticket is not None and not returned_text and await self._room.still_waits(session, live, ticket):
            return
        place = Place.decode(place_text)
        site = self._site_of(live, place)
        now = self._time_of(pretended, site)
        caller = caller_facts(site, live.number, now().date())
        if live.started_at is None:
            live = self._begin(session, live, did, site)
        returned = effects.Returned.parse(returned_text)
        if returned.kind is effects.Kind.QUEUE and not _at_queue(site, place):
            returned = effects.RESUMED  # transferred from here to a queue, which did not keep the caller
        if returned.kind is effects.Kind.KEY:
            self._room.left(live)
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
            self._house, site, session, live, values, carried, lambda ticket: self._room.enter(session, live, ticket)
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
        met.number, met.channel = live.number, live.channel
        if any(queue.last_agent != "off" for queue in site.queues.values()):
            self._house.last_agents.begin(met.caller)
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

    # ------------------------------------------------------------------ of an agent's leg
    async def _hush(self, session: Session, live: LiveCall) -> None:
        if await self._house.legs.hush(session):
            await session.set_variable("DONE", "hush")

    async def _leg(self, session: Session, live: LiveCall) -> None:
        await session.set_variable("DONE", await self._house.legs.of_leg(session))

    async def _recording(self, session: Session, live: LiveCall) -> None:
        became = await self._house.legs.key(session)
        if not became:
            return  # the dialplan ends the recording
        await session.set_variable("DONE", became)
        site = self._house.sites.active()
        if sound := self._house.sites.sounds_of(site).path_of(_TOLD_AGENT[became], site.language):
            await session.set_variable("SAY", sound)  # heard when the other file has begun

    async def _part(self, session: Session, live: LiveCall) -> None:
        if await self._house.legs.part(session):
            await session.set_variable("ANEW", "1")

    async def _part_begun(self, session: Session, live: LiveCall) -> None:
        self._house.legs.part_begun(session)

    # ------------------------------------------------------------------ waiting
    async def _visit(self, session: Session, live: LiveCall) -> None:
        await self._waits(session, live)

    async def _key(self, session: Session, live: LiveCall) -> None:
        """The caller pressed a key while waiting: the dialplan gives it in the place of RETURNED."""
        await self._waits(session, live, _arguments(session, 3)[2][:1])

    async def _waits(self, session: Session, live: LiveCall, key: str = "") -> None:
        _, place_text, _, ticket_text, _ = _arguments(session, 5)
        place = Place.decode(place_text)
        site = self._site_of(live, place)
        await self._room.visit(session, live, site, Ticket.parse(ticket_text), place, key)


def _step(site: Site, place: Place | None) -> Step | None:
    flow = site.flows.get(place.flow) if place is not None else None
    return flow.steps.get(place.step) if flow is not None and place is not None else None


def _has_undo(site: Site, place: Place | None) -> bool:
    """Whether the step of a place has something to undo when the caller hangs up in it."""
    step = _step(site, place)
    return step is not None and bool(step.when_hung_up)


def _at_queue(site: Site, place: Place | None) -> bool:
    """Whether the flow waits for what becomes of a stay in a queue; a step that is gone is dealt with elsewhere."""
    known = place is not None and (place.step == RECEPTION or _step(site, place) is not None)
    return not known or isinstance(_step(site, place), Queue)


def _arguments(session: Session, count: int) -> list[str]:
    given = list(session.arguments)[:count]
    return given + [""] * (count - len(given))


def _number(session: Session) -> str:
    number = session.environment.get("agi_callerid", "")
    return "" if number == "unknown" else number

"""Callers who wait: their short visits, what they hear then, and the keys that lead out of a queue."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from acd.facts import CallerGone, CallerJoined, CallerReturned
from acd.model import CallId, VisitId
from ivr.asterisk.agi.session import Session
from ivr.call.calls import LiveCall
from ivr.call.place import Place
from ivr.exchange.announcement import announcement
from ivr.exchange.house import House
from ivr.exchange.ticket import Ticket
from ivr.site import Site
from ivr.verbs.queue import Queue


class WaitingRoom:
    """Tells the engine who waits, and waiting callers what there is to hear."""

    def __init__(self, house: House) -> None:
        self._house = house

    # ------------------------------------------------------------------ joining
    async def enter(self, session: Session, live: LiveCall, ticket: Ticket) -> None:
        """A caller joins a queue. The ticket is written before the engine hears of it: who dies in between has one."""
        await session.set_variable("TICKET", str(ticket))
        self.join(live.call, ticket)
        live.announced_at = ticket.joined_at
        earlier = self._house.waiting.credit_of(ticket.visit)
        if earlier > timedelta():
            # What an earlier visit gave this one is not lost with the journal.
            await session.set_variable("TICKET", str(replace(ticket, joined_at=ticket.joined_at - earlier)))

    def join(self, call: CallId, ticket: Ticket) -> None:
        """Tell the engine."""
        now, t = self._house.clock.now(), self._house.clock.engine_us()
        joined = CallerJoined(
            at=ticket.joined_at,
            t=t,
            visit=ticket.visit,
            call=call,
            queue=ticket.queue,
            priority=ticket.priority,
            caller=ticket.caller,
            last_agent=ticket.last_agent,
            only=ticket.only,
            keeps=ticket.keeps,
        )
        self._house.desk.submit(joined)
        if self._house.calls.has_ended(call):
            # hung up while we wrote the ticket: AMI told the end before we told the beginning
            self._house.desk.submit(CallerGone(at=now, t=t, visit=ticket.visit, hung_up=True))

    async def still_waits(self, session: Session, live: LiveCall, ticket: Ticket) -> bool:
        """A caller whose ticket was written before the server died in the middle of the visit."""
        if live.visit is not None and live.visit != ticket.visit:
            return False
        self._rejoin(live, ticket)
        await session.set_variable("DONE", "wait")
        return True

    def _rejoin(self, live: LiveCall, ticket: Ticket) -> None:
        if live.visit is None and not self._house.calls.has_ended(live.call):
            self.join(live.call, ticket)
        elif live.fallback:
            returned = CallerReturned(at=self._house.clock.now(), t=self._house.clock.engine_us(), visit=ticket.visit)
            self._house.desk.submit(returned)

    def left(self, live: LiveCall) -> None:
        """The caller has left the queue by a key. Told once more when the flow goes on: the server may have died
        before the journal had it."""
        if live.visit is not None:
            now, t = self._house.clock.now(), self._house.clock.engine_us()
            self._house.desk.submit(CallerGone(at=now, t=t, visit=live.visit, hung_up=False))

    # ------------------------------------------------------------------ visits
    async def visit(
        self, session: Session, live: LiveCall, site: Site, ticket: Ticket | None, place: Place | None, key: str = ""
    ) -> None:
        """A waiting caller looks in, now and then or with a `key`."""
        if ticket is None:
            await session.set_variable("DONE", "call")
            return
        if (exit_name := self._house.waiting.exit_of(ticket.visit)) is not None:
            # He overflowed, but the Redirect was lost with the link.
            if ticket.transfer:
                await session.set_variable("RETURNED", f"queue {exit_name}")
                await session.set_variable("DONE", "left")
            else:
                await self._back_to_the_flow(session, f"queue {exit_name}")
            return
        if self._house.waiting.is_over(ticket.visit):
            # Counted as gone, and yet he is here: a new visit at the old place.
            visit = VisitId(f"{live.call}/{max(live.visits, ticket.number) + 1}")
            ticket = replace(ticket, visit=visit)
            await session.set_variable("TICKET", str(ticket))
        self._rejoin(live, ticket)
        keys = _keys(site, place, ticket)
        if key not in keys or not key:
            key = await self._announce(session, live, site, ticket, place, keys)
        if key and not self._house.waiting.agent_is_there(ticket.visit):
            self.left(live)
            await self._back_to_the_flow(session, f"key {key}")
        else:
            await session.set_variable("DONE", "wait")

    @staticmethod
    async def _back_to_the_flow(session: Session, returned: str) -> None:
        await session.execute("MSet", f"RETURNED={returned},TICKET=")
        await session.set_variable("DONE", "call")

    async def _announce(
        self, session: Session, live: LiveCall, site: Site, ticket: Ticket, place: Place | None, keys: str
    ) -> str:
        """When it is due: the queue's own words, then the place in the line, in the caller's language. Nothing while an
        agent is being connected, nor once that begins. Gives the key of `keys` that was pressed meanwhile."""
        queue = site.queues.get(ticket.queue)
        now = self._house.clock.now()
        since = live.announced_at or ticket.joined_at
        if queue is None or not queue.announce_every or now - since < queue.announce_every:
            return ""
        position = self._house.waiting.place_of(ticket.visit)
        if position is None:
            return ""
        live.announced_at = now
        sounds = self._house.sites.sounds_of(site)
        live.announcing = True
        try:
            return await self._say(session, ticket, announcement(site, sounds, queue, position, place), keys)
        finally:
            live.announcing = False

    async def _say(self, session: Session, ticket: Ticket, said: Sequence[str], keys: str) -> str:
        """One sound after the other. The one that is played when an offer is made is stopped (ivr.exchange.hush)."""
        for sound in said:
            if self._house.waiting.place_of(ticket.visit) is None:
                return ""
            if key := (await session.stream_file(sound, keys)).key:
                return key
        return ""


def _keys(site: Site, place: Place | None, ticket: Ticket) -> str:
    """The keys that lead out of the queue, where the caller waits because of a step of the flow."""
    flow = site.flows.get(place.flow) if place is not None else None
    step = flow.steps.get(place.step) if flow is not None and place is not None else None
    return "".join(step.keys) if isinstance(step, Queue) and step.queue == ticket.queue else ""

"""Answers a transferred caller's visits (`/transfer`) and a phone of the house that dials a queue (`/inside`).

The dialplan says how the visits follow each other, and goes on alone without us (asterisk-conf/dialplan/transfers.j2).
A caller is sent to an agent through the engine, which rings that agent alone, so that the talk has a leg, states and
wrap-up of its own; to any other extension by Dial. Who is not taken there goes back to who transferred; who is not
taken there either waits in the queue of the talk again.
"""

from dataclasses import dataclass
from datetime import timedelta

from acd.model import AgentId, QueueId, VisitId
from acd.reasons import TRANSFER_FAILED
from ivr.asterisk.agi.session import Session
from ivr.call import facts
from ivr.call.calls import LiveCall
from ivr.exchange.channels import queue_number
from ivr.exchange.house import House
from ivr.exchange.talks import OUTSIDE
from ivr.exchange.ticket import BY, TO, Ticket
from ivr.exchange.waiting_room import WaitingRoom
from ivr.site import Site
from ivr.verbs.dial import RESULTS

RING_SECONDS = 20
"""How long an extension that is no agent's rings."""

AT_ONCE = timedelta(seconds=20)
"""A queue that does not keep a transferred caller this long has not taken him: back to who transferred. A little longer
than a queue waits for somebody to come back whose last agent has just left."""

PATIENCE_SECONDS = 5.0
"""How long a caller who comes back waits until the phone that transferred him has ended its part."""

LOOK_SECONDS = 0.1

_BY_QUEUE = "queue "
"""Before the exit, in FAILED and RETURNED."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The visit's arguments: the variables of the same names (asterisk-conf/dialplan/transfers.j2)."""

    ticket: Ticket | None
    talked: Ticket | None
    at: str
    to: str
    by: str
    failed: str

    @classmethod
    def of(cls, session: Session) -> "_Asked":
        ticket, talked, at, to, by, failed = (*session.arguments, *("",) * 6)[:6]
        return cls(Ticket.parse(ticket), Ticket.parse(talked), at, to, by, failed)

    @property
    def dialled(self) -> bool:
        """Whether it was Dial that failed, and not the engine."""
        return bool(self.failed) and not self.failed.startswith(_BY_QUEUE)

    @property
    def why(self) -> str:
        """In words."""
        return RESULTS.get(self.failed, "unreachable") if self.dialled else self.failed.removeprefix(_BY_QUEUE)


class Transfers:
    """Serves callers who are handed on."""

    def __init__(self, house: House, room: WaitingRoom) -> None:
        self._house, self._room = house, room

    # ------------------------------------------------------------------ visits
    async def transfer(self, session: Session, live: LiveCall) -> None:
        """A transferred caller: where to, now?"""
        asked, site = _Asked.of(session), self._house.sites.active()
        written = asked.ticket if not asked.failed else None  # and then the server died
        if written is not None and await self._room.still_waits(session, live, written):
            return
        if asked.dialled and asked.to != OUTSIDE:
            rung = asked.to if asked.at == TO else self._who(site, live, asked)
            self._tell(facts.DialEnded(at=self._house.clock.now(), call=live.call, extension=rung, result=asked.why))
        if asked.at == BY and asked.failed:
            await self._wait_again(session, live, site, asked)
        elif asked.at == BY or asked.failed:
            await self._back(session, live, site, asked)
        else:
            await self._on(session, live, site, asked)

    async def inside(self, session: Session, live: LiveCall) -> None:
        """A phone of the house joins a queue: a call like any other, but without a flow."""
        site, queue = self._house.sites.active(), next(iter(session.arguments), "")
        if queue not in site.queues or self._house.calls.has_ended(live.call):
            return
        if live.started_at is None:
            number = live.number
            started = facts.CallStarted(
                at=self._house.clock.now(),
                call=live.call,
                did=queue_number(tuple(site.queues), queue),
                caller=self._house.caller_key(number, ""),
                flow="",
                config=site.version,
            )
            self._house.desk.record(started, key=f"started:{live.call}")
            live = self._house.calls.meet(live.call)
            live.number = number
        await self._join(session, live, queue)

    # ------------------------------------------------------------------ one after the other
    async def _on(self, session: Session, live: LiveCall, site: Site, asked: _Asked) -> None:
        """To where the phone said."""
        if asked.to in site.queues:
            await self._join(session, live, asked.to, at=TO)
        elif asked.to in site.agents:
            await self._join(session, live, self._queue_of(site, asked, asked.to), at=TO, only=asked.to)
        else:
            await self._ring(session, live, asked.to, TO)

    async def _back(self, session: Session, live: LiveCall, site: Site, asked: _Asked) -> None:
        """To who transferred, if the other one did not take the caller at once."""
        waited = live.joined is not None and self._house.clock.now() - live.joined > AT_ONCE
        if asked.to in site.queues and waited:
            await self._into_the_flow(session, asked.failed)
            return
        who = self._who(site, live, asked)
        if who in site.agents or who in site.extensions:
            self._returns(live, asked.to, asked.why, who)
        if who in site.agents:
            await self._until_free(who)
            await self._join(session, live, self._queue_of(site, asked, who), at=BY, only=who)
        elif who in site.extensions:
            await self._ring(session, live, who, BY)
        else:
            await self._wait_again(session, live, site, asked)

    async def _wait_again(self, session: Session, live: LiveCall, site: Site, asked: _Asked) -> None:
        """In the queue of the talk; after a talk without a queue, the flow goes on as if nobody had answered."""
        if asked.talked is None or asked.talked.queue not in site.queues:
            await self._into_the_flow(session, f"dial NOANSWER {asked.to}")
            return
        queue = asked.talked.queue
        self._returns(live, self._who(site, live, asked) or asked.to, asked.why, queue)
        await self._join(session, live, queue, priority=asked.talked.priority)

    # ------------------------------------------------------------------ deeds
    async def _join(
        self, session: Session, live: LiveCall, queue: str, *, priority: int = 0, at: str = "", only: str = ""
    ) -> None:
        await session.execute("MSet", f"TRANSFER_AT={at},FAILED=")
        ticket = Ticket(
            VisitId(f"{live.call}/{live.visits + 1}"),
            QueueId(queue),
            self._house.clock.now(),
            priority,
            "" if only else live.caller,
            only=AgentId(only) if only else None,
            transfer=at,
        )
        await self._room.enter(session, live, ticket)
        await session.set_variable("DONE", "wait")

    async def _ring(self, session: Session, live: LiveCall, extension: str, at: str) -> None:
        self._tell(facts.DialBegun(at=self._house.clock.now(), call=live.call, extension=extension))
        names = {"TRANSFER_AT": at, "FAILED": "", "TICKET": "", "DIAL_TO": extension, "DIAL_FOR": str(RING_SECONDS)}
        await session.execute("MSet", ",".join(f"{name}={value}" for name, value in names.items()))
        await session.set_variable("DONE", "ring")

    @staticmethod
    async def _into_the_flow(session: Session, returned: str) -> None:
        await session.execute("MSet", f"RETURNED={returned},TICKET=,TRANSFER_AT=,FAILED=")
        await session.set_variable("DONE", "call")

    async def _until_free(self, agent: str) -> None:
        """The phone that transferred ends its part within milliseconds; a phone that is somewhere else is not waited
        for long."""
        for _ in range(round(PATIENCE_SECONDS / LOOK_SECONDS)):
            if self._house.waiting.may_be_rung(AgentId(agent)):
                return
            await self._house.clock.sleep(LOOK_SECONDS)

    # ------------------------------------------------------------------ who and where
    @staticmethod
    def _who(site: Site, live: LiveCall, asked: _Asked) -> str:
        """Who transferred: the extension of the channel; an agent at a number outside has none there."""
        return asked.by if asked.by in site.extensions else live.agent

    @staticmethod
    def _queue_of(site: Site, asked: _Asked, agent: str) -> str:
        """The queue of the talk; without one, the first that the agent serves, or else the first of all."""
        if asked.talked is not None and asked.talked.queue in site.queues:
            return asked.talked.queue
        serves = (name for name, queue in site.queues.items() if agent in queue.agents)
        return next(serves, next(iter(site.queues)))

    def _returns(self, live: LiveCall, to: str, why: str, back: str) -> None:
        why = why or TRANSFER_FAILED
        self._tell(facts.TransferReturned(at=self._house.clock.now(), call=live.call, to=to, why=why, back=back))

    def _tell(self, fact: facts.CallFact) -> None:
        self._house.desk.record(fact)

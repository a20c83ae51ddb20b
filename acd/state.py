"""What the engine knows: visits, offers and agents, and the indexes over them that make a decision cheap.

Only `acd.absorb` (facts) and `acd.carry` (decisions) change it; the rules read it. After a change they call
`settle_visit`, `settle_agent` or `settle_offer`, which keep the indexes and deadlines right. Everything is ordered
by insertion or by whole numbers, never by hash.
"""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

from acd.config import EngineConfig, QueueConfig
from acd.deadlines import Deadlines, Key
from acd.decisions import PassedOver
from acd.model import AgentId, CallId, DeviceState, OfferId, OfferResult, QueueId, VisitId, VisitOutcome

KeyType = TypeVar("KeyType")
ValueType = TypeVar("ValueType")

MEMORY = 4096
"""How many ended visits and offers are remembered, so that a late or doubled fact about them changes nothing."""

Place = tuple[int, int, int]
"""A caller's place: minus the priority, engine time of joining, sequence number. Smaller is served first."""


class Phase(Enum):
    """Where a living offer is."""

    RESERVED = "reserved"  # decided; the phone is about to ring
    RINGING = "ringing"
    ANSWERED = "answered"  # the agent hears the whisper
    TALKING = "talking"  # agent and caller are in the bridge
    CANCELLING = "cancelling"  # we hang the leg up and wait for its end


class AgentStatus(Enum):
    """What an agent does, as a board shows it."""

    # The values are also the reasons why an agent was passed over; AVAILABLE then means that the strategy took another.
    LOGGED_OUT = "logged out"
    UNREACHABLE = "unreachable"
    BUSY = "on another call"
    RESERVED = "reserved"
    RINGING = "ringing"
    TALKING = "talking"
    ON_HOLD = "on hold"
    WRAP_UP = "wrap-up"
    PAUSED = "paused"
    RESTING = "resting"  # refused or could not be rung: not offered for a moment
    AVAILABLE = "available"


@dataclass(slots=True, eq=False)
class Visit:
    """A living stay in a queue."""

    id: VisitId
    call: CallId
    queue: QueueId
    priority: int
    joined: int
    seq: int
    touched: int  # engine time of the last fact about it
    parked: bool = False
    offer: OfferId | None = None
    gone: str = ""  # "hung up", "left" or "moved": told, the outcome is about to be decided
    doubt: int | None = None  # an agent's leg did not find the caller: abandoned at this time
    tried: dict[AgentId, int] = field(default_factory=dict)  # agent -> not before this engine time

    @property
    def place(self) -> Place:
        return (-self.priority, self.joined, self.seq)

    @property
    def waits(self) -> bool:
        """May be offered now."""
        return not (self.parked or self.gone) and self.offer is None and self.doubt is None


@dataclass(slots=True, eq=False)
class Offer:
    """A living offer: from the decision to the end of its leg."""

    id: OfferId
    visit: VisitId
    call: CallId
    queue: QueueId
    agent: AgentId
    made: int
    ring_us: int
    phase: Phase
    changed: int  # engine time of the phase's beginning
    touched: int
    told: OfferResult | None = None  # the result that a fact told
    over: bool = False  # the leg is gone
    closed: bool = False  # its result is decided
    doubt: int | None = None  # a picture did not show its leg: over at this time
    why: str = ""  # of the cancellation


@dataclass(slots=True, eq=False)
class Agent:
    """An agent's phone and work."""

    id: AgentId
    device: DeviceState = DeviceState.UNREACHABLE
    heard: int = -1  # engine time of the last fact about the device
    offer: OfferId | None = None
    wrap_until: int | None = None
    rest_until: int | None = None
    misses: int = 0
    ready: int | None = None  # sequence number of becoming ready: the order of the longest idle
    status: AgentStatus = AgentStatus.UNREACHABLE
    since: int = 0


@dataclass(slots=True, eq=False)
class Queue:
    """A configured queue with its indexes."""

    config: QueueConfig
    members: tuple[AgentId, ...]
    waiting: list[tuple[Place, Visit]] = field(default_factory=list)
    ready: "OrderedDict[AgentId, None]" = field(default_factory=OrderedDict)  # longest idle first
    reachable: int = 0
    nobody_since: int | None = None


@dataclass(frozen=True, slots=True)
class EndedVisit:
    """What is remembered of a visit: its outcome, the overflow's exit, and when (engine time)."""

    outcome: VisitOutcome
    why: str
    at_us: int


@dataclass(frozen=True, slots=True)
class EndedOffer:
    """What is remembered of an offer. `leg_gone`: a fact told the end of the leg; else we assumed it."""

    visit: VisitId
    call: CallId
    queue: QueueId
    agent: AgentId
    leg_gone: bool


@dataclass(slots=True)
class News:
    """What the present fact touched: the rules look only there."""

    offers: dict[OfferId, None] = field(default_factory=dict)
    visits: dict[VisitId, None] = field(default_factory=dict)
    joined: dict[VisitId, None] = field(default_factory=dict)
    queues: dict[QueueId, None] = field(default_factory=dict)
    displaced: dict[OfferId, None] = field(default_factory=dict)  # the agent was found talking in an older offer
    orphans: dict[OfferId, None] = field(default_factory=dict)
    stranded: list[tuple[VisitId, CallId, QueueId, str]] = field(default_factory=list)


class State:
    """All of it. A new one knows nobody: every phone is unreachable until a fact says otherwise."""

    def __init__(self, config: EngineConfig) -> None:
        self.t = 0
        self.linked = False
        self.prefix = ""
        self.made = 0
        self.visit_seq = 0
        self.ready_seq = 0
        self.visits: dict[VisitId, Visit] = {}
        self.calls: dict[CallId, VisitId] = {}
        self.offers: dict[OfferId, Offer] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.queues: dict[QueueId, Queue] = {}
        self.why_not: dict[AgentId, PassedOver] = {}
        self.serves: dict[AgentId, tuple[Queue, ...]] = {}
        self.ended_visits: OrderedDict[VisitId, EndedVisit] = OrderedDict()
        self.ended_offers: OrderedDict[OfferId, EndedOffer] = OrderedDict()
        self.early: OrderedDict[VisitId, str] = OrderedDict()  # left before they were heard to join
        self.deadlines = Deadlines()
        self.news = News()
        self._configure(config)

    def _configure(self, config: EngineConfig) -> None:
        """Queues without an index, and agents: those who are known stay what they are."""
        self.config = config
        known, self.agents = self.agents, {a.id: self.agents.get(a.id) or Agent(a.id) for a in config.agents}
        self.agents |= {name: agent for name, agent in known.items() if name not in self.agents}
        self.queues = {q.id: Queue(q, config.members(q)) for q in config.queues}
        self.serves = {a.id: tuple(q for q in self.queues.values() if a.id in q.members) for a in config.agents}
        for agent in self.agents.values():
            self.note_status(agent)

    def reconfigure(self, config: EngineConfig) -> None:
        """Go on with other queues, agents or times. An agent who is gone keeps a talk or a ringing phone to its end."""
        since = {name: queue.nobody_since for name, queue in self.queues.items() if queue.nobody_since is not None}
        served = self.serves
        for queue in self.queues:
            self.deadlines.set(("queue", queue), None)
        self._configure(config)
        for agent in served:
            if agent not in self.serves:  # should he come back, his phone is asked anew
                self.agents[agent].device, self.agents[agent].heard = DeviceState.UNREACHABLE, -1
        self.index(since)

    def index(self, nobody_since: Mapping[QueueId, int]) -> None:
        """Build the queues' indexes and every deadline from agents, visits and offers."""
        for queue in self.queues.values():
            members = [self.agents[name] for name in queue.members]
            queue.reachable = sum(a.device is not DeviceState.UNREACHABLE for a in members)
            queue.nobody_since = nobody_since.get(queue.config.id)
            for agent in sorted((a for a in members if a.ready is not None), key=lambda a: a.ready or 0):
                queue.ready[agent.id] = None
        for visit in self.visits.values():
            self.settle_visit(visit)
        for queue in self.queues.values():
            self._settle_queue(queue)
            self.news.queues[queue.config.id] = None
        for agent in list(self.agents.values()):
            self.settle_agent(agent)
        for offer in self.offers.values():
            self.settle_offer(offer)

    def agent(self, agent: AgentId) -> Agent:
        """An agent of the configuration, or one that only an old journal knows and that serves nobody any more."""
        return self.agents.get(agent) or self.agents.setdefault(agent, Agent(agent))

    # -- visits

    def add_visit(self, visit: Visit) -> None:
        self.visits[visit.id] = visit
        self.calls[visit.call] = visit.id
        self.settle_visit(visit)

    def remove_visit(self, visit: Visit, ended: EndedVisit) -> None:
        del self.visits[visit.id]
        if self.calls.get(visit.call) == visit.id:
            del self.calls[visit.call]
        self._unindex(visit)
        self.deadlines.set(("visit", visit.id), None)
        remember(self.ended_visits, visit.id, ended)

    def settle_visit(self, visit: Visit) -> None:
        """Put the visit in its queue's order, or take it out; set its deadline."""
        queue = self.queues.get(visit.queue)
        if queue is not None:
            if visit.waits:
                for agent in [a for a, until in visit.tried.items() if until <= self.t]:
                    del visit.tried[agent]
                at = bisect_left(queue.waiting, (visit.place,))
                if at == len(queue.waiting) or queue.waiting[at][1] is not visit:
                    insort(queue.waiting, (visit.place, visit))
                    self._settle_queue(queue)
                self.news.queues[visit.queue] = None
            else:
                self._unindex(visit)
        self.deadlines.set(("visit", visit.id), self._visit_due(visit))

    def _unindex(self, visit: Visit) -> None:
        queue = self.queues.get(visit.queue)
        if queue is None:
            return
        at = bisect_left(queue.waiting, (visit.place,))
        if at < len(queue.waiting) and queue.waiting[at][1] is visit:
            del queue.waiting[at]
            self._settle_queue(queue)

    def _visit_due(self, visit: Visit) -> int | None:
        if visit.doubt is not None:
            return visit.doubt
        if not visit.waits:
            return None
        queue = self.queues.get(visit.queue)
        if queue is None:
            return self.t if self.linked else None
        again = min(visit.tried.values(), default=None)
        longest = visit.joined + queue.config.longest_wait_us if self.linked else None
        return min((due for due in (again, longest) if due is not None), default=None)

    # -- agents

    def settle_agent(self, agent: Agent) -> None:
        """Keep who is ready in the order of becoming ready; set the deadline of wrap-up and rest."""
        if agent.rest_until is not None and agent.rest_until <= self.t:
            agent.rest_until = None
        status = self.status_of(agent)
        if status is not agent.status:
            agent.status, agent.since = status, self.t
            self.note_status(agent)
        if (status is AgentStatus.AVAILABLE) != (agent.ready is not None):
            self._set_ready(agent, status is AgentStatus.AVAILABLE)
        due = min((d for d in (agent.wrap_until, agent.rest_until) if d is not None), default=None)
        self.deadlines.set(("agent", agent.id), due)

    def note_status(self, agent: Agent) -> None:
        """The reason that a decision gives for this agent, ready to be named many times."""
        self.why_not[agent.id] = _passed_over(agent)

    def _set_ready(self, agent: Agent, ready: bool) -> None:
        queues = self.serves.get(agent.id, ())
        if ready:
            self.ready_seq += 1
            agent.ready = self.ready_seq
            for queue in queues:
                queue.ready[agent.id] = None
                self.news.queues[queue.config.id] = None
        else:
            agent.ready = None
            for queue in queues:
                queue.ready.pop(agent.id, None)

    def status_of(self, agent: Agent) -> AgentStatus:
        """What the agent does now; only AVAILABLE is offered callers."""
        if agent.offer is not None:
            offer = self.offers.get(agent.offer)
            return AgentStatus.TALKING if offer and offer.phase is Phase.TALKING else AgentStatus.RINGING
        if agent.wrap_until is not None:
            return AgentStatus.WRAP_UP
        if agent.device is not DeviceState.FREE:
            return AgentStatus.UNREACHABLE if agent.device is DeviceState.UNREACHABLE else AgentStatus.BUSY
        return AgentStatus.RESTING if agent.rest_until is not None else AgentStatus.AVAILABLE

    def set_device(self, agent: Agent, device: DeviceState) -> None:
        """A phone's new state. A phone that comes back starts with a clean slate."""
        was = agent.device
        agent.device = device
        if was is DeviceState.UNREACHABLE and device is not was:
            agent.rest_until, agent.misses = None, 0
        if (was is DeviceState.UNREACHABLE) != (device is DeviceState.UNREACHABLE):
            for queue in self.serves.get(agent.id, ()):
                queue.reachable += 1 if was is DeviceState.UNREACHABLE else -1
                self._settle_queue(queue)
        self.settle_agent(agent)

    # -- offers, queues, link

    def settle_offer(self, offer: Offer) -> None:
        """Set the offer's deadline."""
        self.deadlines.set(("offer", offer.id), self._offer_due(offer))
        self.settle_agent(self.agent(offer.agent))

    def _offer_due(self, offer: Offer) -> int | None:
        if not self.linked or offer.over or offer.phase is Phase.TALKING:
            return None
        if offer.doubt is not None:
            return offer.doubt
        if offer.phase is Phase.RINGING:
            return offer.made + offer.ring_us + self.config.ring_margin_us
        patience = self.config.whisper_us if offer.phase is Phase.ANSWERED else self.config.doubt_us
        return offer.changed + patience

    def remove_offer(self, offer: Offer, leg_gone: bool) -> None:
        del self.offers[offer.id]
        self.deadlines.set(("offer", offer.id), None)
        remember(self.ended_offers, offer.id, EndedOffer(offer.visit, offer.call, offer.queue, offer.agent, leg_gone))

    def _settle_queue(self, queue: Queue) -> None:
        if queue.reachable or not self.linked:
            queue.nobody_since = None
        elif queue.nobody_since is None:
            queue.nobody_since = self.t
        due = queue.nobody_since + queue.config.nobody_there_us if queue.nobody_since is not None else None
        self.deadlines.set(("queue", queue.config.id), due if queue.waiting else None)

    def set_linked(self, linked: bool) -> None:
        """With the link to Asterisk every deed becomes possible, or none."""
        self.linked = linked
        for queue in self.queues.values():
            self._settle_queue(queue)
            self.news.queues[queue.config.id] = None
        for visit in self.visits.values():
            self.settle_visit(visit)
        for offer in self.offers.values():
            self.settle_offer(offer)

    def settle_key(self, key: Key) -> None:
        """Set the deadline of whatever the key names anew."""
        kind, name = key
        if kind == "agent":
            self.settle_agent(self.agent(AgentId(name)))
        elif kind == "queue":
            self._settle_queue(self.queues[QueueId(name)])
        elif kind == "visit" and (visit := self.visits.get(VisitId(name))):
            self.settle_visit(visit)
        elif kind == "offer" and (offer := self.offers.get(OfferId(name))):
            self.settle_offer(offer)


def _passed_over(agent: Agent) -> PassedOver:
    why = "idle for less time" if agent.status is AgentStatus.AVAILABLE else agent.status.value
    return PassedOver(who=agent.id, why=why)


def remember(memory: OrderedDict[KeyType, ValueType], key: KeyType, value: ValueType) -> None:
    """Keep the newest `MEMORY` of them."""
    memory[key] = value
    if len(memory) > MEMORY:
        memory.popitem(last=False)

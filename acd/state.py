"""What the engine knows: visits, offers and agents, and the indexes over them that make a decision cheap.

Only `acd.absorb` (facts) and `acd.carry` (decisions) change it; the rules read it. After a change they call
`settle_visit`, `settle_agent` or `settle_offer`, which keep the indexes and deadlines right. Everything is ordered
by insertion or by whole numbers, never by hash.
"""

from collections import OrderedDict
from typing import TypeVar

from acd.circles import Queue, Seat, circles
from acd.config import RING_PROGRESSIVELY, SEVERAL, EngineConfig
from acd.deadlines import Deadlines, Key
from acd.decisions import PassedOver
from acd.lanes import Lane
from acd.living import Agent, AgentStatus, Credit, EndedOffer, EndedVisit, News, Offer, Phase, Visit
from acd.model import AgentId, CallId, DeviceState, Doors, OfferId, QueueId, VisitId
from acd.pools import key_of

KeyType = TypeVar("KeyType")
ValueType = TypeVar("ValueType")

MEMORY = 4096
"""How many ended visits and offers are remembered, so that a late or doubled fact about them changes nothing."""


class State:
    """All of it. A new one knows nobody: every phone is unreachable until a fact says otherwise."""

    def __init__(self, config: EngineConfig) -> None:
        self.t = 0
        self.day = ""
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
        self.kept: dict[AgentId, Lane] = {}  # callers who wait for one agent
        self.preferring: dict[AgentId, dict[VisitId, None]] = {}  # who would, if there is hope
        self.direct: dict[VisitId, None] = {}  # transfers to one agent
        self.awaiting: dict[QueueId, None] = {}  # queues whose callers' next steps lack only their conditions
        self.why_not: dict[AgentId, PassedOver] = {}
        self._whys: dict[tuple[AgentId, AgentStatus], PassedOver] = {}
        self.serves: dict[AgentId, tuple[Seat, ...]] = {}
        self.ended_visits: OrderedDict[VisitId, EndedVisit] = OrderedDict()
        self.ended_offers: OrderedDict[OfferId, EndedOffer] = OrderedDict()
        self.early: OrderedDict[VisitId, str] = OrderedDict()  # left before they were heard to join
        self.credits: OrderedDict[str, Credit] = OrderedDict()  # by `call_credit` and `caller_credit`
        self.deadlines = Deadlines()
        self.news = News()
        self._configure(config)
        for agent in self.agents.values():
            self.count_agent(agent)

    def _configure(self, config: EngineConfig) -> None:
        """Queues without an index, and agents: those who are known stay what they are."""
        self.config = config
        known, self.agents = self.agents, {}
        for one in config.agents:
            self.agents[one.id] = known.get(one.id) or Agent(one.id, one.logged_in)
        self.agents |= {name: agent for name, agent in known.items() if name not in self.agents}
        self.queues, self.serves = circles(config, self.queues)
        self.settings = {one.id: one for one in config.agents}
        self.positions = {one.id: position for position, one in enumerate(config.agents)}
        for agent in self.agents.values():
            if agent.id not in known:
                agent.status = self.status_of(agent)
            self.note_status(agent)

    def reconfigure(self, config: EngineConfig) -> None:
        """Go on with other queues, agents or times. An agent who is gone keeps a talk or a ringing phone to its end."""
        served = self.serves
        for queue in self.queues:
            self.deadlines.set(("queue", queue), None)
        self._configure(config)
        for agent in served:
            if agent not in self.serves:  # should he come back, his phone is asked anew
                self.agents[agent].device, self.agents[agent].heard = DeviceState.UNREACHABLE, -1
        self.index()

    def index(self) -> None:
        """Build the queues' indexes and every deadline from agents, visits and offers."""
        self.kept, self.preferring, self.direct, self.awaiting = {}, {}, {}, {}
        self.news.queues = dict.fromkeys(self.queues)  # what was touched before may be gone
        for queue in self.queues.values():
            queue.logged_in = queue.there = 0
        for agent in self.agents.values():
            agent.counted = agent.there = False
            if agent.ready is not None:
                self._fill_pools(agent)
        for visit in self.visits.values():
            visit.lane, visit.kept, visit.counted, visit.stands = None, False, False, False
            self._count(visit)
            self.place(visit)
            self.settle_visit(visit)
        for agent in list(self.agents.values()):
            agent.armed = True
            self.settle_agent(agent)
            self.count_agent(agent)
        for queue in self.queues.values():
            self.settle_queue(queue)
        for offer in self.offers.values():
            self.settle_offer(offer)

    def agent(self, agent: AgentId) -> Agent:
        """An agent of the configuration, or one that only an old journal knows and that serves nobody any more."""
        return self.agents.get(agent) or self.agents.setdefault(agent, Agent(agent))

    # -- visits

    def place(self, visit: Visit) -> None:
        """The time since when the caller counts, less the head start. It never changes while the caller waits."""
        queue = self.queues.get(visit.queue)
        weight = queue.config.weight if queue is not None else 0
        visit.place = (visit.since - (visit.priority + weight) * self.config.priority_us, visit.seq)
        if queue is not None:
            visit.step = min(visit.step, len(queue.config.steps))

    def add_visit(self, visit: Visit) -> None:
        self.visits[visit.id] = visit
        self.calls[visit.call] = visit.id
        self._count(visit)
        self.place(visit)
        self.settle_visit(visit)

    def _count(self, visit: Visit) -> None:
        queue = self.queues.get(visit.queue)
        if visit.only is not None:
            self.direct[visit.id] = None
        elif queue is not None:
            visit.counted = True
            queue.arrived(visit)
            if visit.kept_until is not None and visit.last_agent is not None:
                self.preferring.setdefault(visit.last_agent, {})[visit.id] = None

    def remove_visit(self, visit: Visit, ended: EndedVisit) -> None:
        del self.visits[visit.id]
        if self.calls.get(visit.call) == visit.id:
            del self.calls[visit.call]
        self._move(visit, None, kept=False)
        self.direct.pop(visit.id, None)
        if visit.last_agent is not None:
            self.preferring.get(visit.last_agent, {}).pop(visit.id, None)
        queue = self.queues.get(visit.queue)
        if queue is not None and visit.counted:
            queue.standing -= visit.stands
            queue.left(visit)
        self.deadlines.set(("visit", visit.id), None)
        remember(self.ended_visits, visit.id, ended)

    def park(self, visit: Visit, parked: bool) -> None:
        """Reception rings for the caller, or does not any more."""
        queue = self.queues.get(visit.queue)
        if queue is not None and visit.counted:
            queue.parked += parked - visit.parked
        visit.parked = parked

    def settle_visit(self, visit: Visit) -> None:
        """Put the visit where it waits to be offered, or take it out; set its deadline."""
        queue = self.queues.get(visit.queue)
        if visit.tried:
            for agent in [a for a, until in visit.tried.items() if until <= self.t]:
                del visit.tried[agent]
                self.news.agents[agent] = None
        if visit.counted and queue is not None:
            self._stand(visit, queue)
            kept = visit.last_agent is not None and self._kept(visit)
            if not self._offerable(visit, queue, kept):
                self._move(visit, None, kept=False)
            elif kept and visit.last_agent is not None:
                self._move(visit, self.kept.setdefault(visit.last_agent, Lane()), kept=True)
            else:
                self._move(visit, queue.lanes[visit.step], kept=False)
            if visit.step < len(queue.config.steps):
                self._next_step(visit, queue)
        self.deadlines.set(("visit", visit.id), self._visit_due(visit))

    def _stand(self, visit: Visit, queue: Queue) -> None:
        """Who begins to wait where nobody has been there for long is sent away by the queue's deadline."""
        if visit.stands is not visit.waits:
            visit.stands = not visit.stands
            queue.standing += 1 if visit.stands else -1
            if queue.nobody_since is not None:
                self.settle_queue(queue)

    def _kept(self, visit: Visit) -> bool:
        """Whether the caller waits for the agent of last time, and for nobody else."""
        agent = self.agents.get(visit.last_agent) if visit.last_agent is not None else None
        if visit.kept_until is not None and visit.kept_until <= self.t:
            visit.kept_until = None
            if visit.last_agent is not None:
                self.preferring.get(visit.last_agent, {}).pop(visit.id, None)
        return visit.kept_until is not None and agent is not None and agent.hopeful

    def _offerable(self, visit: Visit, queue: Queue, kept: bool) -> bool:
        if visit.parked or visit.gone or visit.doubt is not None:
            return False
        if not visit.offers:
            return True
        if kept or queue.config.strategy not in SEVERAL:
            return False
        if queue.config.strategy == RING_PROGRESSIVELY and visit.ring_next > self.t:
            return False
        if self._sent_away(visit, queue) <= self.t:
            return False  # the phones that ring already are the last ones: else there would always be another
        return all(self.offers[offer].phase in (Phase.RESERVED, Phase.RINGING) for offer in visit.offers)

    def _move(self, visit: Visit, lane: Lane | None, *, kept: bool) -> None:
        if lane is not None:  # somebody may be found
            self.news.queues[visit.queue] = None
            if kept and visit.last_agent is not None:
                self.news.agents[visit.last_agent] = None
        if visit.lane is lane:
            return
        queue = self.queues.get(visit.queue)
        if visit.lane is not None:
            visit.lane.remove(visit)
            if visit.kept and queue is not None:
                queue.kept.remove(visit)
        visit.lane, visit.kept = lane, kept
        if lane is not None:
            lane.add(visit)
            if kept and queue is not None:
                queue.kept.add(visit)
        if queue is not None:
            queue.look_up_first()

    def _next_step(self, visit: Visit, queue: Queue) -> None:
        """A caller whose time for the next step has come awaits its conditions."""
        steps = queue.config.steps
        if visit.since + steps[visit.step].after_us <= self.t and visit.counted:
            queue.awaiting[visit.step][visit.id] = visit
            self.awaiting[queue.config.id] = None

    def _visit_due(self, visit: Visit) -> int | None:
        queue = self.queues.get(visit.queue)
        due = [visit.doubt] if visit.doubt is not None else []
        if queue is not None and visit.counted and visit.step < len(queue.config.steps):
            step = visit.since + queue.config.steps[visit.step].after_us
            if step > self.t:
                due.append(step)
        if visit.tried:
            due.append(min(visit.tried.values()))
        if visit.kept_until is not None and visit.kept_until > self.t:
            due.append(visit.kept_until)
        if not (visit.parked or visit.gone) and visit.doubt is None:
            if visit.offers and visit.ring_next > self.t:
                due.append(visit.ring_next)
            away = self._sent_away(visit, queue)
            if self.linked and (not visit.offers or away > self.t):
                due.append(away)
        return min(due, default=None)

    def _sent_away(self, visit: Visit, queue: Queue | None) -> int:
        """When a caller who waits has to leave the queue."""
        if queue is None or (queue.doors is not Doors.OPEN and visit.only is None):
            return self.t
        return visit.joined + queue.config.longest_wait_us

    # -- agents

    def settle_agent(self, agent: Agent) -> None:
        """Keep who is available in the queues' pools; set the deadline of wrap-up, rest and pause."""
        rest, due, pause = agent.rest_until, agent.wrap_until, agent.pause_until
        if rest is not None:
            if rest <= self.t:
                rest = agent.rest_until = None
            elif due is None or rest < due:
                due = rest
        if pause is not None and (due is None or pause < due):
            due = pause
        status = self.status_of(agent)
        if status is not agent.status:
            was, agent.status, agent.since = agent.status, status, self.t
            self.note_status(agent)
            if status is AgentStatus.AVAILABLE or was is AgentStatus.AVAILABLE:
                self._set_ready(agent, status is AgentStatus.AVAILABLE)
        if due is not None or agent.armed:
            agent.armed = due is not None
            self.deadlines.set(("agent", agent.id), due)

    def note_status(self, agent: Agent) -> None:
        """The reason that a decision gives for this agent, ready to be named many times."""
        known = (agent.id, agent.status)
        why = self._whys.get(known)
        if why is None:
            available = agent.status is AgentStatus.AVAILABLE
            text = "the strategy took another" if available else agent.status.value
            why = self._whys[known] = PassedOver(who=agent.id, why=text)
        self.why_not[agent.id] = why

    def _set_ready(self, agent: Agent, ready: bool) -> None:
        if ready:
            self.ready_seq += 1
            agent.ready = self.ready_seq
            self.news.agents[agent.id] = None
            self._fill_pools(agent)
        else:
            agent.ready = None
            for seat in self.serves.get(agent.id, ()):
                seat.queue.idle -= 1
                seat.queue.pools[seat.ring].discard(agent.id)

    def _fill_pools(self, agent: Agent) -> None:
        queues = self.news.queues
        for seat in self.serves.get(agent.id, ()):
            queue = seat.queue
            queue.idle += 1
            queue.pools[seat.ring].add(agent.id, key_of(seat, agent))
            queues[queue.config.id] = None

    def sort_again(self) -> None:
        """The counters of the day have changed under those who are available."""
        for agent in self.agents.values():
            if agent.ready is not None:
                for seat in self.serves.get(agent.id, ()):
                    seat.queue.pools[seat.ring].discard(agent.id)
                    seat.queue.pools[seat.ring].add(agent.id, key_of(seat, agent))

    def count_agent(self, agent: Agent) -> None:
        """After a change of login, pause or device: who is logged in and who is there, in every queue. Callers who are
        kept for this agent stay so or not."""
        counted, there = agent.logged_in, agent.logged_in and agent.device is not DeviceState.UNREACHABLE
        if (counted, there) != (agent.counted, agent.there):
            for seat in self.serves.get(agent.id, ()):
                seat.queue.logged_in += counted - agent.counted
                seat.queue.there += there - agent.there
                self.settle_queue(seat.queue)
            agent.counted, agent.there = counted, there
        if agent.hopeful != agent.hoped:
            agent.hoped = agent.hopeful
            for visit in list(self.preferring.get(agent.id, ())):
                self.settle_visit(self.visits[visit])

    def status_of(self, agent: Agent) -> AgentStatus:
        """What the agent does now; only AVAILABLE is offered callers."""
        offer = self.offers.get(agent.offer) if agent.offer is not None else None
        if offer is not None:
            if offer.phase is Phase.TALKING:
                return AgentStatus.ON_HOLD if offer.held else AgentStatus.TALKING
            return AgentStatus.RESERVED if offer.phase is Phase.RESERVED else AgentStatus.RINGING
        if not agent.logged_in:
            return AgentStatus.LOGGED_OUT
        if agent.wrap_until is not None:
            return AgentStatus.WRAP_UP
        if agent.paused:
            return AgentStatus.PAUSED
        if agent.device is not DeviceState.FREE:
            return AgentStatus.UNREACHABLE if agent.device is DeviceState.UNREACHABLE else AgentStatus.BUSY
        return AgentStatus.RESTING if agent.rest_until is not None else AgentStatus.AVAILABLE

    def set_device(self, agent: Agent, device: DeviceState) -> None:
        """A phone's new state. A phone that comes back starts with a clean slate."""
        was = agent.device
        agent.device = device
        if was is DeviceState.UNREACHABLE and device is not was:
            agent.rest_until, agent.misses = None, 0
        self.settle_agent(agent)
        self.count_agent(agent)

    # -- offers, queues, link

    def settle_offer(self, offer: Offer) -> None:
        """Set the offer's deadline; the agent and the caller do what the offer says."""
        self.deadlines.set(("offer", offer.id), self._offer_due(offer))
        self.settle_agent(self.agent(offer.agent))

    def _offer_due(self, offer: Offer) -> int | None:
        if not self.linked or offer.over or offer.phase is Phase.TALKING:
            return None
        if offer.doubt is not None:
            return offer.doubt
        if offer.phase in (Phase.RESERVED, Phase.RINGING):
            return offer.made + offer.ring_us + self.config.ring_margin_us
        patience = self.config.whisper_us if offer.phase is Phase.ANSWERED else self.config.doubt_us
        return offer.changed + patience

    def remove_offer(self, offer: Offer, leg_gone: bool) -> None:
        del self.offers[offer.id]
        self.deadlines.set(("offer", offer.id), None)
        ended = EndedOffer(offer.visit, offer.call, offer.queue, offer.agent, leg_gone, offer.held)
        remember(self.ended_offers, offer.id, ended)

    def settle_queue(self, queue: Queue) -> None:
        """Since when nobody is there, and when something follows from it or from the longest wait."""
        if queue.there or not self.linked:
            queue.nobody_since = None
        elif queue.nobody_since is None:
            queue.nobody_since = self.t
        due = [queue.nobody_since + queue.config.nobody_there_us] if queue.nobody_since is not None else []
        if not queue.standing:
            due = []
        longest = queue.next_longest_wait(self.t) if queue.config.id in self.awaiting else None
        if longest is not None:
            due.append(longest)
        self.deadlines.set(("queue", queue.config.id), min(due, default=None))

    def set_linked(self, linked: bool) -> None:
        """With the link to Asterisk every deed becomes possible, or none."""
        self.linked = linked
        for queue in self.queues.values():
            self.settle_queue(queue)
            self.news.queues[queue.config.id] = None
        for agent in self.kept:
            self.news.agents[agent] = None
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
            self.settle_queue(self.queues[QueueId(name)])
        elif kind == "visit" and (visit := self.visits.get(VisitId(name))):
            self.settle_visit(visit)
        elif kind == "offer" and (offer := self.offers.get(OfferId(name))):
            self.settle_offer(offer)


def call_credit(call: CallId) -> str:
    """The key of a call's credit."""
    return f"call {call}"


def caller_credit(caller: str, queue: QueueId) -> str:
    """The key of an abandoned caller's credit."""
    return f"caller {caller} {queue}"


def remember(memory: OrderedDict[KeyType, ValueType], key: KeyType, value: ValueType) -> None:
    """Keep the newest `MEMORY` of them."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MEMORY:
        memory.popitem(last=False)

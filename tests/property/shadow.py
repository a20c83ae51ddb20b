"""A second, slow and simple model of what the engine may do. It learns from the same facts and from the decisions,
shares no code with the engine, and complains as soon as a decision breaks an invariant of the design."""

from dataclasses import dataclass, field

from acd.config import EngineConfig, QueueConfig
from acd.decisions import (
    BeginWrapUp,
    CancelOffer,
    CloseOffer,
    Decision,
    EndVisit,
    EndWrapUp,
    HangUpOrphan,
    MakeOffer,
)
from acd.facts import (
    CallerGone,
    CallerJoined,
    CallerParked,
    CallerReturned,
    DeviceChanged,
    EngineStarted,
    Fact,
    LinkLost,
    OfferAnswered,
    OfferBridged,
    OfferFailed,
    Reconfigured,
    Resynchronised,
    TalkEnded,
)
from acd.model import DeviceState, LegState, OfferResult, VisitOutcome


@dataclass
class Caller:
    queue: str
    place: tuple[int, int, int]
    joined: int
    touched: int
    parked: bool = False
    ended: bool = False
    doubt: bool = False


@dataclass
class Ring:
    """An offer as the shadow sees it: rings until closed, talks until the wrap-up."""

    agent: str
    visit: str
    queue: str
    made: int
    bridged: bool = False
    leg_gone: bool = False
    told_unknown: bool = False
    closed: bool = False
    cancelled: bool = False


@dataclass
class Shadow:
    config: EngineConfig
    t: int = 0
    linked: bool = False
    devices: dict[str, DeviceState] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    callers: dict[str, Caller] = field(default_factory=dict)
    rings: dict[str, Ring] = field(default_factory=dict)
    holds: dict[str, str] = field(default_factory=dict)  # agent -> offer
    wrapping: dict[str, int] = field(default_factory=dict)
    resting: dict[str, int] = field(default_factory=dict)
    misses: dict[str, int] = field(default_factory=dict)
    tried: dict[tuple[str, str], int] = field(default_factory=dict)
    idle: dict[str, int] = field(default_factory=dict)  # ready agent -> number of the fact that made it so
    facts: int = 0
    outcomes: dict[str, VisitOutcome] = field(default_factory=dict)
    results: dict[str, OfferResult] = field(default_factory=dict)
    left: dict[str, bool] = field(
        default_factory=dict
    )  # visits told to be over, perhaps before they were heard to join
    count: int = 0

    # -- what the shadow knows

    def queue(self, name: str) -> QueueConfig:
        gone = QueueConfig(id=name, wrap_up_us=0, longest_wait_us=0)  # type: ignore[arg-type]
        return next((q for q in self.config.queues if q.id == name), gone)

    def serves(self, agent: str, queue: str) -> bool:
        skills = next((a.skills for a in self.config.agents if a.id == agent), {})
        found = self.queue(queue)
        by_skill = bool(found.needs) and all(skills.get(n.skill, 0) >= n.least for n in found.needs)
        return by_skill or agent in found.agents

    def ready(self, agent: str) -> bool:
        return (
            self.devices.get(agent) is DeviceState.FREE
            and agent not in self.holds
            and agent not in self.wrapping
            and self.resting.get(agent, 0) <= self.t
        )

    def waits(self, visit: str) -> bool:
        caller = self.callers[visit]
        rung = any(r.visit == visit and not r.closed and not r.cancelled for r in self.rings.values())
        return not (caller.ended or caller.parked or caller.doubt or rung)

    def may(self, agent: str, visit: str) -> bool:
        return self.serves(agent, self.callers[visit].queue) and self.tried.get((visit, agent), 0) <= self.t

    def reachable(self, queue: str) -> bool:
        agents = [a.id for a in self.config.agents if self.serves(a.id, queue)]
        return any(self.devices.get(a, DeviceState.UNREACHABLE) is not DeviceState.UNREACHABLE for a in agents)

    # -- facts

    def hear(self, fact: Fact) -> None:
        self.t = max(self.t, fact.t)
        self.facts += 1
        match fact:
            case EngineStarted() | LinkLost():
                self.linked = False
            case CallerJoined():
                self._join(fact.visit, fact.queue, fact.priority, self.t)
            case CallerParked() | CallerReturned() | CallerGone():
                self._visit(fact)
            case DeviceChanged():
                self._device(fact.agent, fact.state)
                self.heard[fact.agent] = self.t
            case OfferBridged() | OfferAnswered():
                self._told(fact.offer, bridged=isinstance(fact, OfferBridged))
            case OfferFailed(result=OfferResult.UNKNOWN):
                if ring := self.rings.get(fact.offer):
                    ring.told_unknown = not ring.leg_gone
            case OfferFailed() | TalkEnded():
                self._told(fact.offer, bridged=isinstance(fact, TalkEnded), gone=True)
            case Resynchronised():
                self._picture(fact)
            case Reconfigured():
                self._reconfigure(fact)
        self._settle_idle()

    def _visit(self, fact: CallerParked | CallerReturned | CallerGone) -> None:
        if isinstance(fact, CallerGone):
            self.left.setdefault(fact.visit, fact.hung_up)
        if caller := self.callers.get(fact.visit):
            caller.touched = self.t
            if not isinstance(fact, CallerGone):
                caller.parked, caller.doubt = isinstance(fact, CallerParked), False

    def _told(self, offer: str, bridged: bool, gone: bool = False) -> None:
        if ring := self.rings.get(offer):
            holder = self.rings.get(self.holds.get(ring.agent, ""))
            if bridged and not ring.leg_gone and not ring.closed:
                ring.bridged = True
            elif bridged and not gone and not ring.leg_gone and not ring.bridged and not (holder and holder.bridged):
                ring.bridged = True  # given up for dead, and yet they talk
                self.holds[ring.agent] = offer
            ring.leg_gone |= gone

    def _join(self, visit: str, queue: str, priority: int, joined: int) -> None:
        if visit not in self.callers:
            self.count += 1
            self.callers[visit] = Caller(queue, (-priority, joined, self.count), joined, self.t)

    def _device(self, agent: str, state: DeviceState) -> None:
        if (
            self.devices.get(agent, DeviceState.UNREACHABLE) is DeviceState.UNREACHABLE
            and state is not DeviceState.UNREACHABLE
        ):
            self.resting.pop(agent, None)
            self.misses.pop(agent, None)
        self.devices[agent] = state

    def _picture(self, fact: Resynchronised) -> None:
        limit = fact.began if fact.began >= 0 else self.t + 1
        seen = {d.agent: d.state for d in fact.devices}
        for agent in self.config.agents:
            if self.heard.get(agent.id, -1) < limit:
                self._device(agent.id, seen.get(agent.id, DeviceState.UNREACHABLE))
            self._settle_idle()
        for leg in fact.legs:
            if leg.state is LegState.BRIDGED:
                self._told(leg.offer, bridged=True)
        for caller in sorted(fact.callers, key=lambda c: (c.joined_at, c.visit)):
            known = self.callers.get(caller.visit)
            if known is None:
                waited = (fact.at - caller.joined_at).total_seconds()
                self._join(caller.visit, caller.queue, caller.priority, self.t - max(0, round(waited * 1e6)))
                self.callers[caller.visit].parked = caller.parked
            elif known.touched < limit:
                known.parked, known.doubt = caller.parked, False
        self.linked = True

    def _reconfigure(self, fact: Reconfigured) -> None:
        before = [a.id for a in self.config.agents]
        self.config = EngineConfig.parse(fact.config)
        after = [a.id for a in self.config.agents]
        for agent in set(before) - set(after):
            self.devices[agent] = DeviceState.UNREACHABLE
            self.heard.pop(agent, None)
        for seen in fact.devices:
            if seen.agent not in before and seen.agent in after:
                self._device(seen.agent, seen.state)
                self.heard[seen.agent] = self.t

    def _settle_idle(self) -> None:
        ready = [a.id for a in self.config.agents if self.ready(a.id)]
        self.idle = {agent: self.idle.get(agent, self.facts) for agent in ready}

    # -- decisions

    def see(self, fact: Fact, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            match decision:
                case MakeOffer():
                    self._make(decision)
                case CancelOffer():
                    assert not self.rings[decision.offer].bridged, "a talk was cut off"
                    self.rings[decision.offer].cancelled = True
                case CloseOffer():
                    self._close(decision)
                case EndVisit():
                    self._end(decision)
                case BeginWrapUp():
                    assert decision.until == self.t + self.queue(decision.queue).wrap_up_us, (
                        "wrap-up of the wrong length"
                    )
                    assert decision.agent in self.holds, "wrap-up of an agent without a talk"
                    offer = self.rings[self.holds.pop(decision.agent)]
                    assert offer.bridged, "wrap-up without a talk"
                    self.wrapping[decision.agent] = decision.until
                case EndWrapUp():
                    assert self.wrapping.pop(decision.agent, self.t + 1) <= self.t, "wrap-up cut short"
                case HangUpOrphan():
                    ring = self.rings.get(decision.offer)
                    assert ring is None or ring.closed or ring.cancelled, "a live leg was hung up as an orphan"
            self._settle_idle()
        self._look_around()

    def _make(self, made: MakeOffer) -> None:
        agent, visit = made.agent, made.visit
        assert self.linked, "an offer without a link"
        assert made.offer not in self.rings, "an offer id was used twice"
        assert len(made.offer) == 21
        assert agent not in self.holds, "an agent has two offers at once"
        assert agent not in self.wrapping, "wrap-up was not respected"
        assert self.ready(agent), "the agent was not ready"
        assert self.waits(visit) and self.may(agent, visit), "that caller could not be offered to that agent"
        place = self.callers[visit].place
        for other, caller in self.callers.items():
            if caller.place < place and not caller.ended and self.waits(other) and self.serves(agent, caller.queue):
                assert not self.may(agent, other), "an earlier caller was overtaken"
                assert len(made.overtaken) >= 8 or any(p.who == other for p in made.overtaken), "unexplained overtaking"
        for other, since in self.idle.items():
            assert since >= self.idle[agent] or not self.may(other, visit), "another agent was idle for longer"
        for other_agent in self.config.agents:
            if self.serves(other_agent.id, made.queue) and other_agent.id != agent:
                assert any(p.who == other_agent.id and p.why for p in made.others), "an agent without a reason"
        self.rings[made.offer] = Ring(agent, visit, made.queue, self.t)
        self.holds[agent] = made.offer

    def _close(self, closed: CloseOffer) -> None:
        ring = self.rings[closed.offer]
        assert closed.offer not in self.results, "an offer has two results"
        self.results[closed.offer] = closed.result
        ring.closed = True
        if ring.bridged:
            self.misses.pop(ring.agent, None)
            return
        assert closed.result is not OfferResult.ANSWERED, "answered without a bridge"
        if self.holds.get(ring.agent) == closed.offer:
            del self.holds[ring.agent]
        self._penalties(ring, closed.result)

    def _penalties(self, ring: Ring, result: OfferResult) -> None:
        config, rest = self.config, 0
        if result is OfferResult.NO_ANSWER:
            self.misses[ring.agent] = self.misses.get(ring.agent, 0) + 1
            if self.misses[ring.agent] >= config.misses:
                self.misses[ring.agent], rest = 0, config.rest_us
        elif result in (OfferResult.BUSY, OfferResult.REFUSED):
            rest = config.refusal_rest_us
        elif result is OfferResult.UNREACHABLE:
            rest = config.unreachable_rest_us
        elif result is OfferResult.UNKNOWN and ring.told_unknown:
            rest = config.unknown_rest_us
        if rest:
            self.resting[ring.agent] = self.t + rest
        if result in (OfferResult.NO_ANSWER, OfferResult.BUSY, OfferResult.REFUSED, OfferResult.UNREACHABLE):
            self.tried[ring.visit, ring.agent] = self.t + config.again_us
        if result is OfferResult.LOST and not self.callers[ring.visit].ended:
            self.callers[ring.visit].doubt = True

    def _end(self, ended: EndVisit) -> None:
        caller = self.callers[ended.visit]
        assert ended.visit not in self.outcomes, "a visit has two outcomes"
        assert ended.wait_us == self.t - caller.joined
        self.outcomes[ended.visit] = ended.outcome
        if ended.outcome is VisitOutcome.ANSWERED:
            assert any(r.visit == ended.visit and r.bridged for r in self.rings.values()), "answered without a bridge"
        if ended.outcome is VisitOutcome.OVERFLOWED:
            assert self.linked and self.waits(ended.visit), "a caller was sent back who did not wait"
            long = self.t >= caller.joined + self.queue(caller.queue).longest_wait_us
            assert long if ended.why == "waited too long" else not self.reachable(caller.queue), "sent back too early"
        caller.ended = True

    # -- what must hold after every fact

    def _look_around(self) -> None:
        for offer, ring in self.rings.items():
            assert ring.closed or not ring.leg_gone, f"the end of {offer} was not noticed"
            if not ring.closed and not ring.cancelled and not ring.bridged:
                caller = self.callers[ring.visit]
                assert not caller.ended and not caller.parked, f"offer {offer} rings for nobody"
        for visit, hung_up in self.left.items():
            outcome = self.outcomes.get(visit, None if visit in self.callers else VisitOutcome.LEFT)
            assert outcome is not None, "a caller who left is still believed to wait"
            if self.callers.get(visit) and self.callers[visit].touched == self.t and hung_up:
                assert outcome is not VisitOutcome.LEFT, "an abandoned call is not counted as one"
        waiting = [v for v, c in self.callers.items() if not c.ended and self.waits(v)]
        if not self.linked:
            return
        for visit in waiting:
            caller = self.callers[visit]
            assert self.t < caller.joined + self.queue(caller.queue).longest_wait_us, "a caller waits too long"
            assert not any(self.may(agent, visit) for agent in self.idle), "a ready agent and a caller both wait"
        for agent, until in self.wrapping.items():
            assert until > self.t, f"the wrap-up of {agent} does not end"

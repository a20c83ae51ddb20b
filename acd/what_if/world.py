"""A day lived again from one caller's joining on, with one thing changed: the engine decides anew, and phones and
callers do what they did, as far as the journal tells (`acd.what_if.trails`)."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from acd.config import EngineConfig
from acd.decisions import BeginWrapUp, CancelOffer, CloseOffer, Decision, EndVisit, MakeOffer
from acd.engine import Engine
from acd.facts import (
    CallerGone,
    CallerJoined,
    CallerSeen,
    DeviceChanged,
    DeviceSeen,
    EngineStarted,
    Fact,
    LegSeen,
    OfferAnswered,
    OfferBridged,
    OfferFailed,
    OfferRinging,
    Reconfigured,
    Resynchronised,
    TalkEnded,
    TalkHeld,
    TalkResumed,
    Tick,
)
from acd.living import Phase
from acd.model import AgentId, CallId, DeviceState, LegState, OfferId, OfferResult, VisitId, VisitOutcome
from acd.snapshot import restore
from acd.what_if.changes import NEWCOMER, Change
from acd.what_if.trails import Trails
from acd.what_if.window import Window

CANCEL_US = 5_000
"""From the decision to stop a phone to the end of its leg; measured by many as a few milliseconds."""

LATE_US = 1_000_000
"""A phone of this world may be answered so much later than in the journal, and it is still the same answer."""

MOST_REFLEXES = 4
"""An agent's habit is done with after so many facts at one moment."""

_OF_OFFERS = OfferRinging | OfferAnswered | OfferBridged | OfferFailed | TalkEnded | TalkHeld | TalkResumed
_BY_WILL = (VisitOutcome.ABANDONED, VisitOutcome.LEFT)


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of the caller: answered by `agent`, rung and answered at these engine times; or not at all."""

    answered: int | None = None
    rung: int | None = None
    agent: AgentId | None = None


class World:
    """One run, for one change; none = everything as it was."""

    def __init__(self, window: Window, trails: Trails, change: Change | None) -> None:
        self._window, self._trails, self._change = window, trails, change
        self._state = restore(EngineConfig(queues=(), agents=()), window.state)
        self._engine = Engine(self._state.config, state=self._state)
        self._base = self._state.config
        self._to_come: list[tuple[int, int, Fact]] = []
        self._count = 0
        self._again: dict[tuple[VisitId, AgentId], int] = {}
        self._cancelled: dict[OfferId, None] = {}
        self._recorded = dict.fromkeys((o.agent for o in window.offers), True)  # who rang or talked in the journal
        self._then: dict[VisitId, tuple[VisitOutcome, str]] = {}
        self._now: dict[VisitId, tuple[VisitOutcome, str]] = {}
        self._visits: dict[CallId, VisitId] = {v.call: v.visit for v in window.callers}
        self._lost: dict[CallId, None] = {}  # whose way was another one: what they did later did not happen
        self._lived = Lived()

    def live(self) -> Lived:
        """From the joining to the moment at which the visit ended in the journal."""
        self._go_on_with_what_rings()
        if self._change is not None:
            for fact in self._change.begin(self._state, self._base, self._window):
                self._tell(fact)
        self._habits()
        for fact, decisions in self._window.entries:
            if self._over or fact.t > self._window.end_t:
                break
            self._until(fact.t, before=True)
            for one in self._as_it_would_be(fact, decisions):
                self._tell(one)
            self._remember(decisions)
        self._until(self._window.end_t + (LATE_US if self._window.answered else 0))
        return self._lived

    # ------------------------------------------------------------------ time
    def _until(self, t: int, *, before: bool = False) -> None:
        """What happens until `t`: phones, and deadlines of the engine. `before`: a fact at `t` follows, in which the
        engine sees to the deadlines of that moment."""
        while not self._over:
            due = self._engine.next_deadline()
            first = self._to_come[0][0] if self._to_come else None
            if first is not None and first <= t and (due is None or first <= due):
                self._tell(heapq.heappop(self._to_come)[2])
            elif due is not None and due <= t - before:
                self._tell(Tick(at=self._at(due), t=max(due, self._engine.time_us)))
                if (self._engine.next_deadline() or t + 1) <= due:
                    return  # a deadline that stays: it is another fact's to end it
            else:
                return

    def _tell(self, fact: Fact) -> None:
        if self._over or (isinstance(fact, _OF_OFFERS) and not self._happens(fact)):
            return
        self._carry_out(self._engine.apply(fact))
        self._habits()

    def _happens(self, fact: Any) -> bool:
        """Whether the phone of this fact still rings or talks. One that was stopped only ends."""
        if fact.offer in self._cancelled and not isinstance(fact, OfferFailed):
            return False
        return self._engine.offer(fact.offer) is not None

    def _habits(self) -> None:
        for _ in range(MOST_REFLEXES):
            deed = self._change.reflex(self._state) if self._change is not None else None
            if deed is None or self._over or self._change is None or self._change.agent is None:
                return
            t = max(self._engine.time_us, self._window.t)
            self._carry_out(self._engine.apply(deed(at=self._at(t), t=t, agent=self._change.agent)))

    @property
    def _over(self) -> bool:
        return self._lived.answered is not None or self._window.visit in self._now

    # ------------------------------------------------------------------ phones and callers
    def _go_on_with_what_rings(self) -> None:
        """Offers of before the joining go on as they did; the phones' own states follow from them."""
        for view in self._window.offers:
            trail = self._trails.of(view.offer)
            for kind, t in (
                (OfferAnswered, trail.answered if trail else None),
                (OfferBridged, trail.bridged if trail else None),
            ):
                if t is not None and t >= self._window.t:
                    self._later(t, kind, offer=view.offer)
            if trail is not None and trail.ended is not None and trail.bridged is not None:
                self._later(trail.ended, TalkEnded, offer=view.offer)
            elif trail is not None and trail.ended is not None:
                self._later(trail.ended, OfferFailed, offer=view.offer, result=trail.result or OfferResult.UNKNOWN)
            agent = self._state.agents.get(view.agent)
            if agent is not None and agent.device in (DeviceState.RINGING, DeviceState.BUSY):
                self._state.set_device(agent, DeviceState.FREE)

    def _carry_out(self, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions:
            match decision:
                case MakeOffer():
                    self._ring(decision)
                case CancelOffer():
                    self._cancelled[decision.offer], result = None, OfferResult.CANCELLED
                    self._later(self._engine.time_us + CANCEL_US, OfferFailed, offer=decision.offer, result=result)
                case EndVisit():
                    self._ended(decision)

    def _ring(self, made: MakeOffer) -> None:
        t, key = self._engine.time_us, (made.visit, made.agent)
        again = self._again.get(key, 0)
        self._again[key] = again + 1
        manner = self._trails.manner(made, t, again)
        answered = t + manner.ring_us
        if manner.result is not None:
            self._later(answered, OfferFailed, offer=made.offer, result=manner.result)
            return
        if manner.bridge_us:
            self._later(answered, OfferAnswered, offer=made.offer)
        bridged = answered + manner.bridge_us
        self._later(bridged, OfferBridged, offer=made.offer)
        self._later(bridged + self._trails.talk_us(made.visit, made.queue), TalkEnded, offer=made.offer)

    def _ended(self, ended: EndVisit) -> None:
        self._now[ended.visit] = (ended.outcome, ended.why)
        if ended.visit == self._window.visit and ended.outcome is VisitOutcome.ANSWERED:
            t = self._engine.time_us
            self._lived = Lived(answered=t, rung=self._rung(ended.agent, t), agent=ended.agent)

    def _rung(self, agent: AgentId | None, t: int) -> int:
        view = next((o for o in self._state.offers.values() if o.agent == agent), None)
        return view.made if view is not None else t

    def _later(self, t: int, kind: type[Fact], **fields: Any) -> None:
        self._count += 1
        t = max(t, self._engine.time_us)
        heapq.heappush(self._to_come, (t, self._count, kind(at=self._at(t), t=t, **fields)))

    def _at(self, t: int) -> datetime:
        return self._window.at + timedelta(microseconds=t - self._window.t)

    # ------------------------------------------------------------------ what the journal tells
    def _as_it_would_be(self, fact: Fact, decisions: tuple[Decision, ...] | Any) -> Iterator[Fact]:
        """What of an entry would have happened too. Offers and time are this world's own."""
        for decision in decisions:
            if (
                isinstance(decision, EndVisit)
                and decision.outcome in _BY_WILL
                and decision.visit != self._joining(fact)
            ):
                hung_up = decision.outcome is VisitOutcome.ABANDONED
                yield CallerGone(at=fact.at, t=fact.t, visit=decision.visit, hung_up=hung_up)
        if isinstance(fact, _OF_OFFERS | Tick | CallerGone):
            return
        if isinstance(fact, CallerJoined):
            if self._would_join(fact):
                yield self._changed(fact)
                yield from self._gone_at_once(fact, decisions)
        elif isinstance(fact, DeviceChanged):
            if fact.state in (DeviceState.FREE, DeviceState.UNREACHABLE) or not self._recorded.get(fact.agent):
                yield fact
        elif isinstance(fact, Resynchronised):
            yield self._picture(fact)
        elif isinstance(fact, EngineStarted | Reconfigured):
            yield self._configured(fact)
        else:
            yield fact

    @staticmethod
    def _joining(fact: Fact) -> VisitId | None:
        return fact.visit if isinstance(fact, CallerJoined) else None

    @staticmethod
    def _gone_at_once(fact: CallerJoined, decisions: Any) -> Iterator[Fact]:
        for decision in decisions:
            if isinstance(decision, EndVisit) and decision.visit == fact.visit and decision.outcome in _BY_WILL:
                hung_up = decision.outcome is VisitOutcome.ABANDONED
                yield CallerGone(at=fact.at, t=fact.t, visit=fact.visit, hung_up=hung_up)

    def _changed(self, fact: Fact) -> Fact:
        return self._change.told(fact, self._base, self._window) if self._change is not None else fact

    def _would_join(self, fact: CallerJoined) -> bool:
        """Whose earlier visit ended otherwise, or has not ended, went another way."""
        before = self._visits.get(fact.call)
        self._visits[fact.call] = fact.visit
        if before is not None and before != fact.visit and self._then.get(before) != self._now.get(before):
            self._lost[fact.call] = None
        return fact.call not in self._lost

    def _configured(self, fact: EngineStarted | Reconfigured) -> Fact:
        if not fact.config:
            return fact
        self._base = EngineConfig.parse(fact.config)
        if self._change is None:
            return fact
        return replace(fact, config=self._change.config(self._base, self._window).text)

    def _picture(self, fact: Resynchronised) -> Fact:
        """What Asterisk would have said: this world's legs and callers, and the phones as they were."""
        engine, offers = self._engine, self._engine.offers()
        parked = {seen.visit: seen.parked for seen in fact.callers}
        living = [view for q in engine.config.queues for view in engine.in_queue(q.id)]
        callers = [
            CallerSeen(
                visit=view.visit,
                call=view.call,
                queue=view.queue,
                priority=view.priority,
                joined_at=fact.at - timedelta(microseconds=max(0, fact.t - view.joined_us)),
                parked=parked.get(view.visit, view.parked),
            )
            for view in living
        ]
        known = {view.visit for view in living}
        callers += [seen for seen in fact.callers if seen.visit not in known and engine.ended(seen.visit) is None]
        busy = {view.agent for view in offers}
        devices = tuple(
            DeviceSeen(agent=seen.agent, state=DeviceState.FREE)
            if seen.state is not DeviceState.UNREACHABLE and (seen.agent in busy or self._recorded.get(seen.agent))
            else seen
            for seen in fact.devices
        )
        if NEWCOMER in self._state.serves:
            devices += (DeviceSeen(agent=NEWCOMER, state=DeviceState.FREE),)
        legs = tuple(LegSeen(offer=view.offer, state=_LEG[view.phase]) for view in offers if view.phase in _LEG)
        return replace(fact, callers=tuple(callers), legs=legs, devices=devices, began=-1)

    def _remember(self, decisions: Any) -> None:
        """Who rings or talks in the journal, and how visits ended there."""
        for decision in decisions:
            match decision:
                case MakeOffer():
                    self._recorded[decision.agent] = True
                case CloseOffer() if decision.result is not OfferResult.ANSWERED:
                    self._recorded.pop(decision.agent, None)
                case EndVisit():
                    self._then[decision.visit] = (decision.outcome, decision.why)
                case BeginWrapUp():
                    self._recorded.pop(decision.agent, None)


_LEG = {
    Phase.RESERVED: LegState.RINGING,
    Phase.RINGING: LegState.RINGING,
    Phase.ANSWERED: LegState.ANSWERED,
    Phase.TALKING: LegState.BRIDGED,
}

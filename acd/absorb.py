"""What facts do to the state. Nothing is decided here: the same code runs when a journal is folded.

Facts may be late, doubled or in the wrong order. The first word about an end wins; what comes after it is ignored.
"""

from collections.abc import Callable
from typing import Any

from acd.config import EngineConfig
from acd.facts import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentReady,
    CallerGone,
    CallerJoined,
    CallerParked,
    CallerReturned,
    CallerSwapped,
    DayBegun,
    DeviceChanged,
    EngineStarted,
    Fact,
    LinkLost,
    OfferAnswered,
    OfferBridged,
    OfferFailed,
    OfferRinging,
    QueueDoors,
    Reconfigured,
    Resynchronised,
    TalkEnded,
    TalkHeld,
    TalkResumed,
    Tick,
)
from acd.living import EndedOffer, News, Offer, Phase, Visit
from acd.model import OfferId, QueueId, VisitId
from acd.picture import absorb_picture
from acd.state import State, call_credit, caller_credit, remember


def absorb(state: State, fact: Fact) -> None:
    """Let time pass to the fact's `t` (never back) and take in what it tells."""
    state.news = News()
    state.t = max(state.t, fact.t)
    _pass_time(state)
    _HANDLERS[type(fact)](state, fact)


def _pass_time(state: State) -> None:
    """What time alone changes: a phone has rested, a refused caller may be offered to the same agent again."""
    for key in state.deadlines.take(state.t):
        state.settle_key(key)


def _started(state: State, fact: EngineStarted) -> None:
    state.prefix, state.made = fact.prefix, 0
    if fact.config and fact.config != state.config.text:
        state.reconfigure(EngineConfig.parse(fact.config))
    state.set_linked(False)


def _joined(state: State, fact: CallerJoined) -> None:
    if fact.visit in state.visits or fact.visit in state.ended_visits:
        return
    state.visit_seq += 1
    visit = Visit(fact.visit, fact.call, fact.queue, fact.priority, state.t, state.visit_seq, state.t)
    visit.since, visit.caller, visit.only = _since(state, fact), fact.caller, fact.only
    visit.last_agent = fact.last_agent
    visit.kept_until = _kept_until(state, fact)
    visit.gone = state.early.pop(fact.visit, "")
    other = state.visits.get(state.calls.get(fact.call, VisitId("")))
    if other is not None:  # a call waits in one queue at a time: the later visit counts
        older = other if visit_number(other.id) <= visit_number(visit.id) else visit
        older.gone = older.gone or "moved"
        state.settle_visit(other)
        state.news.visits[other.id] = None
    state.add_visit(visit)
    if other is not None and not other.gone:
        state.calls[fact.call] = other.id
    state.news.visits[visit.id] = None
    state.news.joined[visit.id] = None


def _since(state: State, fact: CallerJoined) -> int:
    """Since when the caller's place counts: now, or since an earlier visit."""
    since = state.t
    credit = state.credits.pop(call_credit(fact.call), None)
    older = state.visits.get(state.calls.get(fact.call, VisitId("")))
    if older is not None and visit_number(older.id) <= visit_number(fact.visit):  # its end comes late
        since = _credited(state, fact, older.queue, older.since)
    elif credit is not None and (fact.only is not None or not credit.answered):
        since = _credited(state, fact, credit.queue, credit.since)
    if fact.caller and fact.only is None:
        credit = state.credits.pop(caller_credit(fact.caller, fact.queue), None)
        if credit is not None and credit.until is not None and state.t <= credit.until:
            since = min(since, credit.since)
    return since


def _credited(state: State, fact: CallerJoined, queue: QueueId, since: int) -> int:
    return since if queue == fact.queue or fact.keeps else state.t


def _kept_until(state: State, fact: CallerJoined) -> int | None:
    """So long the caller is kept for the agent of last time, if the queue says so."""
    queue = state.queues.get(fact.queue)
    if queue is None or fact.last_agent is None or fact.only is not None:
        return None
    wanted = {"members": fact.last_agent in queue.rings, "any": fact.last_agent in state.serves}
    return state.t + queue.config.last_agent_us if wanted.get(queue.config.last_agent, False) else None


def visit_number(visit: VisitId) -> int:
    """The n of `<call>/<n>`; 0 when there is none."""
    tail = visit.rpartition("/")[2]
    return int(tail) if tail.isascii() and tail.isdigit() and len(tail) < 10 else 0


def _parked(state: State, fact: CallerParked | CallerReturned) -> None:
    visit = state.visits.get(fact.visit)
    if visit is not None:
        state.park(visit, isinstance(fact, CallerParked))
        visit.doubt = None  # somebody saw the caller
        _touch_visit(state, visit)


def _gone(state: State, fact: CallerGone) -> None:
    how = "hung up" if fact.hung_up else "left"
    visit = state.visits.get(fact.visit)
    if visit is not None:
        visit.gone = visit.gone or how
        _touch_visit(state, visit)
    elif fact.visit not in state.ended_visits and fact.visit not in state.early:
        remember(state.early, fact.visit, how)


def _touch_visit(state: State, visit: Visit) -> None:
    visit.touched = state.t
    state.settle_visit(visit)
    state.news.visits[visit.id] = None


def _device(state: State, fact: DeviceChanged) -> None:
    agent = state.agents.get(fact.agent)
    if agent is not None:
        agent.heard = state.t
        state.set_device(agent, fact.state)


def _swapped(state: State, fact: CallerSwapped) -> None:
    visit = state.visits.get(fact.visit)
    if visit is None or visit.call == fact.call:
        return
    if state.calls.get(visit.call) == visit.id:
        del state.calls[visit.call]
    visit.call = fact.call
    state.calls.setdefault(fact.call, visit.id)
    visit.doubt = None
    state.news.swapped[visit.id] = None
    _touch_visit(state, visit)


# -- agents


def _logged_in(state: State, fact: AgentLoggedIn) -> None:
    agent = state.agents.get(fact.agent)
    if agent is not None and not agent.logged_in:
        agent.logged_in, agent.paused, agent.pause_until = True, "", None
        agent.rest_until, agent.misses = None, 0
        state.settle_agent(agent)
        state.count_agent(agent)


def _logged_out(state: State, fact: AgentLoggedOut) -> None:
    agent = state.agents.get(fact.agent)
    if agent is not None and agent.logged_in:
        agent.logged_in, agent.paused, agent.pause_until, agent.rest_until = False, "", None, None
        if agent.wrap_until is not None:
            agent.wrap_until = state.t
        state.settle_agent(agent)
        state.count_agent(agent)


def _paused(state: State, fact: AgentPaused) -> None:
    agent = state.agents.get(fact.agent)
    if agent is not None and agent.logged_in:
        if agent.paused and agent.paused != fact.reason:
            agent.since = state.t
        agent.paused, agent.pause_until = fact.reason or "paused", None
        state.settle_agent(agent)
        state.count_agent(agent)


def _ready(state: State, fact: AgentReady) -> None:
    agent = state.agents.get(fact.agent)
    if agent is not None and agent.logged_in:
        agent.paused, agent.pause_until, agent.rest_until, agent.misses = "", None, None, 0
        if agent.wrap_until is not None:
            agent.wrap_until = state.t
        state.settle_agent(agent)
        state.count_agent(agent)


def _day(state: State, fact: DayBegun) -> None:
    if fact.day <= state.day:
        return
    state.day = fact.day
    for agent in state.agents.values():
        agent.calls = agent.talk_us = 0
    for queue in state.queues.values():
        queue.answered = queue.in_time = queue.abandoned = 0
        state.news.queues[queue.config.id] = None
    state.sort_again()


def _doors(state: State, fact: QueueDoors) -> None:
    queue = state.queues.get(fact.queue)
    if queue is not None and queue.doors is not fact.doors:
        queue.doors = fact.doors
        for visit in queue.living.values():
            state.settle_visit(visit)


# -- offers


def _ringing(state: State, fact: OfferRinging) -> None:
    offer = state.offers.get(fact.offer)
    if offer is not None and offer.phase in (Phase.RESERVED, Phase.RINGING):
        if offer.phase is Phase.RESERVED:
            offer.phase, offer.changed = Phase.RINGING, state.t
        offer.doubt = None
        _touch_offer(state, offer)


def _held(state: State, fact: TalkHeld | TalkResumed) -> None:
    offer = state.offers.get(fact.offer)
    if offer is not None:
        offer.held = isinstance(fact, TalkHeld)
        _touch_offer(state, offer)


def _answered(state: State, fact: OfferAnswered) -> None:
    offer = state.offers.get(fact.offer)
    if offer is None:
        ended = state.ended_offers.get(fact.offer)
        if ended is None or not ended.leg_gone:
            state.news.orphans[fact.offer] = None
    elif offer.phase in (Phase.RESERVED, Phase.RINGING):
        offer.phase, offer.changed, offer.doubt = Phase.ANSWERED, state.t, None
        _touch_offer(state, offer)


def _bridged(state: State, fact: OfferBridged) -> None:
    offer = state.offers.get(fact.offer) or revive(state, fact.offer)
    if offer is not None:
        talk(state, offer)


def talk(state: State, offer: Offer) -> None:
    """Agent and caller are in the bridge."""
    if offer.phase is not Phase.TALKING:
        _takes_agent(state, offer)
        offer.phase, offer.changed, offer.doubt = Phase.TALKING, state.t, None
        _touch_offer(state, offer)


def _takes_agent(state: State, offer: Offer) -> bool:
    """Whoever talks does so in this offer: the agent's next one, if one rings already, gives way. False when the agent
    talks in another one."""
    agent = state.agent(offer.agent)
    other = state.offers.get(agent.offer) if agent.offer is not None and agent.offer != offer.id else None
    if other is not None:
        if other.phase is Phase.TALKING:
            return False
        state.news.displaced[other.id] = None
    agent.offer = offer.id
    return True


def revive(state: State, offer: OfferId) -> Offer | None:
    """The leg of an offer given up for dead is in a bridge: two people talk. It lives again, result and all.

    None when a fact told the end of the leg (this one is late), when nobody knows the offer, or when the agent talks in
    another one.
    """
    ended = state.ended_offers.get(offer)
    if ended is None or ended.leg_gone:
        return None
    revived = Offer(
        offer, ended.visit, ended.call, ended.queue, ended.agent, state.t, 0, Phase.ANSWERED, state.t, state.t
    )
    revived.closed, revived.held = True, ended.held
    if not _takes_agent(state, revived):
        return None
    del state.ended_offers[offer]
    state.offers[offer] = revived
    return revived


def _failed(state: State, fact: OfferFailed) -> None:
    offer = state.offers.get(fact.offer)
    if offer is None:
        _leg_is_gone(state, fact.offer)
    elif not offer.over:
        offer.told = offer.told or fact.result
        offer.over = True
        _touch_offer(state, offer)


def _talk_ended(state: State, fact: TalkEnded) -> None:
    offer = state.offers.get(fact.offer)
    if offer is None:
        _leg_is_gone(state, fact.offer)
    elif not offer.over:
        talk(state, offer)  # if nobody told us of the bridge: there was one
        offer.over = True
        _touch_offer(state, offer)


def _leg_is_gone(state: State, offer: OfferId) -> None:
    ended = state.ended_offers.get(offer)
    if ended is not None and not ended.leg_gone:
        state.ended_offers[offer] = EndedOffer(ended.visit, ended.call, ended.queue, ended.agent, leg_gone=True)


def _touch_offer(state: State, offer: Offer) -> None:
    offer.touched = state.t
    state.settle_offer(offer)
    visit = state.visits.get(offer.visit)
    if visit is not None and (visit.lane is not None or len(visit.offers) > 1):  # more phones may ring, or not
        state.settle_visit(visit)
    state.news.offers[offer.id] = None


def _link_lost(state: State, fact: LinkLost) -> None:
    state.set_linked(False)


def _reconfigured(state: State, fact: Reconfigured) -> None:
    known = set(state.serves)
    state.reconfigure(EngineConfig.parse(fact.config))
    for seen in fact.devices:
        if seen.agent not in known and (agent := state.agents.get(seen.agent)) is not None:
            agent.heard = state.t
            state.set_device(agent, seen.state)


def _tick(state: State, fact: Tick) -> None:
    """Time has passed; that is all."""


def _picture(state: State, fact: Resynchronised) -> None:
    absorb_picture(state, fact, talk, revive)


_HANDLERS: dict[type[Fact], Callable[[State, Any], None]] = {
    EngineStarted: _started,
    CallerJoined: _joined,
    CallerParked: _parked,
    CallerReturned: _parked,
    CallerGone: _gone,
    CallerSwapped: _swapped,
    AgentLoggedIn: _logged_in,
    AgentLoggedOut: _logged_out,
    AgentPaused: _paused,
    AgentReady: _ready,
    DayBegun: _day,
    QueueDoors: _doors,
    DeviceChanged: _device,
    OfferRinging: _ringing,
    OfferAnswered: _answered,
    OfferBridged: _bridged,
    OfferFailed: _failed,
    TalkEnded: _talk_ended,
    TalkHeld: _held,
    TalkResumed: _held,
    LinkLost: _link_lost,
    Resynchronised: _picture,
    Reconfigured: _reconfigured,
    Tick: _tick,
}

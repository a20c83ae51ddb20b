"""How phones and callers behaved, as a journal tells it, and so how they would have behaved a little differently.

What was not seen is taken from the nearest that was: a phone that was not rung for a caller does what it did at its
nearest offer in time, and who was never put through talks for as long as others of the queue.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

from acd.config import SECOND
from acd.decisions import CancelOffer, CloseOffer, Decision, MakeOffer
from acd.facts import Fact, OfferAnswered, OfferBridged, OfferFailed, TalkEnded
from acd.model import AgentId, OfferId, OfferResult, QueueId, VisitId

MOST_TRAILS = 20_000
"""So many offers are remembered: a day of a very large site."""

ANSWER_US, BRIDGE_US, TALK_US = 5 * SECOND, SECOND, 180 * SECOND
"""A phone that never rang, and a talk of a queue that never had one."""

_TOLD = (OfferResult.NO_ANSWER, OfferResult.BUSY, OfferResult.REFUSED, OfferResult.UNREACHABLE)


@dataclass(slots=True)
class Trail:
    """What became of an offer, in engine time (microseconds); None where nobody has told it."""

    offer: OfferId
    visit: VisitId
    queue: QueueId
    agent: AgentId
    made: int
    ring_us: int
    answered: int | None = None
    bridged: int | None = None
    stopped: int | None = None  # by us
    ended: int | None = None  # of the leg
    result: OfferResult | None = None  # of an offer without a talk

    @property
    def telling(self) -> bool:
        """Whether it says what the agent does with a ringing phone."""
        return self.bridged is not None or self.result in _TOLD


@dataclass(frozen=True, slots=True)
class Manner:
    """What a phone does: after `ring_us` it is answered, or the offer ends with `result`; the bridge comes `bridge_us`
    after the answer. Microseconds."""

    ring_us: int
    result: OfferResult | None = None
    bridge_us: int = 0


class Trails:
    """All offers of a journal, the newest `MOST_TRAILS`."""

    def __init__(self) -> None:
        self._all: OrderedDict[OfferId, Trail] = OrderedDict()
        self._of_agent: defaultdict[AgentId, list[Trail]] = defaultdict(list)
        self._of_visit: defaultdict[VisitId, list[Trail]] = defaultdict(list)
        self._talks: dict[QueueId, int] = {}  # the usual one of a queue
        self._t = 0  # of the last entry

    def take(self, fact: Fact, decisions: Sequence[Decision]) -> None:
        """One entry."""
        self._talks.clear()
        self._t = max(self._t, fact.t)
        if isinstance(fact, OfferAnswered | OfferBridged | OfferFailed | TalkEnded):
            trail = self._all.get(fact.offer)
            if trail is not None:
                _follow(trail, fact)
        for decision in decisions:
            if isinstance(decision, MakeOffer):
                self._made(
                    Trail(decision.offer, decision.visit, decision.queue, decision.agent, fact.t, decision.ring_us)
                )
            elif isinstance(decision, CancelOffer) and (trail := self._all.get(decision.offer)):
                trail.stopped = fact.t
            elif isinstance(decision, CloseOffer) and decision.result is not OfferResult.ANSWERED:
                trail = self._all.get(decision.offer)
                if trail is not None and trail.result is None:
                    trail.result, trail.ended = decision.result, trail.ended or fact.t

    def of(self, offer: OfferId) -> Trail | None:
        """One offer."""
        return self._all.get(offer)

    def of_visit(self, visit: VisitId) -> Sequence[Trail]:
        """The offers of a visit, in order."""
        return self._of_visit.get(visit, ())

    def manner(self, made: MakeOffer, t: int, again: int) -> Manner:
        """What the agent's phone does with this offer, the `again`th (from 0) of this caller to this agent."""
        same = [trail for trail in self.of_visit(made.visit) if trail.agent == made.agent]
        this = same[again] if again < len(same) else None
        if this is not None and this.telling:
            return _manner(this, made.ring_us)
        telling = [trail for trail in self._of_agent.get(made.agent, ()) if trail.telling]
        if not telling:
            return _as_far_as_seen(self._usual(made.queue), this)
        nearest = min(telling, key=lambda trail: (abs(trail.made - t), trail.made))
        return _as_far_as_seen(_manner(nearest, made.ring_us), this)

    def talk_us(self, visit: VisitId, queue: QueueId) -> int:
        """How long this caller talks. A talk that goes on at the journal's end: as usual, or as it is by now."""
        for trail in self.of_visit(visit):
            if trail.bridged is not None and trail.ended is not None:
                return trail.ended - trail.bridged
            if trail.bridged is not None:
                return max(self._usual_talk(queue), self._t - trail.bridged + 1)
        return self._usual_talk(queue)

    def _usual_talk(self, queue: QueueId) -> int:
        if queue not in self._talks:
            known = [x for x in self._all.values() if x.queue == queue]
            talks = [x.ended - x.bridged for x in known if x.bridged is not None and x.ended is not None]
            self._talks[queue] = median_low(talks) if talks else TALK_US
        return self._talks[queue]

    def _made(self, trail: Trail) -> None:
        self._all[trail.offer] = trail
        self._of_agent[trail.agent].append(trail)
        self._of_visit[trail.visit].append(trail)
        if len(self._all) > MOST_TRAILS:
            _, oldest = self._all.popitem(last=False)
            self._of_agent[oldest.agent].remove(oldest)
            self._of_visit[oldest.visit].remove(oldest)
            if not self._of_visit[oldest.visit]:
                del self._of_visit[oldest.visit]

    def _usual(self, queue: QueueId) -> Manner:
        """As others of the queue answer."""
        talks = [x for x in self._all.values() if x.queue == queue and x.bridged is not None]
        if not talks:
            return Manner(ANSWER_US, None, BRIDGE_US)
        manners = [_manner(trail, trail.ring_us) for trail in talks]
        return Manner(median_low(m.ring_us for m in manners), None, median_low(m.bridge_us for m in manners))


def _follow(trail: Trail, fact: OfferAnswered | OfferBridged | OfferFailed | TalkEnded) -> None:
    if isinstance(fact, OfferAnswered):
        trail.answered = trail.answered or fact.t
    elif isinstance(fact, OfferBridged):
        trail.bridged, trail.result = trail.bridged or fact.t, None
    elif trail.ended is None:
        trail.ended = fact.t
        if isinstance(fact, OfferFailed) and trail.bridged is None:
            trail.result = fact.result


def _manner(trail: Trail, ring_us: int) -> Manner:
    """What this offer showed, for a phone that rings for `ring_us` at most."""
    if trail.bridged is not None:
        answered = trail.answered if trail.answered is not None else trail.bridged
        if answered - trail.made <= ring_us or ring_us == trail.ring_us:
            return Manner(answered - trail.made, None, trail.bridged - answered)
        return Manner(ring_us, OfferResult.NO_ANSWER)
    rang = (trail.ended if trail.ended is not None else trail.made) - trail.made
    if trail.result is OfferResult.NO_ANSWER and ring_us != trail.ring_us:
        rang = ring_us
    return Manner(rang, trail.result)


def _as_far_as_seen(manner: Manner, seen: Trail | None) -> Manner:
    """What was seen of this very offer before it was stopped is so: whether and when it was picked up by then."""
    if seen is None or seen.stopped is None:
        return manner
    if seen.answered is None or seen.answered > seen.stopped:
        return Manner(max(manner.ring_us, seen.stopped - seen.made + 1), manner.result, manner.bridge_us)
    bridge_us = manner.bridge_us if manner.result is None else BRIDGE_US
    return Manner(seen.answered - seen.made, None, max(bridge_us, seen.stopped - seen.answered + 1))

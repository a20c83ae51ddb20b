"""What a desktop is told, out of the journal's entries. Pure.

Of each offer: "ringing" when the phone rings, "answered" when agent and caller talk, "ended" when the phone stops
ringing or the talk is over. An offer that never rang is not told.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from acd.decisions import BeginWrapUp, CloseOffer, EndVisit, MakeOffer
from acd.facts import CallerJoined, OfferRinging, Resynchronised
from acd.living import Phase
from acd.model import AgentId, CallId, OfferId, OfferResult, QueueId, VisitId
from acd.views import OfferView

RINGING, ANSWERED, ENDED = "ringing", "answered", "ended"

_LONG_AGO = datetime.fromtimestamp(0, UTC)

REMEMBERED = 20_000
"""Visits whose end was never told are forgotten beyond so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that a desktop is told. `waited`: in the queue until the phone rang, or until the talk; None when that
    was before a restart of the server."""

    event: str
    at: datetime
    offer: OfferId
    visit: VisitId
    call: CallId
    queue: QueueId
    agent: AgentId
    waited: timedelta | None = None
    result: str = ""  # of "ended": acd.model.OfferResult
    talk: timedelta | None = None  # of "ended" after a talk


class Story:
    """Follows the living offers; `living` are those of before."""

    def __init__(self, living: Iterable[OfferView] = ()) -> None:
        self._joined: dict[VisitId, datetime] = {}
        self._offers: dict[OfferId, Moment] = {}  # as they were told last; "" = not yet
        self._talks: dict[AgentId, OfferId] = {}
        for offer in living:
            self._adopt(offer)

    def take(self, event: object, decisions: Iterable[object], at: datetime) -> list[Moment]:
        """Fold one entry in, which was written at `at`; what is told now, in order."""
        at = getattr(event, "at", at)
        told: list[Moment | None] = []
        if isinstance(event, CallerJoined):
            self._remember(event.visit, event.at)
        elif isinstance(event, Resynchronised):
            for seen in event.callers:
                self._remember(seen.visit, seen.joined_at)
        elif isinstance(event, OfferRinging):
            offer = self._offers.get(event.offer)
            if offer is not None and not offer.event:
                told.append(self._tell(offer, RINGING, at))
        told += [self._decided(decision, at) for decision in decisions]
        return [moment for moment in told if moment is not None]

    def _adopt(self, view: OfferView) -> None:
        talks = view.phase is Phase.TALKING
        self._offers[view.offer] = Moment(
            event=ANSWERED if talks else RINGING if view.phase is Phase.RINGING else "",
            at=_LONG_AGO,
            offer=view.offer,
            visit=view.visit,
            call=view.call,
            queue=view.queue,
            agent=view.agent,
        )
        if talks:
            self._talks[view.agent] = view.offer

    def _remember(self, visit: VisitId, at: datetime) -> None:
        self._joined.setdefault(visit, at)
        while len(self._joined) > REMEMBERED:
            del self._joined[next(iter(self._joined))]

    def _decided(self, decision: object, at: datetime) -> Moment | None:
        if isinstance(decision, MakeOffer):
            self._offers[decision.offer] = Moment(
                event="",
                at=at,
                offer=decision.offer,
                visit=decision.visit,
                call=decision.call,
                queue=decision.queue,
                agent=decision.agent,
            )
        elif isinstance(decision, CloseOffer):
            return self._closed(decision, at)
        elif isinstance(decision, BeginWrapUp):
            return self._talk_ended(decision, at)
        elif isinstance(decision, EndVisit):
            self._joined.pop(decision.visit, None)
        return None

    def _closed(self, decision: CloseOffer, at: datetime) -> Moment | None:
        offer = self._offers.get(decision.offer)
        if offer is None:
            return None
        if decision.result is OfferResult.ANSWERED:
            self._talks[offer.agent] = offer.offer
            return self._tell(offer, ANSWERED, at)
        del self._offers[decision.offer]
        return replace(offer, event=ENDED, at=at, result=decision.result.value) if offer.event else None

    def _talk_ended(self, decision: BeginWrapUp, at: datetime) -> Moment | None:
        offer = self._offers.pop(self._talks.pop(decision.agent, OfferId("")), None)
        if offer is None:
            return None
        talk = timedelta(microseconds=decision.talk_us)
        return replace(offer, event=ENDED, at=at, result=OfferResult.ANSWERED.value, talk=talk)

    def _tell(self, offer: Moment, event: str, at: datetime) -> Moment:
        joined = self._joined.get(offer.visit)
        waited = max(at - joined, timedelta()) if joined is not None else None
        told = self._offers[offer.offer] = replace(offer, event=event, at=at, waited=waited)
        return told

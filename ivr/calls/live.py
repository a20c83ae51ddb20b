"""What each living call does at this moment, from the fold. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ivr.access.limits import Limits
from ivr.figures.call_record import CallRecord, LegRecord, OfferRecord, VisitRecord

IN_FLOW, WAITING, RINGING, TALKING, ON_HOLD, AT_EXTENSION, RECEPTION = (
    "in the flow",
    "waiting",
    "ringing",
    "talking",
    "on hold",
    "at an extension",
    "reception is rung",
)


class Fold(Protocol):
    """What is asked of the projection (ivr.figures.projection)."""

    @property
    def visits(self) -> Mapping[str, VisitRecord]: ...
    def open_calls(self) -> list[CallRecord]: ...
    def open_visits(self) -> list[VisitRecord]: ...
    def open_offers(self) -> list[OfferRecord]: ...
    def legs(self, call: str) -> tuple[LegRecord, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """`doing` is one of the words above, since when; `queue` and `agent` of what is done now."""

    record: CallRecord
    doing: str
    since: datetime
    queue: str = ""
    agent: str = ""


def living(fold: Fold, within: Limits) -> list[LiveCall]:
    """Every living call within reach, the oldest first."""
    calls = {call.call: call for call in fold.open_calls()}
    if not within.everything:
        queues: dict[str, set[str]] = {}
        for visit in fold.visits.values():
            if visit.call in calls:
                queues.setdefault(visit.call, set()).add(visit.queue)
        calls = {
            name: call
            for name, call in calls.items()
            if within.call(queues.get(name, ()), [leg.agent for leg in fold.legs(name) if leg.answered])
        }
    visits = _latest(visit for visit in fold.open_visits() if visit.call in calls)
    offers = _latest_offers(offer for offer in fold.open_offers() if offer.call in calls)
    return [_live(call, visits.get(name), offers.get(name)) for name, call in calls.items()]


def _latest(visits: Iterable[VisitRecord]) -> dict[str, VisitRecord]:
    return {visit.call: visit for visit in visits}  # in the order of joining


def _latest_offers(offers: Iterable[OfferRecord]) -> dict[str, OfferRecord]:
    """Of each call the offer that talks, else the newest one."""
    found: dict[str, OfferRecord] = {}
    for offer in offers:
        if offer.bridged or not (offer.call in found and found[offer.call].bridged):
            found[offer.call] = offer
    return found


def _live(call: CallRecord, visit: VisitRecord | None, offer: OfferRecord | None) -> LiveCall:
    if offer is not None:
        doing, since = RINGING, offer.made
        if offer.bridged:
            doing, since = (ON_HOLD, offer.held) if offer.held else (TALKING, offer.bridged)
        return LiveCall(record=call, doing=doing, since=since, queue=offer.queue, agent=offer.agent)
    if visit is not None:
        return LiveCall(
            record=call, doing=RECEPTION if visit.parked else WAITING, since=visit.joined, queue=visit.queue
        )
    dial = call.dials[-1] if call.dials else None
    if dial is not None and dial.ended is None:
        return LiveCall(record=call, doing=AT_EXTENSION, since=dial.answered or dial.begun, agent=dial.extension)
    return LiveCall(record=call, doing=IN_FLOW, since=call.started)

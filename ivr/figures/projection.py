"""The fold from the journal's entries to records of calls, visits and offers. Pure: no clock, no I/O.

Facts of one call may come in any order and, after a gap, late: what is derived (outcome, wait, talk, agent) is
computed anew from the call's parts at each change. A fact about a call whose start is not known yet waits for it,
bounded; without a start there is no call.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from acd import decisions as d
from acd import facts as f
from acd.model import OfferId, OfferResult
from ivr.call import facts as c
from ivr.figures.call_folds import FOLDS, OFFER_FOLDS, finished, handed_on, microseconds
from ivr.figures.call_record import CallOutcome, CallRecord, LegRecord, OfferRecord, Record, VisitRecord, outcome_of
from ivr.figures.legs import legs_of

QUEUE_CODE = "*7"
"""What a phone of the house dials to reach a queue begins so."""

REMEMBERED_CALLS = 20_000
WAITING_FACTS = 4_096
IMPORTED_AFTER = timedelta(seconds=1)
"""A fact whose own time lies further back than this before its entry was imported: wall time measures it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A record that an entry made or changed; `before` is None for a new one."""

    before: Record | None
    after: Record


class Projection:
    """All open calls, visits and offers, and the lately ended ones.

    `records` and `waiting` are what the store knew at the position from which entries will follow.
    """

    def __init__(
        self, records: Iterable[Record] = (), waiting: Iterable[c.CallFact] = (), remembered: int = REMEMBERED_CALLS
    ) -> None:
        self.calls: OrderedDict[str, CallRecord] = OrderedDict()
        self.visits: dict[str, VisitRecord] = {}
        self.offers: dict[str, OfferRecord] = {}
        self.unclaimed = 0  # facts thrown away because their call never started
        self._open: dict[str, dict[str, None]] = {"call": {}, "visit": {}, "offer": {}}
        self._of_call: defaultdict[str, set[str]] = defaultdict(set)
        self._wrapping: dict[str, str] = {}  # agent -> the offer after which they work
        self._bridged_before: set[str] = set()  # offers whose bridge the engine heard of long after it began
        self._waiting: OrderedDict[str, list[c.CallFact]] = OrderedDict()
        self._waiting_count = 0
        self._remembered = remembered
        self._touched: dict[tuple[str, str], Record | None] = {}
        for record in records:
            self._keep(record)
        self._touched.clear()
        for fact in waiting:
            self._wait(fact)

    def waiting_facts(self) -> list[c.CallFact]:
        """Facts whose call has not begun yet, to be stored beside the records."""
        return [fact for facts in self._waiting.values() for fact in facts]

    def apply(self, at: datetime, event: object, decisions: Sequence[object] = ()) -> tuple[Change, ...]:
        """Fold one entry in; `at` is the moment of its append. Returns what changed, calls last."""
        self._touched.clear()
        happened: datetime = getattr(event, "at", at)
        imported = at - happened > IMPORTED_AFTER
        if imported and isinstance(event, f.OfferBridged):
            self._bridged_before.add(event.offer)
        if isinstance(event, c.CallFact):
            self._call_fact(event)
        else:
            self._engine_fact(event)
        for decision in decisions:
            self._decision(decision, happened, imported)
        for call in self._concerned():
            self._derive(call)
        self._forget()
        found = [Change(before, self._find(kind, key)) for (kind, key), before in self._touched.items()]
        return tuple(sorted((x for x in found if x.before != x.after), key=lambda x: isinstance(x.after, CallRecord)))

    def _concerned(self) -> Iterable[str]:
        """The calls of what the entry changed; a part that became another call's concerns both."""
        now = {self._find(kind, key).call: None for kind, key in self._touched}
        return list(now | {before.call: None for before in self._touched.values() if before is not None})

    def open_calls(self) -> list[CallRecord]:
        """Calls that have not ended, oldest first: the lines in use."""
        return [call for call in self.incomplete_calls() if call.ended is None]

    def incomplete_calls(self) -> list[CallRecord]:
        """Calls of which something is still open (also after the caller hung up), oldest first."""
        return sorted((self.calls[x] for x in self._open["call"]), key=lambda x: (x.started, x.call))

    def open_visits(self) -> list[VisitRecord]:
        """Visits without an outcome, in order of joining."""
        return sorted((self.visits[x] for x in self._open["visit"]), key=lambda x: (x.joined, x.visit))

    def open_offers(self) -> list[OfferRecord]:
        """Offers that ring or talk, oldest first."""
        return sorted((self.offers[x] for x in self._open["offer"]), key=lambda x: (x.made, x.offer))

    def legs(self, call: str) -> tuple[LegRecord, ...]:
        """Every phone that was rung for a call, in the order of ringing."""
        offers = [o for part in self._of_call.get(call, ()) if (o := self.offers.get(part))]
        return legs_of(call, self.calls.get(call), offers)

    def visits_of(self, call: str) -> list[VisitRecord]:
        """Every stay of a call in a queue, in no order."""
        return [visit for part in self._of_call.get(call, ()) if (visit := self.visits.get(part))]

    # ------------------------------------------------------------------ storage
    def _find(self, kind: str, key: str) -> Any:
        records: dict[str, Mapping[str, Record]] = {"call": self.calls, "visit": self.visits, "offer": self.offers}
        return records[kind][key]

    def _keep(self, record: Record) -> None:
        before: Record | None
        if isinstance(record, CallRecord):
            name, before, lives = ("call", record.call), self.calls.get(record.call), not record.complete
            self.calls[record.call] = record
        elif isinstance(record, VisitRecord):
            name, before, lives = ("visit", record.visit), self.visits.get(record.visit), record.outcome is None
            self.visits[record.visit] = record
            self._belongs(record.visit, before, record.call)
        elif isinstance(record, OfferRecord):
            name, before, lives = ("offer", record.offer), self.offers.get(record.offer), record.open
            self.offers[record.offer] = record
            self._belongs(record.offer, before, record.call)
            if record.wrapping:
                self._wrapping[record.agent] = record.offer
            elif self._wrapping.get(record.agent) == record.offer:
                del self._wrapping[record.agent]
        else:
            return  # legs are made from the others
        self._touched.setdefault(name, before)
        kind, key = name
        if lives:
            self._open[kind][key] = None
        else:
            self._open[kind].pop(key, None)

    def _belongs(self, part: str, before: Record | None, call: str) -> None:
        if before is not None and before.call != call:
            self._of_call[before.call].discard(part)
        self._of_call[call].add(part)

    def _forget(self) -> None:
        while len(self.calls) > self._remembered:
            oldest = next(iter(self.calls))
            if not self.calls[oldest].complete or ("call", oldest) in self._touched:
                self.calls.move_to_end(oldest)  # still open: look at it again after a full round
                break
            del self.calls[oldest]
            for part in self._of_call.pop(oldest, ()):
                self.visits.pop(part, None)
                self.offers.pop(part, None)

    # ------------------------------------------------------------------ facts about calls
    def _call_fact(self, event: c.CallFact) -> None:
        if isinstance(event, c.CallStarted):
            self._started(event)
        elif isinstance(event, c.CallRefused):
            if event.call not in self.calls:
                refused = CallOutcome.REFUSED
                self._keep(
                    CallRecord(call=event.call, did=event.did, started=event.at, ended=event.at, outcome=refused)
                )
        elif event.call in self.calls:
            self._fold(event)
        else:
            self._wait(event)

    def _started(self, event: c.CallStarted) -> None:
        known = self.calls.get(event.call)
        if known is None:
            known = CallRecord(call=event.call, did=event.did, started=event.at)
        self._keep(
            replace(
                known,
                started=min(known.started, event.at),
                caller=known.caller or event.caller,
                flow=known.flow or event.flow,
                config=known.config or event.config,
            )
        )
        for waiting in self._waiting.pop(event.call, ()):
            self._waiting_count -= 1
            self._fold(waiting)

    def _wait(self, event: c.CallFact) -> None:
        self._waiting.setdefault(event.call, []).append(event)
        self._waiting_count += 1
        while self._waiting_count > WAITING_FACTS:
            _, dropped = self._waiting.popitem(last=False)
            self._waiting_count -= len(dropped)
            self.unclaimed += len(dropped)

    def _fold(self, event: c.CallFact) -> None:
        fold = FOLDS.get(type(event))
        if fold is not None:
            self._keep(replace(self.calls[event.call], **fold(self.calls[event.call], event)))
        if isinstance(event, c.TalkTransferred):
            self._handed_on(event)

    def _handed_on(self, event: c.TalkTransferred) -> None:
        if offer := self.offers.get(event.offer):
            self._keep(replace(offer, transfer=offer.transfer or handed_on(event)))
        if leg := self.offers.get(event.leg):  # both talked already: this agent's talk is the caller's now
            self._keep(replace(leg, call=event.call))

    # ------------------------------------------------------------------ facts of the engine
    def _engine_fact(self, event: object) -> None:
        if isinstance(event, f.CallerJoined):
            self._joined(event, event.at)
        elif isinstance(event, f.CallerParked | f.CallerReturned):
            if visit := self.visits.get(event.visit):
                self._keep(replace(visit, parked=isinstance(event, f.CallerParked)))
        elif isinstance(event, f.Resynchronised):
            for seen in event.callers:
                self._joined(seen, seen.joined_at)
                self._keep(replace(self.visits[seen.visit], parked=seen.parked))
        elif isinstance(event, f.CallerSwapped):
            if visit := self.visits.get(event.visit):
                self._keep(replace(visit, call=event.call))
        elif isinstance(event, f.AgentLoggedOut):
            self._wrapped_up(event.agent, event.at)
        elif (fold := OFFER_FOLDS.get(type(event))) and (offer := self.offers.get(getattr(event, "offer", ""))):
            self._keep(replace(offer, **fold(offer, event.at)))  # type: ignore[attr-defined]

    def _joined(self, event: f.CallerJoined | f.CallerSeen, at: datetime) -> None:
        if event.visit not in self.visits:
            only = isinstance(event, f.CallerJoined) and event.only is not None
            self._keep(
                VisitRecord(
                    visit=event.visit,
                    call=event.call,
                    queue=event.queue,
                    joined=at,
                    priority=event.priority,
                    transfer=only or self._by_phone(event.call),
                )
            )

    def _by_phone(self, call: str) -> bool:
        """Whether a phone of the house has sent this call here, or calls itself."""
        known = self.calls.get(call)
        return known is not None and (known.transferred or known.did.startswith(QUEUE_CODE))

    # ------------------------------------------------------------------ decisions
    def _decision(self, decision: object, at: datetime, imported: bool) -> None:
        if isinstance(decision, d.MakeOffer):
            self._wrapped_up(decision.agent, at)
            self._keep(
                OfferRecord(
                    offer=decision.offer,
                    visit=decision.visit,
                    call=decision.call,
                    queue=decision.queue,
                    agent=decision.agent,
                    made=at,
                    rule=decision.rule,
                )
            )
        elif isinstance(decision, d.CloseOffer):
            self._closed(decision.offer, decision.result, at)
        elif isinstance(decision, d.EndVisit):
            self._visit_ended(decision, at, imported)
        elif isinstance(decision, d.BeginWrapUp):
            self._wrapped_up(decision.agent, at)
            self._talk_ended(decision, at, imported)
        elif isinstance(decision, d.EndWrapUp):
            self._wrapped_up(decision.agent, at)

    def _wrapped_up(self, agent: str, at: datetime) -> None:
        """The agent's work after the latest talk, if it was still going on, is over."""
        offer = self.offers.get(self._wrapping.get(agent, ""))
        if offer is not None and offer.wrap_began is not None:
            self._keep(replace(offer, wrap_us=microseconds(at - offer.wrap_began)))

    def _closed(self, offer_id: OfferId, result: OfferResult, at: datetime) -> None:
        offer = self.offers.get(offer_id)
        if offer is None or offer.result is not None:
            return
        bridged = offer.bridged or (at if result is OfferResult.ANSWERED else None)
        self._keep(replace(offer, result=result, closed=at, bridged=bridged))

    def _visit_ended(self, decision: d.EndVisit, at: datetime, imported: bool) -> None:
        visit = self.visits.get(decision.visit)
        if visit is None or visit.outcome is not None:
            return
        self._keep(
            replace(
                visit,
                ended=at,
                outcome=decision.outcome,
                wait_us=microseconds(at - visit.joined) if imported else max(0, decision.wait_us),
                agent=decision.agent or "",
                why=decision.why,
                parked=False,
            )
        )

    def _talk_ended(self, decision: d.BeginWrapUp, at: datetime, imported: bool) -> None:
        ending = {key: None for kind, key in self._touched if kind == "offer"} | self._open["offer"]
        for offer in [self.offers[key] for key in ending]:
            if offer.agent != decision.agent or offer.bridged is None or offer.talk_us is not None:
                continue
            ended = offer.talk_ended or at
            by_the_clock = imported or offer.offer in self._bridged_before
            measured = microseconds(ended - offer.bridged) if by_the_clock else max(0, decision.talk_us)
            self._bridged_before.discard(offer.offer)
            over = OFFER_FOLDS[f.TalkEnded](offer, ended)
            self._keep(replace(offer, **{**over, "talk_ended": ended, "talk_us": measured, "wrap_began": ended}))

    # ------------------------------------------------------------------ what follows from the parts
    def _derive(self, call_id: str) -> None:
        call = self.calls.get(call_id)
        parts = self._of_call.get(call_id, set())
        for offer in [self.offers[p] for p in parts if p in self.offers]:
            if offer.bridged and offer.talk_ended and offer.talk_us is None:
                self._keep(replace(offer, talk_us=microseconds(offer.talk_ended - offer.bridged)))
        if call is None:
            return
        visits = sorted((self.visits[p] for p in parts if p in self.visits), key=lambda v: (v.joined, v.visit))
        talks = sorted((o for p in parts if (o := self.offers.get(p)) and o.bridged), key=lambda o: (o.made, o.offer))
        if call.ended is not None:
            call = replace(call, dials=tuple(finished(dial, call.ended) for dial in call.dials))
        agents = [(o.bridged, o.agent) for o in talks if o.bridged]
        agents += [(x.answered, x.extension) for x in call.dials if x.answered]
        ended = call.ended is not None
        self._keep(
            replace(
                call,
                queue=visits[-1].queue if visits else "",
                agent=max(agents)[1] if agents else "",
                wait_us=sum(v.wait_us for v in visits),
                talk_us=sum(o.talk_us or 0 for o in talks)
                + sum(microseconds(x.ended - x.answered) for x in call.dials if x.answered and x.ended),
                outcome=outcome_of(call, visits) if ended else None,
                # Once complete it stays so: it was counted.
                complete=call.complete
                or (
                    ended
                    and not call.open_message
                    and all(v.outcome for v in visits)
                    and not any(o.open for o in talks)
                ),
            )
        )

"""What is counted: a pure fold over the projection's changes. It is stored with the records, at the same position
of the journal, so a restart counts nothing twice and forgets nothing.

A call is counted once, when it is complete. A late fact that changes a counted record corrects the record; the
counters only go up (a counter that goes down means "restarted" to Prometheus), and the correction is counted.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from acd.decisions import PauseAgent, WidenCircle
from ivr.call.facts import FallbackBegun, KeyChosen, KeyWrong, MessageLeft, PromptMissing, RecordingFinished
from ivr.figures.call_record import CallOutcome, CallRecord, OfferRecord, VisitRecord
from ivr.figures.projection import Change, Projection

WAIT_BOUNDS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1200.0)
"""Upper bounds in seconds; 20 s and the usual targets of a service level are among them."""
TALK_BOUNDS = (5.0, 15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 450.0, 600.0, 900.0, 1800.0, 3600.0)
MOST_LABELS = 500
"""Label sets of one figure; what comes beyond is counted as "other" (a DID or a prompt may be anything)."""

HOLD_BOUNDS = (0.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""A talk without hold falls under the first bound."""
_BOUNDS = {"waits": WAIT_BOUNDS, "talks": TALK_BOUNDS, "holds": HOLD_BOUNDS, "wraps": TALK_BOUNDS}

FLOW, TRANSFER = "flow", "transfer"
"""How a caller came into a queue. A caller whom an agent sends on was offered to the company once: visits by transfer
are counted apart, so that a queue's own callers are not counted twice."""

Labels = tuple[str, ...]


@dataclass(slots=True)
class Distribution:
    """A histogram: how many fell under each bound, and their sum in microseconds."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    sum_us: int = 0

    def __post_init__(self) -> None:
        if len(self.counts) != len(self.bounds) + 1:
            self.counts = [0] * (len(self.bounds) + 1)

    def add(self, microseconds: int) -> None:
        """Count one duration."""
        self.counts[bisect_left(self.bounds, microseconds / 1_000_000)] += 1
        self.sum_us += microseconds

    def cumulative(self) -> list[tuple[str, float]]:
        """Prometheus' buckets: (upper bound, how many up to it), the last one "+Inf"."""
        return list(zip([*(str(b) for b in self.bounds), "+Inf"], accumulate(self.counts), strict=True))


class Tally:
    """All counters. `dids` are the site's own numbers; a call to any other is counted under "other"."""

    def __init__(self, dids: Iterable[str] = ()) -> None:
        self._dids = frozenset(dids)
        self.started: Counter[Labels] = Counter()  # did
        self.calls: Counter[Labels] = Counter()  # did, outcome
        self.choices: Counter[Labels] = Counter()  # step, key
        self.failures: Counter[Labels] = Counter()  # step, kind
        self.joined: Counter[Labels] = Counter()  # queue, entry
        self.visits: Counter[Labels] = Counter()  # queue, outcome, entry
        self.offered: Counter[Labels] = Counter()  # queue
        self.offers: Counter[Labels] = Counter()  # queue, result
        self.prompts: Counter[Labels] = Counter()  # prompt
        self.fallbacks: Counter[Labels] = Counter()
        self.recordings: Counter[Labels] = Counter()  # queue
        self.recorded_us: Counter[Labels] = Counter()  # queue
        self.messages: Counter[Labels] = Counter()  # mailbox
        self.corrections: Counter[Labels] = Counter()
        self.widenings: Counter[Labels] = Counter()  # queue, step
        self.rule_pauses: Counter[Labels] = Counter()  # reason
        self.transfers: Counter[Labels] = Counter()  # queue
        self.waits: dict[Labels, Distribution] = {}  # queue, outcome
        self.talks: dict[Labels, Distribution] = {}  # queue
        self.holds: dict[Labels, Distribution] = {}  # queue
        self.wraps: dict[Labels, Distribution] = {}  # queue

    def expect(self, dids: Iterable[str]) -> None:
        """The site has these numbers now."""
        self._dids = frozenset(dids)

    def count(self, event: object, changes: Iterable[Change], decisions: Iterable[object] = ()) -> None:
        """Count one entry: the event, what the projection made of it, and what was decided."""
        self._event(event)
        for decision in decisions:
            if isinstance(decision, WidenCircle):
                self._one(self.widenings, (decision.queue, str(decision.step)))
            elif isinstance(decision, PauseAgent):
                self._one(self.rule_pauses, (decision.reason,))
        for change in changes:
            match change.before, change.after:
                case (CallRecord() | None) as before, CallRecord() as after:
                    self._call(before, after)
                case (VisitRecord() | None) as before, VisitRecord() as after:
                    self._visit(before, after)
                case (OfferRecord() | None) as before, OfferRecord() as after:
                    self._offer(before, after)

    def _event(self, event: object) -> None:
        if isinstance(event, KeyChosen):
            self._one(self.choices, (event.step, event.key))
        elif isinstance(event, KeyWrong):
            self._one(self.failures, (event.step, "wrong key" if event.key else "no key"))
        elif isinstance(event, PromptMissing):
            self._one(self.prompts, (event.prompt,))
        elif isinstance(event, FallbackBegun):
            self._one(self.fallbacks, ())
        elif isinstance(event, RecordingFinished):
            self._one(self.recordings, (event.queue,))
            self._one(self.recorded_us, (event.queue,), event.seconds_us)
        elif isinstance(event, MessageLeft):
            self._one(self.messages, (event.mailbox,))

    def difference(self, projection: Projection) -> dict[str, int]:
        """Invariant 1: begun minus ended minus still open, for each kind. All must be 0."""
        ringing = sum(1 for offer in projection.open_offers() if offer.result is None)
        return {
            "calls": self.started.total() - self.calls.total() - len(projection.incomplete_calls()),
            "visits": self.joined.total() - self.visits.total() - len(projection.open_visits()),
            "offers": self.offered.total() - self.offers.total() - ringing,
        }

    def _call(self, before: CallRecord | None, after: CallRecord) -> None:
        did = after.did if after.did in self._dids or not self._dids else "other"
        if before is None:
            self._one(self.started, (did,))
        if before is not None and before.complete:
            if before.outcome is not after.outcome:
                self._one(self.corrections, ())
        elif after.complete and after.outcome is not None:
            self._one(self.calls, (did, after.outcome.value))

    def _visit(self, before: VisitRecord | None, after: VisitRecord) -> None:
        entry = TRANSFER if after.transfer else FLOW
        if before is None:
            self._one(self.joined, (after.queue, entry))
        if after.outcome is not None and (before is None or before.outcome is None):
            labels = (after.queue, after.outcome.value, entry)
            self._one(self.visits, labels)
            self._measure(self.waits, labels, WAIT_BOUNDS, after.wait_us)

    def _offer(self, before: OfferRecord | None, after: OfferRecord) -> None:
        if before is None:
            self._one(self.offered, (after.queue,))
        if after.result is not None and (before is None or before.result is None):
            self._one(self.offers, (after.queue, after.result.value))
        if after.talk_us is not None and (before is None or before.talk_us is None):
            self._measure(self.talks, (after.queue,), TALK_BOUNDS, after.talk_us)
            self._measure(self.holds, (after.queue,), HOLD_BOUNDS, after.hold_us)
        if after.wrap_us is not None and (before is None or before.wrap_us is None):
            self._measure(self.wraps, (after.queue,), TALK_BOUNDS, after.wrap_us)
        if after.transfer and (before is None or not before.transfer):
            self._one(self.transfers, (after.queue,))

    @staticmethod
    def _one(counter: Counter[Labels], labels: Labels, by: int = 1) -> None:
        if labels not in counter and len(counter) >= MOST_LABELS:
            labels = tuple("other" for _ in labels)
        counter[labels] += by

    @staticmethod
    def _measure(
        into: dict[Labels, Distribution], labels: Labels, bounds: tuple[float, ...], microseconds: int
    ) -> None:
        if labels not in into and len(into) >= MOST_LABELS:
            labels = tuple("other" for _ in labels)
        into.setdefault(labels, Distribution(bounds)).add(microseconds)

    def refused(self) -> Mapping[str, int]:
        """Calls refused because all lines were busy, by DID."""
        return {did: n for (did, outcome), n in self.calls.items() if outcome == CallOutcome.REFUSED.value}

    # ------------------------------------------------------------------ storage
    def state(self) -> dict[str, Any]:
        """Everything counted, as JSON."""
        counters = {name: [[*k, n] for k, n in v.items()] for name, v in vars(self).items() if isinstance(v, Counter)}
        spread = {
            name: [[*labels, {"bounds": d.bounds, "counts": d.counts, "sum_us": d.sum_us}] for labels, d in v.items()]
            for name, v in ((name, getattr(self, name)) for name in _BOUNDS)
        }
        return {"counters": counters, "distributions": spread}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` gave. Distributions with other bounds than today's begin anew."""
        for name, rows in state.get("counters", {}).items():
            counter = getattr(self, name, None)
            if isinstance(counter, Counter):
                counter.update({_labels(name, row[:-1]): row[-1] for row in rows})
        for name, bounds in _BOUNDS.items():
            into: dict[Labels, Distribution] = getattr(self, name)
            for row in state.get("distributions", {}).get(name, []):
                if tuple(row[-1]["bounds"]) == bounds:
                    into[_labels(name, row[:-1])] = Distribution(bounds, list(row[-1]["counts"]), row[-1]["sum_us"])


def _labels(name: str, stored: list[str]) -> Labels:
    """The labels of a stored figure. Before there were transfers, every visit came from the flow."""
    whole = {"joined": 2, "visits": 3, "waits": 3}.get(name, len(stored))
    return (*stored, *[FLOW] * (whole - len(stored)))

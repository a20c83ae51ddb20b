"""The calls that live now, folded from the journal's events: what the runner, the telephone and the switchboard ask.

Pure: no I/O and no clock. After a restart the same fold, from where the oldest of them began, brings the calls back; of
calls that the journal does not know the picture of Asterisk's channels tells.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from acd.decisions import EndVisit, SendBackAgain
from acd.facts import CallerJoined, CallerReturned, CallerSeen, CallerSwapped, OfferBridged, Resynchronised, TalkEnded
from acd.model import CallId, OfferId, QueueId, VisitId
from ivr.call import facts

REMEMBERED_ENDED = 10_000
"""Ended calls that are still known as ended, so that a late fact does not bring one back."""


_NONE: Mapping[str, Any] = MappingProxyType({})
"""One for all who wait: of them nothing is recorded yet, and empty sets of ten thousand are megabytes."""


@dataclass(slots=True)
class LiveCall:
    """One call between INVITE and BYE."""

    call: CallId
    channel: str = ""
    """The name of its channel in Asterisk; in memory only, empty when unknown."""
    did: str = ""
    caller: str = ""
    """The opaque caller key; the number itself is never in the journal."""
    number: str = ""
    """The caller's number as the trunk sent it; in memory only, empty when unknown or anonymous."""
    config: str = ""
    started_at: datetime | None = None
    visits: int = 0
    visit: VisitId | None = None
    queue: QueueId | None = None
    joined: datetime | None = None
    """When the latest visit was joined, whatever time its place counts from."""
    notice: str | None = None
    """Version of the recording notice that was heard to its end."""
    declined: bool = False
    """The caller does not want to be recorded."""
    wish: tuple[str, str] = ("", "")
    """What a step said about the recording (recordings.policy.Wish), and its name."""
    ruled: Mapping[str, facts.RecordingRuled] = field(default_factory=lambda: _NONE)
    """Leg -> whether its talk is recorded."""
    begun_recordings: Set[str] = frozenset()
    """Legs whose recording began on demand."""
    silenced: Set[str] = frozenset()
    """Legs whose recording is paused."""
    parts: Mapping[str, int] = field(default_factory=lambda: _NONE)
    """Leg -> how many files its recording has, where it has several."""
    stopped_recordings: Set[str] = frozenset()
    """Legs whose recording was ended for good."""
    reason: str = ""
    """The flow's word for the end that it is about to bring about."""
    dial_answered: bool = False
    fallback: bool = False
    talk: OfferId | None = None
    agent: str = ""
    """Who talks with the caller, or did last, of the agents that a queue gave."""
    hung_up_by: str = ""
    announced_at: datetime | None = None
    announcing: bool = False
    """An announcement is being played to the waiting caller at this moment."""

    @property
    def begun(self) -> bool:
        """Whether anything is known of it but its channel: a phone of the house that came to a queue while we were away
        may be gone before it was asked anything."""
        return self.started_at is not None or bool(self.did) or self.visits > 0 or bool(self.visit or self.talk)

    @property
    def inside(self) -> bool:
        """Whether a phone of the house calls a queue: that is no line in use."""
        return self.did.startswith("*")


class LiveCalls:
    """All living calls by id."""

    def __init__(self) -> None:
        self._calls: dict[CallId, LiveCall] = {}
        self._at: dict[VisitId | OfferId, dict[CallId, None]] = {}  # who waits in a visit, or talks by an offer
        self._ended: OrderedDict[CallId, None] = OrderedDict()

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(list(self._calls.values()))

    def __len__(self) -> int:
        return len(self._calls)

    def get(self, call: str) -> LiveCall | None:
        """The living call of that id, or None."""
        return self._calls.get(CallId(call))

    def parts_of(self, leg: str) -> int:
        """How many files the recording of a leg has, as long as its call lives."""
        return max((live.parts.get(leg, 1) for live in self), default=1)

    def has_ended(self, call: str) -> bool:
        """True when the call is known to have ended."""
        return call in self._ended

    def meet(self, call: CallId) -> LiveCall:
        """The living call of that id; one that nobody knew yet (the journal was lost) begins here.

        A call that has ended does not begin again: what is given then is kept by nobody.
        """
        return LiveCall(call) if self.has_ended(call) else self._calls.setdefault(call, LiveCall(call))

    def forget(self, call: CallId) -> None:
        """A call that never began is over: nothing is to be told of it, and a late fact does not bring it back."""
        self._end(call)

    def take(self, event: object, decisions: Iterable[object]) -> None:
        """Fold one journal entry."""
        if isinstance(event, facts.CallFact):
            self._take_call(event)
        elif isinstance(event, CallerJoined):
            self._joined(event)
        elif isinstance(event, Resynchronised):
            self._seen(event)
        elif isinstance(event, CallerReturned | CallerSwapped):
            self._still_waits(event)
        elif isinstance(event, OfferBridged):
            self._talk_began(event.offer, decisions)
        elif isinstance(event, TalkEnded):
            for live in self._with(event.offer):
                self._talks(live, None)
        for decision in decisions:
            if isinstance(decision, EndVisit | SendBackAgain):  # again: it ended before, only the deed was lost
                for live in self._with(decision.visit):
                    self._waits(live, None)

    def _with(self, where: VisitId | OfferId) -> list[LiveCall]:
        return [self._calls[call] for call in self._at.get(where, ())]

    def _waits(self, live: LiveCall, visit: VisitId | None) -> None:
        self._leave(live, live.visit)
        live.visit = visit
        self._enter(live, visit)

    def _talks(self, live: LiveCall, offer: OfferId | None) -> None:
        self._leave(live, live.talk)
        live.talk = offer
        self._enter(live, offer)

    def _enter(self, live: LiveCall, where: VisitId | OfferId | None) -> None:
        if where is not None and live.call in self._calls:
            self._at.setdefault(where, {})[live.call] = None

    def _leave(self, live: LiveCall, where: VisitId | OfferId | None) -> None:
        if where is not None and (there := self._at.get(where)) is not None:
            there.pop(live.call, None)
            if not there:
                del self._at[where]

    def _take_call(self, fact: facts.CallFact) -> None:
        if isinstance(fact, facts.CallEnded):
            self._end(fact.call)
        elif not isinstance(fact, facts.CallRefused) and not self.has_ended(fact.call):
            self._take_fact(self.meet(fact.call), fact)

    def _end(self, call: CallId) -> None:
        if (live := self._calls.pop(call, None)) is not None:
            self._leave(live, live.visit)
            self._leave(live, live.talk)
        self._ended[call] = None
        while len(self._ended) > REMEMBERED_ENDED:
            self._ended.popitem(last=False)

    def _seen(self, fact: Resynchronised) -> None:
        """Who waits by the ticket alone (the journal was lost) can leave the queue by hanging up like everybody."""
        for caller in fact.callers:
            live = self._calls.get(caller.call)
            if live is None or live.visit is None:
                self._joined(caller)
            if caller.parked and (live := self._calls.get(caller.call)):
                live.fallback = True

    def _joined(self, fact: CallerJoined | CallerSeen) -> None:
        if self.has_ended(fact.call):
            return
        live = self.meet(fact.call)
        if live.visit != fact.visit:
            # The number in the name counts too: after a lost journal the first visit that is seen may be the third.
            live.visits = max(live.visits + 1, number_of(fact.visit))
        if live.visit != fact.visit:
            live.joined = fact.at if isinstance(fact, CallerJoined) else fact.joined_at
        self._waits(live, fact.visit)
        live.queue = fact.queue

    def _still_waits(self, fact: CallerReturned | CallerSwapped) -> None:
        for live in self._with(fact.visit):
            if isinstance(fact, CallerSwapped):
                self._waits(live, None)
                other = self.meet(fact.call)
                self._waits(other, fact.visit)
                other.queue = live.queue
            else:
                live.fallback = False

    def _talk_began(self, offer: OfferId, decisions: Iterable[object]) -> None:
        for decision in decisions:
            if isinstance(decision, EndVisit) and (live := self._calls.get(decision.call)):
                self._talks(live, offer)
                live.agent = decision.agent or ""

    @staticmethod
    def _recording_fact(live: LiveCall, fact: facts.CallFact) -> None:
        match fact:
            case facts.RecordingWished(wish="declined" | "agreed"):
                live.declined = fact.wish == "declined"
            case facts.RecordingWished():
                live.wish = (fact.wish, fact.step)
            case facts.RecordingRuled():
                live.ruled = {**live.ruled, fact.leg: fact}
            case facts.RecordingBegun():
                live.begun_recordings |= {fact.leg}
            case facts.RecordingPaused():
                live.silenced |= {fact.leg}
            case facts.RecordingResumed():
                live.silenced -= {fact.leg}
            case facts.RecordingRenewed():
                live.parts = {**live.parts, fact.leg: fact.part}
            case facts.RecordingStopped():
                live.stopped_recordings |= {fact.leg}

    def _take_fact(self, live: LiveCall, fact: facts.CallFact) -> None:
        match fact:
            case facts.CallStarted():
                live.did, live.caller, live.config, live.started_at = fact.did, fact.caller, fact.config, fact.at
            case facts.NoticeHeard():
                live.notice = fact.version
            case facts.DialBegun():
                live.dial_answered = False
            case facts.DialAnswered():
                live.dial_answered = True
            case facts.FallbackBegun():
                live.fallback = True
            case facts.TalkTransferred() if fact.leg:
                self._talks(live, OfferId(fact.leg))
                live.agent = fact.to
            case _:
                self._recording_fact(live, fact)


def number_of(visit: VisitId) -> int:
    """Which one of its call's visits it is, from 1; 0 when its name does not tell."""
    number = visit.rpartition("/")[2]
    return int(number) if number.isdecimal() else 0

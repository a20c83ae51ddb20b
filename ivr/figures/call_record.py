"""What is kept of calls, queue visits and offers: one frozen record each, and the rule of a call's one outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from acd.model import OfferResult, VisitOutcome


class CallOutcome(Enum):
    """How a call ended; every call has exactly one (see `outcome_of`)."""

    REFUSED = "refused"  # all lines were busy
    BLOCKED = "blocked"
    CLOSED = "closed"
    ENDED_IN_IVR = "ended in IVR"
    SELF_SERVED = "self-served"
    TRANSFERRED = "transferred directly"  # reached an extension without a queue
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    ABANDONED = "abandoned"
    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """An extension that the dialplan rang for the caller, without a queue."""

    extension: str
    begun: datetime
    answered: datetime | None = None
    ended: datetime | None = None
    result: str = ""
    transfer: str = ""  # how the extension handed the caller on, and to whom


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """From when until when a recording held silence, and who asked for it; without an end until the talk's."""

    begun: datetime
    by: str
    ended: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkRuling:
    """Whether a talk was recorded: as it was ruled before the phone rang, and what was changed while it lasted. `why`
    and `said` as in ivr.call.facts.RecordingRuled; `ruled`: when, which is when the caller came to a leg that talked
    already, None in records of older versions; `begun`: on demand; `stopped`: for good, before the talk ended."""

    leg: str
    queue: str
    agent: str
    record: bool
    why: str
    said: tuple[str, ...] = ()
    ruled: datetime | None = None
    begun: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    stopped: datetime | None = None

    @property
    def wanted(self) -> bool:
        """Whether there has to be audio, if they talked."""
        return self.record or self.begun is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call. Durations in microseconds; `outcome` is None while the call lives.

    `complete` says that nothing of the call is open any more (visits, talks): from then on it is counted, for ever.
    """

    call: str
    did: str
    started: datetime
    caller: str = ""  # opaque key, see ivr.records.callers
    flow: str = ""
    config: str = ""
    ended: datetime | None = None
    outcome: CallOutcome | None = None
    complete: bool = False
    keys: tuple[str, ...] = ()  # "<step>:<key>", in order
    wrong_keys: int = 0
    no_keys: int = 0
    steps: int = 0
    step: str = ""  # the last one entered
    notice: str = ""  # version of the notice that was heard to its end
    queue: str = ""  # the last one
    agent: str = ""  # who talked last: an agent or a dialled extension
    wait_us: int = 0
    talk_us: int = 0
    dials: tuple[Dial, ...] = ()
    fallback: bool = False
    transferred: bool = False  # handed on by a phone of the house; until the flow goes on
    declined: bool = False  # the caller does not want to be recorded
    rulings: tuple[TalkRuling, ...] = ()  # one for each phone that was rung
    recordings: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()  # left in mailboxes
    open_message: str = ""  # being recorded: neither left nor dropped yet
    prompts_missing: int = 0
    by: str = ""  # who hung up
    cause: int = 0  # Q.850
    reason: str = ""  # the flow's own word for the end
    source: str = ""

    @property
    def inside(self) -> bool:
        """A phone of the house called a queue."""
        return self.did.startswith("*")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRecord:
    """One stay of a call in one queue. `outcome` is None while the caller waits."""

    visit: str
    call: str
    queue: str
    joined: datetime
    priority: int = 0
    parked: bool = False  # reception is rung by the dialplan alone: keeps the place, does not wait
    transfer: bool = False  # by a phone of the house: counted apart from those whom the flow sent
    ended: datetime | None = None
    outcome: VisitOutcome | None = None
    wait_us: int = 0
    agent: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRecord:
    """One agent, one caller, one ringing phone. Durations in microseconds.

    `talk_us` is None until the talk, if any, has ended; it contains `hold_us`. `wrap_us` is None until the agent's work
    after the talk has ended.
    """

    offer: str
    visit: str
    call: str
    queue: str
    agent: str
    made: datetime
    rule: str = ""
    answered: datetime | None = None
    bridged: datetime | None = None
    closed: datetime | None = None
    result: OfferResult | None = None
    talk_ended: datetime | None = None
    talk_us: int | None = None
    held: datetime | None = None  # since when the caller is on hold now
    hold_us: int = 0
    wrap_began: datetime | None = None
    wrap_us: int | None = None
    transfer: str = ""  # how the agent handed the caller on, and to whom

    @property
    def wrapping(self) -> bool:
        """The agent works after this talk."""
        return self.wrap_began is not None and self.wrap_us is None

    @property
    def open(self) -> bool:
        """The phone rings, or both talk."""
        return self.result is None or (self.bridged is not None and self.talk_ended is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRecord:
    """One phone that was rung for a call, in the order of ringing: `n` counts from 1 within the call.

    `kind`: "offer" (an agent, for a queue) or "dial" (an extension, by the flow). `answered`: both were in the bridge.
    `talk_us` contains `hold_us`; `wrap_us` comes after it.
    """

    call: str
    n: int
    kind: str
    agent: str  # or the extension
    queue: str
    offer: str
    began: datetime
    answered: datetime | None
    ended: datetime | None
    result: str
    talk_us: int
    hold_us: int
    wrap_us: int
    transfer: str


Record = CallRecord | VisitRecord | OfferRecord | LegRecord

_SAID_BY_THE_FLOW = {
    outcome.value: outcome
    for outcome in (
        CallOutcome.BLOCKED,
        CallOutcome.CLOSED,
        CallOutcome.SELF_SERVED,
        CallOutcome.VOICEMAIL,
        CallOutcome.CALLBACK,
        CallOutcome.FAILED,
    )
}


def outcome_of(call: CallRecord, visits: Sequence[VisitRecord]) -> CallOutcome:
    """The one outcome of an ended call; the first rule that holds.

    1. all lines were busy: refused;
    2. talked to an agent of a queue: answered; talked to a dialled extension: transferred directly;
    3. left a message in a mailbox: voicemail;
    4. the flow said why it ended (blocked, closed, self-served, voicemail, callback, failed): that;
    5. asked for a person (joined a queue, had an extension or reception rung) and reached nobody, whoever hung up:
       abandoned, or callback when a visit ended so;
    6. entered at least one step of the flow: ended in IVR;
    7. else failed: the line was answered and nothing happened.
    """
    if call.outcome is CallOutcome.REFUSED:
        return CallOutcome.REFUSED
    outcomes = {visit.outcome for visit in visits}
    if VisitOutcome.ANSWERED in outcomes:
        return CallOutcome.ANSWERED
    if any(dial.answered for dial in call.dials):
        return CallOutcome.TRANSFERRED
    if call.messages:
        return CallOutcome.VOICEMAIL
    if call.reason in _SAID_BY_THE_FLOW:
        return _SAID_BY_THE_FLOW[call.reason]
    if VisitOutcome.CALLBACK in outcomes:
        return CallOutcome.CALLBACK
    if visits or call.dials or call.fallback:
        return CallOutcome.ABANDONED
    return CallOutcome.ENDED_IN_IVR if call.steps else CallOutcome.FAILED

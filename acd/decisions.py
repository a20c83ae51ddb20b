"""What the engine decides. A decision is journalled with the fact that caused it, and only then carried out."""

from dataclasses import dataclass

from acd.codec import event
from acd.model import AgentId, CallId, OfferId, OfferResult, QueueId, VisitId, VisitOutcome


@event("passed over")
@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """Somebody who was also in question, and the rule that removed them.

    `who` is an agent's extension or an earlier caller's visit; `why` one of the words of `acd.reasons`.
    """

    who: str
    why: str


@event("offer made")
@dataclass(frozen=True, slots=True, kw_only=True)
class MakeOffer:
    """Ring this agent's phone for this caller."""

    offer: OfferId
    visit: VisitId
    call: CallId
    queue: QueueId
    agent: AgentId
    ring_us: int
    rule: str
    others: tuple[PassedOver, ...] = ()  # agents that were not chosen, the first ones of the queue
    left_out: int = 0  # how many more agents of the queue are not listed in `others`
    overtaken: tuple[PassedOver, ...] = ()  # earlier callers that this agent could not serve
    step: int = 0  # how far the caller's circle had widened


@event("offer cancelled")
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOffer:
    """Stop the ringing phone (its leg is hung up)."""

    offer: OfferId
    agent: AgentId
    why: str


@event("offer closed")
@dataclass(frozen=True, slots=True, kw_only=True)
class CloseOffer:
    """The offer has its one result."""

    offer: OfferId
    visit: VisitId
    queue: QueueId
    agent: AgentId
    result: OfferResult


@event("visit ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class EndVisit:
    """The visit has its one outcome. `wait_us` from joining to the outcome, in engine time.

    For `OVERFLOWED` the shell sends the caller back into the flow, at the exit `why`: one of `acd.reasons.EXITS`.
    """

    visit: VisitId
    call: CallId
    queue: QueueId
    outcome: VisitOutcome
    wait_us: int
    agent: AgentId | None = None
    why: str = ""


@event("wrap-up begun")
@dataclass(frozen=True, slots=True, kw_only=True)
class BeginWrapUp:
    """The agent works after the talk until engine time `until`, in every queue."""

    agent: AgentId
    queue: QueueId
    until: int
    talk_us: int


@event("wrap-up ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class EndWrapUp:
    """The agent may be offered callers again."""

    agent: AgentId


@event("agent paused by rule")
@dataclass(frozen=True, slots=True, kw_only=True)
class PauseAgent:
    """Too many offers in a row were not answered: paused until engine time `until`, or until the agent says ready."""

    agent: AgentId
    reason: str
    until: int | None


@event("pause ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class EndPause:
    """The time of a `PauseAgent` is over."""

    agent: AgentId


@event("circle widened")
@dataclass(frozen=True, slots=True, kw_only=True)
class WidenCircle:
    """The caller may be offered to the agents of expansion step `step` too."""

    visit: VisitId
    queue: QueueId
    step: int


@event("orphan leg")
@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpOrphan:
    """A leg of no live offer exists: hang it up."""

    offer: OfferId


@event("sent back again")
@dataclass(frozen=True, slots=True, kw_only=True)
class SendBackAgain:
    """A caller whose visit has ended is seen waiting: the deed was lost in a crash. Send back at exit `why`."""

    visit: VisitId
    call: CallId
    queue: QueueId
    why: str


Decision = (
    MakeOffer
    | CancelOffer
    | CloseOffer
    | EndVisit
    | BeginWrapUp
    | EndWrapUp
    | PauseAgent
    | EndPause
    | WidenCircle
    | HangUpOrphan
    | SendBackAgain
)

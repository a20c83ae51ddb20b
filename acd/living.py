"""What lives in the engine: visits, offers, agents; what is remembered of those that ended; what a fact touched.

Plain values: `acd.state.State` holds them and keeps its indexes over them.
"""

from dataclasses import dataclass, field
from enum import Enum

from acd.decisions import PassedOver
from acd.lanes import Lane, Place
from acd.model import AgentId, CallId, DeviceState, OfferId, OfferResult, QueueId, VisitId, VisitOutcome


class Phase(Enum):
    """Where a living offer is."""

    RESERVED = "reserved"  # decided; the phone is about to ring
    RINGING = "ringing"
    ANSWERED = "answered"  # the agent hears the whisper
    TALKING = "talking"  # agent and caller are in the bridge
    CANCELLING = "cancelling"  # we hang the leg up and wait for its end


class AgentStatus(Enum):
    """What an agent does, as a board shows it."""

    # The values are also the reasons why an agent was passed over; AVAILABLE then means that the strategy took another.
    LOGGED_OUT = "logged out"
    UNREACHABLE = "unreachable"
    BUSY = "on another call"
    RESERVED = "reserved"
    RINGING = "ringing"
    TALKING = "talking"
    ON_HOLD = "on hold"
    WRAP_UP = "wrap-up"
    PAUSED = "paused"
    RESTING = "resting"  # refused or could not be rung: not offered for a moment
    AVAILABLE = "available"

    __hash__ = object.__hash__  # the one of Enum is slow


@dataclass(slots=True, eq=False)
class Visit:
    """A living stay in a queue."""

    id: VisitId
    call: CallId
    queue: QueueId
    priority: int
    joined: int
    seq: int
    touched: int  # engine time of the last fact about it
    parked: bool = False
    since: int = 0  # the place counts from here: `joined`, or earlier by credit
    caller: str = ""
    last_agent: AgentId | None = None
    kept_until: int | None = None  # so long the caller is kept for `last_agent`
    only: AgentId | None = None
    step: int = 0
    offers: dict[OfferId, None] = field(default_factory=dict)  # living ones that are not being cancelled
    ring_next: int = 0  # another phone may ring from this engine time on
    gone: str = ""  # "hung up", "left" or "moved": told, the outcome is about to be decided
    doubt: int | None = None  # an agent's leg did not find the caller: abandoned at this time
    tried: dict[AgentId, int] = field(default_factory=dict)  # agent -> not before this engine time
    place: Place = field(default=(0, 0), init=False)
    lane: Lane | None = field(default=None, init=False)  # where the visit waits to be offered
    kept: bool = field(default=False, init=False)  # the lane is that of `last_agent`
    counted: bool = field(default=False, init=False)  # stands in its queue's `living`
    stands: bool = field(default=False, init=False)  # among the `standing` of its queue
    not_served: PassedOver | None = field(default=None, init=False)  # a reason that is given often

    @property
    def waits(self) -> bool:
        """Is on music with no phone ringing: may be offered, or sent away."""
        return not (self.parked or self.gone or self.offers) and self.doubt is None


@dataclass(slots=True, eq=False)
class Offer:
    """A living offer: from the decision to the end of its leg."""

    id: OfferId
    visit: VisitId
    call: CallId
    queue: QueueId
    agent: AgentId
    made: int
    ring_us: int
    phase: Phase
    changed: int  # engine time of the phase's beginning
    touched: int
    told: OfferResult | None = None  # the result that a fact told
    over: bool = False  # the leg is gone
    closed: bool = False  # its result is decided
    held: bool = False  # the caller is on hold
    doubt: int | None = None  # a picture did not show its leg: over at this time
    why: str = ""  # of the cancellation


@dataclass(slots=True, eq=False)
class Agent:
    """An agent's phone and work."""

    id: AgentId
    logged_in: bool = True
    device: DeviceState = DeviceState.UNREACHABLE
    heard: int = -1  # engine time of the last fact about the device
    offer: OfferId | None = None
    wrap_until: int | None = None
    rest_until: int | None = None
    paused: str = ""  # the reason
    pause_until: int | None = None  # None: until the agent says ready
    misses: int = 0
    calls: int = 0  # answered today
    talk_us: int = 0  # talked today
    ready: int | None = None  # sequence number of becoming available: the order of the longest idle
    status: AgentStatus = AgentStatus.UNREACHABLE
    since: int = 0
    counted: bool = field(default=False, init=False)  # among the `logged_in` of the queues
    there: bool = field(default=False, init=False)  # among those who are `there`
    hoped: bool = field(default=False, init=False)  # was `hopeful` when it was looked at
    armed: bool = field(default=False, init=False)  # has a deadline

    @property
    def hopeful(self) -> bool:
        """Worth waiting for."""
        return self.logged_in and not self.paused and self.device is not DeviceState.UNREACHABLE


@dataclass(frozen=True, slots=True)
class EndedVisit:
    """What is remembered of a visit: its outcome, the overflow's exit, and when (engine time)."""

    outcome: VisitOutcome
    why: str
    at_us: int


@dataclass(frozen=True, slots=True)
class EndedOffer:
    """What is remembered of an offer. `leg_gone`: a fact told the end of the leg; else we assumed it. `held`: the
    caller was on hold, as far as was told."""

    visit: VisitId
    call: CallId
    queue: QueueId
    agent: AgentId
    leg_gone: bool
    held: bool = False


@dataclass(frozen=True, slots=True)
class Credit:
    """The place of a visit that ended, for the next one of the same call or caller."""

    queue: QueueId
    since: int
    until: int | None = None  # engine time; None: as long as the call lives
    answered: bool = False  # only for a transfer to one agent


@dataclass(slots=True)
class News:
    """What the present fact touched: the rules look only there."""

    offers: dict[OfferId, None] = field(default_factory=dict)
    visits: dict[VisitId, None] = field(default_factory=dict)
    joined: dict[VisitId, None] = field(default_factory=dict)
    queues: dict[QueueId, None] = field(default_factory=dict)
    agents: dict[AgentId, None] = field(default_factory=dict)  # available, or a caller is kept for them
    swapped: dict[VisitId, None] = field(default_factory=dict)
    displaced: dict[OfferId, None] = field(default_factory=dict)  # the agent was found talking in an older offer
    orphans: dict[OfferId, None] = field(default_factory=dict)
    stranded: list[tuple[VisitId, CallId, QueueId, str]] = field(default_factory=list)

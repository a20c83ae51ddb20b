"""What the engine is told. A fact carries its wall time `at` (aware, UTC) and engine time `t` (microseconds).

Facts may arrive late, twice or out of order; the engine tolerates all three. `t` of a fact submitted through the
dispatcher never decreases; `at` may lie in the past when the fact was imported after a gap.
"""

from dataclasses import dataclass
from datetime import datetime

from acd.codec import event
from acd.model import AgentId, CallId, DeviceState, Doors, LegState, OfferId, OfferResult, QueueId, VisitId


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What every fact has."""

    at: datetime
    t: int


@event("engine started")
@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStarted(Fact):
    """The server began to decide. `prefix` makes this run's offer ids unique for ever."""

    engine_version: int
    config_hash: str
    prefix: str
    node: str
    config: str = ""  # in force from now on, as in `Reconfigured`; empty in old journals: as it was


@event("caller joined")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallerJoined(Fact):
    """A call entered a queue. A second one for a living visit changes nothing.

    The place counts from `t`, or from earlier: a call that comes back to this queue has its old place; one that comes
    from another queue keeps the time waited there if it `keeps` it; and `caller` (an opaque key, empty = anonymous)
    regains the place of an abandoned call within the queue's window.
    """

    visit: VisitId
    call: CallId
    queue: QueueId
    priority: int = 0  # 0 to 9; each step is a head start of `EngineConfig.priority_us`
    caller: str = ""
    last_agent: AgentId | None = None  # who served this caller last, if the shell knows
    only: AgentId | None = None  # a transfer to one agent: nobody else is offered the caller
    keeps: bool = True


@event("caller parked")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallerParked(Fact):
    """The dialplan alone rings reception for this caller: keeps the place, is not offered."""

    visit: VisitId


@event("caller returned")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallerReturned(Fact):
    """A parked caller waits again, at the old place."""

    visit: VisitId


@event("caller gone")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallerGone(Fact):
    """The caller no longer waits: hung up (abandoned), or left by another way."""

    visit: VisitId
    hung_up: bool


@event("device changed")
@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceChanged(Fact):
    """Asterisk tells a new state of an agent's phone."""

    agent: AgentId
    state: DeviceState


@event("agent logged in")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLoggedIn(Fact):
    """The agent serves from now on. `by`: "telephone", "command", ..., for the record."""

    agent: AgentId
    by: str = ""


@event("agent logged out")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLoggedOut(Fact):
    """The agent serves no more. A talk or a ringing phone goes on; a pause is over."""

    agent: AgentId
    by: str = ""


@event("agent paused")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPaused(Fact):
    """The agent is not offered callers until `AgentReady`. During a talk, the pause begins after it."""

    agent: AgentId
    reason: str
    by: str = ""


@event("agent ready")
@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReady(Fact):
    """The agent may be offered callers: ends a pause, the wrap-up and a rest. During a talk it does nothing but end a
    pause; who is logged out stays so."""

    agent: AgentId
    by: str = ""


@event("queue doors")
@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDoors(Fact):
    """A queue opens, closes or has an emergency: unless it is open, nobody waits in it. New queues are open."""

    queue: QueueId
    doors: Doors


@event("day begun")
@dataclass(frozen=True, slots=True, kw_only=True)
class DayBegun(Fact):
    """A new day at the site: the agents' calls and talk time, and the queues' service level, count from zero.
    A second one for the same `day` (2026-11-23), or an earlier one, changes nothing."""

    day: str


@event("caller swapped")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSwapped(Fact):
    """An attended transfer put another call where a waiting one was: the place is that call's from now on.
    A living offer for the visit is cancelled, for it would connect the wrong channel."""

    visit: VisitId
    call: CallId


@event("offer ringing")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRinging(Fact):
    """The agent's phone rings."""

    offer: OfferId


@event("offer answered")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAnswered(Fact):
    """The agent picked up and hears the whisper; the caller still has music."""

    offer: OfferId


@event("offer bridged")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferBridged(Fact):
    """Agent and caller are in one bridge: the visit is answered."""

    offer: OfferId


@event("offer failed")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFailed(Fact):
    """The offer's leg ended, or never began, before any bridge."""

    offer: OfferId
    result: OfferResult


@event("talk ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class TalkEnded(Fact):
    """The offer's leg hung up after a bridge: wrap-up begins at `t`."""

    offer: OfferId


@event("talk held")
@dataclass(frozen=True, slots=True, kw_only=True)
class TalkHeld(Fact):
    """The agent put the caller on hold."""

    offer: OfferId


@event("talk resumed")
@dataclass(frozen=True, slots=True, kw_only=True)
class TalkResumed(Fact):
    """The hold is over."""

    offer: OfferId


@event("link lost")
@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLost(Fact):
    """AMI is gone: no new offer until the next resynchronisation."""


@event("caller seen")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallerSeen:
    """A living caller's channel that carries a ticket. Fields as in `CallerJoined`."""

    visit: VisitId
    call: CallId
    queue: QueueId
    priority: int
    joined_at: datetime
    parked: bool
    caller: str = ""
    only: AgentId | None = None


@event("leg seen")
@dataclass(frozen=True, slots=True, kw_only=True)
class LegSeen:
    """A living channel of an offer."""

    offer: OfferId
    state: LegState


@event("device seen")
@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSeen:
    """The state of an agent's phone."""

    agent: AgentId
    state: DeviceState


@event("resynchronised")
@dataclass(frozen=True, slots=True, kw_only=True)
class Resynchronised(Fact):
    """After every AMI login: everything that lives, as Asterisk says. What is not listed does not exist.

    `began` is the engine time before the picture was begun: what the engine heard at or after it is newer than the
    picture and is not judged by it. -1: the picture judges everything.
    """

    callers: tuple[CallerSeen, ...]
    legs: tuple[LegSeen, ...]
    devices: tuple[DeviceSeen, ...]
    began: int = -1


@event("reconfigured")
@dataclass(frozen=True, slots=True, kw_only=True)
class Reconfigured(Fact):
    """Queues, agents or times are other ones from now on. The whole configuration stands here, so that a journal is
    folded, and decided again, under what was in force at each of its entries.

    Whoever talks or is rung goes on; callers of a queue that is gone leave it as with nobody there. `devices` are the
    phones of agents who are new, as Asterisk says at this moment.
    """

    config: str  # acd.config.EngineConfig.text
    devices: tuple[DeviceSeen, ...] = ()


@event("tick")
@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Fact):
    """The time that `Engine.next_deadline()` asked for has come."""

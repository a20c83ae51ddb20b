"""Whom the second model knows: callers, agents, and phones that ring or talk."""

from dataclasses import dataclass, field

from acd.model import DeviceState, OfferResult


@dataclass
class Caller:
    """One stay in one queue, living or ended."""

    visit: str
    call: str
    queue: str
    priority: int
    since: int  # the place counts from here
    joined: int  # the wait counts from here
    number: int  # of all who joined
    touched: int
    key: str = ""
    last_agent: str | None = None
    kept_until: int = 0  # for the agent of last time
    only: str | None = None
    step: int = 0
    parked: bool = False
    ended: bool = False
    gone: str = ""  # told: "hung up", "left", "moved"
    doubt: int | None = None  # nobody was there for an agent: abandoned at this time
    failed: bool = False  # a transfer that its agent did not take
    tried: dict[str, int] = field(default_factory=dict)  # agent -> not again before


@dataclass
class Phone:
    """One offer: an agent's phone that rings, whispers or talks."""

    offer: str
    agent: str
    visit: str
    queue: str
    made: int
    ring_us: int
    changed: int
    touched: int
    fact: int  # the number of the one that it was made at
    phase: str = "reserved"  # ringing, answered, talking
    held: bool = False
    cancelled: int | None = None
    why: str = ""
    told: OfferResult | None = None
    over: bool = False  # the leg is gone, or believed to be
    doubt: int | None = None  # a picture did not show it: over at this time
    closed: bool = False
    done: bool = False  # nobody's any more
    leg_gone: bool = False  # a fact told so: it cannot come back

    @property
    def rings(self) -> bool:
        """It may yet join its agent and its caller."""
        return not self.done and self.cancelled is None and self.phase != "talking" and not self.over

    @property
    def offers(self) -> bool:
        """Rings, and nobody has picked up."""
        return self.rings and self.phase != "answered"


@dataclass
class Worker:
    """An agent."""

    name: str
    logged_in: bool
    device: DeviceState = DeviceState.UNREACHABLE
    heard: int = -1
    phone: str | None = None  # the living offer
    wrap_until: int | None = None
    must_wrap_end: bool = True  # after a logout nobody asks
    paused: str | None = None
    pause_until: int | None = None
    rest_until: int = 0
    misses: int = 0
    calls: int = 0
    talk_us: int = 0


@dataclass
class Line:
    """What is counted for a queue."""

    in_time: int = 0
    answered: int = 0
    abandoned: int = 0
    offers: int = 0
    last: str | None = None  # the agent rung last
    nobody_since: int | None = None

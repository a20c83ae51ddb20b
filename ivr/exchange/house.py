"""What runner and performer work with, as they see it; `ivr.app` gives them the real parts."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from acd.facts import Fact
from acd.model import AgentId, VisitId
from ivr.asterisk.agi.session import Session
from ivr.call.calls import LiveCalls
from ivr.call.effects import LookedUp
from ivr.clock import Clock
from ivr.exchange.visiting import Visiting
from ivr.site import Site
from ivr.site.look_ups import LookUpSource
from ivr.site.overrides import Override
from ivr.site.values import Unknown, Value


class Desk(Protocol):
    """Where facts go in (ivr.exchange.desk)."""

    def submit(self, fact: Fact) -> object: ...
    def record(self, event: object, key: str | None = None) -> object: ...


class Sounds(Protocol):
    """Where prompts are; None = not available, to be skipped."""

    def path_of(self, name: str, language: str) -> str | None: ...
    def version_of(self, name: str, language: str) -> str | None: ...


class Sites(Protocol):
    """The editions of the site that are in use: a call ends on the one that it began with."""

    def active(self) -> Site:
        """The one in force, for everything that belongs to no call."""

    def of(self, edition: str) -> Site:
        """The one that a call began with (Site.edition); the one in force when that is not known any more."""

    def for_new_call(self, caller: str, number: str) -> Site:
        """The one that a call begins with: `caller` is its opaque key, `number` what the trunk sent."""

    def sounds_of(self, site: Site) -> Sounds:
        """The prompts of an edition."""


class Waiting(Protocol):
    """What the engine knows of visits and queues."""

    def place_of(self, visit: VisitId) -> int | None:
        """1 for the next in line; None when the visit does not wait, while an agent is being connected, and when one
        could be offered at this moment."""

    def agent_is_there(self, visit: VisitId) -> bool:
        """Whether an agent has picked up for this visit and is about to be connected."""

    def credit_of(self, visit: VisitId) -> timedelta:
        """How much earlier than the joining the place of a living visit counts from."""

    def is_over(self, visit: VisitId) -> bool:
        """Whether the visit has its outcome."""

    def may_be_rung(self, agent: AgentId) -> bool:
        """Whether the agent's phone is free, whatever else the agent does; also True for who is no agent."""

    def exit_of(self, visit: VisitId) -> str | None:
        """The queue's exit of a visit that overflowed; None for every other."""

    def figure(self, queue: str, what: str) -> int:
        """`waiting`, `ready`, `logged_in` (people) or `longest_wait` (seconds) of a queue."""


class LastAgents(Protocol):
    """Who answered a caller last (ivr.exchange.last_agents)."""

    def begin(self, caller: str) -> None:
        """A call of this caller (opaque key) begins: ask."""

    async def of(self, caller: str, days: int) -> AgentId | None:
        """Who talked to this caller within so many days; None when nobody did, or nobody knows at once."""


class Messages(Protocol):
    """The voicemail, as a caller fills it (ivr.voicemail.inbox)."""

    async def begin(self, mailbox: str, call: str, caller: str) -> str:
        """Id of a new file to record into; empty = the box is full. Raises OSError."""

    def unfinished(self, mailbox: str, call: str) -> str:
        """The file that this call was recording when the server died; empty = none."""

    def path_of(self, file: str) -> str | None:
        """Absolute, without .wav; None for an id that is not there."""

    async def measured(self, file: str) -> float:
        """Seconds of audio that are on disk now."""

    async def keep(self, mailbox: str, file: str) -> bool:
        """Put it into the inbox; False = later."""

    async def drop(self, mailbox: str, file: str) -> None:
        """Forget it."""


class LookUps(Protocol):
    """Systems outside (ivr.lookups). Never raises for what they do; answers within the source's time."""

    async def look_up(self, source: LookUpSource, given: Mapping[str, Value | Unknown]) -> LookedUp: ...


class Overrides(Protocol):
    """What somebody decided instead of a timetable (ivr.overrides)."""

    def state(self, timetable: str, at: datetime | None = None) -> Override | None: ...


class Seal(Protocol):
    """Makes text unreadable for everybody who sees the channel, and knows its own work again."""

    def close(self, text: str) -> str: ...
    def open(self, sealed: str) -> str | None: ...


class RecordedLegs(Protocol):
    """What an agent's leg asks about its recording (ivr.exchange.recording.legs)."""

    async def key(self, session: Session) -> str:
        """The agent's key was pressed: begun, paused, resumed, refused; empty = the recording has to end."""

    async def of_leg(self, session: Session) -> str:
        """Whether the talk of a leg that Dial makes is recorded: a value of REC."""

    async def hush(self, session: Session) -> bool:
        """Make a recording silent that begins so; False = it must not begin."""

    async def part(self, session: Session) -> bool:
        """Whether the channel that asks is to go on in another file."""

    def part_begun(self, session: Session) -> None:
        """The channel has begun the other file."""


@dataclass(frozen=True, kw_only=True)
class House:
    """What runner and performer work with. `caller_key(number, name)` gives the opaque key of a caller and keeps the
    number in the erasable table; `catch_up()` returns at once while we are in step with Asterisk, and else when we have
    heard what it wrote down meanwhile; `complain(problem, detail)` tells an administrator; `file_of(id)` finds what was
    recorded by telephone: absolute, without .wav."""

    sites: Sites
    desk: Desk
    calls: LiveCalls
    clock: Clock
    visiting: Visiting
    waiting: Waiting
    last_agents: LastAgents
    messages: Messages
    file_of: Callable[[str], str | None]
    look_ups: LookUps
    overrides: Overrides
    seal: Seal
    legs: RecordedLegs
    caller_key: Callable[[str, str], str]
    catch_up: Callable[[], Awaitable[None]]
    complain: Callable[[str, str], None]
    trust_pretended_time: bool

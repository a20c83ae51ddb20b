"""Who serves the queues, how long everything may take, and what is tried: as config/queues.yaml declares it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from recordings.policy import Rule

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)

FAILURES = ("no answer", "busy", "refused", "unreachable")
"""How an offer may fail: keys of `Site.offer_rules`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a queue asks of its agents: a skill, at a level of at least `level` (1 to 5)."""

    skill: str
    level: int = 1


Needs = tuple[tuple[Need, ...], ...]
"""Any of these: every need of one of them. Empty: nobody by skill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a step asks of its queue at this moment, in the file's words: `what` is "waiting" (`value` callers),
    "longest wait" (seconds), "idle" (agents) or "service level" (percent); at least the value, or `most`."""

    what: str
    value: int
    most: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Widening:
    """A step: who serves a caller too, once the caller has waited `after` and every condition of `when` holds."""

    after: timedelta
    needs: Needs = ()  # its own, and those of the queues that it names
    agents: tuple[str, ...] = ()  # extensions by name, its own and those of the queues that it names
    when: tuple[Condition, ...] = ()


class ServiceLevel(NamedTuple):
    """The goal of a queue: so many percent of the calls are answered `within` this time."""

    percent: int
    within: timedelta

    def __str__(self) -> str:
        return f"{self.percent} % in {self.within // SECOND} s"


USUAL = ServiceLevel(80, 20 * SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """Who serves a queue, and how long everything may take."""

    label: str
    strategy: str  # one of acd.config.STRATEGIES
    agents: tuple[str, ...]  # extensions that serve from the start, by skill or by name, in the file's order
    ring: timedelta
    wrap_up: timedelta
    longest_wait: timedelta
    announce: str | None  # prompt played to waiting callers
    announce_every: timedelta | None
    record: Rule  # who is recorded, after a completed notice; `ivr.site.recordings` asks it
    whisper: str | None  # prompt that the agent hears before the bridge
    needs: Needs = ()
    named: tuple[str, ...] = ()  # extensions that the queue names
    widen: tuple[Widening, ...] = ()  # in the order of their times
    agents_ever: tuple[str, ...] = ()  # everybody of any step, in the file's order
    weight: int = 0  # 0 to 9; counts like a caller's priority
    ring_another: timedelta = 5 * SECOND  # of the strategy "ring progressively"
    most_callers: int = 0  # 0 = no limit
    nobody_there: timedelta = 15 * SECOND  # so long without one reachable phone ends the wait of all
    open: str = ""  # a timetable; empty = always
    last_agent: str = "off"  # off, members, any
    last_agent_wait: timedelta = 20 * SECOND  # so long a caller is kept for the last agent
    last_agent_days: int = 7  # so long ago may the last talk be
    regain: timedelta = timedelta()  # zero = an abandoned place is lost
    service_level: ServiceLevel = USUAL
    position: bool = True  # whether waiting callers hear their place, where they hear anything
    screen_pop: str = ""  # a name of `Site.screen_pops`; empty = none


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """A person at an extension, and what he can do: skill -> level, 1 to 5."""

    label: str
    skills: Mapping[str, int]
    ring: timedelta | None = None  # instead of the queue's
    wrap_up: timedelta | None = None  # instead of the queue's
    weight: int = 1  # of the strategy "weighted"
    begins_logged_in: bool = True  # when the server hears of this agent for the first time
    outside: str = ""  # a number that is rung over a trunk instead of the extension; empty = the extension


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRule:
    """What follows an offer that was not answered: not the same caller for `again_after`, nobody for `rest`, and after
    `pause_after` in a row (0 = never) a pause, `pause_for` this long or, with None, until the agent is ready."""

    again_after: timedelta = 5 * SECOND
    rest: timedelta = timedelta()
    pause_after: int = 0
    pause_for: timedelta | None = None


def default_offer_rules() -> Mapping[str, OfferRule]:
    """The rules where the file says nothing: one for each of `FAILURES`."""
    return {
        "no answer": OfferRule(pause_after=3, pause_for=MINUTE),
        "busy": OfferRule(rest=5 * SECOND),
        "refused": OfferRule(rest=5 * SECOND),
        "unreachable": OfferRule(rest=10 * SECOND),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenPop:
    """A web hook that is told of a call when an agent's phone rings. `secret` names the file NAME.secret whose content
    signs what is sent, never the secret itself; empty = unsigned. `at_most` bounds each of the `tries`."""

    name: str
    url: str
    secret: str
    at_most: timedelta = 2 * SECOND
    tries: int = 5

"""Whether a talk is recorded, and why: the only rule, in one place. Pure.

Five levels may say something about a talk: the direction of the call, the number that was called, the queue, the agent
and a step of the flow. What decides, in this order:

1. without the completed notice of this call nothing is recorded (no informed consent: Ley 1581/2012);
2. a caller who declined is not recorded, whatever anybody wishes;
3. `never`, wherever it stands;
4. `force`, wherever it stands: nobody can stop it, only pause it;
5. the most special level that says `yes`, `on demand` or `no` (`SPECIAL`: step, agent, queue, number, direction);
6. nothing said: no.

`yes` of a part of the calls (`percent`) is a lot drawn from the call's own name: all talks of a call have the same one,
and whoever knows the name can draw it again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Wish(StrEnum):
    """What a level says."""

    FORCE = "force"
    YES = "yes"
    ON_DEMAND = "on demand"
    NO = "no"
    NEVER = "never"


class Level(StrEnum):
    """Who says it."""

    DIRECTION = "direction"
    NUMBER = "number"
    QUEUE = "queue"
    AGENT = "agent"
    STEP = "step"


SPECIAL = (Level.STEP, Level.AGENT, Level.QUEUE, Level.NUMBER, Level.DIRECTION)
"""The most special first."""


class Why(StrEnum):
    """What decided."""

    NO_NOTICE = "no notice"
    DECLINED = "declined"
    NEVER = "never"
    FORCED = "forced"
    YES = "yes"
    NOT_DRAWN = "not drawn"
    ON_DEMAND = "on demand"
    NO = "no"
    NOTHING_SAID = "nothing said"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one level says: of a `yes`, for how many of 100 calls."""

    wish: Wish
    percent: float = 100.0

    def __post_init__(self) -> None:
        if not 0 <= self.percent <= 100:
            raise ValueError(f"a share of the calls is 0 to 100 %, not {self.percent} %")


@dataclass(frozen=True, slots=True)
class Said:
    """A rule and whose it is: `name` of the queue, agent, number, step or direction."""

    level: Level
    name: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Ruling:
    """What holds for one talk. `by`: whose rule decided, None when no rule did; `others`: what else was said, the most
    special first. `record`: it begins by itself; `may_start`: an agent may begin it; `may_stop`: an agent may end it.
    Pausing (a card's number) is allowed to everybody who may hear the talk."""

    record: bool
    why: Why
    by: Said | None = None
    others: tuple[Said, ...] = ()
    may_start: bool = False
    may_stop: bool = False


def drawn(call: str, percent: float) -> bool:
    """Whether a call is among so many of 100: the same answer each time. Of many calls the share is `percent`.

    >>> drawn("1", 100), drawn("1", 0)
    (True, False)
    """
    lot = int.from_bytes(hashlib.sha256(f"recorded? {call}".encode()).digest()[:8], "big")
    return lot < percent / 100 * 2**64


def rule_for(said: Mapping[Level, Said], *, call: str, notice_heard: bool, declined: bool = False) -> Ruling:
    """The ruling for a talk of the call `call`. `said` has at most one rule for each level."""
    inner = [said[level] for level in SPECIAL if level in said]

    def ruling(why: Why, by: Said | None = None, *, record: bool = False, start: bool = False) -> Ruling:
        others = tuple(one for one in inner if one is not by)
        return Ruling(record, why, by, others, may_start=start, may_stop=record and why is not Why.FORCED)

    if not notice_heard:
        return ruling(Why.NO_NOTICE)
    if declined:
        return ruling(Why.DECLINED)
    for wish, why in ((Wish.NEVER, Why.NEVER), (Wish.FORCE, Why.FORCED)):
        for one in inner:
            if one.rule.wish is wish:
                return ruling(why, one, record=wish is Wish.FORCE)
    if not inner:
        return ruling(Why.NOTHING_SAID)
    first = inner[0]
    match first.rule.wish:
        case Wish.YES if drawn(call, first.rule.percent):
            return ruling(Why.YES, first, record=True)
        case Wish.YES:
            return ruling(Why.NOT_DRAWN, first, start=True)
        case Wish.ON_DEMAND:
            return ruling(Why.ON_DEMAND, first, start=True)
        case _:
            return ruling(Why.NO, first)

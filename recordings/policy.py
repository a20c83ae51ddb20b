"""Whether a talk is recorded, and why: the only rule, in one place. Pure.

Five levels may say something about a talk: the direction of the call, the number that was called, the queue, the agent
and a step of the flow. What decides, in this order:

1. without the completed notice of this call nothing is recorded (no informed consent: Ley 1581/2012);
2. a caller who declined is not recorded, whatever anybody wishes;
3. `never`, wherever it stands;
4. `force`, wherever it stands;
5. the most special level that says `yes`, `on demand` or `no` (`SPECIAL`: step, agent, queue, number, direction);
6. nothing said: no.

Where there is no room on the disk nothing new is recorded, whatever anybody wishes; what would not have been recorded
anyhow keeps its own reason.

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
    IMPOSSIBLE = "impossible"
    """It was to be recorded, and nothing recorded it: nobody could be asked when the talk began."""
    NO_ROOM = "no room"
    """On the disk, for what would have been recorded or might have been begun."""


_WHY = {Wish.NEVER: Why.NEVER, Wish.FORCE: Why.FORCED, Wish.ON_DEMAND: Why.ON_DEMAND, Wish.NO: Why.NO}


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
    special first. Pausing (a card's number) is always allowed, also when it is forced."""

    why: Why
    by: Said | None = None
    others: tuple[Said, ...] = ()

    @property
    def record(self) -> bool:
        """Whether it begins by itself."""
        return self.why in (Why.FORCED, Why.YES)

    @property
    def may_begin(self) -> bool:
        """Whether the agent may begin it."""
        return self.why in (Why.ON_DEMAND, Why.NOT_DRAWN)


def drawn(call: str, percent: float) -> bool:
    """Whether a call is among so many of 100: the same answer each time. Of many calls the share is `percent`.

    >>> drawn("1", 100), drawn("1", 0)
    (True, False)
    """
    lot = int.from_bytes(hashlib.sha256(f"recorded? {call}".encode()).digest()[:8], "big")
    return lot < percent / 100 * 2**64


def rule_for(
    said: Mapping[Level, Said], *, call: str, notice_heard: bool, declined: bool = False, room: bool = True
) -> Ruling:
    """The ruling for a talk of the call `call`. `said` has at most one rule for each level; `room`: on the disk."""
    inner = [said[level] for level in SPECIAL if level in said]
    why, by = _decided(inner, call)
    if not notice_heard or declined:
        why, by = Why.DECLINED if notice_heard else Why.NO_NOTICE, None
    ruling = Ruling(why, by)
    if not room and (ruling.record or ruling.may_begin):
        why, by = Why.NO_ROOM, None
    return Ruling(why, by, tuple(one for one in inner if one is not by))


def deciding(said: Mapping[Level, Said]) -> Said | None:
    """Whose rule decides about a caller who heard the notice and has not declined; None: nothing is said."""
    return _deciding([said[level] for level in SPECIAL if level in said])


def _deciding(inner: list[Said]) -> Said | None:
    for wish in (Wish.NEVER, Wish.FORCE):
        for one in inner:
            if one.rule.wish is wish:
                return one
    return inner[0] if inner else None


def _decided(inner: list[Said], call: str) -> tuple[Why, Said | None]:
    by = _deciding(inner)
    if by is None:
        return Why.NOTHING_SAID, None
    if by.rule.wish is Wish.YES:
        return (Why.YES if drawn(call, by.rule.percent) else Why.NOT_DRAWN), by
    return _WHY[by.rule.wish], by

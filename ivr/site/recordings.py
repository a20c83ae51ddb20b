"""What config/recordings.yaml says: who is recorded besides the queues' own word, how long recordings are kept, when
they are deleted, where copies go, and when somebody is told. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ivr.text import quoted
from recordings.capacity import Limits
from recordings.periods import Period
from recordings.policy import Level, Rule, Said, Wish, deciding
from recordings.retention import RetentionRule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

DIRECTIONS = ("inbound", "outbound", "internal")
"""Directions of a call, as the records have them."""

HEARD = ("inbound",)
"""Those on which a notice can be heard: without a completed notice nothing is recorded."""


def begins(rule: Rule) -> bool:
    """Whether a talk is recorded from its beginning, or with a share of the calls may be."""
    return rule.wish in (Wish.FORCE, Wish.YES)


def needs_notice(rule: Rule) -> bool:
    """Whether a talk may ever be recorded, so that the caller has to hear the notice before it."""
    return rule.wish in (Wish.FORCE, Wish.YES, Wish.ON_DEMAND)


def rule_in_words(rule: Rule) -> str:
    """A rule as files have it: `force`, `20 % of the calls`."""
    return str(rule.wish) if rule.wish is not Wish.YES or rule.percent == 100 else f"{rule.percent:g} % of the calls"


@dataclass(frozen=True, slots=True)
class Wished:
    """What the steps `recording` have said on a call's way: the latest wish and its step, and whether the caller has
    declined."""

    wish: str = ""
    step: str = ""
    declined: bool = False

    def then(self, word: str, step: str) -> "Wished":
        """After one more step."""
        if word in ("declined", "agreed"):
            return replace(self, declined=word == "declined")
        return replace(self, wish=word, step=step)

    def said(self) -> Said | None:
        """The step's rule."""
        return Said(Level.STEP, self.step, Rule(Wish(self.wish))) if self.wish else None


def said_in_words(said: Said) -> str:
    """Whose rule it is, and where it stands."""
    name = quoted(said.name)
    match said.level:
        case Level.QUEUE:
            return f"the queue {name}"
        case Level.STEP:
            return f"the step {name}"
        case Level.DIRECTION:
            return f"the direction {name} in recordings.yaml"
    return f"{'agent' if said.level is Level.AGENT else 'the number'} {name} in recordings.yaml"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` until just before `end`, minutes since local midnight; an end before the start is the next day's."""

    start: int
    end: int

    def hold(self, local: datetime) -> bool:
        """Whether the site's local time lies in them."""
        minute = local.hour * 60 + local.minute
        if self.start <= self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def __str__(self) -> str:
        return " to ".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.start, self.end))


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPlace:
    """A folder of this machine, most often another disk. `path` is absolute."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlace:
    """A folder of another machine, by SSH. `path`: absolute, or from the user's home. `key_file` and `known_hosts`:
    absolute, or a file in the folder of secrets."""

    user: str
    host: str
    path: str
    key_file: str
    known_hosts: str
    port: int = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Place:
    """A bucket of an S3-compatible store. `endpoint` empty: that of AWS for the region. `credentials`: a file, absolute
    or in the folder of secrets, never what is in it."""

    bucket: str
    endpoint: str
    region: str
    prefix: str
    credentials: str


Place = FolderPlace | HostPlace | S3Place


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupTarget:
    """Where copies go."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Proof:
    """So many recordings, drawn by lot, are fetched back and compared, once in `every`."""

    recordings: int
    every: timedelta

    def __str__(self) -> str:
        days = self.every.days
        return f"{self.recordings} recordings every {days} {'day' if days == 1 else 'days'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """Copies. `archive`: the name of the target that archived recordings go to; empty = no rule archives."""

    targets: tuple[BackupTarget, ...]
    every: timedelta = HOUR
    proof: Proof = Proof(20, 7 * DAY)
    archive: str = ""


EVERYTHING = RetentionRule(keep=Period(days=180))
"""The rule where the file has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSettings:
    """Everything that recordings.yaml says. The queues' own rules stand in `QueueSettings.record`."""

    directions: Mapping[str, Rule] = field(default_factory=dict)
    numbers: Mapping[str, Rule] = field(default_factory=dict)
    agents: Mapping[str, Rule] = field(default_factory=dict)
    codec: str = "opus"  # or wav
    keep: tuple[RetentionRule, ...] = (EVERYTHING,)  # the first that matches; the last matches everything
    quiet: QuietHours = QuietHours(120, 300)
    deletions_an_hour: int = 10_000
    backup: BackupSettings | None = None
    alarms: Limits = field(default_factory=Limits)
    dispositions: tuple[str, ...] = ()  # those that a recording may get; empty: any

    def said(self, *, direction: str = "", number: str = "", agent: str = "") -> dict[Level, Said]:
        """What this file says of a talk, for `recordings.policy.rule_for`: the number that was called, the agent's
        extension. The caller adds what queue and step say."""
        asked = (
            (Level.DIRECTION, direction, self.directions),
            (Level.NUMBER, number, self.numbers),
            (Level.AGENT, agent, self.agents),
        )
        return {level: Said(level, name, rules[name]) for level, name, rules in asked if name in rules}

    def may_record(
        self, *, numbers: Iterable[str], agents: Iterable[str], queue: Said | None, wished: Wished
    ) -> Said | None:
        """Whose rule may have a talk recorded that a caller comes to from a flow, so that the notice has to be heard
        before it; None: nobody's. `numbers`: those that may have been called; `agents`: who may talk."""
        if wished.declined:
            return None
        own = {one.level: one for one in (queue, wished.said()) if one is not None}
        for number in numbers:
            for agent in agents:
                by = deciding({**self.said(direction="inbound", number=number, agent=agent), **own})
                if by is not None and needs_notice(by.rule):
                    return by
        return None

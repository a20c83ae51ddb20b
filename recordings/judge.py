"""The rules of retention over very many recordings: for most the verdict is known without a look at the calendar. Pure.

Recordings of one kind (queue, direction, disposition, segment, state) have the same rules, and rules have two borders:
what ended before the one is to be deleted for sure, what ended after the other stays for sure. Only between them, some
days apart, each recording is looked at by itself.

A recording without a disposition may still get any: it is deleted only when it would be with every one that a rule
names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product

from recordings.periods import DAY, Period
from recordings.retention import EARLIEST, Fate, Kept, RetentionRule, Rulebook, State, Verdict, Why

NEVER = datetime.min.replace(tzinfo=UTC)
_DEEDS = (Verdict.ARCHIVE, Verdict.DELETE)

OTHER = "\n"
"""Stands for every disposition that no rule names: each is one line."""


@dataclass(frozen=True, slots=True)
class Border:
    """Of a kind of recordings at one moment, of what nobody holds. What ended at `deleted` or before is to be deleted;
    after `lives`, and at `archived` or before, it is to be archived; after `stays` nothing happens to it. `rule`: the
    one that decides; None: there is none."""

    rule: RetentionRule | None
    deleted: datetime
    lives: datetime
    archived: datetime
    stays: datetime

    def verdict(self, ended: datetime) -> Verdict | None:
        """What is sure of a recording that ended then, not before `EARLIEST`; None: it has to be looked at."""
        if ended > self.stays:
            return Verdict.KEEP
        if ended <= self.deleted:
            return Verdict.DELETE
        return Verdict.ARCHIVE if self.lives < ended <= self.archived else None


class Judge:
    """The rules at one aware moment."""

    def __init__(self, rules: Sequence[RetentionRule], now: datetime) -> None:
        self.rules, self.now = tuple(rules), now
        self._book = Rulebook(self.rules)
        named = {value for rule in self.rules for value in rule.disposition}
        self._dispositions = ("", *sorted(named))
        self._borders: dict[tuple[str, str, str, State, str], Border] = {}

    @property
    def asks_dispositions(self) -> bool:
        """Whether a rule names one."""
        return len(self._dispositions) > 1

    @property
    def dispositions(self) -> tuple[str, ...]:
        """All that there is to tell apart: none (empty), each that a rule names, and OTHER. Without such rules: none
        alone."""
        return (*self._dispositions, OTHER) if self.asks_dispositions else self._dispositions

    @property
    def asks_segments(self) -> bool:
        """Whether a rule names one."""
        return any(rule.segment for rule in self.rules)

    def fate(self, kept: Kept) -> Fate:
        """What is to be done with a recording."""
        fate = self._book.fate(kept, self.now)
        if kept.disposition or not self.asks_dispositions:
            return fate
        fates = [self._book.fate(replace(kept, disposition=one), self.now) for one in self._dispositions]
        if kept.holds:
            ends = [one.at for one in fates if one.at is not None]
            return replace(fate, at=max(ends) if len(ends) == len(fates) else None)
        if any(one.verdict not in _DEEDS for one in fates):
            return fate if fate.verdict not in _DEEDS else Fate(Verdict.KEEP, Why.UNKNOWN, fate.rule)
        return next((one for one in fates if one.verdict is Verdict.ARCHIVE), fate)

    def border(self, queue: str, direction: str, segment: str, state: State, disposition: str = "") -> Border:
        """Of one kind."""
        if disposition not in self._dispositions:
            disposition = OTHER if self.asks_dispositions else ""
        kind = queue, direction, segment, state, disposition
        if kind not in self._borders:
            self._borders[kind] = self._border(*kind)
        return self._borders[kind]

    def ends(self) -> tuple[Mapping[str, datetime], datetime]:
        """What has to be looked at: of each queue that a rule names, and of all others, what ended at that moment or
        before; NEVER: nothing."""
        queues = {queue for rule in self.rules for queue in rule.queue}
        return {queue: self._end(queue) for queue in sorted(queues)}, self._end("")

    def _end(self, queue: str) -> datetime:
        directions = {"", *(value for rule in self.rules for value in rule.direction)}
        segments = {"", *(value for rule in self.rules for value in rule.segment)}
        kinds = product(directions, segments, (State.KEPT,), self.dispositions)
        return max(self.border(queue, *kind).stays for kind in kinds)

    def _border(self, queue: str, direction: str, segment: str, state: State, disposition: str) -> Border:
        may_be = (disposition,) if disposition else self._dispositions
        found = [self._book.rule_for(_like(queue, direction, segment, one)) for one in may_be]
        rules = [rule for rule in found if rule is not None]
        if len(rules) < len(found):
            return Border(found[0], NEVER, NEVER, NEVER, NEVER)
        alone = len(set(rules)) == 1  # else it is not known what archives and what deletes
        archives = rules[0].archive_after if alone and state is State.KEPT else None
        return Border(
            rule=found[0],
            deleted=min(self._over(rule.keep) for rule in rules),
            lives=self._not_over(rules[0].keep),
            archived=self._over(archives),
            stays=min(max(self._stays(rule, state)) for rule in rules),
        )

    def _stays(self, rule: RetentionRule, state: State) -> Iterator[datetime]:
        yield self._not_over(rule.keep)
        if state is State.KEPT:
            yield self._not_over(rule.archive_after)

    def _over(self, period: Period | None) -> datetime:
        """The period of what ended then or before is over for sure."""
        return self._back(period.most_days + 2) if period is not None else NEVER

    def _not_over(self, period: Period | None) -> datetime:
        """The period of what ended later is not over for sure."""
        return self._back(period.least_days - 1) if period is not None else NEVER

    def _back(self, days: int) -> datetime:
        """A day or two are on the safe side: where the clock's hour changes a day is shorter, and what ends on a day
        that is not there ends with the month."""
        try:
            return self.now - days * DAY
        except OverflowError:
            return NEVER


def _like(queue: str, direction: str, segment: str, disposition: str) -> Kept:
    return Kept(
        recording="",
        call="",
        ended=EARLIEST,
        bytes=0,
        queue=queue,
        direction=direction,
        segment=segment,
        disposition=disposition,
    )

"""What callers notice between two versions of a site: both are walked side by side, key by key. Pure.

A difference is told once, with the shortest way to it. Where a call goes on differently its way ends; where callers
only hear something else, both go on.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ivr.comparison.sides import WORLD, Acts, Question, Reached, answers_to, follow
from ivr.rehearsal import events
from ivr.rehearsal.events import Event, Heard
from ivr.site import Site

MOST_ACTS = 10
"""Acts of one caller: keys, silences, phones and queues that do not answer."""

MOST_SITUATIONS = 6_000
"""Situations that are looked at for each pair of flows."""

_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""Nobody looks at the clock: what depends on it is tried both ways."""


@dataclass(frozen=True, slots=True)
class Label:
    """A piece of the way to a difference: a question and its answer. `where`: flow and step in both versions."""

    question: Question
    answer: str
    where: tuple[tuple[str, str], tuple[str, str]]

    @property
    def step(self) -> str:
        """The step at which it was asked, as it is called now."""
        return self.where[1][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A difference: the numbers, the shortest way, and what callers hear and come to then, before and now."""

    numbers: tuple[str, ...]
    way: tuple[Label, ...]
    old: tuple[object, ...]
    new: tuple[object, ...]
    goes_on: bool
    """Whether only what is heard differs."""


@dataclass(slots=True)
class Walked:
    """What a walk found. `cut_short`: there may be more."""

    ways: list[Way] = field(default_factory=list)
    situations: int = 0
    cut_short: bool = False


@dataclass(frozen=True, slots=True)
class _Node:
    acts: Acts = ()
    facts: tuple[tuple[Question, str], ...] = ()
    way: tuple[Label, ...] = ()
    compared: tuple[int, int] = (0, 0)
    """How many events of each side were compared before."""


def walk(old: Site, new: Site, most: int = MOST_SITUATIONS) -> Walked:
    """All differences of the numbers that both versions have."""
    walked = Walked()
    pairs: dict[tuple[str, str], list[str]] = {}
    for number, flow in old.entry.items():
        if number in new.entry:
            pairs.setdefault((flow, new.entry[number]), []).append(number)
    told: set[object] = set()
    for numbers in pairs.values():
        _Pair(old, new, tuple(numbers), told, walked, most).walk()
    return walked


class _Pair:
    """The walk of the numbers that have the same two flows."""

    def __init__(
        self, old: Site, new: Site, numbers: tuple[str, ...], told: set[object], walked: Walked, most: int
    ) -> None:
        self._old, self._new = old, new
        self._numbers = numbers
        self._told = told
        self._walked = walked
        self._left = most

    def walk(self) -> None:
        """Nearest first, so that the first way to a difference is the shortest."""
        waiting, seen = deque([_Node()]), set[object]()
        while waiting:
            if self._left <= 0:
                self._walked.cut_short = True
                return
            self._left -= 1
            self._walked.situations += 1
            node = waiting.popleft()
            sides = self._follow(node)
            question = _world(sides)
            alike = sides[0].stop == sides[1].stop
            if question is None or alike:
                state = (sides[0].state, sides[0].stop, sides[1].state, sides[1].stop, frozenset(node.facts))
                together = self._compare(node, sides)
                if not together or state in seen or len(node.acts) >= MOST_ACTS:
                    continue
                seen.add(state)
                node = replace(node, compared=(len(sides[0].told), len(sides[1].told)))
            waiting.extend(_next(node, sides, question))

    def _follow(self, node: _Node) -> tuple[Reached, Reached]:
        number, facts = self._numbers[0], dict(node.facts)
        found = [
            follow(site, site.flows[site.entry[number]], number, _AT, node.acts, facts)
            for site in (self._old, self._new)
        ]
        return found[0], found[1]

    def _compare(self, node: _Node, sides: tuple[Reached, Reached]) -> bool:
        """Tell what differs since the last comparison; whether both calls go on together."""
        old, new = sides
        heard = _differing(self._seen(old.told[node.compared[0] :]), self._seen(new.told[node.compared[1] :]))
        ends = _end_of(old), _end_of(new)
        if heard is not None or ends[0] != ends[1]:
            before, now = heard or ((), ())
            stops = ends if ends[0] != ends[1] else ((), ())
            # The same key at the same menu is told once, whatever the caller did before.
            key = (node.way[-1:] or self._numbers, ends[0] == ends[1])
            if key not in self._told:
                self._told.add(key)
                self._walked.ways.append(
                    Way(
                        numbers=self._numbers,
                        way=node.way,
                        old=(*before, *stops[0]),
                        new=(*now, *stops[1]),
                        goes_on=ends[0] == ends[1],
                    )
                )
        return ends[0] == ends[1] and old.stop is not None

    def _seen(self, told: Sequence[Event]) -> tuple[object, ...]:
        """What a caller notices, for comparison: a prompt by its name if both versions have it, else by its words."""
        both = self._old.prompts.keys() & self._new.prompts.keys()
        found: list[object] = []
        for event in told:
            if isinstance(event, Heard):
                if not event.missing:
                    named = len(event.prompts) == 1 and event.prompts[0] in both
                    found.append(("hears", event.prompts[0] if named else event.text, event.text))
            elif isinstance(event, events.Waits):
                found.append(("queue", event.queue, event.record))
            elif isinstance(event, events.Rings):
                found.append(("extension", event.extension))
        return tuple(found)


def _world(sides: Sequence[Reached]) -> Question | None:
    """A question that the world has to answer before the two can be compared."""
    return next((side.stop for side in sides if side.stop is not None and side.stop[0] in WORLD), None)


def _next(node: _Node, sides: tuple[Reached, Reached], question: Question | None) -> Iterator[_Node]:
    where = sides[0].where, sides[1].where
    if question is not None:
        for answer in answers_to(question, frozenset()):
            label = Label(question, answer, where)
            facts = (*node.facts, (question, answer))
            yield replace(node, facts=facts, way=(*node.way, label))
        return
    asked = sides[0].stop
    assert asked is not None
    for answer in answers_to(asked, sides[0].keys | sides[1].keys):
        label = Label(asked, answer, where)
        yield replace(node, acts=(*node.acts, (asked, answer)), way=(*node.way, label))


def _end_of(reached: Reached) -> tuple[object, ...]:
    """What the call waits for or how it ended; menus are compared by their keys when one is pressed."""
    if reached.end is not None:
        return (("end", reached.end.kind, reached.end.name),)
    assert reached.stop is not None
    kind, about = reached.stop
    if kind in WORLD:
        return ((kind, about),)
    return ((kind, about if kind in ("queue", "phone", "message") else ""),)


def _differing(
    old: tuple[object, ...], new: tuple[object, ...]
) -> tuple[tuple[object, ...], tuple[object, ...]] | None:
    """The part in which two sequences differ; None = they are alike. Prompts are alike by name or by words."""
    first = 0
    while first < min(len(old), len(new)) and _alike(old[first], new[first]):
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and _alike(old[-1 - last], new[-1 - last]):
        last += 1
    before, now = old[first : len(old) - last], new[first : len(new) - last]
    return (before, now) if before or now else None


def _alike(old: object, new: object) -> bool:
    if isinstance(old, tuple) and isinstance(new, tuple) and old[0] == new[0] == "hears":
        return bool(old[1] == new[1] or old[2] == new[2])
    return old == new

"""The worlds that a call may come into: all different states of the timetables in a year, with an example of each.

A set of worlds is a number whose bits are the worlds: a proof begins with all of them and divides them where a flow
asks for the time, so that what does not depend on it is followed once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ivr.call.effects import Opening
from ivr.expression import Expression, evaluate
from ivr.expression.names import WEEKDAYS, fact, open_name
from ivr.expression.nodes import Literal, parts
from ivr.proof.terms import Part, names_in, prepare
from ivr.site import Flow, Site
from ivr.site.overrides import Override, State, opening_of
from ivr.site.values import Value

DAYS = 366
RECORDED = "recorded by telephone"
"""Stands for the file of an emergency message."""


@dataclass(frozen=True, slots=True)
class World:
    """An example of a state: the site's local time, the number that was called, and what was overridden (words)."""

    at: datetime
    did: str
    overridden: str
    openings: Mapping[str, Opening]

    def __str__(self) -> str:
        """For people: 2026-11-23 Mon 08:00, oficina overridden: emergency."""
        override = f", {self.overridden}" if self.overridden else ""
        return f"{self.at:%Y-%m-%d %a %H:%M}{override}"


class Worlds:
    """All worlds of one flow that answers numbers."""

    def __init__(self, worlds: Sequence[World], holds: Mapping[str, int]) -> None:
        self._worlds = worlds
        self._holds = holds
        self._openings: dict[str, dict[Opening, int]] = {}
        self._numbers: dict[str, int] = {}
        for bit, world in enumerate(worlds):
            self._numbers[world.did] = self._numbers.get(world.did, 0) | 1 << bit
        self.all = (1 << len(worlds)) - 1

    def example(self, among: int) -> World:
        """The first of a set."""
        return self._worlds[(among & -among).bit_length() - 1]

    def numbers(self, among: int) -> tuple[str, ...]:
        """Those that may have been called."""
        return tuple(did for did, where in self._numbers.items() if where & among)

    def holding(self, part: str) -> int:
        """The worlds in which a part of a condition holds."""
        return self._holds[part]

    def openings(self, timetable: str, among: int) -> Iterator[tuple[Opening, int]]:
        """What the timetable may answer, and in which of these worlds."""
        if timetable not in self._openings:
            found: dict[Opening, int] = {}
            for bit, world in enumerate(self._worlds):
                opening = world.openings[timetable]
                found[opening] = found.get(opening, 0) | 1 << bit
            self._openings[timetable] = found
        for opening, where in self._openings[timetable].items():
            if where & among:
                yield opening, where & among


@dataclass(frozen=True)
class Asked:
    """What the flows of a site ask of the world."""

    timetables: tuple[str, ...]
    parts: tuple[Part, ...]
    number: bool  # whether any condition, or who is recorded, asks which number was called
    moments: tuple[datetime, ...]  # local times at which something of it may change, in a year


def asked(site: Site, first: date) -> Asked:
    """Read it from every step; the year begins with `first`."""
    timetables: dict[str, None] = {}
    found: dict[str, Part] = {}
    for flow in site.flows.values():
        for step in flow.steps.values():
            timetables |= {r.name: None for r in step.references() if r.kind == "hours"}
            for use in step.uses():
                found |= {part.text: part for part in prepare(use.expression).world}
    names = {name for part in found.values() for name in names_in(part.expression.root)}
    timetables |= {fact(name).about: None for name in sorted(names) if fact(name).kind == "open(TIMETABLE)"}
    times = {moment for part in found.values() for moment in _times(part.expression)} if "now" in names else set()
    dates = not names.isdisjoint({"today", "weekday", "holiday"})
    moments = tuple(_moments(site, tuple(timetables), sorted(times), dates, first))
    number = "did" in names or bool(site.recordings.numbers)
    return Asked(tuple(timetables), tuple(found.values()), number, moments)


def worlds_of(site: Site, flow: Flow, what: Asked) -> Worlds:
    """Every state that a call to this flow may meet."""
    numbers = flow.numbers if what.number else flow.numbers[:1]
    found: dict[tuple[object, ...], World] = {}
    holds: list[tuple[bool, ...]] = []
    for override, words in _overrides(site, what.timetables):
        for local in what.moments:
            openings = {name: _opening(site, name, override, local) for name in what.timetables}
            for did in numbers:
                values = _values(site, what, local, openings, did)
                key = (tuple(openings.values()), values, did if what.number else "")
                if key not in found:
                    found[key] = World(local, did, words, openings)
                    holds.append(values)
    masks = {
        part.text: sum(1 << bit for bit, values in enumerate(holds) if values[index])
        for index, part in enumerate(what.parts)
    }
    return Worlds(tuple(found.values()), masks)


def _overrides(site: Site, timetables: Iterable[str]) -> Iterator[tuple[Override | None, str]]:
    """Nothing overridden, and each timetable in each way: one at a time."""
    yield None, ""
    since = datetime.combine(date(2000, 1, 1), time(), site.zone)
    for name in timetables:
        for state in State:
            yield (
                Override(timetable=name, state=state, since=since, by="cli", who="proof"),
                f"{name} overridden: {state.value}",
            )
        spoken = Override(
            timetable=name, state=State.EMERGENCY, since=since, by="telephone", who="proof", file=RECORDED
        )
        yield spoken, f"{name} overridden: emergency with a recorded message"


def _opening(site: Site, timetable: str, override: Override | None, local: datetime) -> Opening:
    holding = override if override is not None and override.timetable == timetable else None
    answer = opening_of(site, timetable, holding, local)
    return Opening(answer.state.value, answer.prompt, answer.file)


def _moments(
    site: Site, timetables: tuple[str, ...], times: list[time], dates: bool, first: date
) -> Iterator[datetime]:
    """Of each kind of day in the year, every moment at which something changes; `dates`: each day is its own kind."""
    kinds: set[tuple[object, ...]] = set()
    for number in range(DAYS):
        day = first + timedelta(days=number)
        spans = tuple(site.hours[name].spans(day, site.holidays) for name in timetables)
        if not dates and spans in kinds:
            continue
        kinds.add(spans)
        minutes = {0, *(minute for found in spans for span in found for minute in (span.start, span.end))}
        minutes |= {moment.hour * 60 + moment.minute + late for moment in times for late in (0, 1)}
        for minute in sorted(minute for minute in minutes if minute < 24 * 60):
            yield datetime.combine(day, time(minute // 60, minute % 60), site.zone)


def _values(site: Site, what: Asked, local: datetime, openings: Mapping[str, Opening], did: str) -> tuple[bool, ...]:
    known: dict[str, Value] = {
        "did": did,
        "today": local.date(),
        "now": local.time().replace(tzinfo=None),
        "weekday": WEEKDAYS[local.weekday()],
        "holiday": bool(what.parts) and site.holidays.name_of(local.date()) is not None,
        **{open_name(name): opening.state == State.OPEN.value for name, opening in openings.items()},
    }
    return tuple(evaluate(part.expression, known.__getitem__) is True for part in what.parts)


def _times(expression: Expression) -> Iterator[time]:
    waiting = [expression.root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Literal) and isinstance(node.value, time):
            yield node.value
        waiting.extend(parts(node))

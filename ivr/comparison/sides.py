"""One of two versions of a site in a comparison: a call that stops at the first question without an answer. Pure.

The caller's acts are answered in order; what the world says (open or closed, a condition, a look-up) is answered by
name, the same every time it is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ivr.call import effects
from ivr.expression import Expression
from ivr.expression.names import BUILT_INS, fact
from ivr.rehearsal.events import End, Event
from ivr.rehearsal.simulate import Simulated, info_of
from ivr.rehearsal.surroundings import FROM_PHONE, KEY, from_phone, from_queue
from ivr.site import Flow, Site
from ivr.site.look_ups import FOUND
from ivr.site.values import UNKNOWN, Unknown, Value
from ivr.verbs.ask import Ask
from ivr.verbs.queue import NOBODY_THERE, WAITED_TOO_LONG, Queue

Question = tuple[str, str]
"""A question: its kind (open, if, source; key, digits, queue, phone, message) and what it is about."""

WORLD: Final = frozenset({"open", "if", "source"})
"""Kinds that the world answers; all others are the caller's, and what happens to him."""

Facts = Mapping[Question, str]
Acts = tuple[tuple[Question, str], ...]

YES, NO = "yes", "no"
OPENINGS: Final = ("open", "closed", "emergency")
SPEAKS, SAYS_NOTHING = "speaks", "says nothing"
ENTERS: Final = "digits"


class Undecided(Exception):
    """A question without an answer."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.question = question


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far a call came. `stop`: the question that it waits for; None = it ended as `end` says. `told`: all events.
    `where`: flow and step; `state`: what decides how it goes on."""

    stop: Question | None
    end: End | None
    told: tuple[Event, ...]
    where: tuple[str, str]
    state: object
    keys: frozenset[str] = frozenset()
    """Those that the menu knows at which it waits; of a queue, what it has beyond the exits that each one has."""


def follow(site: Site, flow: Flow, did: str, at: datetime, acts: Acts, facts: Facts) -> Reached:
    """Make a call with these answers until it needs another one."""
    around = _Decided(site, acts, facts)
    call = Simulated(site, flow, info_of(site, did), around, at, around.told.append)
    around.call = call
    stop: Question | None = None
    end: End | None = None
    try:
        end = call.run()
    except Undecided as undecided:
        stop = undecided.question
    story = call.machine.story
    step = story.flow.steps.get(story.step)
    return Reached(
        stop=stop,
        end=end,
        told=tuple(around.told),
        where=(story.flow.name, story.step),
        state=_state(call),
        keys=_keys(step) if stop is not None and stop[0] in ("key", "queue") else frozenset(),
    )


def _state(call: Simulated) -> object:
    """What two calls have in common that go on in the same way; `steps` only counts."""
    place, memory = call.place, call.memory
    if place is None:
        return None
    return (
        *(place.flow, place.step, place.tries, place.key, place.notices, place.language, place.frames, place.menus),
        memory.encode(),
    )


def _keys(step: object) -> frozenset[str]:
    if isinstance(step, Ask):
        return frozenset({*step.keys, step.repeat, step.back} - {""})
    if isinstance(step, Queue):
        return frozenset({*step.ways_written(), *(KEY + key for key in step.keys)})
    return frozenset("123")  # confirm digits, choose a name, review a message


class _Decided:
    """Answers what is decided (`Surroundings`), and raises Undecided for everything else."""

    def __init__(self, site: Site, acts: Acts, facts: Facts) -> None:
        self._site = site
        self._acts = list(acts)
        self._facts = facts
        self.told: list[Event] = []
        self.call: Simulated | None = None

    def _act(self, kind: str, about: str) -> str:
        if not self._acts:
            raise Undecided((kind, about))
        return self._acts.pop(0)[1]

    def _fact(self, kind: str, about: str) -> str:
        answer = self._facts.get((kind, about))
        if answer is None:
            raise Undecided((kind, about))
        return answer

    def _here(self) -> str:
        assert self.call is not None
        return self.call.machine.story.step

    def during(self, prompt: str, secret: bool) -> str:
        """Callers listen to the end here."""
        return ""

    def key(self, seconds: float) -> str:
        return self._act("key", self._here())

    def digits(self, take: effects.TakeDigits, secret: bool) -> effects.Entered:
        enters = self._act("digits", self._here())
        return effects.Entered("0" * take.most, known=False) if enters else effects.Entered("")

    def message(self, record: effects.RecordMessage) -> effects.Recorded:
        said = self._act("message", record.mailbox)
        seconds = record.longest / 2 if said == SPEAKS else 0.0
        return effects.Recorded(ended="silence", seconds=seconds, file="simulated")

    def after(self, leaves: effects.JoinQueue | effects.Ring) -> effects.Returned:
        if isinstance(leaves, effects.Ring):
            return from_phone(self._act("phone", leaves.extension), leaves.extension)
        return from_queue(self._act("queue", leaves.queue))

    def opening(self, timetable: str) -> effects.Opening:
        state = self._fact("open", timetable)
        prompt = self._site.hours[timetable].emergency if state == "emergency" else ""
        return effects.Opening(state, prompt)

    def value_of(self, name: str) -> Value | Unknown:
        found = fact(name)
        if found.kind == "open(TIMETABLE)":
            return self._fact("open", found.about) == "open"
        if found.kind in BUILT_INS:
            return UNKNOWN
        raise KeyError(name)

    def holds(self, condition: Expression) -> bool:
        return self._fact("if", str(condition)) == YES

    def look_up(self, source: str, given: Mapping[str, Value | Unknown]) -> effects.LookedUp:
        outcome = self._fact("source", source)
        answers = self._site.look_ups[source].answers if outcome == FOUND else ()
        return effects.LookedUp(outcome, dict.fromkeys(answers, UNKNOWN))


def answers_to(question: Question, keys: frozenset[str]) -> tuple[str, ...]:
    """Everything that may be answered. `keys`: those that make a difference; one more stands for all others. Of a queue
    only exits that one of both versions has written: left out, they are as another one."""
    match question[0]:
        case "key":
            other = next((key for key in "9876543210*#" if key not in keys), "")
            return (*sorted(keys, key="1234567890*#".index), "", *([other] if other else []))
        case "digits":
            return (ENTERS, "")
        case "queue":
            return ("answered", NOBODY_THERE, WAITED_TOO_LONG, *sorted(keys))
        case "phone":
            return tuple(FROM_PHONE)[:3]
        case "message":
            return (SPEAKS, SAYS_NOTHING)
        case "open":
            return OPENINGS
        case "if":
            return (YES, NO)
    return ("found", "not found", "too slow", "failed")

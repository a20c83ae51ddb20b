"""Drives a machine by a script, as the server would, and keeps what it asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from acd.model import CallId
from ivr.call.effects import (
    FRESH,
    AskOpen,
    Complain,
    Compute,
    Computed,
    Decide,
    Decided,
    Done,
    Effect,
    Entered,
    Input,
    LookedUp,
    LookUp,
    Opening,
    Play,
    Played,
    Pressed,
    Recorded,
    RecordMessage,
    Remember,
    Returned,
    TakeDigits,
    Tell,
    WaitKey,
)
from ivr.call.facts import CallEvent
from ivr.call.machine import Machine
from ivr.call.memory import EMPTY, Memory
from ivr.call.place import Place
from ivr.call.story import CallInfo
from ivr.expression import EvaluationError, Expression, evaluate
from ivr.site import Site
from ivr.site.values import Unknown, Value

OPEN = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # a Friday, 10:00 in Bogotá
CLOSED = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # a Sunday

BEGIN = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


NOTHING_SAID = Recorded(ended="silence", seconds=0.0, file="m1")


@dataclass
class Caller:
    """What a caller does. `during`: prompt -> keys pressed in it, one a time it is played; `silence`: keys after
    prompts, one a wait (then none). `missing`: prompts that cannot be played."""

    during: Mapping[str, list[str]] = field(default_factory=dict)
    silence: list[str | None] = field(default_factory=list)
    missing: frozenset[str] = frozenset()
    time: datetime = OPEN
    digits: list[str] = field(default_factory=list)
    """What is entered, one text for each time that digits are taken."""
    facts: Mapping[str, Value] = field(default_factory=dict)
    """Built-in names of expressions."""
    answers: Mapping[str, LookedUp] = field(default_factory=dict)
    message: Recorded = NOTHING_SAID


@dataclass
class Log:
    """What was asked for, in order; `heard` and `told` are extracts; `place` is the last one remembered."""

    effects: list[Effect] = field(default_factory=list)

    @property
    def heard(self) -> list[str]:
        return [e.prompt for e in self.effects if isinstance(e, Play)]

    @property
    def told(self) -> list[CallEvent]:
        return [e.fact for e in self.effects if isinstance(e, Tell)]

    @property
    def complaints(self) -> list[str]:
        return [e.problem for e in self.effects if isinstance(e, Complain)]

    @property
    def place(self) -> Place:
        return [e.place for e in self.effects if isinstance(e, Remember)][-1]

    @property
    def memory(self) -> Memory:
        return [e.memory for e in self.effects if isinstance(e, Remember)][-1]

    @property
    def end(self) -> Effect:
        return self.effects[-1]


def drive(
    site: Site,
    caller: Caller,
    place: Place | None = None,
    returned: Returned = FRESH,
    stop: Callable[[Effect], bool] = lambda effect: False,
    memory: Memory | None = EMPTY,
    hung_up: bool = False,
    blocked: bool = False,
) -> Log:
    """Run a machine to its end, or until `stop` says that the server dies before an effect is answered."""
    info = CallInfo(call=CallId("n1-1.1"), did=next(iter(site.entry)), caller="key", blocked=blocked)
    machine = Machine(site, site.default_flow, info, place, returned, memory, hung_up)
    during = {prompt: list(keys) for prompt, keys in caller.during.items()}
    silence = list(caller.silence)
    log, at = Log(), BEGIN
    effect = machine.start(at)
    while True:
        log.effects.append(effect)
        if machine.finished or stop(effect):
            return log
        at += timedelta(seconds=1)
        effect = machine.step(_answer(site, effect, during, silence, caller), at)


def _answer(
    site: Site, effect: Effect, during: dict[str, list[str]], silence: list[str | None], caller: Caller
) -> Input:
    if isinstance(effect, Play):
        if effect.prompt in caller.missing:
            return Played(complete=False, missing=True)
        keys = during.get(effect.prompt)
        key = keys.pop(0) if keys else ""
        cut = bool(key) and not effect.notice and key in effect.keys
        return Played(key=key or None, complete=not cut, version="v1" if effect.notice else "")
    if isinstance(effect, WaitKey):
        return Pressed(silence.pop(0) if silence else None)
    if isinstance(effect, TakeDigits):
        text = effect.begun + (caller.digits.pop(0) if caller.digits else "")
        return Entered(text.split(effect.finish)[0][: effect.most])
    if isinstance(effect, Decide):
        return Decided(
            next((i for i, c in enumerate(effect.conditions) if _value(c, effect.known, caller) is True), None)
        )
    if isinstance(effect, Compute):
        return Computed(_value(effect.expression, effect.known, caller))
    if isinstance(effect, RecordMessage):
        return caller.message
    if isinstance(effect, LookUp):
        return caller.answers[effect.source]
    if isinstance(effect, AskOpen):
        local = site.local(caller.time)
        is_open = site.hours[effect.timetable].is_open(local, site.holidays)
        return Opening("open" if is_open else "closed")
    return Done()


def _value(expression: Expression, known: Mapping[str, Value | Unknown], caller: Caller) -> Value | Unknown | None:
    try:
        return evaluate(expression, lambda name: {**caller.facts, **known}[name])
    except EvaluationError:
        return None

"""Drives a machine by a script, as the server would, and keeps what it asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from acd.model import CallId
from ivr.call.effects import (
    FRESH,
    AskOpen,
    Complain,
    Done,
    Effect,
    Input,
    Opening,
    Play,
    Played,
    Pressed,
    Remember,
    Returned,
    Tell,
    WaitKey,
)
from ivr.call.facts import CallEvent
from ivr.call.machine import Machine
from ivr.call.place import Place
from ivr.call.story import CallInfo
from ivr.site import Site

OPEN = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # a Friday, 10:00 in Bogotá
CLOSED = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # a Sunday

BEGIN = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@dataclass
class Caller:
    """What a caller does. `during`: prompt -> keys pressed in it, one a time it is played; `silence`: keys after
    prompts, one a wait (then none). `missing`: prompts that cannot be played."""

    during: Mapping[str, list[str]] = field(default_factory=dict)
    silence: list[str | None] = field(default_factory=list)
    missing: frozenset[str] = frozenset()
    time: datetime = OPEN


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
    def end(self) -> Effect:
        return self.effects[-1]


def drive(
    site: Site,
    caller: Caller,
    place: Place | None = None,
    returned: Returned = FRESH,
    stop: Callable[[Effect], bool] = lambda effect: False,
) -> Log:
    """Run a machine to its end, or until `stop` says that the server dies before an effect is answered."""
    info = CallInfo(call=CallId("n1-1.1"), did=next(iter(site.entry)), caller="key")
    machine = Machine(site, site.default_flow, info, place, returned)
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
    if isinstance(effect, AskOpen):
        local = site.local(caller.time)
        is_open = site.hours[effect.timetable].is_open(local, site.holidays)
        return Opening("open" if is_open else "closed")
    return Done()

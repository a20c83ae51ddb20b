"""The call's state machine: pure. It is asked for an effect, told the effect's outcome, and asked again.

A hang-up needs no input: whoever drives the machine simply stops asking.
"""

from collections.abc import Generator
from datetime import UTC, datetime

from ivr.call.effects import (
    FRESH,
    TERMINAL,
    Complain,
    Done,
    Effect,
    HangUp,
    Input,
    Kind,
    Remember,
    Returned,
    Ring,
    Tell,
)
from ivr.call.facts import StepEntered
from ivr.call.place import RECEPTION, Place
from ivr.call.story import CallInfo, Story, expect
from ivr.site import HANG_UP, Flow, Site

MAX_STEPS = 40
"""Steps in a row without a key or a talk; after that the flow goes in circles and a person is rung."""

RECEPTION_SECONDS = 30

_BEFORE = datetime.fromtimestamp(0, UTC)  # until `start` says what time it is

_TALKED = "ANSWER"  # DIALSTATUS after a conversation (Asterisk, apps/app_dial.c)


class Machine:
    """One call on its way through its flow, from a place (or the start) to a terminal effect."""

    def __init__(self, site: Site, flow: Flow, call: CallInfo, place: Place | None = None, returned: Returned = FRESH):
        """`flow` is the entry of the number that was called. `place` and `returned` come from the channel; with
        `returned` other than fresh and no usable place, the call starts anew, and that is told."""
        self._story = Story(site=site, flow=flow, info=call, at=_BEFORE)
        self._place = place
        self._returned = returned
        self._talked = False
        self._run = self._way()
        self.finished = False

    @property
    def notices(self) -> tuple[str, ...]:
        """The recording notices that this call heard to their end."""
        return self._story.notices

    def start(self, at: datetime) -> Effect:
        """The first effect. `at` is the true time, aware; facts carry it."""
        self._story.at = at
        return self._checked(next(self._run))

    def step(self, answer: Input, at: datetime) -> Effect:
        """The next effect, given the answer to the one before. Raises TypeError for an answer of the wrong kind and
        RuntimeError after a terminal effect: both are faults of the caller of this method."""
        if self.finished:
            raise RuntimeError("the machine has finished")
        self._story.at = at
        return self._checked(self._run.send(answer))

    def _checked(self, effect: Effect) -> Effect:
        self.finished = isinstance(effect, TERMINAL)
        return effect

    def _way(self) -> Generator[Effect, Input, None]:
        story = self._story
        name = yield from self._beginning()
        while name != HANG_UP:
            if name == RECEPTION:
                name = yield from self._reception()
                continue
            step = story.flow.steps[name]
            if story.returned is None:
                name_or_reception = yield from self._enter(name, step.verb)
                if name_or_reception != name:
                    name = name_or_reception
                    continue
            self._talked = self._talked or (story.returned is not None and _after_talk(story.returned))
            name = yield from step.script(story)
            story.returned = None
        yield HangUp("after the talk" if self._talked else "ended in IVR")

    def _beginning(self) -> Generator[Effect, Input, str]:
        """The step to go on at, with the story as the place has it."""
        story, place = self._story, self._place
        if self._returned.kind is Kind.FRESH and place is None:
            return story.flow.start
        if place is None:
            expect(Done, (yield Complain("unknown place")))
            return story.flow.start
        story.flow = story.site.flows.get(place.flow, story.flow)
        story.notices = place.notices
        if place.step != RECEPTION and (place.flow != story.flow.name or place.step not in story.flow.steps):
            expect(Done, (yield Complain("step gone", f"{place.flow}/{place.step}")))
            return story.flow.start
        story.step, story.tries, story.steps, story.key = place.step, place.tries, place.steps, place.key
        story.returned = self._returned if self._returned.kind is not Kind.FRESH else Returned(Kind.RESUMED)
        if _after_talk(story.returned):
            story.caller_acted()
        return place.step

    def _enter(self, name: str, verb: str) -> Generator[Effect, Input, str]:
        """Count, remember and tell a step. Gives another name when the flow goes in circles."""
        story = self._story
        story.step, story.tries = name, 0
        story.steps += 1
        if story.steps > MAX_STEPS:
            expect(Done, (yield Complain("went in circles", f"{story.flow.name}/{name}")))
            return RECEPTION
        expect(Done, (yield Remember(story.place())))
        fact = StepEntered(at=story.at, call=story.info.call, flow=story.flow.name, step=name, verb=verb)
        expect(Done, (yield Tell(fact)))
        return name

    def _reception(self) -> Generator[Effect, Input, str]:
        """The way out of a circle: a person, else the end."""
        story = self._story
        returned = story.take_returned()
        if returned is not None and returned.kind is not Kind.RESUMED:
            yield HangUp("after the talk" if _after_talk(returned) else "failed")
        story.step = RECEPTION
        expect(Done, (yield Remember(story.place())))
        yield Ring(extension=story.site.reception, seconds=RECEPTION_SECONDS)
        raise RuntimeError("a terminal effect has no answer")


def _after_talk(returned: Returned) -> bool:
    return returned.kind is Kind.TALK or (returned.kind is Kind.DIAL and returned.detail == _TALKED)

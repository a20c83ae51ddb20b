"""The call's state machine: pure. It is asked for an effect, told the effect's outcome, and asked again.

A hang-up needs no input: whoever drives the machine simply stops asking. Where a step has something to undo then
(`when hung up`), a machine made with `hung_up` follows that way.
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
    Returned,
    Ring,
    Tell,
)
from ivr.call.facts import StepEntered
from ivr.call.memory import EMPTY, Memory
from ivr.call.place import RECEPTION, Place
from ivr.call.story import CallInfo, Frame, Story, defaults, expect
from ivr.site import Flow, Site
from ivr.site.targets import A_PERSON, HANG_UP, exit_of

MAX_STEPS = 40
"""Steps in a row without a key or a talk; after that the flow goes in circles and a person is rung."""

RECEPTION_SECONDS = 30

_BEFORE = datetime.fromtimestamp(0, UTC)  # until `start` says what time it is

_TALKED = "ANSWER"  # DIALSTATUS after a conversation (Asterisk, apps/app_dial.c)


class Machine:
    """One call on its way through its flow, from a place (or the start) to a terminal effect."""

    def __init__(
        self,
        site: Site,
        flow: Flow,
        call: CallInfo,
        place: Place | None = None,
        returned: Returned = FRESH,
        memory: Memory | None = EMPTY,
        hung_up: bool = False,
    ):
        """`flow` is the entry of the number that was called. `place`, `returned` and `memory` come from the channel;
        with `returned` other than fresh and no usable place, or when the memory is lost (None), the call starts anew,
        and that is told. `hung_up`: the caller has gone at this place; what is left is to undo."""
        self._story = Story(site=site, flow=flow, info=call, at=_BEFORE, language=flow.language, hung_up=hung_up)
        self._place = place
        self._returned = returned
        self._memory = memory
        self._talked = False
        self._run = self._undo() if hung_up else self._way()
        self.finished = False

    @property
    def story(self) -> Story:
        """The call as the machine knows it; not to be changed."""
        return self._story

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

    # ------------------------------------------------------------------ the way through the flow
    def _way(self) -> Generator[Effect, Input, None]:
        if self._story.info.blocked and self._place is None:
            yield HangUp("blocked")
        name = yield from self._beginning()
        while name != HANG_UP:
            if name in (RECEPTION, A_PERSON):
                name = yield from self._reception()
            elif exit_of(name) is not None:
                name = yield from self._come_back(name)
            else:
                name = yield from self._perform(name)
        yield HangUp("after the talk" if self._talked else "ended in IVR")

    def _perform(self, name: str) -> Generator[Effect, Input, str]:
        """One step: gives the next one's name."""
        story = self._story
        step = story.flow.steps[name]
        if story.returned is None:
            entered = yield from self._enter(name, step.verb)
            if entered != name:
                return entered
        self._talked = self._talked or (story.returned is not None and _after_talk(story.returned))
        then = yield from step.script(story)
        story.returned = None
        return then

    def _come_back(self, target: str) -> Generator[Effect, Input, str]:
        """From a subflow to the step that called it, which takes the exit."""
        story = self._story
        if not story.come_back():
            expect(Done, (yield Complain("nobody to return to", f"{story.flow.name}/{story.step}")))
            return A_PERSON
        story.returned = Returned(Kind.SUBFLOW, exit_of(target) or "")
        return story.step

    def _beginning(self) -> Generator[Effect, Input, str]:
        """The step to go on at, with the story as the place has it."""
        story, place = self._story, self._place
        fresh = self._returned.kind is Kind.FRESH and place is None
        lost = "" if fresh else self._restore()
        if fresh or lost:
            if lost:
                detail = f"{place.flow}/{place.step}" if place is not None else ""
                expect(Done, (yield Complain(lost, detail)))
            if lost and _after_talk(self._returned):
                self._talked = True
                return HANG_UP  # the caller has talked: nobody begins anew then
            story.variables = defaults(story.flow.declared)
            story.call_variables = defaults(story.site.variables)
            return story.flow.start
        story.returned = self._returned if self._returned.kind is not Kind.FRESH else Returned(Kind.RESUMED)
        if story.returned.kind is not Kind.RESUMED:
            story.key = ""  # it was pressed before a phone rang
        if _after_talk(story.returned):
            story.caller_acted()
        return story.step

    def _restore(self) -> str:
        """Take place and memory over. Gives the problem that makes it impossible; empty = done."""
        story, place, memory = self._story, self._place, self._memory
        if place is None:
            return "unknown place"
        story.notices = place.notices
        flow = story.site.flows.get(place.flow)
        frames = [(story.site.flows.get(name), step) for name, step in place.frames]
        known = flow is not None and (place.step == RECEPTION or place.step in flow.steps)
        if not known or any(waiting is None or step not in waiting.steps for waiting, step in frames):
            # anew where callers come in; a subflow would have nobody to return to
            story.flow = flow if flow is not None and flow.numbers else story.flow
            return "step gone"
        if memory is None or (memory.flows and len(memory.flows) != len(frames) + 1):
            return "variables lost"
        flows = memory.flows or tuple({} for _ in range(len(frames) + 1))
        story.frames = tuple(
            Frame(waiting, step, dict(values))
            for (waiting, step), values in zip(frames, flows[:-1], strict=True)
            if waiting is not None
        )
        assert flow is not None
        story.flow, story.variables, story.call_variables = flow, dict(flows[-1]), dict(memory.call)
        story.step, story.tries, story.steps, story.key = place.step, place.tries, place.steps, place.key
        story.language = place.language or flow.language
        story.menus = tuple(menu for menu in place.menus if menu in flow.steps)
        return ""

    def _enter(self, name: str, verb: str) -> Generator[Effect, Input, str]:
        """Count, remember and tell a step. Gives another name when the flow goes in circles."""
        story = self._story
        story.step, story.tries = name, 0
        story.steps += 1
        if story.steps > MAX_STEPS:
            expect(Done, (yield Complain("went in circles", f"{story.flow.name}/{name}")))
            return RECEPTION
        yield from story.remember()
        fact = StepEntered(at=story.at, call=story.info.call, flow=story.flow.name, step=name, verb=verb)
        expect(Done, (yield Tell(fact)))
        return name

    def _reception(self) -> Generator[Effect, Input, str]:
        """A person, else the end."""
        story = self._story
        returned = story.take_returned()
        if returned is not None and returned.kind is not Kind.RESUMED:
            yield HangUp("after the talk" if _after_talk(returned) else "failed")
        story.step = RECEPTION
        yield from story.remember()
        yield Ring(extension=story.site.reception, seconds=RECEPTION_SECONDS)
        raise RuntimeError("a terminal effect has no answer")

    # ------------------------------------------------------------------ after a hang-up
    def _undo(self) -> Generator[Effect, Input, None]:
        """The way that the step names for a caller who hung up in it: nothing there is heard or remembered."""
        story = self._story
        problem = self._restore()
        step = story.flow.steps.get(story.step) if not problem else None
        name = step.when_hung_up if step is not None else ""
        for _ in range(MAX_STEPS):
            if not name or name not in story.flow.steps:
                break
            step = story.flow.steps[name]
            if not step.silent:
                expect(Done, (yield Complain("not without a caller", f"{story.flow.name}/{name}")))
                break
            story.step = name
            name = yield from step.script(story)
        yield HangUp("")


def _after_talk(returned: Returned) -> bool:
    return returned.kind is Kind.TALK or (returned.kind is Kind.DIAL and returned.detail == _TALKED)

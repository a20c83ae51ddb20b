"""A call without a telephone: the real machine of a call, and what it meets. Pure.

`Simulated` does what performer and runner do in the server; `Surroundings` says what the caller, the phones, the queues
and the systems outside answer: a test's file, a person at a terminal, or a comparison that tries everything.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from acd.model import CallId
from ivr.call import effects, facts
from ivr.call.machine import Machine
from ivr.call.memory import EMPTY, Memory
from ivr.call.place import Place
from ivr.call.story import CallInfo
from ivr.expression import EvaluationError, Expression, evaluate
from ivr.rehearsal import events
from ivr.rehearsal.events import End, Event, Heard
from ivr.rehearsal.surroundings import CallerLeft, Surroundings, how_back
from ivr.site import Flow, Site
from ivr.site.values import Unknown, Value
from ivr.speech import WORDS
from ivr.verbs.collect import Collect
from recordings.policy import Level, Rule, Said, Wish, rule_for

HIDDEN = "•"
"""Stands for a key that is not to be shown."""

MOST_EFFECTS = 5_000
"""After so many a call is endless: the machine itself ends circles, but queues and phones may send a caller back for
ever."""


class Simulated:
    """One call from its beginning to its end."""

    def __init__(
        self,
        site: Site,
        flow: Flow,
        info: CallInfo,
        around: Surroundings,
        at: datetime,
        told: Callable[[Event], None] = lambda event: None,
    ) -> None:
        """`at`: aware time of the call, which stands still. `told` gets every event."""
        self._site = site
        self._flow = flow
        self._info = info
        self._around = around
        self._at = at
        self._told = told
        self._machine = Machine(site, flow, info)
        self._said: list[str] = []
        """Words of one value, until the whole is told."""
        self._mailboxes: tuple[str, ...] = ()
        self._declined = False
        self._wish: Said | None = None
        """What a step said about recording."""
        self.place: Place | None = None
        """Where the call would go on after a crash, as its channel has it."""
        self.memory: Memory = EMPTY

    @property
    def machine(self) -> Machine:
        """The machine that runs now."""
        return self._machine

    def run(self) -> End:
        """Drive the call to its end. What `around` raises passes through, but for CallerLeft."""
        effect = self._machine.start(self._at)
        for _ in range(MOST_EFFECTS):
            if isinstance(effect, effects.HangUp):
                self._tell_said()
                return self._end("hang up", effect.reason)
            if isinstance(effect, effects.JoinQueue | effects.Ring):
                self._tell_said()
                back = self._leave(effect)
                if isinstance(back, End):
                    return back
                self._machine = Machine(self._site, self._flow, self._info, self.place, back, self.memory)
                effect = self._machine.start(self._at)
                continue
            try:
                answer = self._answer(effect)
            except CallerLeft:
                return self._hung_up()
            effect = self._machine.step(answer, self._at)
        return self._end("endless")

    def _end(self, kind: str, name: str = "", record: bool = False) -> End:
        return End(kind=kind, name=name, record=record, mailboxes=self._mailboxes)

    def _leave(self, effect: effects.JoinQueue | effects.Ring) -> effects.Returned | End:
        if isinstance(effect, effects.JoinQueue):
            recorded = self._recorded(effect.queue)
            self._told(events.Waits(effect.queue, recorded))
            end = self._end("queue", effect.queue, recorded)
        else:
            self._told(events.Rings(effect.extension, effect.seconds))
            end = self._end("extension", effect.extension)
        try:
            back = self._around.after(effect)
        except CallerLeft:
            return self._hung_up()
        if back is None:
            return end
        self._told(events.CameBack(how_back(back)))
        return back

    def _hung_up(self) -> End:
        """The caller has gone: what the step says for that is done, unheard."""
        self._tell_said()
        flow = self._site.flows.get(self.place.flow) if self.place is not None else None
        step = flow.steps.get(self.place.step) if flow is not None and self.place is not None else None
        if step is not None and step.when_hung_up:
            undo = Machine(self._site, self._flow, self._info, self.place, memory=self.memory, hung_up=True)
            effect = undo.start(self._at)
            while not undo.finished:
                effect = undo.step(self._answer(effect), self._at)
            self._machine = undo
        return self._end("hung up")

    # ------------------------------------------------------------------ what performer and House do in the server
    def _answer(self, effect: effects.Effect) -> effects.Input:
        if not isinstance(effect, effects.Play) or effect.prompt not in WORDS:
            self._tell_said()
        match effect:
            case effects.Play():
                return self._play(effect)
            case effects.PlayFile(file=file):
                self._told(events.FileHeard(file))
                return effects.Played()
            case effects.WaitKey(seconds=seconds):
                key = self._around.key(seconds)
                self._told(events.Keys(key))
                return effects.Pressed(key or None)
            case effects.TakeDigits():
                entered = self._around.digits(effect, self.secret)
                self._told(events.Keys(entered.text, self.secret))
                return entered
            case effects.Remember(place=place, memory=memory):
                return self._remember(place, memory)
            case effects.Tell(fact=fact):
                self._tell_fact(fact)
            case effects.Complain(problem=problem, detail=detail):
                self._told(events.Complaint(problem, detail))
            case effects.RecordMessage() | effects.KeepMessage() | effects.DropMessage():
                return self._message(effect)
            case _:
                return self._known(effect)
        return effects.Done()

    @property
    def secret(self) -> bool:
        """Whether what the caller enters now is not to be shown."""
        story = self._machine.story
        step = story.flow.steps.get(story.step)
        return isinstance(step, Collect) and step.secret

    @property
    def secrets(self) -> frozenset[str]:
        """Variables of the flow that hold what is not to be shown."""
        steps = self._machine.story.flow.steps.values()
        return frozenset(step.into for step in steps if isinstance(step, Collect) and step.secret)

    def _play(self, effect: effects.Play) -> effects.Input:
        prompt = self._site.prompts.get(effect.prompt)
        if prompt is None or effect.language not in prompt.languages:
            self._tell_said()
            self._told(Heard(prompts=(effect.prompt,), language=effect.language, text="", missing=True))
            return effects.Played(complete=False, missing=True)
        pressed = self._around.during(effect.prompt, self.secret)
        key = pressed if pressed and (effect.notice or pressed in effect.keys) else ""
        if effect.prompt in WORDS and not key:
            self._said.append(effect.prompt)
        else:
            words, self._said = (*self._said, effect.prompt), []
            shown = "" if self.secret else key
            self._told(
                Heard(
                    prompts=words,
                    language=effect.language,
                    text=text_of(self._site, words, effect.language),
                    key=shown or (HIDDEN if key else ""),
                    notice=effect.notice,
                )
            )
        complete = not key or effect.notice
        return effects.Played(key=key or None, complete=complete, version="simulated" if effect.notice else "")

    def _tell_said(self) -> None:
        if self._said:
            words, self._said = tuple(self._said), []
            language = self._machine.story.language
            self._told(Heard(prompts=words, language=language, text=text_of(self._site, words, language)))

    def _remember(self, place: Place, memory: Memory) -> effects.Done:
        """As the channel carries it: through its text and back."""
        self.place = Place.decode(place.encode())
        self.memory = Memory.decode(memory.encode()) or EMPTY
        return effects.Done()

    def _recorded(self, queue: str) -> bool:
        """Whether the talk with an agent of this queue would be, as far as no agent has a word of his own."""
        said = self._site.recordings.said(direction="inbound", number=self._info.did)
        said[Level.QUEUE] = Said(Level.QUEUE, queue, self._site.queues[queue].record)
        if self._wish is not None:
            said[Level.STEP] = self._wish
        heard = bool(self._machine.story.notices)
        return rule_for(said, call=self._info.call, notice_heard=heard, declined=self._declined).record

    def _tell_fact(self, fact: facts.CallEvent) -> None:
        match fact:
            case facts.RecordingWished(wish="declined" | "agreed"):
                self._declined = fact.wish == "declined"
            case facts.RecordingWished(step=step, wish=wish):
                self._wish = Said(Level.STEP, step, Rule(Wish(wish)))
            case facts.StepEntered(flow=flow, step=step, verb=verb):
                self._told(events.StepBegun(flow=flow, step=step, verb=verb))
            case facts.KeyChosen(key=key, then=then):
                self._told(events.KeyTaken(key, then))
            case facts.KeyWrong(key=key):
                self._told(events.KeyTaken(key, ""))
            case facts.BranchTaken(way=way, then=then):
                self._told(events.WayTaken(way, then))
            case facts.LanguageChosen(language=language):
                self._told(events.LanguageIs(language))
            case facts.SourceAsked(source=source, outcome=outcome):
                self._told(events.Asked(source, outcome))
            case _:
                pass

    def _message(
        self, effect: effects.RecordMessage | effects.KeepMessage | effects.DropMessage
    ) -> effects.Recorded | effects.Done:
        if isinstance(effect, effects.RecordMessage):
            recorded = self._around.message(effect)
            self._told(events.Spoke(effect.mailbox, recorded.ended, recorded.seconds))
            return recorded
        if isinstance(effect, effects.KeepMessage):
            self._mailboxes = (*self._mailboxes, effect.mailbox)
            self._told(events.Left(effect.mailbox))
        return effects.Done()

    def _known(self, effect: effects.Effect) -> effects.Input:
        match effect:
            case effects.AskOpen(timetable=timetable):
                opening = self._around.opening(timetable)
                self._told(events.Found(timetable, opening.state))
                return opening
            case effects.Decide(conditions=conditions, known=known):
                return effects.Decided(self._first(conditions, known))
            case effects.Compute(expression=expression, known=known):
                return effects.Computed(self._value(expression, known))
            case effects.LookUp(source=source, given=given):
                return self._around.look_up(source, given)
        raise TypeError(f"nobody knows how to simulate {type(effect).__name__}")

    def _first(self, conditions: tuple[Expression, ...], known: Mapping[str, Value | Unknown]) -> int | None:
        for index, condition in enumerate(conditions):
            value = self._value(condition, known)
            if value is None:
                self._told(events.Complaint("cannot be computed", str(condition)))
            elif isinstance(value, Unknown):
                if self._around.holds(condition):
                    return index
            elif value is True:
                return index
        return None

    def _value(self, expression: Expression, known: Mapping[str, Value | Unknown]) -> Value | Unknown | None:
        def value_of(name: str) -> Value | Unknown:
            return known[name] if name in known else self._around.value_of(name)

        try:
            return evaluate(expression, value_of)
        except (EvaluationError, KeyError):
            return None


def text_of(site: Site, prompts: tuple[str, ...], language: str) -> str:
    """What prompts say in a language; a studio's recording without a text has its name in brackets."""
    texts = (site.prompts[name].texts.get(language, f"[{name}]") for name in prompts if name in site.prompts)
    return " ".join(texts)


def info_of(site: Site, did: str, blocked: bool = False) -> CallInfo:
    """A call that is only simulated."""
    return CallInfo(call=CallId("simulated"), did=did, blocked=blocked)

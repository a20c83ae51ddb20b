"""Every way in which an effect of the machine may be answered.

Lengths of time are upper bounds: a key is pressed at the end of a prompt or a silence, a look-up takes all its time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ivr.call import effects
from ivr.call.effects import Effect, Input
from ivr.call.story import Story
from ivr.expression import EvaluationError, Expression, evaluate
from ivr.expression.names import fact
from ivr.proof.keys import Keys
from ivr.proof.lengths import UNMEASURED_FILE, Lengths
from ivr.proof.terms import Prepared, prepare
from ivr.proof.worlds import Worlds
from ivr.site import Site
from ivr.site.look_ups import FAILED, FOUND, NOT_FOUND, TOO_SLOW
from ivr.site.values import UNKNOWN, Unknown, Value
from ivr.verbs.collect import Collect
from ivr.verbs.extension import NAME_KEY, ExtensionStep

Assumed = frozenset[tuple[str, bool]]
"""What was decided about the caller: a part of a condition, and whether it holds."""

Known = Mapping[str, Value | Unknown]

DIGIT = "0"
LONG, SHORT = 1.0, 0.0  # beyond and below what counts as a message, in seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer. `idle`: the caller did nothing, or nothing that any step has a use for. `keys`: pressed on purpose;
    digits entered at once count as one. `mask`, `assumed`: what is known of the world and the caller afterwards."""

    answer: Input
    mask: int
    assumed: Assumed
    seconds: float = 0.0
    keys: int = 0
    idle: bool = True
    gone: bool = False  # the caller hung up
    fault: str = ""  # what could not be computed


DONE = effects.Done()


class Choices:
    """Answers the effects of one flow's calls."""

    def __init__(self, site: Site, worlds: Worlds, keys: Keys, lengths: Lengths) -> None:
        self._site = site
        self.worlds = worlds
        self.keys = keys
        self._lengths = lengths
        self._prepared: dict[str, Prepared] = {}

    def of(self, effect: Effect, story: Story, mask: int, assumed: Assumed) -> tuple[Choice, ...]:
        """The answers that are possible now; the first is that of a caller who does nothing."""

        def choice(answer: Input, seconds: float = 0.0, keys: int = 0, idle: bool = True, gone: bool = False) -> Choice:
            return Choice(answer=answer, mask=mask, assumed=assumed, seconds=seconds, keys=keys, idle=idle, gone=gone)

        match effect:
            case effects.Play() | effects.PlayFile():
                return tuple(self._played(effect, story, choice))
            case effects.WaitKey(seconds=seconds):
                pressed = self.keys.at(story.flow.name, story.step, effects.ANY_KEY)
                return (
                    choice(effects.Pressed(None), seconds),
                    *(choice(effects.Pressed(k.key), seconds, int(not k.wrong), k.wrong) for k in pressed),
                )
            case effects.TakeDigits():
                return tuple(_entries(effect, story, choice))
            case effects.RecordMessage():
                return tuple(self._recorded(effect, choice))
            case effects.AskOpen() | effects.Decide() | effects.Compute() | effects.LookUp():
                return tuple(self._answers(effect, mask, assumed))
        raise TypeError(f"nobody knows how to answer {type(effect).__name__}")

    def _played(self, effect: effects.Play | effects.PlayFile, story: Story, choice: "Make") -> Iterator[Choice]:
        if isinstance(effect, effects.PlayFile):
            seconds, listened, notice = UNMEASURED_FILE, effect.keys, False
        else:
            seconds = self._lengths.of(effect.prompt, effect.language)
            prompt = self._site.prompts.get(effect.prompt)
            if prompt is None or effect.language not in prompt.languages:
                yield choice(effects.Played(complete=False, missing=True))
                return
            listened, notice = (effects.ANY_KEY if effect.notice else effect.keys), effect.notice
        yield choice(effects.Played(version="proof"), seconds)
        for key in self.keys.at(story.flow.name, story.step, listened):
            played = effects.Played(key=key.key, complete=notice, version="proof")
            yield choice(played, seconds, int(not key.wrong), key.wrong)

    def _recorded(self, effect: effects.RecordMessage, choice: "Make") -> Iterator[Choice]:
        shortest = self._site.mailboxes[effect.mailbox].shortest.total_seconds()

        def recorded(ended: str, seconds: float) -> Input:
            return effects.Recorded(ended=ended, seconds=seconds, key="#" if ended == "key" else "", file="message")

        yield choice(recorded("silence", SHORT), effect.silence)
        for ended in ("key", "silence", "limit"):
            yield choice(recorded(ended, shortest + LONG), effect.longest, 1, idle=False)
        yield choice(recorded("key", SHORT), effect.longest, 1, idle=False)
        for seconds in (SHORT, shortest + LONG):
            yield choice(recorded("hang up", seconds), effect.longest, idle=False, gone=True)
        for ended in ("full", "failed"):
            yield choice(effects.Recorded(ended=ended))

    def _answers(
        self, effect: effects.AskOpen | effects.Decide | effects.Compute | effects.LookUp, mask: int, assumed: Assumed
    ) -> Iterator[Choice]:
        match effect:
            case effects.AskOpen(timetable=timetable):
                for opening, where in self.worlds.openings(timetable, mask):
                    yield Choice(answer=opening, mask=where, assumed=assumed)
            case effects.LookUp(source=source):
                found = self._site.look_ups[source]
                for outcome in (FOUND, NOT_FOUND, TOO_SLOW, FAILED):
                    values = dict.fromkeys(found.answers, UNKNOWN) if outcome == FOUND else {}
                    answer = effects.LookedUp(outcome, values)
                    yield Choice(answer=answer, mask=mask, assumed=assumed, seconds=found.at_most.total_seconds())
            case effects.Compute(expression=expression, known=known):
                prepared = self._prepare(expression)
                for where, what in self._divided(prepared, mask, assumed):
                    value, fault = self._value(prepared, known, where, what)
                    yield Choice(answer=effects.Computed(value), mask=where, assumed=what, fault=fault)
            case effects.Decide(conditions=conditions, known=known):
                yield from self._decided(conditions, known, 0, mask, assumed)

    # ------------------------------------------------------------------ conditions
    def _decided(
        self, conditions: tuple[Expression, ...], known: Known, index: int, mask: int, assumed: Assumed, fault: str = ""
    ) -> Iterator[Choice]:
        if index == len(conditions):
            yield Choice(answer=effects.Decided(None), mask=mask, assumed=assumed, fault=fault)
            return
        prepared = self._prepare(conditions[index])
        value, problem = self._value(prepared, known, mask, assumed)
        if not isinstance(value, Unknown):
            if value is True:
                yield Choice(answer=effects.Decided(index), mask=mask, assumed=assumed, fault=fault)
            else:
                yield from self._decided(conditions, known, index + 1, mask, assumed, fault or problem)
            return
        divided = list(self._divided(prepared, mask, assumed, once=True))
        if len(divided) > 1:
            for where, what in divided:
                yield from self._decided(conditions, known, index, where, what, fault)
            return
        yield Choice(answer=effects.Decided(index), mask=mask, assumed=assumed, fault=fault)
        yield from self._decided(conditions, known, index + 1, mask, assumed, fault)

    def _divided(
        self, prepared: Prepared, mask: int, assumed: Assumed, once: bool = False
    ) -> Iterator[tuple[int, Assumed]]:
        """The worlds and callers apart, by the parts that are not decided yet; `once`: by the first of them only."""
        for part in prepared.world:
            holding = self.worlds.holding(part.text)
            if mask & holding and mask & ~holding:
                for where in (mask & holding, mask & ~holding):
                    yield from ((where, assumed),) if once else self._divided(prepared, where, assumed)
                return
        decided = {text for text, _ in assumed}
        for part in prepared.caller:
            if part.text not in decided:
                for holds in (True, False):
                    what = assumed | {(part.text, holds)}
                    yield from ((mask, what),) if once else self._divided(prepared, mask, what)
                return
        yield mask, assumed

    def _value(
        self, prepared: Prepared, known: Known, mask: int, assumed: Assumed
    ) -> tuple[Value | Unknown | None, str]:
        """The value, or None and why there is none."""
        holding = {part.text: self.worlds.holding(part.text) for part in prepared.world}
        decided = dict(assumed)

        def value_of(name: str) -> Value | Unknown:
            if name in holding:
                inside = mask & holding[name]
                return bool(inside) if not inside or not mask & ~holding[name] else UNKNOWN
            if name in decided:
                return decided[name]
            if name in known:
                return known[name]
            if fact(name).kind or any(name == part.text for part in prepared.caller):
                return UNKNOWN
            raise KeyError(name)

        try:
            return evaluate(prepared.expression, value_of), ""
        except EvaluationError as fault:
            return None, str(fault)

    def _prepare(self, expression: Expression) -> Prepared:
        if expression.text not in self._prepared:
            self._prepared[expression.text] = prepare(expression)
        return self._prepared[expression.text]


class Make(Protocol):
    """Makes a choice that says nothing of the world."""

    def __call__(
        self, answer: Input, seconds: float = 0.0, keys: int = 0, idle: bool = True, gone: bool = False
    ) -> Choice: ...


def _entries(take: effects.TakeDigits, story: Story, choice: Make) -> Iterator[Choice]:
    """What a caller may enter: nothing, too little, no digits, and as much as is wanted, which only stands for any."""
    step = story.flow.steps[story.step]
    least = step.digits[0] if isinstance(step, Collect) else 2 if isinstance(step, ExtensionStep) else 1
    begun, waited = take.begun, 0.0 if take.begun else take.first
    if begun == take.finish or not begun:
        yield choice(effects.Entered(""), waited)
    if begun == take.finish:
        return
    wrong = begun if begun and not begun.isdecimal() else "" if begun else "*" if take.finish != "*" else "#"
    if wrong:
        names = isinstance(step, ExtensionStep) and bool(step.by_name) and wrong == NAME_KEY
        yield choice(effects.Entered(wrong), waited + take.between, int(names and not begun), not names)
    if begun and not begun.isdecimal():
        return
    if least > 1:
        yield choice(effects.Entered(DIGIT), waited + take.between)
    for count in sorted({least, take.most}):
        text = DIGIT * count
        seconds = waited + take.between * (count if count < take.most else count - 1)
        yield choice(effects.Entered(text, known=False), seconds, int(not begun), idle=False)

"""A call at a terminal: like a call of a test, but what is not written is asked of whoever sits there."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ivr.call import effects
from ivr.rehearsal.scenario_file import Given, Press
from ivr.rehearsal.scripted import Scripted
from ivr.rehearsal.situation import Situation
from ivr.rehearsal.surroundings import FROM_PHONE, FROM_QUEUE, KEY, CallerLeft, from_phone, from_queue, taken
from ivr.rehearsal.words import Words
from ivr.site.look_ups import FOUND, OUTCOMES
from ivr.site.values import Unknown, Value, from_text
from ivr.verbs.words import KEYS


class Terminal(Protocol):
    """Where questions are asked."""

    def ask(self, question: str, hidden: bool = False) -> str:
        """What is typed; raises EOFError when nobody is there any more."""

    def show(self, text: str) -> None:
        """A line that asks nothing."""


class Asking(Scripted):
    """A caller at a terminal (`Surroundings`). Without a terminal he does only what is written."""

    def __init__(self, situation: Situation, given: Given, say: Words, terminal: Terminal | None) -> None:
        super().__init__(situation, given)
        self._say = say
        self._terminal = terminal

    # ------------------------------------------------------------------ the caller
    def key(self, seconds: float) -> str:
        """What is written, else what is typed."""
        self._fill("key?", hidden=False)
        return super().key(seconds)

    def digits(self, take: effects.TakeDigits, secret: bool) -> effects.Entered:
        """The same, several keys at once."""
        if not taken(take, "")[1] and take.begun != take.finish and len(take.begun) < take.most:
            self._fill("digits?", hidden=secret)
        return super().digits(take, secret)

    def _fill(self, question: str, hidden: bool) -> None:
        if self._next or self._terminal is None:
            return
        while True:
            typed = self._typed(self._say(question), hidden)
            if all(key in KEYS for key in typed):
                self._next.append((0, Press(typed)))
                return
            self._refuse(", ".join(KEYS))

    def _typed(self, question: str, hidden: bool = False) -> str:
        """What is typed, without blanks. Raises CallerLeft for whoever hangs up or has gone."""
        assert self._terminal is not None
        try:
            typed = self._terminal.ask(question, hidden).replace(" ", "")
        except EOFError:
            raise CallerLeft from None
        if typed.lower() == ("c" if self._say.spanish else "h"):
            raise CallerLeft
        return typed

    def _refuse(self, why: str) -> None:
        assert self._terminal is not None
        self._terminal.show(self._say("not that", why=why))

    def _choose(self, choices: Sequence[str]) -> str:
        """One of several outcomes."""
        shown = "  ".join(f"{number} {self._say.how(choice)}" for number, choice in enumerate(choices, 1))
        while True:
            typed = self._typed(self._say("how?", choices=shown))
            if typed.isdecimal() and 1 <= int(typed) <= len(choices):
                return choices[int(typed) - 1]
            self._refuse(f"1 - {len(choices)}")

    def message(self, record: effects.RecordMessage) -> effects.Recorded:
        """How long the caller speaks."""
        if self._terminal is None or "message" in self._given.model_fields_set:
            return super().message(record)
        while True:
            try:
                typed = self._typed(self._say("message?"))
            except CallerLeft:
                return effects.Recorded(ended="hang up", seconds=10.0, file="simulated")
            if typed.isdecimal() and len(typed) <= 3:
                seconds = min(float(typed), record.longest)
                ended = "limit" if seconds == record.longest else "silence"
                return effects.Recorded(ended=ended, seconds=seconds, file="simulated")
            self._refuse("0 - 999")

    def after(self, leaves: effects.JoinQueue | effects.Ring) -> effects.Returned | None:
        """How a queue or a phone ends, when nothing is written of it."""
        back = super().after(leaves)
        if back is not None or self._terminal is None:
            return back
        here = "here"
        if isinstance(leaves, effects.Ring):
            how = self._choose((here, *FROM_PHONE))
            return None if how == here else from_phone(how, leaves.extension)
        how = self._choose((here, *FROM_QUEUE, *(KEY + key for key in leaves.keys)))
        return None if how == here else from_queue(how)

    # ------------------------------------------------------------------ systems outside
    def look_up(self, source: str, given: Mapping[str, Value | Unknown]) -> effects.LookedUp:
        """What a system outside answers, when nothing is written of it. Nothing outside is ever asked."""
        if source in self._given.look_ups or self._terminal is None:
            return super().look_up(source, given)
        outcome = self._choose(OUTCOMES)
        if outcome != FOUND:
            return effects.LookedUp(outcome)
        declared = self._situation.site.look_ups[source].answers
        values: dict[str, Value] = {}
        for name, answer in declared.items():
            while name not in values:
                typed = self._typed(self._say("answer?", name=name, type=answer.type.value))
                try:
                    values[name] = from_text(typed, answer.type)
                except ValueError as fault:
                    self._refuse(str(fault))
        return effects.LookedUp(FOUND, values)

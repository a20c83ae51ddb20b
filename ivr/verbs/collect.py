"""`collect`: digits from the caller."""

import re
from collections.abc import Generator, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from ivr.call.effects import Done, Effect, Entered, Input, Pressed, Script, TakeDigits, Tell, WaitKey
from ivr.call.facts import InputTaken
from ivr.call.story import Story, expect
from ivr.site.targets import A_PERSON
from ivr.site.values import LONGEST_NUMBER, UNKNOWN, Type, Unknown, Value
from ivr.speech import words
from ivr.verbs.step import Gift, Path, Step, Use
from ivr.verbs.words import ExpressionText, Key, PromptName, Target, VariableName, YesNo, between, whole, wrong

MOST_DIGITS = 32
ENTERED = "entered"
"""The name that what was entered has in `valid when`."""

_SECOND = timedelta(seconds=1)
_COUNT = re.compile(r"([0-9]{1,2})(?: to ([0-9]{1,2}))?")


def _count(value: Any) -> tuple[int, int]:
    if isinstance(value, tuple):
        return value
    match = _COUNT.fullmatch(value) if isinstance(value, str) else None
    least, most = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= least <= most <= MOST_DIGITS:
        raise wrong(f"write how many digits, for example 8, or 6 to 10 (1 to {MOST_DIGITS})")
    return least, most


class Collect(Step):
    """Asks for digits and keeps them in a variable.

    Digits end with the `finish` key, with the most that are possible, or when no key follows within `between keys`.
    Too few digits, and those for which `valid when` does not hold (there they are called `entered`), are answered with
    `not valid`, and the caller is asked again; so is who presses nothing, after `no key`. After `tries` times in all
    the call goes on at `gave up`. With `confirm`, the caller hears the digits and then that prompt: key 1 keeps them,
    every other key asks again.

    The digits are written to no journal, log or event; they travel on the call encrypted. `secret: yes` moreover never
    speaks them (so it cannot be combined with `confirm`), and hides them in `ivr try`.

    ```yaml
    pedir_cedula:
      collect: pida_cedula
      into: cedula
      digits: 6 to 10
      valid when: number(entered) > 0
      confirm: confirme_cedula
      no key: no_le_escuche
      not valid: cedula_invalida
      then: buscar
      gave up: recepcion
    ```
    """

    verb: ClassVar[str] = "collect"

    prompt: PromptName = Field(alias="collect", description="the prompt that asks (prompts.yaml)")
    into: VariableName = Field(description="the variable that gets the digits: a text, or a number of at most 18")
    digits: Annotated[tuple[int, int], BeforeValidator(_count)] = Field(description="how many: 8, or 6 to 10")
    then: Target = Field(description="the next step when there are digits")
    gave_up: Target = Field(default=A_PERSON, alias="gave up", description="the next step after the last try")
    finish: Key = Field(default="#", description="the key that ends the digits early")
    no_key: PromptName = Field(default="", alias="no key", description="what a caller hears who pressed nothing")
    not_valid: PromptName = Field(default="", alias="not valid", description="what is said of wrong digits")
    valid_when: ExpressionText | None = Field(
        default=None, alias="valid when", description="a condition for the digits, which are called `entered` there"
    )
    confirm: PromptName = Field(default="", description="the prompt after the digits are read out: 1 = right")
    secret: YesNo = Field(default=False, description="whether the digits are never spoken or shown")
    tries: Annotated[int, whole(1, 9)] = Field(default=3, description="how often the caller is asked at most")
    wait: Annotated[timedelta, between(_SECOND, 60 * _SECOND)] = Field(
        default=6 * _SECOND, description="silence after the prompt, for the first key"
    )
    between_keys: Annotated[timedelta, between(_SECOND, 30 * _SECOND)] = Field(
        default=4 * _SECOND, alias="between keys", description="silence after a key that ends the digits"
    )

    def uses(self) -> Iterator[Use]:
        """The condition, which knows what was entered as text."""
        if self.valid_when is not None:
            yield Use(("valid when",), self.valid_when, (Type.YES_NO,), {ENTERED: Type.TEXT})

    def gives(self) -> Iterator[Gift]:
        """The variable, when the digits were good."""
        on: frozenset[Path] = frozenset({("then",)})
        types = (Type.TEXT, Type.NUMBER) if self.digits[1] <= LONGEST_NUMBER else (Type.TEXT,)
        yield Gift(("into",), self.into, types, on)

    def without_caller(self) -> Iterator[Any]:
        """A silent caller only comes to `gave up`."""
        return (r for r in self.targets() if r.path == ("gave up",))

    def script(self, story: Story) -> Script:
        """Ask until the digits are good or the tries are over."""
        story.take_returned()
        key = story.take_key()
        while story.tries < self.tries:
            entered = yield from self._ask(story, key)
            key = ""
            if (yield from self._accepted(story, entered)):
                story.caller_acted()
                story.give(self.into, _value(story, self.into, entered))
                yield from self._tell(story, "taken")
                return self.then
            story.tries += 1
            yield from story.remember()
        yield from self._tell(story, "gave up")
        return self.gave_up

    def _ask(self, story: Story, key: str) -> Generator[Effect, Input, Entered]:
        """The digits of one try."""
        if not key:
            key = (yield from story.play(self.prompt)).key or ""
        take = TakeDigits(
            begun=key,
            most=self.digits[1],
            finish=self.finish,
            first=self.wait.total_seconds(),
            between=self.between_keys.total_seconds(),
        )
        return expect(Entered, (yield take))

    def _accepted(self, story: Story, entered: Entered) -> Generator[Effect, Input, bool]:
        """Whether the digits are as they should be, and the caller agrees; says what is wrong with them."""
        text = entered.text
        if not text:
            yield from self._say(story, self.no_key)
            return False
        good = len(text) >= self.digits[0] and text.isdecimal()
        if good and self.valid_when is not None:
            known = text if entered.known else UNKNOWN
            good = (yield from story.decide((self.valid_when,), **{ENTERED: known})) == 0
        if not good:
            yield from self._say(story, self.not_valid)
            return False
        return not self.confirm or (yield from self._confirmed(story, text))

    def _confirmed(self, story: Story, text: str) -> Generator[Effect, Input, bool]:
        key = yield from story.play_words(words("digits", text, story.language))
        if not key:
            key = (yield from story.play(self.confirm)).key or ""
        if not key:
            key = expect(Pressed, (yield WaitKey(self.wait.total_seconds()))).key or ""
        return key == "1"

    def _say(self, story: Story, prompt: str) -> Generator[Effect, Input, None]:
        if prompt:
            yield from story.play(prompt, "")

    def _tell(self, story: Story, result: str) -> Generator[Effect, Input, None]:
        fact = InputTaken(at=story.at, call=story.info.call, step=story.step, result=result, tries=story.tries)
        expect(Done, (yield Tell(fact)))


def _value(story: Story, name: str, entered: Entered) -> Value | Unknown:
    """The digits as the variable's type has them."""
    if not entered.known:
        return UNKNOWN
    declared = story.declared(name)
    return Decimal(entered.text) if declared is not None and declared.type is Type.NUMBER else entered.text

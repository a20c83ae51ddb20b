"""`look up`: ask a system outside."""

from collections.abc import Generator, Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call.effects import Done, Effect, Input, LookedUp, LookUp, Script, Tell
from ivr.call.facts import SourceAsked
from ivr.call.story import Story, expect
from ivr.site.look_ups import FOUND, NOT_FOUND, TOO_SLOW
from ivr.verbs.given import compute_all
from ivr.verbs.step import Gift, Path, Step, Use
from ivr.verbs.words import ExpressionText, Name, PromptName, SourceName, Target, VariableName


class LookUpStep(Step):
    """Asks a system outside: a service, a table or a database of lookups.yaml.

    `with` gives the source its parameters, `answers` takes what it answers into variables of the flow, only when
    something was found. `failed` is where the call goes when the source cannot be asked or gives no usable answer;
    `too slow` when its time (`at most` in lookups.yaml) is over; left out, that is as if it had failed. A source that
    failed five times in a row rests for half a minute: look-ups fail at once then, so that nobody waits in vain. An
    empty text is never looked up: it is `not found`. The caller hears `meanwhile` first, then silence until the answer.

    ```yaml
    saldo:
      look up: cartera_siigo
      with:
        documento: cedula
      answers:
        saldo: saldo
      meanwhile: un_momento
      found: decir_saldo
      not found: no_es_cliente
      too slow: recepcion
      failed: recepcion
    ```
    """

    verb: ClassVar[str] = "look up"
    silent: ClassVar[bool] = True

    source: SourceName = Field(alias="look up", description="the source (lookups.yaml)")
    given: dict[Name, ExpressionText] = Field(
        default_factory=dict, alias="with", description="parameter of the source: its value, an expression"
    )
    answers: dict[VariableName, Name] = Field(
        default_factory=dict, description="variable of the flow: the source's answer that it takes"
    )
    meanwhile: PromptName = Field(default="", description="prompt that the caller hears before the source is asked")
    found: Target = Field(description="the next step when something was found")
    not_found: Target = Field(alias="not found", description="the next step when nothing was found")
    too_slow: Target = Field(
        default="", alias="too slow", description="the next step when the time is over; left out: as `failed`"
    )
    failed: Target = Field(description="the next step when the source cannot be asked")

    def uses(self) -> Iterator[Use]:
        """What is given to the source; the check of look-ups knows the types."""
        return (Use(("with", name), expression) for name, expression in self.given.items())

    def gives(self) -> Iterator[Gift]:
        """The answers, when something was found; the check of look-ups knows the types."""
        on: frozenset[Path] = frozenset({("found",)})
        return (Gift(("answers", name), name, on=on) for name in self.answers)

    def script(self, story: Story) -> Script:
        """Ask and take the exit; on resumption ask again."""
        story.take_returned()
        if self.meanwhile and not story.hung_up:
            played = yield from story.play(self.meanwhile)
            story.key = played.key or story.key
        given = yield from compute_all(story, self.given)
        answer = expect(LookedUp, (yield LookUp(self.source, given)))
        yield from self._tell(story, answer.outcome)
        if answer.outcome == FOUND:
            for mine, theirs in self.answers.items():
                if theirs in answer.values:
                    story.give(mine, answer.values[theirs])
            return self.found
        if answer.outcome == NOT_FOUND:
            return self.not_found
        return (self.too_slow or self.failed) if answer.outcome == TOO_SLOW else self.failed

    def _tell(self, story: Story, outcome: str) -> Generator[Effect, Input, None]:
        at, call = story.at, story.info.call
        fact = SourceAsked(at=at, call=call, step=story.step, source=self.source, outcome=outcome)
        expect(Done, (yield Tell(fact)))

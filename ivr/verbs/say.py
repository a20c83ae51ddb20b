"""`say`: a value in recorded words."""

from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final

from pydantic import BeforeValidator, Field

from ivr.call.effects import Complain, Done, Script
from ivr.call.story import Story, expect
from ivr.site.values import Unknown, Value
from ivr.speech import KINDS, Unspeakable, words
from ivr.text import quoted
from ivr.verbs.step import Step, Use
from ivr.verbs.words import ExpressionText, Target, wrong

_STANDS_FOR: Final[Mapping[str, Value]] = {
    "number": Decimal(0),
    "digits": "0",
    "date": date(2000, 1, 1),
    "time": time(0),
    "money": Decimal(0),
    "dollars": Decimal(0),
    "position": Decimal(1),
}
"""What a proof hears where nobody knows the value."""


def _kind(value: Any) -> str:
    if not isinstance(value, str) or value not in KINDS:
        raise wrong(f"{quoted(str(value))} is no way to say something: write {', '.join(KINDS)}")
    return value


class Say(Step):
    """Says a value in the call's language, in Spanish or English words, and goes on.

    | `as` | Type | Is heard |
    | --- | --- | --- |
    | `number` | number | mil doscientos tres; menos dos coma cinco |
    | `digits` | text, number | one by one, as a telephone number: nueve cero uno; `*` and `#` too |
    | `date` | date | veinticuatro de diciembre de dos mil veintiséis |
    | `time` | time | las ocho y media de la mañana |
    | `money` | number | un millón de pesos; in every language pesos |
    | `dollars` | number | veintiún dólares con cincuenta centavos |
    | `position` | number | a whole sentence: usted es el tercero en la fila |

    A key cuts it, is kept, and counts in the next menu. A value that cannot be said so, such as a text with letters as
    digits, is left out, and the administrator is told (never the value). When the server was restarted meanwhile, it is
    said again from its beginning. What stands before the value in the sentence is a `play` before.

    ```yaml
    decir_saldo:
      say: saldo
      as: money
      then: menu
    ```
    """

    verb: ClassVar[str] = "say"

    value: ExpressionText = Field(alias="say", description="what is said: a variable or another expression")
    kind: Annotated[str, BeforeValidator(_kind)] = Field(alias="as", description="how it is said")
    then: Target = Field(description="the next step")

    def uses(self) -> Iterator[Use]:
        """The value, of a type that can be said so."""
        yield Use(("say",), self.value, KINDS[self.kind])

    def script(self, story: Story) -> Script:
        """Compute it and say it; half a number is worth nothing, so a resumed step begins again."""
        story.take_returned()
        value = yield from story.compute(self.value)
        if value is None:
            return self.then
        if isinstance(value, Unknown):
            value = _STANDS_FOR[self.kind]
        try:
            prompts = words(self.kind, value, story.language)
        except Unspeakable as fault:
            expect(Done, (yield Complain("cannot be said", f"{story.flow.name}/{story.step}: {fault}")))
            return self.then
        key = yield from story.play_words(prompts)
        if key:
            story.key = key
            story.caller_acted()
        return self.then

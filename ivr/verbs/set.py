"""`set`: give variables values."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call.effects import Script
from ivr.call.story import Story
from ivr.verbs.step import Gift, Step, Use
from ivr.verbs.words import ExpressionText, Target, VariableName


class Set(Step):
    """Gives variables values, one after the other, from the top.

    The variables are declared at the head of the flow (`variables:`), or in site.yaml for the whole call (`call.NAME`).
    A text stands in quotes of its own: `'"web"'`. A value that cannot be computed, such as a division by zero, leaves
    the variable as it was; that is told to the administrator.

    ```yaml
    contar:
      set:
        intentos: intentos + 1
        call.origen: '"menu"'
      then: menu
    ```
    """

    verb: ClassVar[str] = "set"
    silent: ClassVar[bool] = True

    values: dict[VariableName, ExpressionText] = Field(
        alias="set", min_length=1, description="variable: the value, an expression"
    )
    then: Target = Field(description="the next step")

    def uses(self) -> Iterator[Use]:
        """Every value."""
        return (Use(("set", name), expression) for name, expression in self.values.items())

    def gives(self) -> Iterator[Gift]:
        """Every variable; its type is that of its expression."""
        return (Gift(("set", name), name) for name in self.values)

    def script(self, story: Story) -> Script:
        """Compute and give; on resumption once more, from the values that were kept before the step."""
        story.take_returned()
        for name, expression in self.values.items():
            value = yield from story.compute(expression)
            if value is not None:
                story.give(name, value)
        return self.then

"""`goto`: go on in another flow."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call.effects import Script
from ivr.call.story import Story
from ivr.verbs.given import compute_all
from ivr.verbs.step import Step, Use
from ivr.verbs.words import ExpressionText, FlowName, Name


class Goto(Step):
    """Goes on at the start of another flow, and does not come back. (`call` comes back.)

    Variables of the whole call (`call.NAME`) and the language go along; those of this flow do not, but for what
    `with` gives to the other flow's parameters.

    ```yaml
    a_la_principal:
      goto: linea_principal
    ```
    """

    verb: ClassVar[str] = "goto"

    flow: FlowName = Field(alias="goto", description="the flow")
    given: dict[Name, ExpressionText] = Field(
        default_factory=dict, alias="with", description="parameter of the flow: its value, an expression"
    )

    def uses(self) -> Iterator[Use]:
        """What is given to the flow."""
        return (Use(("with", name), expression) for name, expression in self.given.items())

    def script(self, story: Story) -> Script:
        """Leave."""
        story.take_returned()
        given = yield from compute_all(story, self.given)
        flow = story.site.flows[self.flow]
        story.leave_for(flow, given)
        return flow.start

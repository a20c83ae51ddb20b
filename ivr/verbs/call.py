"""`call`: a subflow."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ivr.call.effects import Complain, Done, Kind, Script
from ivr.call.story import Story, expect
from ivr.site.targets import A_PERSON
from ivr.verbs.given import compute_all
from ivr.verbs.step import Gift, Step, Use
from ivr.verbs.words import ExpressionText, FlowName, Name, NamedTargets, Target, VariableName


class Call(Step):
    """Does another flow, and comes back when that one says `return`.

    A subflow declares its `parameters`, the `results` that may be taken over, and its `exits`. `return` leads to
    `then`, `return NAME` to what `exits` says for NAME; every exit must have its step. Subflows may call others, four
    deep, but never themselves.

    ```yaml
    identificar:
      call: identificacion
      with:
        motivo: '"saldo"'
      results:
        cedula: documento
      exits:
        desconocido: recepcion
      then: menu
    ```
    """

    verb: ClassVar[str] = "call"

    flow: FlowName = Field(alias="call", description="the flow")
    given: dict[Name, ExpressionText] = Field(
        default_factory=dict, alias="with", description="parameter of the subflow: its value, an expression"
    )
    results: dict[VariableName, Name] = Field(
        default_factory=dict, description="variable of this flow: the subflow's result that it takes over"
    )
    by_exit: NamedTargets = Field(
        default_factory=dict, alias="exits", description="exit of the subflow: the step that it leads to"
    )
    then: Target = Field(description="the next step after a plain `return`")

    def uses(self) -> Iterator[Use]:
        """What is given to the subflow."""
        return (Use(("with", name), expression) for name, expression in self.given.items())

    def gives(self) -> Iterator[Gift]:
        """The results; the check of subflows knows their types."""
        return (Gift(("results", name), name) for name in self.results)

    def script(self, story: Story) -> Script:
        """Go there; or, back from there, take the results and the exit."""
        returned = story.take_returned()
        if returned is not None and returned.kind is Kind.SUBFLOW:
            for mine, theirs in self.results.items():
                if theirs in story.results:
                    story.give(mine, story.results[theirs])
            return self.by_exit.get(returned.detail, self.then)
        given = yield from compute_all(story, self.given)
        flow = story.site.flows[self.flow]
        if not story.enter(flow, given):
            expect(Done, (yield Complain("subflows too deep", f"{story.flow.name}/{story.step}")))
            return A_PERSON
        return flow.start

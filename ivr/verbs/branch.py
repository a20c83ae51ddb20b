"""`branch`: go where a condition leads."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from ivr.call.effects import Done, Script, Tell
from ivr.call.facts import BranchTaken
from ivr.call.story import Story, expect
from ivr.site.values import Type
from ivr.verbs.step import Reference, Step, Use
from ivr.verbs.words import ExpressionText, Target


class Way(BaseModel):
    """A condition, and the step that it leads to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: ExpressionText = Field(description="the condition, an expression that is yes or no")
    then: Target = Field(description="the next step when it holds")


class Branch(Step):
    """Goes where the first condition leads that holds, else to `otherwise`.

    Conditions may ask for the caller (`caller in vip`, `caller starts with "57300"`, `caller.segment = "oro"`), the
    number that was called (`did`), the time (`open(oficina)`, `now >= 17:00`, `weekday = "friday"`), the line
    (`lines.free < 2`), the queues (`queues.servicio.waiting > 5`, `queues.servicio.ready = 0`) and every variable.

    ```yaml
    quien_llama:
      branch:
        - when: caller.segment = "oro"
          then: prioritario
        - when: queues.servicio.waiting > 10 and not open(oficina)
          then: mucha_espera
      otherwise: menu
    ```
    """

    verb: ClassVar[str] = "branch"
    silent: ClassVar[bool] = True

    ways: list[Way] = Field(alias="branch", min_length=1, description="conditions, from the top: `when`, `then`")
    otherwise: Target = Field(description="the next step when no condition holds")

    @classmethod
    def references_in(cls, settings: Mapping[str, Any]) -> Iterator[Reference]:
        """The targets of the ways too, which stand in a list."""
        ways = settings.get("branch")
        for index, way in enumerate(ways if isinstance(ways, list) else ()):
            target = way.get("then") if isinstance(way, dict) else getattr(way, "then", None)
            if isinstance(target, str) and target:
                yield Reference(("branch", index, "then"), "step", target)
        yield from super().references_in(settings)

    def uses(self) -> Iterator[Use]:
        """Every condition."""
        return (Use(("branch", index, "when"), way.when, (Type.YES_NO,)) for index, way in enumerate(self.ways))

    def script(self, story: Story) -> Script:
        """Decide, and tell which way was taken."""
        story.take_returned()
        index = yield from story.decide(tuple(way.when for way in self.ways))
        then = self.otherwise if index is None else self.ways[index].then
        way = "otherwise" if index is None else str(index + 1)
        fact = BranchTaken(at=story.at, call=story.info.call, step=story.step, way=way, then=then)
        expect(Done, (yield Tell(fact)))
        return then

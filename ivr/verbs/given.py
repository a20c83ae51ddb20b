"""What a step gives to a subflow or a look-up: several expressions at once."""

from collections.abc import Generator, Mapping

from ivr.call.effects import Effect, Input
from ivr.call.story import Story
from ivr.expression import Expression
from ivr.site.values import Unknown, Value


def compute_all(
    story: Story, expressions: Mapping[str, Expression]
) -> Generator[Effect, Input, dict[str, Value | Unknown]]:
    """The values by name; what cannot be computed is left out."""
    values = {}
    for name, expression in expressions.items():
        value = yield from story.compute(expression)
        if value is not None:
            values[name] = value
    return values

"""What all steps of a flow have in common: a verb, settings, exits, and a script that says what happens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from ivr.site.targets import leaves
from ivr.site.values import Type
from ivr.verbs.words import Refers, Target

if TYPE_CHECKING:
    from ivr.call.effects import Script
    from ivr.call.story import Story
    from ivr.expression import Expression

Path = tuple[str | int, ...]
"""The settings that lead to a value of a step, with the positions in lists."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in a step: what kind of thing it names, and the settings that lead to it."""

    path: Path
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Use:
    """An expression in a step. `wants`: the types that it may have, empty = any. `more`: names that only it knows."""

    path: Path
    expression: "Expression"
    wants: tuple[Type, ...] = ()
    more: Mapping[str, Type] | None = None


@dataclass(frozen=True, slots=True)
class Gift:
    """A variable that a step gives a value. `types`: those that the variable may have, empty = any. `on`: the exits
    (paths of targets) on which it has got its value; None = on every way out."""

    path: Path
    variable: str
    types: tuple[Type, ...] = ()
    on: frozenset[Path] | None = None


class Step(BaseModel):
    """A step as it stands in a flow. Each verb is a subclass in `ivr/verbs`, whose docstring is its reference page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verb: ClassVar[str]
    """The word that makes a step this one: the key of its first setting."""

    takes_time: ClassVar[bool] = False
    """Whether people are asked to answer (dial, queue), so that a circle through it is no endless loop."""

    silent: ClassVar[bool] = False
    """Whether it can be done for a caller who has hung up."""

    when_hung_up: Target = Field(
        default="",
        alias="when hung up",
        description="where it goes on, unheard, when the caller hangs up in this step: set, look up, branch, hang up",
    )

    def references(self) -> Iterator[Reference]:
        """Every name in this step, in the order of its settings; those left out have none."""
        values = {info.alias or name: getattr(self, name) for name, info in type(self).model_fields.items()}
        return type(self).references_in(values)

    @classmethod
    def references_in(cls, settings: Mapping[str, Any]) -> Iterator[Reference]:
        """Every name in the settings of a step of this verb, also when something else in them is wrong."""
        for name, info in cls.model_fields.items():
            setting = info.alias or name
            refers = next((m for m in info.metadata if isinstance(m, Refers)), None)
            value = settings.get(setting)
            if refers is None:
                continue
            named = value.items() if isinstance(value, dict) else [(None, value)]
            for key, target in named:
                if isinstance(target, str) and target:
                    yield Reference((setting,) if key is None else (setting, key), refers.kind, target)

    def uses(self) -> Iterator[Use]:
        """Every expression in this step."""
        return iter(())

    def gives(self) -> Iterator[Gift]:
        """Every variable that this step gives a value."""
        return iter(())

    def exits(self) -> Iterator[Reference]:
        """Where this step may lead while the caller is there, the words that are no step too."""
        return (r for r in self.references() if r.kind == "step" and r.path != ("when hung up",))

    def targets(self) -> Iterator[Reference]:
        """The steps that this step may lead to, also for a caller who has hung up."""
        return (r for r in self.references() if r.kind == "step" and not leaves(r.name))

    def without_caller(self) -> Iterator[Reference]:
        """The targets that a caller who does nothing may come to."""
        return (r for r in self.targets() if r.path != ("when hung up",))

    def script(self, story: "Story") -> "Script":
        """Perform the step: yield effects, receive their inputs, return the name of the next step."""
        raise NotImplementedError

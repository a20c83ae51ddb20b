"""What all steps of a flow have in common: a verb, settings, exits, and a script that says what happens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from ivr.site import HANG_UP
from ivr.verbs.words import Refers

if TYPE_CHECKING:
    from ivr.call.effects import Script
    from ivr.call.story import Story


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in a step: what kind of thing it names, and the settings that lead to it."""

    path: tuple[str, ...]
    kind: str
    name: str


class Step(BaseModel):
    """A step as it stands in a flow. Each verb is a subclass in `ivr/verbs`, whose docstring is its reference page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verb: ClassVar[str]
    """The word that makes a step this one: the key of its first setting."""

    takes_time: ClassVar[bool] = False
    """Whether people are asked to answer (dial, queue), so that a circle through it is no endless loop."""

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

    def targets(self) -> Iterator[Reference]:
        """Where this step may lead, `hang up` left out."""
        return (r for r in self.references() if r.kind == "step" and r.name != HANG_UP)

    def without_caller(self) -> Iterator[Reference]:
        """The targets that a caller who does nothing may come to."""
        return self.targets()

    def script(self, story: "Story") -> "Script":
        """Perform the step: yield effects, receive their inputs, return the name of the next step."""
        raise NotImplementedError

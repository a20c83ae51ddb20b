"""A second, slow and simple model of what the engine may do, written from the rules alone.

It learns from the same facts and from the decisions, shares no code with the engine beyond the words, and complains as
soon as a decision breaks a rule, or something that had to follow did not. `people` and `house` hold what it knows,
`hearing` takes in facts, `judging` decisions, `choosing` knows the strategies, `afterwards` what must hold at the end.
"""

from typing import Any

from acd.config import EngineConfig
from acd.decisions import Decision
from acd.facts import Fact
from acd.model import OfferResult, VisitOutcome
from tests.property.shadow.afterwards import look, look_around
from tests.property.shadow.hearing import hear
from tests.property.shadow.house import House
from tests.property.shadow.judging import judge
from tests.property.shadow.people import Caller, Phone

__all__ = ["Caller", "House", "Phone", "Shadow", "look"]


class Shadow:
    """The second model of one engine."""

    def __init__(self, config: EngineConfig) -> None:
        self.house = House(config)

    def hear(self, fact: Fact) -> None:
        """Take in a fact, before the engine does."""
        hear(self.house, fact)

    def see(self, fact: Fact, decisions: tuple[Decision, ...], engine: Any = None) -> None:
        """Judge what the engine made of it; AssertionError says which rule was broken. `engine` is looked at too."""
        for number, decision in enumerate(decisions, 1):
            self.house.decisions = number
            judge(self.house, fact, decision)
        look_around(self.house, decisions, engine)

    @property
    def t(self) -> int:
        return self.house.t

    @property
    def callers(self) -> dict[str, Caller]:
        return self.house.callers

    @property
    def outcomes(self) -> dict[str, VisitOutcome]:
        return {visit: outcome for visit, (outcome, _, _) in self.house.ends.items()}

    @property
    def results(self) -> dict[str, OfferResult]:
        return self.house.results

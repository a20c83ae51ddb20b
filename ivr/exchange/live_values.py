"""What expressions ask of a call that lives."""

from collections.abc import Callable, Mapping
from datetime import datetime

from ivr.exchange.house import House
from ivr.expression import EvaluationError, Expression, evaluate
from ivr.expression.present import built_in
from ivr.site import Site
from ivr.site.callers import CallerFacts
from ivr.site.overrides import State, opening_of
from ivr.site.values import Unknown, Value


class LiveValues:
    """Answers what an expression asks for; a `Present`. It looks when it is asked, not before."""

    def __init__(self, house: House, site: Site, did: str, caller: CallerFacts, now: Callable[[], datetime]) -> None:
        """`now` gives the time of this call in the site's zone (development: perhaps a pretended one)."""
        self._house = house
        self._now = now
        self.site, self.did, self.facts = site, did, caller

    def value(self, expression: Expression, known: Mapping[str, Value | Unknown]) -> Value | Unknown | None:
        """The value of an expression, or None where it has none."""

        def value_of(name: str) -> Value | Unknown:
            return known[name] if name in known else built_in(name, self)

        try:
            return evaluate(expression, value_of)
        except (EvaluationError, KeyError):
            return None

    @property
    def local(self) -> datetime:
        """The time of this call, in the site's zone."""
        return self._now()

    @property
    def lines_in_use(self) -> int:
        """Calls that live, this one included."""
        return sum(not live.inside for live in self._house.calls)

    def figure(self, queue: str, what: str) -> int:
        """Of a queue, at this moment."""
        return self._house.waiting.figure(queue, what)

    def is_open(self, timetable: str) -> bool:
        """Whether the company is open."""
        return self.opening(timetable)[0] is State.OPEN

    def opening(self, timetable: str) -> tuple[State, str, str]:
        """How the company is now: state, and the prompt or the file that callers are to hear."""
        # An override ends in true time: a call that pretends another one finds what is in force now.
        answer = opening_of(self.site, timetable, self._house.overrides.state(timetable), self._now())
        return answer.state, answer.prompt, answer.file

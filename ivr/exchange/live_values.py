"""The built-in names of expressions, answered for one call at one time."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from ivr.exchange.house import House
from ivr.expression import EvaluationError, Expression, evaluate
from ivr.expression.names import WEEKDAYS, fact
from ivr.site import Site
from ivr.site.callers import CallerFacts
from ivr.site.overrides import State, opening_of
from ivr.site.values import Unknown, Value


class LiveValues:
    """Answers what an expression asks for. A condition and the clock are asked at the time of the question."""

    def __init__(self, house: House, site: Site, did: str, caller: CallerFacts, now: Callable[[], datetime]) -> None:
        """`now` gives the time of this call in the site's zone (development: perhaps a pretended one)."""
        self._house = house
        self._site = site
        self._did = did
        self._caller = caller
        self._now = now

    def value(self, expression: Expression, known: Mapping[str, Value | Unknown]) -> Value | Unknown | None:
        """The value of an expression, or None where it has none."""

        def value_of(name: str) -> Value | Unknown:
            return known[name] if name in known else self._built_in(name)

        try:
            return evaluate(expression, value_of)
        except (EvaluationError, KeyError):
            return None

    def _built_in(self, name: str) -> Value:
        """The value of a built-in name; raises KeyError for any other."""
        kind, about = fact(name)
        if kind.startswith("queues."):
            return Decimal(self._house.waiting.figure(about, kind.rpartition(".")[2]))
        if kind == "caller in LIST":
            return about in self._caller.lists
        if kind == "open(TIMETABLE)":
            return self.opening(about)[0] is State.OPEN
        return self._plain(kind)

    def _plain(self, kind: str) -> Value:
        now = self._now()
        match kind:
            case "caller.number":
                return self._caller.number
            case "caller.anonymous":
                return self._caller.anonymous
            case "caller.segment":
                return self._caller.segment
            case "did":
                return self._did
            case "today":
                return now.date()
            case "now":
                return now.time().replace(second=0, microsecond=0, tzinfo=None)
            case "weekday":
                return WEEKDAYS[now.weekday()]
            case "holiday":
                return self._site.holidays.name_of(now.date()) is not None
            case "lines.in_use":
                return Decimal(len(self._house.calls))
            case "lines.free":
                return Decimal(max(0, self._site.lines - len(self._house.calls)))
        raise KeyError(kind)

    def opening(self, timetable: str) -> tuple[State, str, str]:
        """How the company is now: state, and the prompt or the file that callers are to hear."""
        # An override ends in true time: a call that pretends another one finds what is in force now.
        answer = opening_of(self._site, timetable, self._house.overrides.state(timetable), self._now())
        return answer.state, answer.prompt, answer.file

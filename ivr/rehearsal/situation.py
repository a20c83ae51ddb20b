"""What is so when a simulated call comes in: the time, the caller, who is there, what was overridden. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from ivr.call.effects import Opening
from ivr.expression.names import WEEKDAYS, fact
from ivr.site import Site
from ivr.site.callers import CallerFacts, caller_facts
from ivr.site.overrides import Override, State, opening_of
from ivr.site.values import Value


@dataclass(frozen=True, kw_only=True)
class Situation:
    """`local`: aware, in the site's time zone. `caller`: the number as the trunk sends it; empty = withheld.
    `figures`: queue -> figure (waiting, ready, logged_in, longest_wait) -> value; what is not there is an empty queue
    all of whose agents are ready."""

    site: Site
    local: datetime
    did: str
    caller: str = ""
    overrides: Mapping[str, Override] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    lines_in_use: int = 1

    @cached_property
    def facts(self) -> CallerFacts:
        """What the site's lists say of the caller."""
        return caller_facts(self.site, self.caller, self.local.date())

    def opening(self, timetable: str) -> Opening:
        """How the company is."""
        found = opening_of(self.site, timetable, self.overrides.get(timetable), self.local)
        return Opening(found.state.value, found.prompt, found.file)

    def value_of(self, name: str) -> Value:
        """The value of a built-in name of expressions. Raises KeyError for any other."""
        kind, about = fact(name)
        if kind.startswith("queues."):
            return Decimal(self._figure(about, kind.rpartition(".")[2]))
        if kind == "caller in LIST":
            return about in self.facts.lists
        if kind == "open(TIMETABLE)":
            return self.opening(about).state == State.OPEN.value
        return self._plain[kind]

    def _figure(self, queue: str, what: str) -> int:
        agents = len(self.site.queues[queue].agents)
        usual = {"waiting": 0, "longest_wait": 0, "ready": agents, "logged_in": agents}
        return self.figures.get(queue, {}).get(what, usual[what])

    @cached_property
    def _plain(self) -> Mapping[str, Value]:
        now = self.local
        return {
            "caller.number": self.facts.number,
            "caller.anonymous": self.facts.anonymous,
            "caller.segment": self.facts.segment,
            "did": self.did,
            "today": now.date(),
            "now": now.time().replace(second=0, microsecond=0, tzinfo=None),
            "weekday": WEEKDAYS[now.weekday()],
            "holiday": self.site.holidays.name_of(now.date()) is not None,
            "lines.in_use": Decimal(self.lines_in_use),
            "lines.free": Decimal(max(0, self.site.lines - self.lines_in_use)),
        }

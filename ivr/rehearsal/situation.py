"""What is so when a simulated call comes in: the time, the caller, who is there, what was overridden. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from ivr.call.effects import Opening
from ivr.expression.present import built_in
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

    def is_open(self, timetable: str) -> bool:
        """Whether the company is open."""
        return self.opening(timetable).state == State.OPEN.value

    def value_of(self, name: str) -> Value:
        """The value of a built-in name of expressions. Raises KeyError for any other."""
        return built_in(name, self)

    def figure(self, queue: str, what: str) -> int:
        """Of a queue; as in an empty one whose agents are all ready, where nothing else is said."""
        agents = len(self.site.queues[queue].agents)
        usual = {"waiting": 0, "longest_wait": 0, "ready": agents, "logged_in": agents}
        return self.figures.get(queue, {}).get(what, usual[what])

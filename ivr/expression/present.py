"""The values of the built-in names, for a call that lives and for one that is only tried alike."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from ivr.expression.names import WEEKDAYS, fact
from ivr.site import Site
from ivr.site.callers import CallerFacts
from ivr.site.values import Value


class Present(Protocol):
    """What is known of a call at this time."""

    @property
    def site(self) -> Site: ...
    @property
    def did(self) -> str: ...
    @property
    def facts(self) -> CallerFacts: ...
    @property
    def local(self) -> datetime:
        """Aware, in the site's time zone."""

    @property
    def lines_in_use(self) -> int:
        """Calls that live, this one included."""

    def is_open(self, timetable: str) -> bool:
        """Whether a timetable, or what overrides it, says open."""

    def figure(self, queue: str, what: str) -> int:
        """`waiting`, `ready`, `logged_in` or `longest_wait` (seconds) of a queue."""


def built_in(name: str, present: Present) -> Value:
    """The value of a built-in name. Raises KeyError for any other, and for `language`, which the call itself knows."""
    kind, about = fact(name)
    if kind.startswith("queues."):
        return Decimal(present.figure(about, kind.rpartition(".")[2]))
    if kind == "caller in LIST":
        return about in present.facts.lists
    if kind == "open(TIMETABLE)":
        return present.is_open(about)
    return _PLAIN[kind](present)


_PLAIN: Final[Mapping[str, Callable[[Present], Value]]] = {
    "caller.number": lambda present: present.facts.number,
    "caller.anonymous": lambda present: present.facts.anonymous,
    "caller.segment": lambda present: present.facts.segment,
    "did": lambda present: present.did,
    "today": lambda present: present.local.date(),
    "now": lambda present: present.local.time().replace(second=0, microsecond=0, tzinfo=None),
    "weekday": lambda present: WEEKDAYS[present.local.weekday()],
    "holiday": lambda present: present.site.holidays.name_of(present.local.date()) is not None,
    "lines.in_use": lambda present: Decimal(present.lines_in_use),
    "lines.free": lambda present: Decimal(max(0, present.site.lines - present.lines_in_use)),
}

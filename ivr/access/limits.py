"""How far somebody reaches: which queues, agents, calls, mailboxes and timetables are within it. Written once, here.

A supervisor's account names queues and mailboxes; theirs are the agents who ever serve one of the queues, the calls
that were in one of them, and the timetables that open them. An agent's account names one extension; theirs are the
calls that this extension talked in, the queues that it serves, and the mailboxes that it may listen to by telephone.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from ivr.access.model import Principal, Reach


class Queue(Protocol):
    """What is asked of a queue's settings (ivr.site.QueueSettings)."""

    @property
    def agents_ever(self) -> Collection[str]: ...
    @property
    def open(self) -> str: ...


class Mailbox(Protocol):
    """What is asked of a mailbox (ivr.site.mailboxes.Mailbox)."""

    @property
    def extensions(self) -> Collection[str]: ...


class Site(Protocol):
    """What is asked of the site in force (ivr.site.Site)."""

    @property
    def queues(self) -> Mapping[str, Queue]: ...
    @property
    def mailboxes(self) -> Mapping[str, Mailbox]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """With `everything` there are none. `queues` are looked at; `visited`: calls that were in one of these are within
    reach, and `talked`: those in which this extension talked."""

    everything: bool = False
    queues: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    mailboxes: frozenset[str] = frozenset()
    timetables: frozenset[str] = frozenset()
    visited: frozenset[str] = frozenset()
    talked: str = ""

    def queue(self, name: str) -> bool:
        """Whether a queue is within reach, also one that the site no longer has."""
        return self.everything or name in self.queues

    def agent(self, extension: str) -> bool:
        """Whether an agent is within reach."""
        return self.everything or extension in self.agents

    def mailbox(self, name: str) -> bool:
        """Whether a mailbox is within reach."""
        return self.everything or name in self.mailboxes

    def timetable(self, name: str) -> bool:
        """Whether a timetable is within reach."""
        return self.everything or name in self.timetables

    def call(self, queues: Collection[str], talked: Collection[str]) -> bool:
        """Whether a call is within reach that was in these queues, and in which these extensions talked."""
        return self.everything or not self.visited.isdisjoint(queues) or (bool(self.talked) and self.talked in talked)


def limits(principal: Principal, reach: Reach, site: Site) -> Limits:
    """How far a principal goes on a route that lets him go `reach` far."""
    match reach:
        case Reach.EVERYTHING:
            return Limits(everything=True)
        case Reach.OWN_QUEUES:
            return _of_queues(principal, site)
        case Reach.SELF:
            return _of_extension(principal, site)
        case _:
            return Limits()


MOST_KEPT = 2_000
"""Reaches that are remembered; more accounts than that are worked out anew."""


class Reaches:
    """`limits` for who asks each second: worked out once for each account and edition of the site."""

    def __init__(self, site: Callable[[], Site]) -> None:
        self._site = site
        self._edition: Site | None = None
        self._kept: dict[tuple[Reach, str, frozenset[str], frozenset[str]], Limits] = {}

    def of(self, principal: Principal, reach: Reach) -> Limits:
        """How far a principal goes by the site in force, on a route that lets him go `reach` far."""
        site = self._site()
        if site is not self._edition or len(self._kept) >= MOST_KEPT:
            self._edition, self._kept = site, {}
        key = reach, principal.extension, principal.queues, principal.mailboxes
        if key not in self._kept:
            self._kept[key] = limits(principal, reach, site)
        return self._kept[key]


def _of_queues(principal: Principal, site: Site) -> Limits:
    own = [settings for name, settings in site.queues.items() if name in principal.queues]
    return Limits(
        queues=principal.queues,
        agents=frozenset(agent for settings in own for agent in settings.agents_ever),
        mailboxes=principal.mailboxes,
        timetables=frozenset(settings.open for settings in own if settings.open),
        visited=principal.queues,
    )


def _of_extension(principal: Principal, site: Site) -> Limits:
    extension = principal.extension
    if not extension:
        return Limits()
    heard = (name for name, box in site.mailboxes.items() if extension in box.extensions)
    return Limits(
        queues=frozenset(name for name, settings in site.queues.items() if extension in settings.agents_ever),
        agents=frozenset({extension}),
        mailboxes=principal.mailboxes | frozenset(heard),
        talked=extension,
    )

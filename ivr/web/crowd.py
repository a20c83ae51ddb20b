"""Who may connect, how many at once and how often, before a byte of theirs is read. Pure: the time is given.

An attack from a thousand addresses keeps within what one address may; so all those of whom nothing is known share one
bucket and leave a part of the room free. Who logged in lately from where he comes, or stands where the settings say
that colleagues do, is no stranger and meets no bound but his own.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from ivr.access.addresses import OFFICE_SHARE, Offices, house_of, nowhere
from ivr.web.pace import Buckets, Pace, Paces

STRANGERS_SHARE = 4
"""All strangers together come this many times as often as one address may."""

_ALL = ""


class Standing(Enum):
    """What is known of an address."""

    OURS = "ours"  # the socket file, a proxy, a monitor: without a limit of its own
    OFFICE = "office"  # many people stand behind it
    KNOWN = "known"  # somebody logged in from there
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdLimits:
    """How many connections, and how often one address may connect, and ask."""

    connections: int = 1_000
    connections_of_one: int = 64
    pace: Pace = field(default_factory=Pace)

    @property
    def connections_of_office(self) -> int:
        """A quarter is left for everybody else."""
        return max(self.connections_of_one, min(self.connections_of_one * OFFICE_SHARE, self._most_of_all))

    @property
    def connections_of_strangers(self) -> int:
        """Of all of them; a quarter is left for those who are known."""
        return max(self.connections_of_one, self._most_of_all)

    @property
    def _most_of_all(self) -> int:
        return self.connections * 3 // 4


@dataclass(frozen=True, slots=True, eq=False)
class Guest:
    """A connection that was let in."""

    address: str
    house: str
    standing: Standing


class Crowd:
    """Of one address that is listened at. The predicates are asked with an address: `ours`, whether it is a proxy's or
    a monitor's; `known`, whether somebody logged in from there lately; `office`, whether many stand behind it."""

    def __init__(
        self,
        limits: CrowdLimits | None = None,
        *,
        ours: Callable[[str], bool] = nowhere,
        known: Callable[[str], bool] = nowhere,
        office: Offices = nowhere,
        turned_away: Callable[[], None] = lambda: None,
    ) -> None:
        """`turned_away` is told of each connection, and of each request, that is one too many."""
        self._limits = limits or CrowdLimits()
        self._ours, self._known, self._office = ours, known, office
        self._of: Counter[str] = Counter()
        self._standing: Counter[Standing] = Counter()
        pace = self._limits.pace
        self._coming, self._asking = Paces(pace, office), Paces(pace, office)
        self._strangers_coming, self._strangers_asking = (Buckets(pace.times(STRANGERS_SHARE)) for _ in range(2))
        self._turned_away = turned_away

    def enter(self, address: str, now_us: int) -> Guest | None:
        """Let a connection in, until `leave`; None when there is no room, or too many came of late. An empty address:
        a socket file."""
        guest = Guest(address, house_of(address), self._standing_of(address))
        if not self._room(guest) or self._too_often(guest, self._coming, self._strangers_coming, now_us):
            self._turned_away()
            return None
        self._of[guest.house] += 1
        self._standing[guest.standing] += 1
        return guest

    def leave(self, guest: Guest) -> None:
        """The connection is gone."""
        self._standing[guest.standing] -= 1
        self._of[guest.house] -= 1
        if not self._of[guest.house]:
            del self._of[guest.house]

    def ask(self, guest: Guest, now_us: int) -> float:
        """A request; 0 when it may be read, else the seconds until it might."""
        wait = self._too_often(guest, self._asking, self._strangers_asking, now_us)
        if wait:
            self._turned_away()
        return wait

    def _standing_of(self, address: str) -> Standing:
        if not address or self._ours(address):
            return Standing.OURS
        if self._office(address):
            return Standing.OFFICE
        return Standing.KNOWN if self._known(address) else Standing.STRANGER

    def _room(self, guest: Guest) -> bool:
        limits = self._limits
        if self._standing.total() >= limits.connections:
            return False
        if guest.standing is Standing.OURS:
            return True
        if guest.standing is Standing.STRANGER and self._standing[Standing.STRANGER] >= limits.connections_of_strangers:
            return False
        office = guest.standing is Standing.OFFICE
        return self._of[guest.house] < (limits.connections_of_office if office else limits.connections_of_one)

    def _too_often(self, guest: Guest, own: Paces, strangers: Buckets, now_us: int) -> float:
        if guest.standing is Standing.OURS:
            return 0.0
        wait = own.take(guest.address, now_us)
        if not wait and guest.standing is Standing.STRANGER:
            wait = strangers.take(_ALL, now_us)
        return wait

"""Who may connect, how many at once and how often, before a byte of theirs is read. Pure: the time is given.

An attack from a thousand addresses keeps within what each of them may; so all those of whom nothing is known share one
pace (`Pacing`), and have half of the room. Who logged in lately from where he comes, or stands where the settings say
that colleagues do, is no stranger.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from ivr.access.addresses import OFFICE_SHARE, Offices, house_of, nowhere
from ivr.web.pace import Pace, Pacing


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
        return max(self.connections_of_one, min(self.connections_of_one * OFFICE_SHARE, self.connections * 3 // 4))

    @property
    def connections_of_strangers(self) -> int:
        """Of all of them together; half is left for those who are known."""
        return self.connections // 2

    @property
    def connections_of_others(self) -> int:
        """Of all who are not ours: the last ones are for the proxy and for who watches."""
        return self.connections - self.connections // 16


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
        self._coming, self._asking = (Pacing(self._limits.pace, known, office) for _ in range(2))
        self._turned_away = turned_away

    def enter(self, address: str, now_us: int) -> Guest | None:
        """Let a connection in, until `leave`; None when there is no room, or too many came of late. An empty address:
        a socket file."""
        guest = Guest(address, house_of(address), self._standing_of(address))
        if not self._room(guest) or self._wait(guest, self._coming, now_us):
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
        wait = self._wait(guest, self._asking, now_us)
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
        limits, here = self._limits, self._standing.total()
        if guest.standing is Standing.OURS:
            return here < limits.connections
        if here >= limits.connections_of_others:
            return False
        if guest.standing is Standing.STRANGER and self._standing[Standing.STRANGER] >= limits.connections_of_strangers:
            return False
        office = guest.standing is Standing.OFFICE
        return self._of[guest.house] < (limits.connections_of_office if office else limits.connections_of_one)

    def _wait(self, guest: Guest, pacing: Pacing, now_us: int) -> float:
        return 0.0 if guest.standing is Standing.OURS else pacing.take(guest.address, now_us)

"""Who asks, in which role, and how far that role reaches."""

from dataclasses import dataclass, field
from enum import Enum, IntEnum


class Role(Enum):
    """What an account is for. Each has exactly one."""

    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    AUDITOR = "auditor"
    MONITOR = "monitor"


class Reach(IntEnum):
    """Of what a role may do on a route: about whom."""

    NOBODY = 0
    SELF = 1
    """The account's own extension, calls, password."""
    OWN_QUEUES = 2
    """The account's queues, and the agents, calls and mailboxes that belong to them."""
    EVERYTHING = 3


class Via(Enum):
    """On which way somebody comes in."""

    SESSION = "session"
    TOKEN = "token"
    LOCAL = "local"
    """The socket file of this machine, with the token that only the server's own user can read."""


ANY_SCOPE = "*"

NUMBERS_IN_FULL = frozenset({Role.ADMIN, Role.SUPERVISOR, Role.AUDITOR, Role.AGENT})
"""Roles that see callers' numbers, within their reach; the others see the last three digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks. `person`: the name for the audit; at the socket file it is the user of the machine."""

    account: str
    role: Role
    via: Via
    address: str = ""
    person: str = ""
    extension: str = ""
    queues: frozenset[str] = field(default_factory=frozenset)
    mailboxes: frozenset[str] = field(default_factory=frozenset)
    scopes: frozenset[str] = frozenset({ANY_SCOPE})
    credential: str = ""
    """Which session or token, by its public id."""
    must_change: bool = False
    """The password has to be changed before anything else is allowed."""

    @property
    def sees_numbers(self) -> bool:
        """Callers' numbers are shown in full."""
        return self.role in NUMBERS_IN_FULL

    @property
    def who(self) -> str:
        """For journal, log and audit."""
        return self.person or self.account

"""What was seen of an installation. Plain data: the judgements of it need no machine.

None means everywhere: it could not be looked at. `gaps` says why.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from ivr.settings.environment import Endpoint
from ivr.settings.networks import Network


@dataclass(frozen=True, slots=True)
class Gap:
    """What could not be looked at, why, and what would help."""

    where: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Socket:
    """Somebody listens. `program` is empty where the kernel does not tell us whose it is."""

    protocol: str
    """`tcp` or `udp`."""
    host: str
    port: int
    pid: int = 0
    program: str = ""
    tls: bool | None = None
    """What was answered to a TLS greeting; None: not asked."""

    @property
    def address(self) -> Endpoint:
        """Where."""
        return Endpoint(self.host, self.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """Addresses by the settings, and what truly listens. `asterisk`: the process ids of this instance's Asterisk."""

    sip: Endpoint
    ami: Endpoint
    fastagi: Endpoint
    http: Endpoint
    tls: bool = False
    """A certificate is set."""
    sockets: tuple[Socket, ...] | None = None
    asterisk: frozenset[int] = frozenset()
    proxies: tuple[Network, ...] = ()
    monitors: tuple[Network, ...] = ()
    offices: tuple[Network, ...] = ()
    development: bool = False
    journal: str = ""
    records: str = ""


class SecretKind(Enum):
    """How good it has to be."""

    PHONE = "password of a phone"
    PIN = "PIN"
    KEY = "key"
    """Made by the server."""
    OUTSIDE = "password for another system"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of a file. Its text is never part of a finding."""

    where: str
    owner: str
    """The extension, mailbox, ... that it belongs to; the file's name else."""
    kind: SecretKind
    text: str = field(repr=False)


class Holds(Enum):
    """What a tree of files is, and so who may do what with it."""

    SECRETS = "passwords and keys"
    CALLERS = "callers' numbers, talks and messages"
    ORDERS = "what the server and Asterisk obey"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or socket. `group_comes`, `others_come`: every folder above lets them through."""

    path: str
    mode: int
    """As in stat: kind and permissions."""
    uid: int
    group_comes: bool
    others_come: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """A file or folder with everything in it. `cut`: there was more than could be looked at."""

    root: str
    holds: Holds
    entries: tuple[Entry, ...]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Backup:
    """The folder of backups."""

    folder: str
    exists: bool
    newest: datetime | None = None
    """When the newest file in it, that is not empty, was written."""
    same_disk: bool = False


@dataclass(frozen=True, slots=True)
class TimeKeeping:
    """What keeps the clock right. `offset_seconds`: how wrong it is, where somebody knows."""

    synchronised: bool
    source: str
    offset_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """A disk, by a path on it. Sizes in bytes."""

    path: str
    size: int
    free: int
    inodes: int = 0
    inodes_free: int = 0
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """A TLS certificate. `fault`: why it cannot be used at all."""

    where: str
    begins: datetime | None = None
    ends: datetime | None = None
    fits_key: bool = True
    fault: str = ""


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """An account that may log in (not one that is disabled)."""

    name: str
    role: str
    second_factor: bool
    must_change: bool
    created: datetime
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class TokenSeen:
    """A token that is valid."""

    name: str
    account: str
    everything: bool
    created: datetime
    expires: datetime
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class AuditSeen:
    """The audit's chain. `broken`: where it does not hold, in words; `verified`: entries that were looked at."""

    entries: int
    broken: str = ""
    verified: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingsSeen:
    """Of an instance whose site records talks. `recipients`: the file of those for whom keys are wrapped;
    `recipients_fault`: why nobody can be read there. `identity`: the file of the one that is here; `opens`: whether it
    opens what is recorded, None: not known. `elsewhere`: others run the key service. `same_disk`: the vault lies on
    the disk that talks are recorded on. `waiting`: how many finished talks are not in the vault, `oldest` since when.
    `verified`: when all was last verified, and `unsound` how many findings there were; `since`: the first recording."""

    recipients: str
    recipients_fault: str = ""
    identity: str = ""
    opens: bool | None = None
    elsewhere: bool = False
    same_disk: bool = False
    vault: str = ""
    waiting: int = 0
    oldest: datetime | None = None
    verified: datetime | None = None
    unsound: int = 0
    since: datetime | None = None
    backup: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything, at one moment."""

    now: datetime
    wires: Wires
    secrets: tuple[Secret, ...] = ()
    first_password: str = ""
    """The file of the first administrator's password, while it is there."""
    trees: tuple[Tree, ...] = ()
    owner: int | None = None
    """The user id that owns the folder of everything that changes."""
    backup: Backup | None = None
    time: TimeKeeping | None = None
    latest_write: tuple[str, datetime] | None = None
    """The file of the server that was written last."""
    volumes: tuple[Volume, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    accounts: tuple[AccountSeen, ...] | None = None
    tokens: tuple[TokenSeen, ...] = ()
    audit: AuditSeen | None = None
    recordings: RecordingsSeen | None = None
    """None: no talk is ever recorded, or the site cannot be read."""
    gaps: tuple[Gap, ...] = ()

"""What differs between two instances of the same site: folders, addresses, names. Read once, from the environment.

Everything about the site itself (numbers, hours, queues, prompts) stands in `config/` and `ivr/flows/`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import TypeVar

from ivr.settings.networks import Network, networks

T = TypeVar("T")


class SettingsError(Exception):
    """The environment is not usable. The message has one line a fault, each with its remedy."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Profile(Enum):
    """`development` accepts what a test needs (a pretended time); `production` does not."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that somebody listens at."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class PortRange:
    """UDP ports for audio, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The `CENTRALITA_...` variables; all are optional. Paths are absolute."""

    config: Path
    flows: Path
    var: Path
    sip: Endpoint
    ami: Endpoint
    fastagi: Endpoint
    http: Endpoint
    rtp: PortRange
    journal: str
    records: str
    node: str
    profile: Profile
    asterisk_root: Path
    watch: bool
    """A change of the site's files comes into force by itself."""
    proxies: tuple[Network, ...]
    """Who may say for whom a request comes (X-Forwarded-For)."""
    monitors: tuple[Network, ...]
    """For whom /metrics, /healthz and /readyz are."""
    offices: tuple[Network, ...]
    """Behind whose addresses many people stand: each of them has several times the share of one."""
    names: tuple[str, ...]
    """What the server is called in address bars, beside its addresses and localhost."""
    tls_cert: Path | None
    tls_key: Path | None
    rate: int
    """Requests a second that one address may make in the long run; four times as many at once."""
    server: str
    """For the commands: the server to ask, when it is not the one of this machine (https://...)."""
    token: str = field(repr=False)
    """For the commands: who asks that server."""
    backup: Path
    """Where the operator's backups lie; `ivr doctor` looks there."""
    keys: Path | None
    """The socket of the service that opens recordings' keys, when it is not the server's own."""
    session_idle: timedelta
    """A session of a browser ends so long after its last request."""
    session_life: timedelta
    """And so long after its login."""
    oidc: str
    """Single sign-on (ivr.accounts.oidc): https://ISSUER?client_id=ID, or empty."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Environment":
        """Read and check every variable. Raises SettingsError with all faults at once."""
        read = _Reading(environ)
        var = read.get("CENTRALITA_VAR", "./var", _path)
        environment = cls(
            config=read.get("CENTRALITA_CONFIG", "./config", _path),
            flows=read.get("CENTRALITA_FLOWS", "./ivr/flows", _path),
            var=var,
            sip=read.get("CENTRALITA_SIP", "127.0.0.1:5060", _endpoint),
            ami=read.get("CENTRALITA_AMI", "127.0.0.1:5038", _endpoint),
            fastagi=read.get("CENTRALITA_FASTAGI", "127.0.0.1:4573", _endpoint),
            http=read.get("CENTRALITA_HTTP", "127.0.0.1:8080", _endpoint),
            rtp=read.get("CENTRALITA_RTP", "10000-10999", _port_range),
            journal=read.get("CENTRALITA_JOURNAL", f"sqlite:///{var / 'journal.sqlite'}", _journal),
            records=read.get("CENTRALITA_RECORDS", f"sqlite:///{var / 'records.sqlite'}", _records),
            node=read.get("CENTRALITA_NODE", "n1", _node),
            profile=read.get("CENTRALITA_PROFILE", "development", _profile),
            asterisk_root=read.get("CENTRALITA_ASTERISK_ROOT", str(var / "asterisk" / "root"), _path),
            watch=read.get("CENTRALITA_WATCH", "yes", _yes_or_no),
            proxies=read.get("CENTRALITA_PROXIES", "", networks),
            monitors=read.get("CENTRALITA_MONITORS", "127.0.0.0/8, ::1", networks),
            offices=read.get("CENTRALITA_OFFICES", "", networks),
            names=read.get("CENTRALITA_NAMES", "", _names),
            tls_cert=read.get("CENTRALITA_TLS_CERT", "", _file),
            tls_key=read.get("CENTRALITA_TLS_KEY", "", _file),
            rate=read.get("CENTRALITA_RATE", "50", _rate),
            server=read.get("CENTRALITA_SERVER", "", _server),
            token=read.get("CENTRALITA_TOKEN", "", _token, secret=True),
            backup=read.get("CENTRALITA_BACKUP", str(var / "backup"), _path),
            keys=read.get("CENTRALITA_KEYS", "", _file),
            session_idle=read.get("CENTRALITA_SESSION_IDLE", "30", _minutes),
            session_life=read.get("CENTRALITA_SESSION_LIFE", "720", _minutes),
            oidc=read.get("CENTRALITA_OIDC", "", _oidc),
        )
        unknown = sorted(name for name in environ if name.startswith("CENTRALITA_") and name not in read.known)
        if (environment.tls_cert is None) is not (environment.tls_key is None):
            missing = "CENTRALITA_TLS_KEY" if environment.tls_key is None else "CENTRALITA_TLS_CERT"
            read.faults.append(f"{missing}: a certificate needs its key, in a file of its own; set both or none")
        faults = [*read.faults, *(_unknown(name, read.known) for name in unknown)]
        if faults:
            raise SettingsError(tuple(faults))
        return environment


# These belong to the tests, not to the server.
_OF_OTHERS = ("CENTRALITA_DATA", "CENTRALITA_TEST_SERVERS")


class _Reading:
    """Takes values one by one and keeps every fault, so that all are told at once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []
        self.known: list[str] = [*_OF_OTHERS]

    def get(self, name: str, default: str, parse: Callable[[str], T], *, secret: bool = False) -> T:
        """The value of a variable (empty counts as not set); a faulty one is noted and replaced by the default."""
        self.known.append(name)
        text = self._environ.get(name, "").strip() or default
        try:
            return parse(text)
        except ValueError as fault:
            self.faults.append(f"{name}={'***' if secret else _shown(text)}: {fault}")
            return parse(default)


def _shown(text: str) -> str:
    """The value for a message, without a password in a URL and without control characters."""
    return ascii(re.sub(r"(://[^/@]*:)[^/@]*@", r"\1***@", text))


def _unknown(name: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, 1)
    return f"{name}: no such setting" + (f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}")


def _path(text: str) -> Path:
    if "\0" in text or "\n" in text:
        raise ValueError("a path has no line breaks; write for example /var/lib/centralita")
    return Path(text).expanduser().absolute()


def _endpoint(text: str) -> Endpoint:
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})", text)
    if match is None:
        raise ValueError("write an address and a port, for example 127.0.0.1:5060")
    return Endpoint(match[1] or match[2], _port(match[3]))


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError("a port lies between 1 and 65535")
    return port


def _port_range(text: str) -> PortRange:
    match = re.fullmatch(r"([0-9]{1,5})-([0-9]{1,5})", text)
    if match is None:
        raise ValueError("write the first and the last port, for example 10000-10999")
    first, last = _port(match[1]), _port(match[2])
    if last - first < 15:
        raise ValueError("each call takes up to 4 ports: leave room for at least 16, for example 10000-10999")
    return PortRange(first, last)


def _journal(text: str) -> str:
    if text == "memory:" or re.match(r"(sqlite:///|rediss?://|unix://)\S", text):
        return text
    raise ValueError("write memory:, sqlite:///PATH, redis://HOST:PORT/0 or unix:///SOCKET?stream=NAME")


def _records(text: str) -> str:
    if re.match(r"(sqlite|postgresql)(\+\w+)?://", text):
        return with_driver(text)
    raise ValueError("write sqlite:///PATH or postgresql://HOST/NAME")


def with_driver(database: str) -> str:
    """A database's address with the driver that is installed; SQLAlchemy's own choice for PostgreSQL is another."""
    return re.sub(r"^postgresql://", "postgresql+psycopg://", database)


def _node(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]{0,11}", text):
        raise ValueError("a node's name has 1 to 12 small letters and digits and begins with a letter, for example n1")
    return text


def _file(text: str) -> Path | None:
    return _path(text) if text else None


def _names(text: str) -> tuple[str, ...]:
    found = tuple(filter(None, (part.strip().lower() for part in text.split(","))))
    if not all(re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?", name) for name in found):
        raise ValueError("write host names without port and scheme, for example pbx.example.com, pbx")
    return found


def _rate(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) < 1:
        raise ValueError("write how many requests a second one address may make, for example 50")
    return int(text)


def _minutes(text: str) -> timedelta:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 10_080:
        raise ValueError("write minutes, between 1 and 10080 (a week)")
    return timedelta(minutes=int(text))


def _oidc(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^\s?#]+\?(?:[^\s#]*&)?client_id=[^\s#&]+(?:&[^\s#]*)?", text):
        raise ValueError("write the issuer and our name there: https://ISSUER?client_id=ID")
    if text.startswith("http://") and not re.match(r"http://(localhost|127\.0\.0\.1|\[::1\])[:/?]", text):
        raise ValueError("write https://: who stands between could be anybody")
    return text


def _server(text: str) -> str:
    found = re.fullmatch(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?/?", text)
    if text and found is None:
        raise ValueError("write https:// and a name, for example https://pbx.example.com")
    if found is not None and found[1] == "http" and found[2] not in ("localhost", "127.0.0.1", "[::1]"):
        raise ValueError("a token goes over https only; write https:// and the name")
    return text.rstrip("/")


def _token(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._~+/=-]*", text) or len(text) > 512:
        raise ValueError("this is no token; one begins with cnt_ and is shown once by: ivr tokens add")
    return text


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("yes", "no"):
        raise ValueError("write yes or no")
    return text.lower() == "yes"


def _profile(text: str) -> Profile:
    try:
        return Profile(text)
    except ValueError:
        raise ValueError("write development or production") from None

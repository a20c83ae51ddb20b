"""Who can reach what: judged by what listens, and by the settings where nothing listens. Pure."""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qs

from ivr.doctor.finding import Finding, fault, note, unseen, warning
from ivr.doctor.observed import Socket, Wires
from ivr.doctor.stores import parts_of
from ivr.settings.environment import Endpoint
from ivr.settings.networks import Network


class Circle(IntEnum):
    """From where an address is reached, as far as the address tells; firewalls are not known."""

    MACHINE = 0
    NETWORK = 1
    WORLD = 2


def circle(host: str) -> Circle:
    """Of an address that somebody listens at. A name other than localhost counts as one of the network."""
    if host == "localhost":
        return Circle.MACHINE
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return Circle.NETWORK
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return Circle.MACHINE
    return Circle.WORLD if address.is_unspecified or address.is_global else Circle.NETWORK


_FROM = {Circle.NETWORK: "other machines of its network", Circle.WORLD: "every network that this machine is in"}

_REDO = "then: ivr install, and restart Asterisk and the server"


def judge(wires: Wires) -> Iterator[Finding]:
    """Everything about addresses."""
    if wires.sockets is None:
        yield unseen("/proc/net", "what listens could not be read; only the settings were judged",
                     "run `ivr doctor` on the machine of the server")  # fmt: skip
    yield from _alone("ami", "Asterisk's manager (AMI)", wires.ami, wires, "CENTRALITA_AMI=127.0.0.1:5038")
    yield from _alone("agi", "FastAGI", wires.fastagi, wires, "CENTRALITA_FASTAGI=127.0.0.1:4573")
    yield from _http(wires)
    yield from _sip(wires)
    yield from _unknown_ports(wires)
    yield from _stores(wires)
    yield from _networks(wires)


def _places(protocol: str, setting: Endpoint, wires: Wires) -> list[tuple[str, str, bool | None]]:
    """(host, place in words, speaks TLS) of whatever listens at a port; the setting when nothing does."""
    found = [one for one in wires.sockets or () if (one.protocol, one.port) == (protocol, setting.port)]
    if not found:
        return [(setting.host, f"{setting} (by the settings; nothing listens there now)", None)]
    return [(one.host, _told(one), one.tls) for one in found]


def _told(one: Socket) -> str:
    return f"{one.address}/{one.protocol}" + (f" ({one.program}, process {one.pid})" if one.program else "")


def _alone(kind: str, name: str, setting: Endpoint, wires: Wires, right: str) -> Iterator[Finding]:
    """What only this machine should reach."""
    danger = {
        "ami": "whoever learns its secret originates calls and runs commands",
        "agi": "it has no password: whoever connects pretends to be Asterisk, asks the look-ups and fills the records",
    }[kind]
    for host, where, _ in _places("tcp", setting, wires):
        reach = circle(host)
        if reach is Circle.MACHINE:
            continue
        say = fault if reach is Circle.WORLD else warning
        yield say(f"{kind}-exposed", where, f"{name} is reachable from {_FROM[reach]}; {danger}",
                  f"set {right}, {_REDO}; where Asterisk is another machine, join the two by a tunnel")  # fmt: skip


def _http(wires: Wires) -> Iterator[Finding]:
    for host, where, tls in _places("tcp", wires.http, wires):
        reach = circle(host)
        if reach is Circle.MACHINE:
            continue
        if tls or (tls is None and wires.tls):
            if reach is Circle.WORLD:
                yield note("http-open", where, "pages and API are reachable from everywhere, by TLS",
                           "right where people come from outside; else bind CENTRALITA_HTTP to one address, or let the "
                           "firewall admit the company's networks only")  # fmt: skip
            continue
        say = fault if reach is Circle.WORLD else warning
        yield say("http-exposed", where,
                  f"pages and API are reachable from {_FROM[reach]} without encryption: passwords, callers' numbers "
                  "and recordings can be read on the way",
                  "set CENTRALITA_HTTP=127.0.0.1:8080 and put a proxy with TLS before it, or set CENTRALITA_TLS_CERT "
                  "and CENTRALITA_TLS_KEY; then restart the server (docs/exposure.md)")  # fmt: skip


def _sip(wires: Wires) -> Iterator[Finding]:
    beyond = False
    for host, where, _ in _places("udp", wires.sip, wires):
        reach = circle(host)
        beyond = beyond or reach is not Circle.MACHINE
        anywhere = host in ("0.0.0.0", "::")
        if anywhere:
            yield warning("sip-exposed", where, "SIP is reachable at every address of this machine; strangers will try "
                          "passwords and numbers there within hours",
                          "set CENTRALITA_SIP to the one address that trunk and phones reach, " + _REDO
                          + "; let the firewall admit their networks only")  # fmt: skip
        elif reach is Circle.WORLD:
            yield note("sip-exposed", where, "SIP is reachable from the internet, as far as the firewall lets it",
                       "see that the firewall admits the trunk's addresses and the phones' networks only")  # fmt: skip
    if beyond and wires.development:
        yield warning("trial-profile", "CENTRALITA_PROFILE=development",
                      "who calls over a trunk may pretend a time (X-Centralita-At), and other machines reach SIP",
                      f"set CENTRALITA_PROFILE=production, {_REDO}")  # fmt: skip


def _unknown_ports(wires: Wires) -> Iterator[Finding]:
    """Asterisk's other listeners: its own HTTP and ARI, chan_sip, IAX, ... Nothing of ours loads them."""
    ours = {wires.ami.port}
    for one in wires.sockets or ():
        known = one.protocol == "udp" or one.port in ours
        if one.pid in wires.asterisk and not known and circle(one.host) is not Circle.MACHINE:
            yield warning("port-unknown", _told(one),
                          "Asterisk listens for other machines; nothing of ours needs it",
                          "see `ivr asterisk -rx 'module show'` for what was loaded by hand, and take it out of "
                          "asterisk-conf/modules.conf")  # fmt: skip


_STORE_PORTS = {"redis": 6379, "rediss": 6379, "postgresql": 5432}


def _stores(wires: Wires) -> Iterator[Finding]:
    for name, url in (("CENTRALITA_JOURNAL", wires.journal), ("CENTRALITA_RECORDS", wires.records)):
        parts = parts_of(url)
        if parts is None:
            yield unseen(name, "this is no address of a store; whether others reach it was not judged",
                         "write for example postgresql://HOST/NAME, and %5B for a [ in a password")  # fmt: skip
            continue
        kind = parts.scheme.partition("+")[0]
        if kind not in _STORE_PORTS:
            continue
        host, port = parts.hostname or "localhost", parts.port or _STORE_PORTS[kind]
        if circle(host) is Circle.MACHINE:
            yield from _own_store(name, kind, port, wires.sockets or ())
            continue
        if not parts.password:
            yield warning("store-unencrypted", f"{name} ({host}:{port})", "the database on another machine is asked "
                          "without a password in the address", "give it a password, and write it into the address; or "
                          "use a certificate or a password file of its driver, and forget this")  # fmt: skip
        if kind == "redis" or (kind == "postgresql" and not _encrypted(parts.query)):
            yield warning("store-unencrypted", f"{name} ({host}:{port})", "the way to the database on another machine "
                          "is not encrypted",
                          "write rediss:// for Redis, ?sslmode=verify-full for PostgreSQL")  # fmt: skip


def _encrypted(query: str) -> bool:
    values = parse_qs(query)
    return bool({"require", "verify-ca", "verify-full"} & {*values.get("sslmode", ()), *values.get("ssl", ())})


def _own_store(name: str, kind: str, port: int, sockets: Iterable[Socket]) -> Iterator[Finding]:
    for one in sockets:
        if one.port == port and one.protocol == "tcp" and circle(one.host) is not Circle.MACHINE:
            yield warning("store-exposed", _told(one), f"the {kind} of {name} is reachable from "
                          f"{_FROM[circle(one.host)]}; the calls' decisions or records lie in it",
                          "bind it to 127.0.0.1 or to a socket file, and give it a password")  # fmt: skip


def _networks(wires: Wires) -> Iterator[Finding]:
    for network in wires.proxies:
        if _everybody(network):
            yield fault("proxies-too-wide", f"CENTRALITA_PROXIES={network}", "everybody counts as a proxy and may "
                        "pretend any address: for throttling, for the audit, for /metrics",
                        "name the proxy's own address, for example CENTRALITA_PROXIES=127.0.0.1")  # fmt: skip
    for network in wires.monitors:
        if _everybody(network):
            yield warning("monitors-too-wide", f"CENTRALITA_MONITORS={network}", "everybody who reaches the server "
                          "reads its figures (/metrics, /readyz)",
                          "name the machines that watch, for example CENTRALITA_MONITORS=127.0.0.1")  # fmt: skip
    for network in wires.offices:
        if _everybody(network):
            yield warning("offices-too-wide", f"CENTRALITA_OFFICES={network}", "every address may ask, connect and try "
                          "passwords as often as a whole office",
                          "name the addresses behind which your offices stand, for example "
                          "CENTRALITA_OFFICES=203.0.113.7")  # fmt: skip


def _everybody(network: Network) -> bool:
    """Half of the internet or more is meant to be all of it."""
    return network.prefixlen <= 1

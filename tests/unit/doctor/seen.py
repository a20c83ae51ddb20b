"""An installation with which nothing is wrong, to be changed by each test."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ivr.doctor.observed import Backup, Observed, Socket, TimeKeeping, Volume, Wires
from ivr.settings.environment import Endpoint

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)

ASTERISK = 700
WELL = Wires(
    sip=Endpoint("10.1.1.5", 5060),
    ami=Endpoint("127.0.0.1", 5038),
    fastagi=Endpoint("127.0.0.1", 4573),
    http=Endpoint("127.0.0.1", 8080),
    sockets=(
        Socket("udp", "10.1.1.5", 5060, ASTERISK, "asterisk"),
        Socket("tcp", "127.0.0.1", 5038, ASTERISK, "asterisk"),
        Socket("tcp", "127.0.0.1", 4573, 800, "ivr"),
        Socket("tcp", "127.0.0.1", 8080, 800, "ivr", tls=False),
        Socket("tcp", "0.0.0.0", 22),
    ),
    asterisk=frozenset({ASTERISK}),
    journal="sqlite:////var/lib/centralita/journal.sqlite",
    records="sqlite:////var/lib/centralita/records.sqlite",
)

HEALTHY = Observed(
    now=NOW,
    wires=WELL,
    owner=900,
    backup=Backup("/backup", True, NOW - timedelta(hours=10)),
    time=TimeKeeping(True, "chrony", 0.0004),
    latest_write=("/var/lib/centralita/journal.sqlite", NOW - timedelta(seconds=1)),
    volumes=(Volume("/var/lib/centralita", 100_000_000_000, 60_000_000_000, 1_000_000, 900_000),),
)


def seen(**changes: Any) -> Observed:
    """The healthy one, but."""
    return replace(HEALTHY, **changes)


def wires(**changes: Any) -> Observed:
    """The healthy one with other wires."""
    return replace(HEALTHY, wires=replace(WELL, **changes))


def listening(*sockets: Socket) -> Observed:
    """The healthy one where these sockets take the places of those with the same ports."""
    ports = {(one.protocol, one.port) for one in sockets}
    kept = tuple(one for one in WELL.sockets or () if (one.protocol, one.port) not in ports)
    return wires(sockets=(*kept, *sockets))

"""What counts as one client, wherever somebody is counted: connections, requests, attempts to log in. Pure."""

import ipaddress
from collections.abc import Callable
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

OFFICE_SHARE = 8
"""So many times what one address may has each that many people stand behind (CENTRALITA_OFFICES)."""

Offices = Callable[[str], bool]
"""Whether many people stand behind an address."""


def nowhere(address: str) -> bool:
    """No office: every address is one client."""
    return False


@lru_cache(1024)
def address_in(text: str) -> Address | None:
    """An address, an IPv4 one also where it is written as IPv6 (::ffff:192.0.2.1); None for anything else."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


@lru_cache(1024)
def house_of(address: str) -> str:
    """An IPv4 address, or the network (/64) that an IPv6 house gets (RFC 6177). What is no address stays: the socket
    file's is empty."""
    found = address_in(address)
    if not isinstance(found, ipaddress.IPv6Address):
        return str(found) if found is not None else address
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))

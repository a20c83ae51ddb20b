"""Addresses and networks, as they are written in a setting."""

import ipaddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """`127.0.0.1, 10.1.0.0/16`. Raises ValueError with the remedy."""
    found: list[Network] = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        try:
            found.append(ipaddress.ip_network(word))
        except ValueError:
            raise ValueError(
                "write addresses and networks, for example 127.0.0.1, 10.1.0.0/16 (a network without bits of a host)"
            ) from None
    return tuple(found)

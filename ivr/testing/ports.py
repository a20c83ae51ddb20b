"""Ports that nobody uses, so that instances live beside each other."""

import random
import socket
from collections import deque

SINGLE, AUDIO = (12000, 20000), (20000, 32000)
"""From, and up to. An Asterisk that is started again finds no other one's audio at its port for calls; audio finds
another port by itself."""

_given: deque[tuple[int, socket.SocketKind]] = deque(maxlen=500)
"""Nobody listens there yet when the next one is asked for: one instance would get the same port twice."""


def free_port(*, udp: bool = False) -> int:
    """A port of 127.0.0.1 that was free a moment ago. It lies outside the range that the system hands out by itself,
    so that nobody is given it before it is used."""
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    for _ in range(200):
        port = random.randrange(*SINGLE)
        if (port, kind) not in _given and _is_free(port, kind):
            _given.append((port, kind))
            return port
    raise OSError(f"no free port of 127.0.0.1 between {SINGLE[0]} and {SINGLE[1]}")


def free_audio_ports(count: int = 200) -> str:
    """A range of UDP ports as CENTRALITA_RTP wants it."""
    for _ in range(200):
        first = random.randrange(AUDIO[0], AUDIO[1] - count, 2)
        if all(_is_free(port, socket.SOCK_DGRAM) for port in range(first, first + count, 20)):
            return f"{first}-{first + count - 1}"
    raise OSError(f"no {count} free UDP ports between {AUDIO[0]} and {AUDIO[1]}")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

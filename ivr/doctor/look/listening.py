"""What listens, by the kernel's own tables (proc(5)): settings may be wrong, processes older than their settings."""

import re
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from ivr.doctor.observed import Socket

PROC = Path("/proc")

_LISTENING = {"tcp": "0A", "udp": "07"}
"""State of a socket that waits for anybody: TCP_LISTEN, and TCP_CLOSE for UDP (include/net/tcp_states.h)."""
_GREETING_SECONDS = 2.0


def sockets(proc: Path = PROC) -> tuple[tuple[Socket, int], ...]:
    """Every listening socket of this network namespace with its inode. Raises OSError where /proc is not there."""
    found = list(_parsed("tcp", (proc / "net" / "tcp").read_text()))
    for protocol, name in (("tcp", "tcp6"), ("udp", "udp"), ("udp", "udp6")):
        try:
            found += _parsed(protocol, (proc / "net" / name).read_text())
        except FileNotFoundError:  # no IPv6 in this kernel
            continue
    return tuple(found)


def _parsed(protocol: str, table: str) -> Iterator[tuple[Socket, int]]:
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) > 9 and words[3] == _LISTENING[protocol]:
            host, _, port = words[1].partition(":")
            yield Socket(protocol, _host(host), int(port, 16)), int(words[9])


def _host(text: str) -> str:
    """An address as the kernel writes it: words of 32 bits in the machine's own order of bytes."""
    raw = b"".join(struct.pack("=I", int(text[i : i + 8], 16)) for i in range(0, len(text), 8))
    return str(IPv4Address(raw) if len(raw) == 4 else IPv6Address(raw))


def owners(proc: Path = PROC) -> dict[int, int]:
    """Inode of a socket -> process id, for the processes that we may look into: our user's own; for root all."""
    found: dict[int, int] = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            for inode in _held(folder / "fd"):
                found.setdefault(inode, int(folder.name))
    return found


def _held(folder: Path) -> Iterator[int]:
    try:
        links = list(folder.iterdir())
    except OSError:  # somebody else's process, or it has ended meanwhile
        return
    for link in links:
        with suppress(OSError):  # closed meanwhile
            match = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
            if match:
                yield int(match[1])


def program(pid: int, proc: Path = PROC) -> str:
    """The name of a process; empty when it has ended."""
    try:
        return (proc / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def holder(file: Path, owned: dict[int, int], proc: Path = PROC) -> int | None:
    """The process that listens at a socket file: who Asterisk or the server of this instance is; None: nobody known."""
    try:
        lines = (proc / "net" / "unix").read_text().splitlines()[1:]
    except OSError:
        return None
    for line in lines:
        words = line.split(maxsplit=7)
        if len(words) == 8 and words[7] == str(file) and int(words[6]) in owned:
            return owned[int(words[6])]
    return None


def listening(http_port: int, proc: Path = PROC) -> tuple[tuple[Socket, ...], dict[int, int]]:
    """The sockets with their processes, and the processes by inode. What listens at `http_port` is greeted by TLS."""
    owned = owners(proc)
    found = []
    for one, inode in sockets(proc):
        pid = owned.get(inode, 0)
        known = replace(one, pid=pid, program=program(pid, proc)) if pid else one
        if (known.protocol, known.port) == ("tcp", http_port):
            known = replace(known, tls=speaks_tls(known.host, known.port))
        found.append(known)
    return tuple(found), owned


def speaks_tls(host: str, port: int, seconds: float = _GREETING_SECONDS) -> bool | None:
    """Whether a TLS greeting is answered as such; None when nobody answers in time. The certificate is not judged."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        with socket.create_connection((target, port), seconds) as wire, context.wrap_socket(wire):
            return True
    except TimeoutError:
        return None
    except (ssl.SSLError, ConnectionResetError):
        return False
    except OSError:
        return None

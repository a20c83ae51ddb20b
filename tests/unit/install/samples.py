"""A site and an environment for the tests of the installation."""

import socket
from datetime import timedelta
from pathlib import Path

from ivr.settings.environment import Environment
from ivr.site import Extension, Prompt, Site, Trunk
from ivr.site.hours import HolidayCalendar
from ivr.site.mailboxes import Mailbox


def site(**changes: object) -> Site:
    """A small site: two trunks, one of them to outside, and two phones."""
    values: dict[str, object] = {
        "label": "Línea",
        "timezone": "America/Bogota",
        "language": "es-CO",
        "languages": ("es-CO",),
        "holidays": HolidayCalendar(country=""),
        "lines": 4,
        "trunks": {
            "operador": Trunk(
                name="operador", label="Operador", addresses=("127.0.0.10", "127.0.0.11"), outbound="127.0.0.10:5060"
            ),
            "respaldo": Trunk(name="respaldo", label="Respaldo", addresses=("127.0.0.12",), outbound=""),
        },
        "numbers": {"6017436967": "Línea principal", "6010000001": "Directo"},
        "reception": "100",
        "fallback_after": timedelta(seconds=15),
        "extensions": {"100": Extension(label="Recepción"), "101": Extension(label='SAC "1"; <x>')},
        "queues": {},
        "agents": {},
        "hours": {},
        "prompts": {"despedida": Prompt(texts={"es-CO": "Hasta luego."}, recordings={})},
        "flows": {},
        "entry": {},
        "version": "0" * 64,
    }
    return Site(**{**values, **changes})  # type: ignore[arg-type]


def mailbox(name: str, *extensions: str, email: tuple[str, ...] = ()) -> Mailbox:
    """A mailbox of these phones."""
    return Mailbox(
        name=name,
        label=name.title(),
        extensions=extensions,
        email=email,
        greeting=None,
        longest=timedelta(minutes=2),
        shortest=timedelta(seconds=2),
        silence=timedelta(seconds=4),
        most=100,
        keep=timedelta(days=30),
        unheard=None,
        delete_after_email=False,
    )


def environment(var: Path, **variables: str) -> Environment:
    """An environment of free ports on the loopback."""
    ports = free_ports(4)
    values = {
        "CENTRALITA_VAR": str(var),
        "CENTRALITA_SIP": f"127.0.0.1:{ports[0]}",
        "CENTRALITA_AMI": f"127.0.0.1:{ports[1]}",
        "CENTRALITA_FASTAGI": f"127.0.0.1:{ports[2]}",
        "CENTRALITA_HTTP": f"127.0.0.1:{ports[3]}",
    }
    return Environment.from_environ({**values, **variables})


def free_ports(count: int) -> list[int]:
    """Ports that nobody had a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for free in sockets:
        free.bind(("127.0.0.1", 0))
    ports = [free.getsockname()[1] for free in sockets]
    for free in sockets:
        free.close()
    return ports

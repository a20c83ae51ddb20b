"""The HTTP side: one API for the network and for the socket file, and the pages for who watches the server."""

import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import FastAPI

from ivr.access.limits import Limits, Reaches
from ivr.access.model import Principal
from ivr.app.closing import Closing
from ivr.app.rounds import Rounds
from ivr.clock import Clock
from ivr.control.client import socket_file
from ivr.control.server import ControlServer
from ivr.settings.environment import Environment
from ivr.site import Site
from ivr.web.addresses import Networks
from ivr.web.api.application import Part, application
from ivr.web.api.door import Door
from ivr.web.api.events import Events, Topic
from ivr.web.api.health import HealthRoutes, Vitals
from ivr.web.api.openapi import Description
from ivr.web.api.routing import Granted
from ivr.web.application import application as pages_of
from ivr.web.asgi import App
from ivr.web.crowd import Crowd, CrowdLimits
from ivr.web.health import Readiness
from ivr.web.pace import Pace
from ivr.web.server import Doorway, serve
from ivr.web.shell import Outside, local, networked
from ivr.web.tls import Certificate

CERTIFICATE_EVERY_SECONDS = 60.0
BURST_OF_RATE = 4
MOST_CONNECTIONS = 1_000
SHARE_OF_FILES = 4


@dataclass(frozen=True, slots=True)
class Api:
    """The application, and its streams, which have to end before a server can close."""

    app: FastAPI
    events: Events


def api_of(
    parts: Sequence[Part],
    door: Door,
    *,
    topics: Sequence[Topic],
    site: Callable[[], Site],
    still: Callable[[Principal], bool],
    offices: Networks,
    ready: Readiness,
    vitals: Callable[[], Vitals],
    clock: Clock,
) -> Api:
    """All routes: those of the parts, and of the shell itself. Raises RouteOutsideTable."""

    reaches = Reaches(site)

    def reach(granted: Granted) -> Limits:
        return reaches.of(granted.principal, granted.reach)

    release = version("centralita")
    events = Events(topics, reach, still, clock, offices.__contains__)
    app = application([*parts, events, HealthRoutes(ready, vitals, release), Description()], door, version=release)
    return Api(app, events)


def pages(metrics: Callable[[], bytes], ready: Readiness) -> App:
    """/metrics, /healthz, /readyz."""
    return pages_of(metrics, Readiness(), ready)


def serve_network(
    api: App,
    pages: App,
    environment: Environment,
    *,
    known: Callable[[str], bool],
    turned_away: Callable[[], None],
    clock: Clock,
    rounds: Rounds,
    closing: Closing,
) -> None:
    """At CENTRALITA_HTTP; see `Crowd` for `known` and `turned_away`. Raises OSError when the address is taken,
    TlsError."""
    proxies, monitors, offices = (
        Networks(found) for found in (environment.proxies, environment.monitors, environment.offices)
    )
    pace = Pace(environment.rate, environment.rate * BURST_OF_RATE)
    outside = Outside(
        proxies=proxies, monitors=monitors, offices=offices, names=environment.names, known=known, pace=pace
    )
    crowd = Crowd(
        CrowdLimits(connections=_room(), pace=pace),
        ours=lambda address: address in proxies or address in monitors,
        known=known,
        turned_away=turned_away,
        office=offices.__contains__,
    )
    context = None
    if environment.tls_cert is not None and environment.tls_key is not None:
        certificate = Certificate(environment.tls_cert, environment.tls_key)
        context = certificate.context
        rounds.every("certificate", CERTIFICATE_EVERY_SECONDS, lambda: _look(certificate))
    app = networked(api, pages, outside, clock.engine_us)
    doorway = Doorway(crowd=crowd, tls=context, clock=clock)
    server = serve(app, environment.http.host, environment.http.port, doorway)
    closing.add(server.close)


def serve_socket(api: App, pages: App, environment: Environment, closing: Closing) -> None:
    """At var/run/control.sock. Raises OSError; a dead server's file is taken over."""
    control = ControlServer(local(api, pages), socket_file(environment.var))
    control.start()
    closing.add(control.close)


def _room() -> int:
    """How many connections there may be: files are for calls first."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files < 0 else max(16, min(MOST_CONNECTIONS, files // SHARE_OF_FILES))


def _look(certificate: Certificate) -> None:
    certificate.look()

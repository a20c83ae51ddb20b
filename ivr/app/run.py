"""The server as a process: the reactor, its beginning and its end."""

import asyncio
import os

from ivr import log as logs
from ivr.app.server import Server
from ivr.settings.environment import Environment
from ivr.site import Site

log = logs.get(__name__)


def run(site: Site, environment: Environment) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status. The reactor must not have been imported before."""
    from ivr.reactor import install

    install()
    from twisted.internet import reactor  # noqa: TID251 (here it is run)
    from twisted.internet.defer import Deferred

    server = Server(site, environment)
    status = 0

    def failed(failure: object) -> None:
        nonlocal status
        status = 1
        log.error("the server cannot start", why=getattr(failure, "getErrorMessage", lambda: "")())
        log.debug("traceback", text=getattr(failure, "getTraceback", lambda: "")())
        reactor.stop()

    def begin() -> None:
        Deferred.fromFuture(asyncio.ensure_future(server.start())).addErrback(failed)

    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger(
        "before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(server.stop()))
    )
    os.umask(0o027)
    reactor.run()
    return status

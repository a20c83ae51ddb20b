"""The server as a process: the reactor, its beginning and its end."""

import asyncio
import os
import signal

from ivr import log as logs
from ivr.app.server import Server
from ivr.settings.environment import Environment
from ivr.versions.loading import Beginning

log = logs.get(__name__)


def run(start: Beginning, environment: Environment) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status. The reactor must not have been imported before.

    SIGHUP brings the site's files into force.
    """
    from ivr.reactor import install

    loop = install()
    from twisted.internet import reactor  # noqa: TID251 (here it is run)
    from twisted.internet.defer import Deferred

    server = Server(start, environment)
    status = 0

    def failed(failure: object) -> None:
        nonlocal status
        status = 1
        log.error("the server cannot start", why=getattr(failure, "getErrorMessage", lambda: "")())
        log.debug("traceback", text=getattr(failure, "getTraceback", lambda: "")())
        reactor.stop()

    def begin() -> None:
        loop.add_signal_handler(signal.SIGHUP, server.versions.reload_by_signal)
        Deferred.fromFuture(asyncio.ensure_future(server.start())).addErrback(failed)

    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger(
        "before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(server.stop()))
    )
    os.umask(0o027)
    reactor.run()
    return status

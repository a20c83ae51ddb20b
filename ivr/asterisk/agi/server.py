"""The FastAGI server: accepts Asterisk's connections and runs a handler for each call."""

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from ivr.asterisk.agi.connection import Connection
from ivr.asterisk.agi.deadlines import Deadlines, ticks
from ivr.asterisk.agi.errors import AgiError, HungUp
from ivr.asterisk.agi.house import House
from ivr.asterisk.agi.limits import Limits, Observer
from ivr.asterisk.agi.reply import Refusal
from ivr.asterisk.agi.session import Session
from ivr.clock import Clock

log = logging.getLogger(__name__)

Handler = Callable[[Session], Coroutine[Any, Any, None]]

_BACKLOG = 1_024


class AgiServer:
    """Listens on one address. A handler's failure, a flood or a scan ends its own connection and no other.

    `handler` gets a `Session` and returns when the channel goes back to the dialplan. `HungUp` may leave it; any other
    exception is logged once with its traceback and counted, and that call goes on in the dialplan.
    The handler is not cancelled when the caller hangs up: its next command raises `HungUp`.
    """

    def __init__(
        self, handler: Handler, *, clock: Clock, limits: Limits | None = None, observer: Observer | None = None
    ) -> None:
        self._handler = handler
        self._half_open: dict[Connection, None] = {}  # the oldest first
        self._tasks: dict[Session, asyncio.Task[None]] = {}
        limits = limits or Limits()
        deadlines = Deadlines(clock, self._half_open, self._tasks)
        self.house = House(clock, limits, observer, deadlines, ticks(limits.command_seconds))
        self._listener: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen. Port 0 takes a free one (see `port`). Raises OSError when the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(functools.partial(Connection, self), host, port, backlog=_BACKLOG)

    @property
    def port(self) -> int:
        """The port listened on; 0 while the server is not listening."""
        if self._listener is None or not self._listener.sockets:
            return 0
        return int(self._listener.sockets[0].getsockname()[1])

    @property
    def sessions(self) -> int:
        """Calls being served now."""
        return len(self._tasks)

    @property
    def half_open(self) -> int:
        """Connections that have not sent their environment."""
        return len(self._half_open)

    async def close(self) -> None:
        """Stop listening, end every session and wait for the handlers. The calls go on in the dialplan."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        for connection in list(self._half_open):
            connection.shut()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if listener is not None:
            await listener.wait_closed()
        self.house.deadlines.close()

    # The connections' side

    def arrived(self, connection: Connection) -> None:
        if len(self._half_open) >= self.house.limits.half_open:
            next(iter(self._half_open)).refuse(Refusal.HALF_OPEN)
        self._half_open[connection] = None
        deadlines = self.house.deadlines
        connection.due = deadlines.now + ticks(self.house.limits.environment_seconds)
        deadlines.wind()

    def left(self, connection: Connection) -> None:
        self._half_open.pop(connection, None)

    def serve(self, session: Session) -> bool:
        if len(self._tasks) >= self.house.limits.sessions or self._listener is None:
            return False
        task = self._tasks[session] = session.loop.create_task(self._handler(session))
        task.add_done_callback(functools.partial(self._ended, session))  # an outer coroutine would cost at every await
        if self.house.observer is not None:
            self.house.observer.session_opened()
        return True

    def _ended(self, session: Session, task: asyncio.Task[None]) -> None:
        observer = self.house.observer
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, HungUp):
            if observer is not None:
                observer.handler_failed()
            if isinstance(error, AgiError):
                log.warning("AGI session %r from %s failed: %s", session.path, session.peer, error)
            else:
                log.error("AGI session %r from %s failed", session.path, session.peer, exc_info=error)
        session.close()
        del self._tasks[session]
        if observer is not None:
            observer.session_closed()

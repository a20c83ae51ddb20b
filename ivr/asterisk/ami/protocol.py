"""One connection to Asterisk's manager: panoramisk's protocol with our own reader.

panoramisk opens the connection, wires it, and writes actions. Ours are: cutting and parsing what comes (a tenth of the
cost), the order (the bus gets every event first, also one that answers an action), and the end: whatever is pending
fails at once, nothing is kept for the next connection.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from ivr.asterisk.ami.blocks import Blocks
from ivr.asterisk.ami.errors import AmiGarbage, AmiLost
from ivr.asterisk.ami.messages import Event, Response
from ivr.asterisk.ami.request import Request

log = logging.getLogger(__name__)
ACTION_ID = b"\r\nActionID: "


class Connection(AMIProtocol):  # type: ignore[misc]  # panoramisk is untyped
    """The protocol of one connection; used once."""

    def __init__(self, on_event: Callable[[Event], None], on_lost: Callable[[str], None]) -> None:
        """`on_lost(why)` is called exactly once, when a connection that was made is gone."""
        self._on_event = on_event
        self._on_lost = on_lost
        self._blocks = Blocks()
        self._why = ""
        self.closed = True
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.responses: dict[str, Request] = {}  # pending; panoramisk puts an empty dict of its own here
        self.events = 0

    def send(self, data: Request, as_list: bool | None = None) -> asyncio.Future[Any]:
        """Write the action. Raises AmiLost when there is no connection (any more)."""
        if self.closed or self.transport.is_closing():
            raise AmiLost(self._why or "not connected")
        self.responses[data.id] = data
        self.transport.write(str(data).encode())
        future: asyncio.Future[Any] = data.future
        return future

    def forget(self, request: Request) -> None:
        """Nobody waits for this action any more; a late answer is dropped."""
        self.responses.pop(request.id, None)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        try:
            messages = self._blocks.feed(data)
        except AmiGarbage as garbage:
            self.drop(str(garbage))
            return
        on_event = self._on_event
        for message in messages:
            if isinstance(message, Event):
                self.events += 1
                on_event(message)
            if self.responses and ACTION_ID in message.block:
                self.handle_message(message)

    def handle_message(self, message: Event | Response) -> None:
        """Give the message to the action that it answers, if somebody still waits for that."""
        request = self.responses.get(message.get("ActionID"))
        if request is not None and request.add_message(message):
            self.forget(request)

    def drop(self, why: str) -> None:
        """Cut the connection without waiting for what is still to be written."""
        if not self.closed:
            self._why = self._why or why
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self.closed = True
        why = self._why = self._why or (str(exc) if exc else "Asterisk closed the connection")
        for request in list(self.responses.values()):
            if not request.future.done():
                request.future.set_exception(AmiLost(why))
        self.responses.clear()
        if not self.lost.done():
            self.lost.set_result(why)
        self._on_lost(why)

    def close(self) -> None:
        """Called by panoramisk. It would put pending actions aside, to send them a second time later."""
        self.drop("closed by us")


class Attempt(Manager):  # type: ignore[misc]  # panoramisk is untyped
    """panoramisk's manager for one attempt to connect: it opens and wires. Time, login and return are AmiLink's.

    Told neither name nor secret, it does not log in by itself (its own login has no deadline, and tells nobody of a
    refusal).
    """

    def connection_made(self, f: asyncio.Future[Any]) -> None:
        """Called when connecting has ended. A failure is for the one who awaits `connect()`: no timer of its own."""
        if f.cancelled() or f.exception() is not None:
            return
        super().connection_made(f)
        pinger: asyncio.TimerHandle = self.pinger
        pinger.cancel()  # its pings have no deadline

"""The asyncio protocol of one AGI connection: bytes to the parser, items to the session."""

import asyncio
import logging
from typing import Protocol

from ivr.asterisk.agi.house import House
from ivr.asterisk.agi.parser import COMMON, Parser
from ivr.asterisk.agi.reply import Environment, Hangup, Refusal, Reply
from ivr.asterisk.agi.session import Session

log = logging.getLogger(__name__)


class Door(Protocol):
    """The server's side of a connection's beginning."""

    house: House

    def arrived(self, connection: "Connection") -> None:
        """A connection was made."""

    def left(self, connection: "Connection") -> None:
        """A connection is half-open no more: it sent its environment, or is over."""

    def serve(self, session: Session) -> bool:
        """Start a session; False when there are too many."""


class Connection(asyncio.Protocol):
    """One connection, half-open until its environment is complete."""

    __slots__ = ("_door", "_parser", "_session", "_transport", "due")

    def __init__(self, door: Door) -> None:
        limits = door.house.limits
        self.due = 0
        self._door = door
        self._parser = Parser(limits.environment_bytes, limits.line_bytes)
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's has the methods, not the class
        self._door.arrived(self)

    def data_received(self, data: bytes) -> None:
        session = self._session
        parser = self._parser
        if session is not None and parser.between:
            reply = COMMON.get(data) or parser.value(data)
            if reply is not None:
                if not session.receive(reply):
                    self.refuse(Refusal.UNEXPECTED)
                return
        items = parser.feed(data)
        for item in items:
            session = self._session
            if isinstance(item, Reply):
                if session is None or not session.receive(item):
                    self.refuse(Refusal.UNEXPECTED)
            elif isinstance(item, Hangup):
                if session is not None:
                    session.hang_up()
            elif isinstance(item, Environment):
                self._begin(item)
            else:
                self.refuse(item.reason)
            if self._session is None or self._session.closed:
                return

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        session, self._session = self._session, None
        if session is None:
            self._door.left(self)
        elif not session.closed:
            session.lost()

    def _begin(self, opening: Environment) -> None:
        assert self._transport is not None
        self._door.left(self)
        session = self._session = Session(opening, self._transport, self._door.house)
        if not self._door.serve(session):
            self.refuse(Refusal.SESSIONS)

    def overdue(self) -> None:
        """No environment in time."""
        self.refuse(Refusal.SLOW)

    def refuse(self, reason: Refusal) -> None:
        """Drop the connection for what it did; its session, if any, sees a hang-up."""
        transport, self._transport = self._transport, None
        session, self._session = self._session, None
        if transport is None or (session is not None and session.closed):
            return
        level = logging.DEBUG if session is None else logging.WARNING
        if log.isEnabledFor(level):
            log.log(level, "AGI connection from %s closed: %s", transport.get_extra_info("peername"), reason.value)
        observer = self._door.house.observer
        if observer is not None:
            observer.refused(reason)
        self._door.left(self)
        transport.abort()
        if session is not None:
            session.lost()

    def shut(self) -> None:
        """Close a half-open connection."""
        self._door.left(self)
        if self._transport is not None:
            self._transport.abort()

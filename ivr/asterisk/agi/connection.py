"""The asyncio protocol of one AGI connection: bytes to the parser, items to the session, time to the deadlines."""

import asyncio
import logging
from typing import Protocol, cast

from ivr.asterisk.agi.deadlines import Deadlines
from ivr.asterisk.agi.limits import Limits, Observer
from ivr.asterisk.agi.parser import Parser
from ivr.asterisk.agi.reply import Environment, Hangup, Refusal, Reply
from ivr.asterisk.agi.session import Session
from ivr.clock import Clock

log = logging.getLogger(__name__)


class House(Protocol):
    """What the connections of one server share."""

    clock: Clock
    limits: Limits
    observer: Observer
    deadlines: Deadlines

    def arrived(self, connection: "Connection") -> None:
        """A connection was made."""

    def left(self, connection: "Connection") -> None:
        """A connection is half-open no more: it sent its environment, or is over."""

    def serve(self, session: Session) -> bool:
        """Start a session; False when there are too many."""


class Connection(asyncio.Protocol):
    """One connection. It implements `ivr.asterisk.agi.session.Wire`."""

    __slots__ = ("_ends_us", "_house", "_parser", "_sent_us", "_session", "_transport")

    def __init__(self, house: House) -> None:
        self._house = house
        self._parser = Parser(house.limits.environment_bytes, house.limits.line_bytes)
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None
        self._sent_us = 0
        self._ends_us = 0  # when a session that lingers ends; 0 while nobody hung up

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has the methods, not the class
        self._house.arrived(self)

    def data_received(self, data: bytes) -> None:
        for item in self._parser.feed(data):
            if isinstance(item, Reply):
                self._reply(item)
            elif isinstance(item, Hangup):
                if self._session is not None:
                    self._session.hang_up()
            elif isinstance(item, Environment):
                self._begin(item)
            else:
                self.refuse(item.reason)
            if self._transport is None:
                return

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._transport = None
        session, self._session = self._session, None
        if session is not None:
            session.lost()

    def _begin(self, opening: Environment) -> None:
        assert self._transport is not None
        self._forget()
        address = self._transport.get_extra_info("peername")
        peer = f"{address[0]}:{address[1]}" if address else ""
        session = self._session = Session(opening.variables, peer, self, self._house.limits)
        if not self._house.serve(session):
            self.refuse(Refusal.SESSIONS)

    def _reply(self, reply: Reply) -> None:
        session = self._session
        if session is None or not session.receive(reply):
            self.refuse(Refusal.UNEXPECTED)
            return
        if session.owed == 0:
            house = self._house
            house.observer.command_done(session.verb, (house.clock.engine_us() - self._sent_us) / 1e6)
            if self._ends_us:
                house.deadlines.set(self, self._ends_us)
            else:
                house.deadlines.clear(self)

    # The session's side

    def send(self, line: bytes, seconds: float) -> None:
        house = self._house
        now = self._sent_us = house.clock.engine_us()
        due = now + int(seconds * 1e6)
        house.deadlines.set(self, min(due, self._ends_us) if self._ends_us else due)
        if self._transport is not None:
            self._transport.write(line)

    def shut(self) -> None:
        self._forget()
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def shut_soon(self) -> None:
        limits = self._house.limits
        self._ends_us = self._house.clock.engine_us() + int(limits.linger_seconds * 1e6)
        self._house.deadlines.set(self, self._ends_us)

    # The house's side

    def overdue(self) -> None:
        """No environment, no reply or no end of lingering in time."""
        if self._session is None:
            self.refuse(Refusal.SLOW)
        else:
            self._session.overdue()

    def refuse(self, reason: Refusal) -> None:
        """Drop the connection for what it did; its session, if any, sees a hang-up."""
        transport, self._transport = self._transport, None
        if transport is None:
            return
        address = transport.get_extra_info("peername")
        level = logging.DEBUG if self._session is None else logging.WARNING
        log.log(level, "AGI connection from %s closed: %s", address, reason.value)
        self._house.observer.refused(reason)
        transport.abort()
        self._forget()
        if self._session is not None:
            self._session.lost()

    def _forget(self) -> None:
        self._house.deadlines.clear(self)
        self._house.left(self)

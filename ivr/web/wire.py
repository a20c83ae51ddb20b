"""One connection of a client, under limits that hold before anything of the request is understood.

h11 and uvicorn read the requests; this stands before them, because what they leave unlimited can be used against the
loop that also decides about calls: a head that comes drop by drop, 60,000 headers in one packet, a body that never
ends, an answer that nobody takes. A request has at most one body of a length that it tells first (no chunks: RFC 9112
7.1 lets a server answer 411), and the next request is read when the one before is answered.
"""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ivr.clock import Clock, Timer
from ivr.web.crowd import Crowd, Guest
from ivr.web.pace import too_often

_HEAD_ENDS = re.compile(rb"\n\r?\n")
_CHUNKED = re.compile(rb"\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_OTHER_VERSION = re.compile(rb" HTTP/(?!1\.[01]\r?\Z)[0-9.]+\r?\Z")
_LONGEST_LINE = 8_192
"""Bytes of the request's first line (RFC 9112 3: at least 8,000)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireLimits:
    """What a connection may cost."""

    head_bytes: int = 16_384
    headers: int = 100
    head_seconds: float = 10
    """From the first byte of a head (or the connection's beginning) to its last."""
    body_seconds: float = 30
    answer_seconds: float = 30
    """How long a client may take nothing of an answer that is ready."""
    goodbye_seconds: float = 5
    """How long a refused client is listened to, so that it reads the refusal before the connection ends."""
    goodbye_bytes: int = 4_000_000


class Wire(H11Protocol):
    """uvicorn's protocol, behind the limits."""

    def __init__(self, *args: Any, crowd: Crowd, guest: Guest, limits: WireLimits, clock: Clock, **kwargs: Any) -> None:
        """`guest`: the crowd has let it in; it leaves with the connection, once that has `begun`."""
        super().__init__(*args, **kwargs)
        self._crowd, self._guest, self._limits, self._clock = crowd, guest, limits, clock
        self.begun = False
        self._head = bytearray()
        self._body_left = 0
        self._leaving = False  # refused, or answered before the body was there: nothing is read any more
        self._last = False  # the connection ends with the answer that is due
        self._thrown_away = 0
        self._deadline: Timer | None = None  # of the head, the body or the goodbye
        self._answer_deadline: Timer | None = None

    # ---- the connection
    def connection_made(self, transport: Any) -> None:
        """Listen."""
        self.begun = True
        super().connection_made(transport)
        if self.client is None and self._guest.address:
            transport.abort()  # gone already; without an address it would look like the socket file
        else:
            self._within(self._limits.head_seconds, self._no_head)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._leaving = True
        self._forget_deadline()
        self._forget_answer_deadline()
        self._crowd.leave(self._guest)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server ends."""
        if self._leaving:
            self.transport.abort()
            return
        try:
            super().shutdown()
        except h11.LocalProtocolError:
            self.transport.close()

    # ---- what comes
    def data_received(self, data: bytes) -> None:
        """A head is collected until it is whole; a body is taken as far as it was announced."""
        if self._leaving:
            self._throw_away(len(data))
        elif self.cycle is not None and not self.cycle.response_complete:
            self._more_of_body(data)
        else:
            self._more_of_head(data)

    def _more_of_head(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._deadline is None:
            self._within(self._limits.head_seconds, self._no_head)
        seen = max(0, len(self._head) - 3)
        self._head += data
        found = _HEAD_ENDS.search(self._head, seen)
        end = found.end() if found else len(self._head)
        fault = self._too_long(end) or (self._not_taken(end) if found else None)
        if fault is not None:
            self._refuse(*fault)
        elif found:
            head, rest = bytes(self._head[:end]), bytes(self._head[end:])
            self._head.clear()
            self._begin(head, rest)

    def _too_long(self, end: int) -> tuple[int, str] | None:
        head = self._head
        if end > self._limits.head_bytes:
            return 431, f"the headers are longer than {self._limits.head_bytes} bytes"
        line = head.find(b"\n", 0, end)
        if (line if line >= 0 else end) > _LONGEST_LINE:
            return 414, f"the address is longer than {_LONGEST_LINE} bytes"
        if head.count(b"\n", 0, end) > self._limits.headers + 2:
            return 431, f"there are more than {self._limits.headers} headers"
        return None

    def _not_taken(self, end: int) -> tuple[int, str] | None:
        head = self._head
        if _OTHER_VERSION.search(head, 0, head.find(b"\n", 0, end)):
            return 505, "this server speaks HTTP/1.1"
        if _CHUNKED.search(head, 0, end):
            return 411, "say how long the body is: Content-Length"
        return None

    def _begin(self, head: bytes, rest: bytes) -> None:
        self._forget_deadline()
        if wait := self._crowd.ask(self._guest, self._clock.engine_us()):
            why, seconds = too_often(wait)
            self._refuse(429, why, b"Retry-After: %b\r\n" % seconds.encode())
            return
        before = self.cycle
        super().data_received(head)
        if self._leaving or self.cycle is before or self.transport.is_closing():
            return  # h11 did not take it: send_400_response
        lengths = [value for name, value in self.headers if name == b"content-length"]
        self._body_left = int(lengths[0]) if lengths else 0  # h11 has looked: digits, and all the same
        if self._body_left:
            self._within(self._limits.body_seconds, self._no_body)
        if rest:
            self._more_of_body(rest)

    def _more_of_body(self, data: bytes) -> None:
        taken = data[: self._body_left]
        if len(taken) < len(data):  # more than was announced, or the next request: not before this one is answered
            self._last = True
            self._throw_away(len(data) - len(taken))
        if not taken or self.transport.is_closing():
            return
        self._body_left -= len(taken)
        if not self._body_left:
            self._forget_deadline()
        super().data_received(taken)

    def _throw_away(self, size: int) -> None:
        self._thrown_away += size
        if self._thrown_away > self._limits.goodbye_bytes:
            self.transport.abort()

    # ---- what goes
    def on_response_complete(self) -> None:
        """Answered. Who still sends is listened to for a while: else the answer may be lost."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._within(self._limits.answer_seconds, self.transport.abort)
        elif self._body_left or self._last:
            self._unset_keepalive_if_required()
            self._goodbye()

    def pause_writing(self) -> None:
        """The client does not take what it asked for."""
        super().pause_writing()
        if self._answer_deadline is None:
            self._answer_deadline = self._clock.call_later(self._limits.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It does."""
        self._forget_answer_deadline()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """What h11 does not understand. It hints at the status: 400, 431, 501."""
        hint = getattr(sys.exception(), "error_status_hint", 400)
        self._refuse(hint, "this is not a request of HTTP/1.1")

    def _no_head(self) -> None:
        self._deadline = None
        self._refuse(408, f"the headers took longer than {self._limits.head_seconds:g} s")

    def _no_body(self) -> None:
        self._deadline = None
        if self.cycle.response_started:
            self.transport.abort()
        else:
            self._refuse(408, f"the body took longer than {self._limits.body_seconds:g} s")

    def _refuse(self, status: int, why: str, more: bytes = b"") -> None:
        """Answer past h11 and uvicorn, and end."""
        if self.transport.is_closing():
            return
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(refusal(status, why, more))
        self._goodbye()

    def _goodbye(self) -> None:
        self._leaving = True
        self._head.clear()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._within(self._limits.goodbye_seconds, self.transport.abort)

    # ---- time
    def _within(self, seconds: float, otherwise: Callable[[], None]) -> None:
        self._forget_deadline()
        self._deadline = self._clock.call_later(seconds, otherwise)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _forget_answer_deadline(self) -> None:
        if self._answer_deadline is not None:
            self._answer_deadline.cancel()
            self._answer_deadline = None


def refusal(status: int, why: str, more: bytes = b"") -> bytes:
    """A whole answer, after which the connection ends."""
    body = json.dumps({"error": why}).encode()
    phrase = HTTPStatus(status).phrase.encode()
    return (
        b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n"
        b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%b\r\n%b"
    ) % (status, phrase, len(body), more, body)

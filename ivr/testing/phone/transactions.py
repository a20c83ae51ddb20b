"""SIP transactions over UDP (RFC 3261 section 17): what is lost is sent again, what comes twice changes nothing."""

import asyncio
from collections.abc import Callable

from ivr.testing.phone.messages import Message

Peer = tuple[str, int]
Send = Callable[[Message, Peer], None]

T1 = 0.5
"""Seconds before the first retransmission (RFC 3261 section 17.1.1.1)."""

T2 = 4.0
"""The longest interval between retransmissions of a non-INVITE request."""

_LIFETIME = 64 * T1


class ClientTransaction:
    """One request of ours; `responses` holds what came back, a 408 of our own when nothing did."""

    def __init__(self, request: Message, peer: Peer, send: Send, *, timeout: float = _LIFETIME) -> None:
        self.request = request
        self.responses: asyncio.Queue[Message] = asyncio.Queue()
        self._peer = peer
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + timeout
        self._final: Message | None = None
        self._acknowledged: Message | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._transmit(T1)

    @property
    def finished(self) -> bool:
        """Whether a final response came."""
        return self._final is not None

    async def final(self) -> Message:
        """The final response."""
        while True:
            response = await self.responses.get()
            if response.code >= 200:
                return response

    def receive(self, response: Message) -> None:
        """A response with our branch."""
        if self._final is not None:
            self._acknowledge_again(response)
            return
        if response.code >= 200:
            self._final = response
            self.close()
            if self.request.method == "INVITE" and response.code >= 300:
                self.acknowledge(acknowledgement(self.request, response))
        elif self.request.method == "INVITE":
            self.close()  # a provisional answer stops the retransmission of an INVITE
        self.responses.put_nowait(response)

    def acknowledge(self, ack: Message) -> None:
        """Send the ACK of a final answer, and again whenever that answer comes again."""
        self._acknowledged = ack
        self._send(ack, self._peer)

    def close(self) -> None:
        """Send no more of itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _acknowledge_again(self, response: Message) -> None:
        if self._acknowledged is not None and response.code >= 200:
            self._send(self._acknowledged, self._peer)

    def _transmit(self, interval: float) -> None:
        if self._loop.time() >= self._deadline:
            self._final = timed_out(self.request)
            self.responses.put_nowait(self._final)
            return
        self._send(self.request, self._peer)
        following = interval * 2 if self.request.method == "INVITE" else min(interval * 2, T2)
        self._timer = self._loop.call_later(interval, self._transmit, following)


class ServerTransactions:
    """Remembers the last answer to every request, so that a retransmission gets it again and nothing happens twice."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._answers: dict[tuple[str, str], tuple[Message, Peer] | None] = {}
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def is_new(self, request: Message) -> bool:
        """Whether this request was not seen before; if it was, its last answer goes out again."""
        key = (request.branch, request.method)
        if key not in self._answers:
            self._answers[key] = None
            return True
        answer = self._answers[key]
        if answer is not None:
            self._send(*answer)
        return False

    def answer(self, request: Message, response: Message, peer: Peer) -> None:
        """Send an answer; the final one of an INVITE is repeated until its ACK (RFC 3261 section 13.3.1.4)."""
        self._answers[(request.branch, request.method)] = (response, peer)
        self._send(response, peer)
        if request.method == "INVITE" and response.code >= 200:
            self._repeat(request["call-id"], response, peer, T1)

    def acknowledged(self, call_id: str) -> None:
        """The ACK came."""
        timer = self._waiting.pop(call_id, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Repeat nothing any more."""
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    def _repeat(self, call_id: str, response: Message, peer: Peer, interval: float) -> None:
        self.acknowledged(call_id)

        def again() -> None:
            self._send(response, peer)
            if interval < _LIFETIME / 2:
                self._repeat(call_id, response, peer, interval * 2)

        self._waiting[call_id] = asyncio.get_running_loop().call_later(interval, again)


def acknowledgement(invite: Message, response: Message) -> Message:
    """The ACK of a refusal: it belongs to the INVITE's own transaction (RFC 3261 section 17.1.1.3)."""
    return Message(
        "ACK " + invite.start.split(" ", 1)[1],
        (
            ("Via", invite["via"]),
            ("Max-Forwards", "70"),
            ("From", invite["from"]),
            ("To", response["to"]),
            ("Call-ID", invite["call-id"]),
            ("CSeq", f"{invite.sequence} ACK"),
        ),
    )


def timed_out(request: Message) -> Message:
    """What a silent peer counts as (RFC 3261 section 8.1.3.1)."""
    names = ("Via", "From", "To", "Call-ID", "CSeq")
    return Message("SIP/2.0 408 Request Timeout", tuple((name, request[name]) for name in names))

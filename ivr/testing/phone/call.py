"""One call of a phone: a SIP dialog and its audio."""

import asyncio
import re
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from ivr.testing.phone import sdp
from ivr.testing.phone.messages import Address, Headers, Message, parse_address
from ivr.testing.phone.rtp import Media
from ivr.testing.phone.transactions import ClientTransaction, Peer
from ivr.testing.phone.transfer import Transfer, refer_to

if TYPE_CHECKING:
    from ivr.testing.phone.phone import Phone

REASONS = {100: "Trying", 180: "Ringing", 200: "OK", 404: "Not Found", 480: "Temporarily Unavailable"}
REASONS |= {481: "Call Does Not Exist", 486: "Busy Here", 487: "Request Terminated", 503: "Service Unavailable"}
REASONS |= {491: "Request Pending", 603: "Decline"}

_FAREWELL = 4.0
"""Seconds that a BYE or CANCEL waits for its answer; a dead server must not hold a phone for ever."""


class CallState(Enum):
    """How far a call came."""

    CALLING = "calling"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


class CallFailed(Exception):
    """The call ended before anybody answered; `code` is SIP's (486 busy, 603 refused, 408 no answer at all)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the call failed: {code} {REASONS.get(code, '')}".rstrip())
        self.code = code


class Asked(NamedTuple):
    """A request within a call, and its final answer."""

    transaction: ClientTransaction
    response: Message


class Call:
    """A call of either direction. `marks` holds the loop times of what happened first:
    invited, ringing, talking, ended."""

    def __init__(self, phone: "Phone", media: Media, *, local: Address, remote: Address, call_id: str) -> None:
        self.phone = phone
        self.media = media
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.target = remote.uri
        self.route: tuple[str, ...] = ()
        self.invite: Message | None = None  # the request of the other side, for an incoming call
        self.peer: Peer = phone.server
        self.code = 0  # the final status, when nobody answered
        self.cancelled = False  # the other side withdrew the call while it rang
        self.ended_by = ""  # us, them
        self.marks: dict[str, float] = {}
        self._state = CallState.CALLING
        self._waiting: list[asyncio.Future[None]] = []
        self._sequence = 0
        self._described = 0
        self._direction = "sendrecv"
        self._transfer: Transfer | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._transaction: ClientTransaction | None = None
        self._mark("invited")

    # ---- what the call is

    @property
    def state(self) -> CallState:
        return self._state

    @property
    def shown_number(self) -> str:
        """The number that the other side shows."""
        return self.remote.user

    @property
    def shown_name(self) -> str:
        """The name that the other side shows."""
        return self.remote.name

    async def ringing(self, seconds: float = 5) -> None:
        """Until the other side rings; CallFailed when it refuses, TimeoutError after `seconds`."""
        await self._until(lambda: self._state is not CallState.CALLING, seconds)
        self._raise_if_failed()

    async def answered(self, seconds: float = 10) -> None:
        """Until both sides talk; CallFailed when that will not happen, TimeoutError after `seconds`."""
        await self._until(lambda: self._state in (CallState.TALKING, CallState.ENDED), seconds)
        self._raise_if_failed()

    async def ended(self, seconds: float = 10) -> None:
        """Until the call is over, however; TimeoutError after `seconds`."""
        await self._until(lambda: self._state is CallState.ENDED, seconds)

    # ---- what its owner does

    async def ring(self) -> None:
        """Say 180 to an incoming call."""
        if self._state is CallState.CALLING:
            self._answer(180)
            self._move(CallState.RINGING)

    async def answer(self) -> None:
        """Pick an incoming call up."""
        if self._state is CallState.ENDED or self.invite is None:
            raise CallFailed(self.code)
        self.connect(self.invite.body)
        self._answer(200, self.describe())
        self._move(CallState.TALKING)

    async def reject(self, code: int = 486) -> None:
        """Refuse an incoming call: 486 busy, 603 declined, 480 away."""
        if self._state is not CallState.ENDED:
            self._answer(code)
            self.finish(code=code, by="us")

    async def redirect(self, uri: str) -> None:
        """Answer that the call should be sent to another address (302)."""
        assert self.invite is not None
        self.phone.respond(self.invite, 302, self.peer, tag=self.local.tag, contact=uri)
        self.finish(code=302, by="us")

    async def hang_up(self) -> None:
        """End the call in whatever state it is; harmless when it is over."""
        if self._state is CallState.ENDED:
            return
        if self._state is CallState.TALKING:
            self.finish(by="us")
            await self._bye()
        elif self.invite is not None:
            await self.reject(603)
        else:
            await self._cancel()

    async def press(self, keys: str) -> None:
        """Press keys one after the other and wait until they are sent (0.2 s each)."""
        self.media.press(keys)
        await asyncio.sleep(0.2 * len(keys))

    async def hold(self) -> None:
        """Put the other side on hold: our microphone is silent, they hear what the server plays. CallFailed when the
        server refuses."""
        self.media.muted = True
        await self._renew("sendonly")

    async def unhold(self) -> None:
        """Talk again."""
        await self._renew("sendrecv")
        self.media.muted = False

    async def transfer(self, number: str) -> Transfer:
        """Send the other side to a number (blind). The server ends our call when it has done so."""
        return await self._refer(refer_to(f"sip:{number}@{self.phone.server[0]}:{self.phone.server[1]}"))

    async def transfer_to(self, other: "Call") -> Transfer:
        """Join the other side with whom we have in another call (attended), or with whom that one still rings."""
        tags = {"their_tag": other.remote.tag, "our_tag": other.local.tag}
        return await self._refer(refer_to(other.target, call_id=other.call_id, **tags))

    # ---- what the phone tells it

    def notified(self, note: Message) -> None:
        """A NOTIFY within this call: how a transfer goes on."""
        if self._transfer is not None:
            self._transfer.notified(note)

    def begin(self, invite: Message, transaction: ClientTransaction) -> None:
        """Our INVITE is on its way."""
        self._sequence = invite.sequence
        self._transaction = transaction
        self.spawn(self._follow(invite, transaction))

    def connect(self, body: str) -> None:
        """The other side's offer or answer came."""
        remote = sdp.read(body)
        if remote is not None:
            self.media.connect(remote)

    def describe(self) -> str:
        """Our own offer or answer."""
        self._described += 1
        return sdp.describe(self.phone.address, self.media.port, self._described, self._direction)

    def finish(self, *, code: int = 0, by: str) -> None:
        """The call is over; its audio stops at once."""
        if self._state is CallState.ENDED:
            return
        self.code = self.code or code
        self.ended_by = by
        self.media.close()
        self._move(CallState.ENDED)

    def request(self, method: str) -> Message:
        """A request within this dialog."""
        self._sequence += 1
        routes = tuple(("Route", route) for route in self.route)
        return self.phone.compose(method, self.target, self._dialog(method) + routes)

    def close(self) -> None:
        """Leave nothing running (the phone is closing)."""
        for task in self._tasks:
            task.cancel()
        self.finish(by="us")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that ends with the call."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- within

    def _dialog(self, method: str) -> Headers:
        return (
            ("From", str(self.local)),
            ("To", str(self.remote)),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._sequence} {method}"),
            ("Contact", f"<{self.phone.contact}>"),
        )

    async def _refer(self, to: str) -> Transfer:
        self._transfer = transfer = Transfer()
        answer = (await self._ask("REFER", (("Refer-To", to), ("Referred-By", f"<{self.local.uri}>")))).response
        if answer.code >= 300:
            transfer.told(answer.code)
        return transfer

    async def _renew(self, direction: str) -> None:
        """A new offer within the call."""
        self._direction = direction
        asked = await self._ask("INVITE", (), self.describe())
        if asked.response.code >= 300:
            raise CallFailed(asked.response.code)
        asked.transaction.acknowledge(self._acknowledgement(asked.transaction.request.sequence))
        self.connect(asked.response.body)

    async def _ask(self, method: str, headers: Headers, body: str = "") -> Asked:
        """A request within the dialog and its final answer, with at most one proof of who we are."""
        plain = self.request(method)
        uri = plain.start.split(" ")[1]
        kept = tuple((k, v) for k, v in plain.headers if k.lower() not in ("via", "max-forwards"))
        request = self.phone.compose(method, uri, kept + headers, body)
        transaction = self.phone.transact(request, self.peer)
        response = await transaction.final()
        if response.code in (401, 407):
            request = self.phone.authorised(request, response)
            self._sequence = request.sequence
            transaction = self.phone.transact(request, self.peer)
            response = await transaction.final()
        return Asked(transaction, response)

    def _acknowledgement(self, sequence: int) -> Message:
        """The ACK of a 2xx: a request of its own with the number of the INVITE (RFC 3261 section 13.2.2.4)."""
        now, self._sequence = self._sequence, sequence
        ack = self.request("ACK")
        self._sequence = now
        headers = tuple((k, f"{sequence} ACK" if k == "CSeq" else v) for k, v in ack.headers if k != "Contact")
        return Message(ack.start, headers)

    def _answer(self, code: int, body: str = "") -> None:
        assert self.invite is not None
        self.phone.respond(self.invite, code, self.peer, tag=self.local.tag, body=body)

    async def _follow(self, invite: Message, transaction: ClientTransaction) -> None:
        """Our INVITE until its final answer, with at most one proof of who we are."""
        while True:
            response = await transaction.responses.get()
            if response.code < 200:
                if response.body:
                    self.connect(response.body)
                if tag := parse_address(response["to"]).tag:
                    self.remote = replace(self.remote, tag=tag)
                if response.code > 100 and self._state is CallState.CALLING:
                    self._move(CallState.RINGING)
            elif response.code in (401, 407) and self._transaction is transaction and not invite.get("authorization"):
                invite = self.phone.authorised(invite, response)
                self._sequence = invite.sequence
                transaction = self._transaction = self.phone.transact(invite, self.peer)
            elif response.code < 300:
                self._established(response, transaction)
                return
            else:
                self.finish(code=response.code, by="us" if self.ended_by == "us" else "them")
                return

    def _established(self, response: Message, transaction: ClientTransaction) -> None:
        self.remote = Address(self.remote.uri, self.remote.name, parse_address(response["to"]).tag)
        self.target = parse_address(response.get("contact") or f"<{self.target}>").uri
        self.route = tuple(reversed(response.all("record-route")))
        transaction.acknowledge(self._acknowledgement(transaction.request.sequence))
        self.connect(response.body)
        if self.ended_by == "us":  # answered while our CANCEL was on its way
            self.finish(by="us")
            self.spawn(self._bye())
        else:
            self._move(CallState.TALKING)

    async def _cancel(self) -> None:
        """Withdraw our INVITE (RFC 3261 section 9.1)."""
        assert self._transaction is not None
        self.ended_by = "us"
        invite = self._transaction.request
        kept = tuple((k, v) for k, v in invite.headers if k.lower() in ("via", "max-forwards", "from", "to", "call-id"))
        start = "CANCEL " + invite.start.split(" ", 1)[1]
        cancel = Message(start, (*kept, ("CSeq", f"{invite.sequence} CANCEL")))
        await self.phone.transact(cancel, self.peer, timeout=_FAREWELL).final()
        try:
            await self.ended(2)
        except TimeoutError:
            self.finish(by="us")

    async def _bye(self) -> None:
        await self.phone.transact(self.request("BYE"), self.peer, timeout=_FAREWELL).final()

    def _move(self, state: CallState) -> None:
        self._state = state
        self._mark(state.value)
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _mark(self, what: str) -> None:
        self.marks.setdefault(what, asyncio.get_running_loop().time())

    async def _until(self, reached: Callable[[], bool], seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while not reached():
                changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(changed)
                await changed

    def _raise_if_failed(self) -> None:
        if self._state is CallState.ENDED and "talking" not in self.marks:
            raise CallFailed(self.code)

    def __repr__(self) -> str:
        return f"<Call {self.phone.user} {re.sub('[0-9]{7,}', '*', self.remote.user)} {self._state.value}>"


def new_call_id() -> str:
    """A Call-ID that nobody else has."""
    return secrets.token_hex(12)

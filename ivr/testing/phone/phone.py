"""The phone: one SIP user agent on one UDP port."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine
from typing import Any, cast

from ivr.testing.phone import digest
from ivr.testing.phone.call import REASONS, Call, CallFailed, new_call_id
from ivr.testing.phone.messages import Address, Headers, Message, NotSip, parse, parse_address
from ivr.testing.phone.rtp import Media
from ivr.testing.phone.transactions import ClientTransaction, Peer, ServerTransactions
from ivr.testing.phone.watch import Watch, shown

_AGAIN = 2.0
"""Seconds after which a registration that failed is tried again."""

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REFER"

Behaviour = Callable[[Call], Coroutine[Any, Any, None]]


class RegistrationFailed(Exception):
    """The registrar refused; `code` is SIP's (401 wrong password, 404 unknown extension, 408 silence)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"registration failed: {code}")
        self.code = code


class Phone(asyncio.DatagramProtocol):
    """A telephone. `on_call` says what it does by itself with an incoming call; without it `incoming()` yields them."""

    def __init__(self, user: str, server: Peer, password: str, address: str) -> None:
        self.user = user
        self.server = server
        self.address = address
        self.port = 0
        self.calls: dict[str, Call] = {}
        self.on_call: Behaviour | None = None
        self.deaf = False
        """Hears no INVITE, and still answers OPTIONS: registered, reachable and silent."""
        self.watches: dict[str, Watch] = {}
        self.told: list[str] = []
        """What notices showed that belong to no subscription: the message lamp."""
        self._password = password
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers = ServerTransactions(self._send)
        self._incoming: asyncio.Queue[Call] = asyncio.Queue()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._registered: asyncio.Task[None] | None = None
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(
        cls, user: str, *, server: Peer, password: str = "", address: str = "127.0.0.1", port: int = 0
    ) -> "Phone":
        """A phone on a free port (or `port`) of a local address; trunks are recognised by that address."""
        loop = asyncio.get_running_loop()
        transport, phone = await loop.create_datagram_endpoint(
            lambda: cls(user, server, password, address), local_addr=(address, port)
        )
        phone._transport = transport
        phone.port = cast("tuple[str, int]", transport.get_extra_info("sockname"))[1]
        return phone

    async def close(self) -> None:
        """Hang up what still talks and leave nothing behind; harmless when closed."""
        if self._transport is None:
            return
        ends = [call.hang_up() for call in self.calls.values()] + [lamp.stop() for lamp in self.watches.values()]
        hanging_up = asyncio.gather(*ends, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(hanging_up, 3)
        for call in self.calls.values():
            call.close()
        self._forget_registration()
        for task in self._tasks:
            task.cancel()
        for transaction in self._clients.values():
            transaction.close()
        self._servers.close()
        self._transport.close()
        self._transport = None

    @property
    def contact(self) -> str:
        return f"sip:{self.user}@{self.address}:{self.port}"

    # ---- registering

    async def register(self, seconds: int = 300) -> None:
        """Tell the registrar where this phone is, again and again before it forgets; RegistrationFailed when it refuses
        the first time."""
        self._forget_registration()
        await self._register(seconds)
        self._registered = asyncio.ensure_future(self._stay_registered(seconds))

    async def unregister(self) -> None:
        """Tell the registrar that this phone is gone."""
        self._forget_registration()
        await self._register(0)

    def _forget_registration(self) -> None:
        if self._registered is not None:
            self._registered.cancel()
            self._registered = None

    async def _stay_registered(self, seconds: int) -> None:
        pause = seconds / 2
        while True:
            await asyncio.sleep(pause)
            try:
                await self._register(seconds)
                pause = seconds / 2
            except (RegistrationFailed, TimeoutError):
                pause = _AGAIN

    async def _register(self, seconds: int) -> None:
        uri = f"sip:{self.server[0]}"
        me = Address(f"sip:{self.user}@{self.server[0]}", tag=secrets.token_hex(6))
        headers: Headers = (
            ("From", str(me)),
            ("To", f"<{me.uri}>"),
            ("Call-ID", new_call_id()),
            ("CSeq", "1 REGISTER"),
            ("Contact", f"<{self.contact}>"),
            ("Expires", str(seconds)),
        )
        request = self.compose("REGISTER", uri, headers)
        response = await self.transact(request, self.server, timeout=4).final()
        if response.code in (401, 407):
            response = await self.transact(self.authorised(request, response), self.server, timeout=4).final()
        if response.code != 200:
            raise RegistrationFailed(response.code)

    # ---- calling

    async def call(self, number: str, *, shown_number: str = "", shown_name: str = "", headers: Headers = ()) -> Call:
        """Call a number and return at once; the Call tells how it goes on. `shown_number` is our caller number."""
        local = Address(f"sip:{shown_number or self.user}@{self.address}", shown_name, secrets.token_hex(6))
        remote = Address(f"sip:{number}@{self.server[0]}:{self.server[1]}")
        media = await Media.open(self.address)
        call = Call(self, media, local=local, remote=remote, call_id=new_call_id())
        self.calls[call.call_id] = call
        dialog: Headers = (
            ("From", str(local)),
            ("To", str(remote)),
            ("Call-ID", call.call_id),
            ("CSeq", "1 INVITE"),
            ("Contact", f"<{self.contact}>"),
            ("Allow", ALLOW),
        )
        invite = self.compose("INVITE", remote.uri, dialog + headers, call.describe())
        call.begin(invite, self.transact(invite, self.server))
        return call

    async def incoming(self, seconds: float = 10) -> Call:
        """The next incoming call that nothing has taken; TimeoutError when none comes."""
        async with asyncio.timeout(seconds):
            return await self._incoming.get()

    # ---- messages

    def compose(self, method: str, uri: str, headers: Headers, body: str = "") -> Message:
        """A new request with a branch of its own."""
        via = f"SIP/2.0/UDP {self.address}:{self.port};rport;branch=z9hG4bK{secrets.token_hex(10)}"
        kind: Headers = (("Content-Type", "application/sdp"),) if body else ()
        return Message(f"{method} {uri} SIP/2.0", (("Via", via), ("Max-Forwards", "70"), *headers, *kind), body)

    def authorised(self, request: Message, challenge: Message) -> Message:
        """The request again, as a new transaction, with the answer to a challenge."""
        asked = challenge.get("www-authenticate")
        name, asked = ("Authorization", asked) if asked else ("Proxy-Authorization", challenge["proxy-authenticate"])
        method, uri = request.start.split(" ")[:2]
        proof = digest.answer(asked, user=self.user, password=self._password, method=method, uri=uri)
        kept = tuple(
            (k, f"{request.sequence + 1} {method}" if k.lower() == "cseq" else v)
            for k, v in request.headers
            if k.lower() not in ("via", "max-forwards", "content-type")
        )
        return self.compose(method, uri, (*kept, (name, proof)), request.body)

    def transact(self, request: Message, peer: Peer, *, timeout: float = 32.0) -> ClientTransaction:
        """Send a request until it is answered; after `timeout` seconds its answer is 408."""
        transaction = ClientTransaction(request, peer, self._send, timeout=timeout)
        self._clients[(request.branch, request.method)] = transaction
        return transaction

    def respond(
        self, request: Message, code: int, peer: Peer, *, tag: str = "", body: str = "", contact: str = ""
    ) -> None:
        """Answer a request; a retransmission of it gets the same. `contact`: another address than ours."""
        to = request["to"] if "tag=" in request["to"] or not tag else f"{request['to']};tag={tag}"
        headers: Headers = (
            *(("Via", via) for via in request.all("via")),
            *(("Record-Route", route) for route in request.all("record-route")),
            ("From", request["from"]),
            ("To", to),
            ("Call-ID", request["call-id"]),
            ("CSeq", request["cseq"]),
            ("Contact", f"<{contact or self.contact}>"),
            ("Allow", ALLOW),
        )
        if body:
            headers += (("Content-Type", "application/sdp"),)
        reason = REASONS.get(code, "Status")
        self._servers.answer(request, Message(f"SIP/2.0 {code} {reason}", headers, body), peer)

    def _send(self, message: Message, peer: Peer) -> None:
        if self._transport is not None:
            self._transport.sendto(message.encode(), peer)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        if not data.strip():
            return  # a keep-alive
        try:
            message = parse(data)
        except NotSip:
            return
        peer = (str(addr[0]), int(addr[1]))
        if message.is_response:
            transaction = self._clients.get((message.branch, message.method))
            if transaction is not None:
                transaction.receive(message)
        elif message.method == "ACK":
            self._servers.acknowledged(message["call-id"])
        elif self._servers.is_new(message):
            self._serve(message, peer)

    def error_received(self, exc: Exception) -> None:
        """The server's port is closed: retransmission and its deadline take care."""

    # ---- serving

    def _serve(self, request: Message, peer: Peer) -> None:
        call = self.calls.get(request["call-id"])
        if request.method == "INVITE":
            if call is None:
                if not self.deaf:
                    self._spawn(self._take(request, peer))
            else:  # a new offer within the call
                call.connect(request.body)
                self.respond(request, 200, peer, body=call.describe())
        elif request.method == "CANCEL":
            self.respond(request, 200 if call else 481, peer, tag=call.local.tag if call else "")
            if call is not None and "talking" not in call.marks and "ended" not in call.marks:
                call.cancelled = True
                assert call.invite is not None
                self.respond(call.invite, 487, peer, tag=call.local.tag)
                call.finish(code=487, by="them")
        elif request.method == "BYE":
            self.respond(request, 200 if call else 481, peer)
            if call is not None:
                call.finish(by="them")
        else:
            self.respond(request, 200, peer, tag=secrets.token_hex(6))
            if request.method == "NOTIFY":
                self._notified(request)

    def _notified(self, note: Message) -> None:
        lamp, call = self.watches.get(note["call-id"]), self.calls.get(note["call-id"])
        if lamp is not None:
            lamp.notified(note)
        elif call is not None:
            call.notified(note)
        elif note.get("event") == "message-summary":
            self.told.append(shown(note))

    async def _take(self, invite: Message, peer: Peer) -> None:
        self.respond(invite, 100, peer)
        caller, me = parse_address(invite["from"]), parse_address(invite["to"])
        media = await Media.open(self.address)
        local = Address(me.uri, me.name, secrets.token_hex(6))
        call = Call(self, media, local=local, remote=caller, call_id=invite["call-id"])
        call.invite, call.peer = invite, peer
        call.target = parse_address(invite.get("contact") or f"<{caller.uri}>").uri
        call.route = invite.all("record-route")
        self.calls[call.call_id] = call
        if self.on_call is not None:
            call.spawn(_behave(self.on_call, call))
        else:
            self._incoming.put_nowait(call)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _behave(behaviour: Behaviour, call: Call) -> None:
    # The caller may go at any moment: for a phone that acts by itself this is no error.
    with contextlib.suppress(CallFailed):
        await behaviour(call)

"""A scripted Asterisk manager: a real socket that says what a test wants, faults included.

```python
async with ScriptedAmi() as asterisk:
    asterisk.lists["Status"] = [("Status", {"Uniqueid": "n1-1.1", "Variable": ["TICKET=..."]})]
    asterisk.answers["Originate"] = asterisk.refuse("Extension does not exist.")
    link = AmiLink("127.0.0.1", asterisk.port, asterisk.user, asterisk.secret, clock=LoopClock())
    link.start()
    await asterisk.received("Login")
    asterisk.emit("Hangup", {"Uniqueid": "n1-1.1", "Cause": "16"})
```

What it does unasked: greets, checks name and secret, says FullyBooted, answers Ping, answers every other action with
Success, and every action named in `lists` with a list. Faults: `silent` (never answers an action), `hold`/`release`
(answers late), `cut` (connections die), `frozen` (says nothing more, like a stopped process), `refuse_logins`,
`stop_listening`/`listen`, `raw` (any bytes), `drop_at_connect`, `booted = False`.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Self

from ivr.asterisk.ami.messages import Event, FieldValue, Response

Fields = Mapping[str, FieldValue]
Asked = Mapping[str, str]
Answer = Callable[[Asked], bytes]
END = b"\r\n\r\n"


class ScriptedAmi:
    """The server. Everything may be changed at any time; `actions` holds what clients sent, in order."""

    def __init__(self, user: str = "ivr", secret: str = "open sesame", greeting: str = "11.0.0") -> None:
        self.user = user
        self.secret = secret
        self.greeting = f"Asterisk Call Manager/{greeting}\r\n".encode()
        self.port = 0
        self.booted = True
        self.refuse_logins = ""  # the message; empty lets in whoever knows name and secret
        self.drop_at_connect = False
        self.frozen = False
        self.silent: set[str] = set()
        self.lists: dict[str, list[tuple[str, Fields]]] = {}
        self.answers: dict[str, Answer] = {}
        self.actions: list[dict[str, list[str]]] = []
        """Each action as sent: field -> values."""
        self._held: dict[str, list[Callable[[], None]]] = {}
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def listen(self) -> None:
        """Accept connections, at the same port as before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Session(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop_listening(self) -> None:
        """Refuse new connections; the present ones go on."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def close(self) -> None:
        """End everything."""
        await self.stop_listening()
        self.cut()
        while self._sessions:
            await self._next_change()

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._sessions)

    def count(self, name: str) -> int:
        """How often clients asked for this action."""
        return sum(action["Action"] == [name] for action in self.actions)

    async def received(self, name: str, times: int = 1) -> dict[str, list[str]]:
        """Wait until the action has come `times` times in all; returns the last one."""
        while self.count(name) < times:
            await self._next_change()
        return [action for action in self.actions if action["Action"] == [name]][-1]

    async def connected(self, connections: int = 1) -> None:
        """Wait until exactly so many connections are open."""
        while len(self._sessions) != connections:
            await self._next_change()

    def emit(self, name: str, fields: Fields | None = None) -> None:
        """Send an event to everybody who is logged in."""
        self.raw(Event.of(name, fields).block + END)

    def raw(self, data: bytes) -> None:
        """Send bytes as they are to everybody who is logged in."""
        for session in self._sessions:
            if session.authenticated:
                session.write(data)

    def boot(self) -> None:
        """Become fully booted and tell it."""
        self.booted = True
        self.emit("FullyBooted", {"Status": "Fully Booted"})

    def cut(self) -> None:
        """Reset every connection."""
        for session in tuple(self._sessions):
            session.abort()

    def hold(self, name: str) -> None:
        """Answer this action only at `release`."""
        self._held.setdefault(name, [])

    def release(self, name: str) -> None:
        """Answer, late, what was held; those whose connection is gone get nothing."""
        for answer in self._held.pop(name, []):
            answer()

    @staticmethod
    def refuse(message: str) -> Answer:
        """For `answers`: Response: Error."""
        return lambda asked: _reply("Error", asked, {"Message": message})

    @staticmethod
    def accept(fields: Fields | None = None, *events: tuple[str, Fields]) -> Answer:
        """For `answers`: Response: Success, then events that carry the ActionID, as OriginateResponse does."""
        return lambda asked: (
            _reply("Success", asked, fields or {})
            + b"".join(Event.of(name, _tagged(asked, more)).block + END for name, more in events)
        )

    async def _next_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _note(self) -> None:
        self._changed.set()

    def _answer(self, session: "_Session", action: dict[str, list[str]]) -> None:
        asked = {key: values[0] for key, values in action.items()}
        name = asked["Action"]
        self.actions.append(action)
        self._note()
        if name in self.silent:
            return
        if name == "Login":
            session.write(self._login(session, asked))
        elif name in self._held:
            self._held[name].append(lambda: session.write(self._reply(name, asked)))
        else:
            session.write(self._reply(name, asked))

    def _login(self, session: "_Session", asked: Asked) -> bytes:
        right = asked.get("Username") == self.user and asked.get("Secret") == self.secret
        if self.refuse_logins or not right:
            return _reply("Error", asked, {"Message": self.refuse_logins or "Authentication failed"})
        session.authenticated = True
        booted = Event.of("FullyBooted", {"Privilege": "system,all", "Status": "Fully Booted"}).block + END
        return _reply("Success", asked, {"Message": "Authentication accepted"}) + (booted if self.booted else b"")

    def _reply(self, name: str, asked: Asked) -> bytes:
        if name in self.answers:
            return self.answers[name](asked)
        if name == "Ping":
            return _reply("Success", asked, {"Ping": "Pong"})
        items = self.lists.get(name)
        if items is None:
            return _reply("Success", asked, {})
        return b"".join(
            [
                _reply("Success", asked, {"EventList": "start", "Message": "A list will follow"}),
                *(Event.of(event, _tagged(asked, fields)).block + END for event, fields in items),
                Event.of(f"{name}Complete", _tagged(asked, {"EventList": "Complete"})).block + END,
            ]
        )


class _Session(asyncio.Protocol):
    """One client."""

    def __init__(self, script: ScriptedAmi) -> None:
        self._script = script
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self.authenticated = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._script._sessions.add(self)
        self._script._note()
        if self._script.drop_at_connect:
            transport.abort()
        else:
            self.write(self._script.greeting)

    def data_received(self, data: bytes) -> None:
        if self._script.frozen:
            return
        *blocks, self._rest = (self._rest + data).split(END)
        for block in blocks:
            action: dict[str, list[str]] = {}
            for line in block.decode().split("\r\n"):
                key, _, value = line.partition(": ")
                action.setdefault(key, []).append(value)
            self._script._answer(self, action)

    def connection_lost(self, exc: Exception | None) -> None:
        self._script._sessions.discard(self)
        self._script._note()

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing() and not self._script.frozen:
            self._transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _reply(response: str, asked: Asked, fields: Fields) -> bytes:
    return Response.of(response, _tagged(asked, fields)).block + END


def _tagged(asked: Asked, fields: Fields) -> dict[str, FieldValue]:
    identity = {"ActionID": asked["ActionID"]} if "ActionID" in asked else {}
    return {**identity, **fields}

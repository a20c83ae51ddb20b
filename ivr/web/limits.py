"""How much, how often and how many at once: for each address, and for all together."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping

from ivr.access.addresses import OFFICE_SHARE, Offices, house_of, nowhere
from ivr.web.asgi import App, Message, Receive, Scope, Send, header, refuse
from ivr.web.pace import Pacing, too_often

BODY_BYTES = 16_384
"""Of a request, unless its path takes more."""

LARGE_BODY_BYTES = 1_000_000
"""Lists of callers."""


class Bodies:
    """Refuses a body that is too long before it is read (the wire takes none without a length), and waits for a short
    one to be whole: who sends slowly holds nobody else up, for what comes behind is not busy with it yet."""

    def __init__(self, app: App, most: int = BODY_BYTES, of: Mapping[str, int] | None = None) -> None:
        """`of`: how much the paths under a beginning may take."""
        self._app, self._most, self._of = app, most, dict(of or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI."""
        most = next((size for path, size in self._of.items() if scope["path"].startswith(path)), self._most)
        given = header(scope, b"content-length")
        length = int(given) if given.isdigit() else 0
        if length > most:
            await refuse(send, 413, f"more than {most} bytes were sent")
        elif not length or length > BODY_BYTES:  # a longer one is read when it is known who sends it
            await self._app(scope, receive, send)
        elif (body := await _whole(receive)) is not None:
            await self._app(scope, _again(body, receive), send)


async def _whole(receive: Receive) -> bytes | None:
    """None when the client left."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    read = False

    async def first_the_body() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return first_the_body


class Rates:
    """429 for who asks too often. Behind a proxy he is the client (`Proxies` stands before); who comes without one was
    refused already, at less cost (ivr.web.crowd)."""

    def __init__(self, app: App, pacing: Pacing, now_us: Callable[[], int]) -> None:
        self._app, self._pacing, self._now_us = app, pacing, now_us

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI."""
        if scope.get("client") and (wait := self._pacing.take(scope["client"][0], self._now_us())):
            why, seconds = too_often(wait)
            await refuse(send, 429, why, [(b"retry-after", seconds.encode())])
        else:
            await self._app(scope, receive, send)


class Concurrency:
    """503 when too many requests are being answered already, of all or of one address."""

    def __init__(
        self,
        app: App,
        most: int = 64,
        of_one: int = 24,
        exempt: Collection[str] = (),
        office: Offices = nowhere,
    ) -> None:
        """`exempt`: paths whose answers last, and that count for themselves. An office never has all of them."""
        self._app, self._most, self._of_one, self._exempt = app, most, of_one, frozenset(exempt)
        self._office, self._of_office = office, max(of_one, min(of_one * OFFICE_SHARE, most * 3 // 4))
        self._of: Counter[str] = Counter()
        self.now = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI."""
        if scope["path"] in self._exempt:
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else ""
        house = house_of(address)
        of_it = self._of[house]
        here = of_it < self._of_one or (of_it < self._of_office and self._office(address))
        if self.now >= self._most or not here:
            await refuse(send, 503, "too many requests at once; try again", [(b"retry-after", b"1")])
            return
        self.now += 1
        self._of[house] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self.now -= 1
            self._of[house] -= 1
            if not self._of[house]:
                del self._of[house]

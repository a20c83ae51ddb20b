"""What happens, as it happens: server-sent events for pages and boards.

Every client gets all rows within its reach first (`event: agents`, `"whole": true`), and from then on those that have
changed or are gone, at most once a second. One look a second serves all clients, and none is made while nobody
listens. A client that does not keep up is let go: it comes again by itself and begins with all rows.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from ivr import log as logs
from ivr.access.addresses import Offices, nowhere
from ivr.access.limits import Limits
from ivr.access.model import Principal, Reach
from ivr.access.rights import reads, scoped
from ivr.clock import Clock, Timer
from ivr.web.api.answers import refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router

log = logs.get(__name__)

LOOK_EVERY_SECONDS = 1.0
HEART_BEAT_SECONDS = 15
_HEART_BEAT_US = HEART_BEAT_SECONDS * 1_000_000
LONGEST_SECONDS = 3_600
BEHIND = 32
"""Messages that a client may be behind."""
MOST_CLIENTS = 200
"""Of all who come from no office."""
MOST_CLIENTS_OF_OFFICES = 800
"""And of all offices (CENTRALITA_OFFICES) together."""
MOST_CLIENTS_OF_ONE = 10

LISTEN = Allowed(
    reads(
        "events",
        admin=Reach.EVERYTHING,
        supervisor=Reach.OWN_QUEUES,
        agent=Reach.SELF,
        auditor=Reach.EVERYTHING,
        monitor=Reach.EVERYTHING,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One kind of row. `rows`: all of them now, by their key; a row that has changed is not equal to the one before."""

    name: str
    rows: Callable[[], Mapping[str, Hashable]]
    within: Callable[[Limits, Any], bool]
    shown: Callable[[Any, bool], Mapping[str, Any]]
    """A row as JSON; with True callers' numbers in full, else masked."""
    numbers: bool = False
    """Whether it shows numbers at all."""


@dataclass(eq=False)
class _Client:
    principal: Principal
    limits: Callable[[], Limits]
    topics: Sequence[Topic]
    queue: "asyncio.Queue[str | None]" = field(default_factory=lambda: asyncio.Queue(BEHIND))
    known: dict[str, set[str]] = field(default_factory=dict)
    left: bool = False

    def send(self, message: str) -> None:
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.leave()

    def leave(self) -> None:
        """Say nothing more; what waits is dropped."""
        if not self.left:
            self.left = True
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)


class Events:
    """A part of the API: the stream."""

    def __init__(
        self,
        topics: Sequence[Topic],
        limits: Callable[[Granted], Limits],
        still: Callable[[Principal], bool],
        clock: Clock,
        office: Offices = nowhere,
    ) -> None:
        """`limits`: how far somebody reaches now; `still`: whether who came in earlier may stay; `office`: whether many
        people stand behind an address."""
        self._topics = {topic.name: topic for topic in topics}
        self._limits, self._still, self._clock, self._office = limits, still, clock, office
        self._clients: dict[_Client, None] = {}
        self._last: dict[str, Mapping[str, Hashable]] = {}
        self._timer: Timer | None = None
        self._closed = False

    def routes(self) -> APIRouter:
        """One, that goes on."""
        router = api_router("events")
        stream: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}
        router.get("/events", response_class=StreamingResponse, responses=stream | refusals())(self.listen)
        return router

    @property
    def clients(self) -> int:
        """How many listen."""
        return len(self._clients)

    def close(self) -> None:
        """The server ends: so do the streams."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for client in self._clients:
            client.leave()

    async def listen(
        self,
        granted: Annotated[Granted, LISTEN],
        topics: Annotated[str, Query(max_length=100, description="`agents,queues,calls`; left out: all")] = "",
        seconds: Annotated[int, Query(ge=0, le=LONGEST_SECONDS, description="the stream ends after so many; 0: after "
                                      "the first rows")] = LONGEST_SECONDS,
    ) -> StreamingResponse:  # fmt: skip
        """Events named `agents`, `queues`, `calls`: first all rows within reach, then those that change."""
        client = self._client(granted, self._wanted(granted.principal, topics))
        if granted.principal.sees_numbers and any(topic.numbers for topic in client.topics):
            granted.shows("events.listen", topics=[topic.name for topic in client.topics])
        return StreamingResponse(
            self._stream(client, seconds),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    def _wanted(self, principal: Principal, given: str) -> list[Topic]:
        names = [name.strip() for name in given.split(",")] if given else list(self._topics)
        unknown = [name for name in names if name not in self._topics]
        if unknown:
            raise Refusal(f"there are the topics {', '.join(self._topics)}", status=400)
        found = [self._topics[name] for name in dict.fromkeys(names) if scoped(principal.scopes, f"{name}:read")]
        if not found:
            raise Refusal(f"the token's scopes hold none of {', '.join(f'{name}:read' for name in names)}", status=403)
        return found

    def _client(self, granted: Granted, topics: Sequence[Topic]) -> _Client:
        if self._closed:
            raise Refusal("the server ends; try again", status=503)
        if self._full(granted.principal):
            raise Refusal("too many listen already", status=429, headers={"Retry-After": "30"})
        return _Client(granted.principal, lambda: self._limits(granted), topics)

    def _full(self, principal: Principal) -> bool:
        of_one = sum(client.principal.account == principal.account for client in self._clients)
        office = self._office(principal.address)
        alike = sum(self._office(client.principal.address) is office for client in self._clients)
        most = MOST_CLIENTS_OF_OFFICES if office else MOST_CLIENTS
        return alike >= most or of_one >= MOST_CLIENTS_OF_ONE

    # ------------------------------------------------------------------ the stream
    async def _stream(self, client: _Client, seconds: int) -> AsyncIterator[str]:
        yield "retry: 3000\n\n"
        if self._closed or self._full(client.principal):  # others may have begun since this one was let in
            return
        self._clients[client] = None
        try:
            self._soon()
            until = self._clock.engine_us() + seconds * 1_000_000
            ask_again = self._clock.engine_us() + _HEART_BEAT_US
            for topic in client.topics:
                yield self._whole(client, topic)
            while (now := self._clock.engine_us()) < until:
                if now >= ask_again:
                    if not self._still(client.principal):
                        return
                    ask_again = now + _HEART_BEAT_US
                try:
                    wait = min(until, ask_again) - now
                    message = await asyncio.wait_for(client.queue.get(), wait / 1e6)
                except TimeoutError:
                    message = ": \n\n"  # a comment: the connection lives
                if message is None or client.left:
                    return
                yield message
        finally:
            self._clients.pop(client, None)

    def _whole(self, client: _Client, topic: Topic) -> str:
        rows = self._look(topic)
        limits = client.limits()
        within = {key: row for key, row in rows.items() if topic.within(limits, row)}
        client.known[topic.name] = set(within)
        full = client.principal.sees_numbers
        return _event(topic.name, [_json(topic, row, full) for row in within.values()], whole=True)

    def _look(self, topic: Topic) -> Mapping[str, Hashable]:
        """The rows as the last look found them: what changes after it is sent by the next."""
        if topic.name not in self._last:
            self._last[topic.name] = topic.rows()
        return self._last[topic.name]

    # ------------------------------------------------------------------ one look for all
    def _soon(self) -> None:
        if self._timer is None and not self._closed:
            self._timer = self._clock.call_later(LOOK_EVERY_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        try:
            for topic in self._topics.values():
                listening = [client for client in self._clients if topic in client.topics]
                if listening:
                    self._tell(topic, listening)
                else:
                    self._last.pop(topic.name, None)
        except Exception:
            log.exception("a look for the events failed")
        if self._clients:
            self._soon()

    def _tell(self, topic: Topic, clients: Collection[_Client]) -> None:
        before, now = self._last.get(topic.name, {}), topic.rows()
        self._last[topic.name] = now
        changed = {key: row for key, row in now.items() if before.get(key) != row}
        texts: dict[tuple[str, bool], str] = {}

        def text(key: str, full: bool) -> str:
            if (key, full) not in texts:
                texts[key, full] = _json(topic, now[key], full)
            return texts[key, full]

        for client in clients:
            self._tell_one(topic, client, now, changed, text)

    def _tell_one(
        self,
        topic: Topic,
        client: _Client,
        now: Mapping[str, Hashable],
        changed: Mapping[str, Hashable],
        text: Callable[[str, bool], str],
    ) -> None:
        limits, known = client.limits(), client.known.setdefault(topic.name, set())
        within = {key for key, row in now.items() if topic.within(limits, row)}
        new = [key for key in now if key in within and (key in changed or key not in known)]
        gone = sorted(known - within)
        client.known[topic.name] = within
        if new or gone:
            rows = [text(key, client.principal.sees_numbers) for key in new]
            client.send(_event(topic.name, rows, gone=gone))


def _json(topic: Topic, row: Hashable, full: bool) -> str:
    return json.dumps(topic.shown(row, full), ensure_ascii=False)


def _event(name: str, rows: Sequence[str], *, whole: bool = False, gone: Sequence[str] = ()) -> str:
    """JSON has no line breaks: one `data` line."""
    ends = f', "gone": {json.dumps(gone)}' if gone else ""
    return f'event: {name}\ndata: {{"whole": {json.dumps(whole)}, "rows": [{", ".join(rows)}]{ends}}}\n\n'

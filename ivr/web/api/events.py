"""What happens, as it happens: server-sent events for pages and boards.

Every client gets all rows within its reach first (`event: agents`, `"whole": true`), and from then on those that have
changed or are gone, at most once a second. One look a second serves all clients, and none is made while nobody
listens; it lets go of the loop between the clients. A client that does not keep up is let go, and so is who may no
longer stay: it comes again by itself and begins with all rows.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping, Sequence
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
SLICE_US = 1_000
"""So long a look goes on before others have their turn; what one client is told comes on top of it."""
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


@dataclass(frozen=True, slots=True)
class _Told:
    """What a client knows of a topic: the rows of a look, and which of them were within its reach then."""

    rows: Mapping[str, Hashable] = field(default_factory=dict)
    limits: Limits | None = None
    within: set[str] = field(default_factory=set)


@dataclass(eq=False)
class _Client:
    principal: Principal
    limits: Callable[[], Limits]
    topics: Sequence[Topic]
    office: bool = False
    queue: "asyncio.Queue[str | None]" = field(default_factory=lambda: asyncio.Queue(BEHIND))
    told: dict[str, _Told] = field(default_factory=dict)
    left: bool = False

    @property
    def full(self) -> bool:
        """Callers' numbers in full."""
        return self.principal.sees_numbers

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


class _Look:
    """What a topic shows at one moment, and what of it is not as it was at the look before."""

    def __init__(self, topic: Topic, before: Mapping[str, Hashable], now: Mapping[str, Hashable]) -> None:
        self.topic, self._before, self._now = topic, before, now
        self._changed = [key for key, row in now.items() if before.get(key) != row]
        self._touched = before.keys() - now.keys() | set(self._changed)
        self._texts: dict[tuple[str, bool], str] = {}

    def tell(self, client: _Client, limits: Limits) -> Iterator[None]:
        """Send a client what is new within its reach. It stops after each text that had to be made."""
        topic, now, full = self.topic, self._now, client.full
        told = client.told.get(topic.name, _Told())
        as_before = told.rows is self._before and told.limits == limits  # then only what has changed is looked at
        keys = self._changed if as_before else list(now)
        found = {key for key in keys if limits.everything or topic.within(limits, now[key])}
        within = (told.within - self._touched | found) if as_before else found
        new = [key for key in keys if key in found and (key not in told.within or told.rows[key] != now[key])]
        gone = sorted(told.within - within)
        client.told[topic.name] = _Told(now, limits, within)
        for key in new:
            if (key, full) not in self._texts:
                self._texts[key, full] = _json(topic, now[key], full)
                yield
        if new or gone:
            client.send(_event(topic.name, [self._texts[key, full] for key in new], gone=gone))


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
        self._round: Iterator[None] = iter(())
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
        office = self._office(granted.principal.address)
        client = _Client(granted.principal, lambda: self._limits(granted), topics, office)
        if self._full(client):
            raise Refusal("too many listen already", status=429, headers={"Retry-After": "30"})
        return client

    def _full(self, client: _Client) -> bool:
        of_one = sum(other.principal.account == client.principal.account for other in self._clients)
        alike = sum(other.office is client.office for other in self._clients)
        most = MOST_CLIENTS_OF_OFFICES if client.office else MOST_CLIENTS
        return alike >= most or of_one >= MOST_CLIENTS_OF_ONE

    # ------------------------------------------------------------------ the stream
    async def _stream(self, client: _Client, seconds: int) -> AsyncIterator[str]:
        yield "retry: 3000\n\n"
        if self._closed or self._full(client):  # others may have begun since this one was let in
            return
        self._clients[client] = None
        try:
            self._soon()
            until = self._clock.engine_us() + seconds * 1_000_000
            for topic in client.topics:
                yield self._whole(client, topic)
            while (now := self._clock.engine_us()) < until:
                try:
                    message = await asyncio.wait_for(client.queue.get(), min(until - now, _HEART_BEAT_US) / 1e6)
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
        client.told[topic.name] = _Told(rows, limits, set(within))
        return _event(topic.name, [_json(topic, row, client.full) for row in within.values()], whole=True)

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
        self._round = self._tell()
        self._go_on()

    def _go_on(self) -> None:
        """The round, for a slice of time; the rest when others have had their turn."""
        self._timer = None
        until = self._clock.engine_us() + SLICE_US
        try:
            for _ in self._round:
                if self._clock.engine_us() >= until and not self._closed:
                    self._timer = self._clock.call_later(0, self._go_on)
                    return
        except Exception:
            log.exception("a look for the events failed")
        if self._clients:
            self._soon()

    def _tell(self) -> Iterator[None]:
        """One look for all. It stops after each topic, text and client, so that the loop may be let go."""
        looks = []
        for topic in self._topics.values():
            if any(topic in client.topics for client in self._clients):
                before, now = self._last.get(topic.name, {}), topic.rows()
                self._last[topic.name] = now
                looks.append(_Look(topic, before, now))
                yield
            else:
                self._last.pop(topic.name, None)
        for client in list(self._clients):
            if client.left:
                continue
            if not self._still(client.principal):
                client.leave()
                continue
            limits = client.limits()
            for look in looks:
                if look.topic in client.topics:
                    yield from look.tell(client, limits)
            yield


def _json(topic: Topic, row: Hashable, full: bool) -> str:
    return json.dumps(topic.shown(row, full), ensure_ascii=False)


def _event(name: str, rows: Sequence[str], *, whole: bool = False, gone: Sequence[str] = ()) -> str:
    """JSON has no line breaks: one `data` line."""
    ends = f', "gone": {json.dumps(gone)}' if gone else ""
    return f'event: {name}\ndata: {{"whole": {json.dumps(whole)}, "rows": [{", ".join(rows)}]{ends}}}\n\n'

"""Brings messages to web hooks: signed, within their time, again after a failure, and never more than fit.

The address is not trusted more than a stranger: no redirect is followed (the transport below httpx's client follows
none, and logs no address), no proxy or .netrc of the environment is used, certificates are checked, and of an answer
nothing counts but its status. Nothing here logs a body or an address.
"""

import asyncio
import functools
import ssl
from collections.abc import Callable

import httpx

from ivr import log as logs
from ivr.clock import Clock
from ivr.screenpops.figures import DELIVERED, DROPPED, GAVE_UP, REFUSED, ScreenPopFigures
from ivr.screenpops.message import DELIVERY, SIGNATURE, Message, signature
from ivr.site import ScreenPop

log = logs.get(__name__)

MOST_WAITING = 500
"""Messages of one hook that are not delivered yet; one more is dropped."""

AT_ONCE = 8
"""Requests to one hook at the same time."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 8.0
"""Between two tries: doubled each time."""

OLDEST_SECONDS = 60.0
"""What is older helps nobody any more and is given up."""

MOST_ANSWER_BYTES = 16_384
"""So much of an answer is read, for the connection to be used again; a longer one costs its connection."""

CLOSING_SECONDS = 1.0
"""So long the server's end waits for what is under way."""

_AGAIN = frozenset({408, 425, 429})
"""Statuses below 500 after which it may be tried again."""


class _NotNow(Exception):
    """This try failed; another may not. The message is for the log and holds nothing of the request."""


class _Never(Exception):
    """The hook does not want this message."""


class _Hook:
    """One name of the configuration."""

    def __init__(self) -> None:
        self.waiting = 0
        self.places = asyncio.Semaphore(AT_ONCE)


class Delivery:
    """All hooks. `secret(name)` gives a secret as it is now; it raises OSError or UnicodeDecodeError."""

    def __init__(self, secret: Callable[[str], str], clock: Clock, figures: ScreenPopFigures) -> None:
        self._secret, self._clock, self._figures = secret, clock, figures
        self._hooks: dict[str, _Hook] = {}
        self._latest: dict[str, asyncio.Task[None]] = {}  # of each offer: its messages arrive in order
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: httpx.AsyncHTTPTransport | None = None

    def send(self, pop: ScreenPop, message: Message) -> None:
        """Bring a message, some time soon. Never waits and never raises."""
        hook = self._hooks.setdefault(pop.name, _Hook())
        if hook.waiting >= MOST_WAITING:
            self._figures.ended(pop.name, DROPPED)
            log.error("too many screen pops wait; one is dropped", hook=pop.name, waiting=hook.waiting)
            return
        hook.waiting += 1
        self._figures.waiting(pop.name, hook.waiting)
        task = asyncio.get_running_loop().create_task(self._bring(pop, hook, message, self._latest.get(message.offer)))
        self._latest[message.offer] = task
        self._tasks.add(task)
        task.add_done_callback(functools.partial(self._forget, message.offer))

    async def close(self) -> None:
        """Give up what cannot be brought within CLOSING_SECONDS."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSING_SECONDS)
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._transport is not None:
            await self._transport.aclose()
            self._transport = None

    def _forget(self, offer: str, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if self._latest.get(offer) is task:
            del self._latest[offer]

    # ------------------------------------------------------------------ one message
    async def _bring(self, pop: ScreenPop, hook: _Hook, message: Message, before: "asyncio.Task[None] | None") -> None:
        outcome = GAVE_UP
        try:
            if before is not None:
                await asyncio.wait([before])
            outcome = await self._tried(pop, hook, message)
        except Exception as fault:
            log.error("a screen pop failed by a fault of ours", hook=pop.name, why=type(fault).__name__)
        finally:
            hook.waiting -= 1
            self._figures.waiting(pop.name, hook.waiting)
            self._figures.ended(pop.name, outcome)
            if outcome == DELIVERED:
                self._figures.took(pop.name, self._age(message))

    async def _tried(self, pop: ScreenPop, hook: _Hook, message: Message) -> str:
        pause, why = FIRST_PAUSE_SECONDS, "it waited too long for its turn"
        for tried in range(pop.tries):
            if tried:
                await self._clock.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            try:
                async with hook.places:
                    if self._age(message) > OLDEST_SECONDS:
                        break
                    async with asyncio.timeout(pop.at_most.total_seconds()):
                        await self._post(pop, message)
            except TimeoutError:
                why = f"no answer within {pop.at_most.total_seconds():g} s"
            except _NotNow as fault:
                why = str(fault)
            except _Never as fault:
                log.warning("a screen pop was refused", hook=pop.name, told=message.id, why=str(fault))
                return REFUSED
            else:
                return DELIVERED
        log.warning("a screen pop was given up", hook=pop.name, told=message.id, why=why)
        return GAVE_UP

    async def _post(self, pop: ScreenPop, message: Message) -> None:
        if self._transport is None:
            context = await asyncio.to_thread(_certificates)
            self._transport = self._transport or httpx.AsyncHTTPTransport(
                verify=context, trust_env=False, limits=httpx.Limits(max_connections=None, keepalive_expiry=30)
            )
        try:
            response = await self._transport.handle_async_request(self._request(pop, message))
        except httpx.HTTPError as error:
            # A ConnectError tells the cause (refused, certificate); the others may tell what was sent.
            cause = str(error) if isinstance(error, httpx.ConnectError) else ""
            raise _NotNow(f"{type(error).__name__} {cause}".strip()) from None
        try:
            await _read_a_little(response)
        finally:
            await response.aclose()
        status = response.status_code
        if not 200 <= status < 300:
            raise (_NotNow if status >= 500 or status in _AGAIN else _Never)(f"status {status}")

    def _request(self, pop: ScreenPop, message: Message) -> httpx.Request:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Centralita",
            "Accept-Encoding": "identity",
            DELIVERY: message.id,
        }
        if pop.secret:
            try:
                secret = self._secret(pop.secret)
            except (OSError, UnicodeDecodeError):
                secret = ""
            if not secret:
                raise _Never(f"put the secret into the file {pop.secret}.secret in the folder of secrets")
            headers[SIGNATURE] = signature(secret, message.body, self._clock.now())
        limits = {"timeout": httpx.Timeout(pop.at_most.total_seconds()).as_dict()}
        try:
            return httpx.Request("POST", pop.url, headers=headers, content=message.body, extensions=limits)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise _Never("the address cannot be used; look for characters that it may not have") from None

    def _age(self, message: Message) -> float:
        return (self._clock.now() - message.at).total_seconds()


async def _read_a_little(response: httpx.Response) -> None:
    """The status has come and decides: a fault in the rest of the answer is none of ours."""
    read = 0
    try:
        async for chunk in response.aiter_raw():
            read += len(chunk)
            if read > MOST_ANSWER_BYTES:
                return
    except httpx.HTTPError:
        return


@functools.cache
def _certificates() -> ssl.SSLContext:
    """The machine's own certificates. 20 ms and more: made once, beside the loop."""
    return ssl.create_default_context()

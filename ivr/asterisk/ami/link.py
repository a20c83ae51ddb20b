"""The standing connection to Asterisk's manager: it connects, logs in, notices the loss, and comes back by itself."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.asterisk.ami.bus import Bus, Handler
from ivr.asterisk.ami.errors import AmiError, AmiLoginRefused, AmiLost, AmiRefused, AmiTimeout
from ivr.asterisk.ami.messages import Event, FieldValue, Response
from ivr.asterisk.ami.observer import AmiObserver, Unobserved
from ivr.asterisk.ami.protocol import Attempt, Connection
from ivr.asterisk.ami.request import Request
from ivr.clock import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkTimes:
    """Deadlines and pauses, in seconds."""

    connect: float = 3.0
    login: float = 5.0
    booted: float = 5.0  # after the login; Asterisk starts in about 1 s
    ping_every: float = 5.0
    pong: float = 3.0
    first_pause: float = 0.1  # before the next attempt; doubled at each failure
    longest_pause: float = 2.0
    refused_pause: float = 10.0  # after a refused login: only a person can help


class AmiLink:
    """The one way to Asterisk's manager.

    Everything happens on the running loop; events, losses and logins are told in the order in which they happened.
    Actions that are pending when the link is lost fail with AmiLost, and are never sent again.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        secret: str,
        *,
        clock: Clock,
        observer: AmiObserver | None = None,
        times: LinkTimes | None = None,
    ) -> None:
        self._address = (host, port)
        self._user = user
        self._secret = secret
        self._clock = clock
        self._observer = observer or Unobserved()
        self._times = times or LinkTimes()
        self._bus = Bus(self._observer)
        self._arrivals: tuple[Callable[[], Awaitable[None]], ...] = ()
        self._losses: tuple[Callable[[], None], ...] = ()
        self._connection: Connection | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._pause = self._times.first_pause
        self._trouble = ""
        self.connected = False
        """Logged in and Asterisk has booted. The call-backs of `on_login` may still be at work."""

    @property
    def trouble(self) -> str:
        """Why there is no link, for people; empty when there is one."""
        return "" if self.connected else self._trouble or "not connected yet"

    def start(self) -> None:
        """Begin to connect, and go on for ever until `close`. Needs the running loop."""
        if self._keeper is None:
            self._keeper = asyncio.get_running_loop().create_task(self._keep(), name="ami link")

    async def close(self) -> None:
        """End the connection; no further attempt, no timer is left."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    def subscribe(self, handler: Handler, *names: str) -> Callable[[], None]:
        """Call `handler` with every event, or only with those of `names`; returns what ends that.

        Also events that answer an action come here (OriginateResponse, the items of lists).
        """
        return self._bus.subscribe(handler, *names)

    def on_login(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Await `callback` after every login: the place of the resynchronisation.

        It is cancelled when the link is lost before it has ended. When it fails, the link is given up and made anew:
        to know half is worse than to know that one knows nothing.
        """
        self._arrivals += (callback,)

    def on_loss(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever a link that was `connected` is gone (not at `close` of a link that never was)."""
        self._losses += (callback,)

    async def action(self, name: str, fields: Mapping[str, FieldValue] | None = None, timeout: float = 5.0) -> Response:
        """Carry out an action; returns when Asterisk has answered Success.

        Originate is always sent with `Async`: its Success says only that it was queued, the outcome comes as event
        `OriginateResponse`. Raises AmiRefused, AmiLost, AmiTimeout (seconds), and ValueError for a field that would
        inject lines.
        """
        response: Response = await self._ask(Request(name, fields or {}, wants_list=False), timeout)
        return response

    async def listing(
        self, name: str, fields: Mapping[str, FieldValue] | None = None, timeout: float = 5.0
    ) -> list[Event]:
        """The items of a list action, without its "...Complete". Empty also when Asterisk says "Error: No ...".

        Raises as `action`; AmiRefused as well when the action answers no list.
        """
        items: list[Event] = await self._ask(Request(name, fields or {}, wants_list=True), timeout)
        return items

    async def _ask(self, request: Request, timeout: float, connection: Connection | None = None) -> Any:
        begun = self._clock.engine_us()
        result = "lost"
        connection = connection or self._connection
        try:
            if connection is None:
                raise AmiLost(self.trouble)
            answer = await self._answer(request, timeout, connection)
            result = "done"
        except AmiRefused:
            result = "refused"
            raise
        except AmiTimeout:
            result = "timeout"
            raise
        else:
            return answer
        finally:
            self._observer.ami_action(request["Action"], (self._clock.engine_us() - begun) / 1e6, result)

    async def _answer(self, request: Request, timeout: float, connection: Connection) -> Any:
        def expire() -> None:
            if not request.future.done():
                request.future.set_exception(AmiTimeout(f"{request['Action']}: no answer within {timeout:g} s"))

        future = connection.factory.send_action(request)
        timer = self._clock.call_later(timeout, expire)
        try:
            return await future
        finally:
            timer.cancel()
            connection.forget(request)

    async def _keep(self) -> None:
        while True:
            try:
                await self._session()
            except AmiLoginRefused as refusal:
                pause = self._times.refused_pause
                self._observer.ami_refused(str(refusal))
                self._tell(
                    f"Asterisk refuses the manager's login of {self._user!r}: {refusal}; "
                    "name, secret or permitted address differ from manager.conf"
                )
            except AmiError as loss:
                pause = self._pause
                self._pause = min(2 * pause, self._times.longest_pause)
                self._tell(f"no AMI link to {self._address[0]}:{self._address[1]}: {loss}")
            except Exception:
                pause = self._times.longest_pause
                log.exception("the AMI link failed by our own fault; it is made anew")
                self._observer.ami_fault("link")
            await self._clock.sleep(pause)

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:  # once, not at each of a thousand attempts
            log.warning("%s", trouble)
        self._trouble = trouble

    async def _session(self) -> None:
        """One connection from its beginning to its end, which is always an AmiError."""
        attempt, connection = await self._connect()
        booted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        unsubscribe = self._bus.subscribe(lambda _: settle(booted, True), "FullyBooted")
        try:
            await self._login(connection)
            await self._booted(booted, connection)
            unsubscribe()
            self._up(connection)
            await self._attend(connection)
        finally:
            unsubscribe()
            attempt.close()
            await asyncio.shield(connection.lost)

    async def _connect(self) -> tuple[Attempt, Connection]:
        loop = asyncio.get_running_loop()
        host, port = self._address
        attempt = Attempt(
            host=host, port=port, loop=loop, log=log, protocol_factory=lambda: Connection(self._bus.publish, self._down)
        )
        connecting = attempt.connect()
        late = False

        def give_up() -> None:
            nonlocal late
            late = True
            connecting.cancel()

        timer = self._clock.call_later(self._times.connect, give_up)
        try:
            _, connection = await connecting
        except OSError as error:
            raise AmiLost(error.strerror or str(error)) from None
        except asyncio.CancelledError:
            if late:
                raise AmiLost(f"no connection within {self._times.connect:g} s") from None
            attempt.close()
            raise
        finally:
            timer.cancel()
        return attempt, connection

    async def _login(self, connection: Connection) -> None:
        request = Request("Login", {"Username": self._user, "Secret": self._secret, "Events": "on"}, wants_list=False)
        try:
            await self._ask(request, self._times.login, connection)
        except AmiRefused as refusal:
            raise AmiLoginRefused(str(refusal)) from None

    async def _booted(self, booted: asyncio.Future[bool], connection: Connection) -> None:
        """Wait until Asterisk has booted: before, its lists are not complete."""
        timer = self._clock.call_later(self._times.booted, lambda: settle(booted, False))
        either: tuple[asyncio.Future[Any], ...] = (booted, connection.lost)
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        if connection.lost.done():
            raise AmiLost(connection.lost.result())
        if not booted.result():
            log.warning("Asterisk did not say FullyBooted (manager.conf: class `system` to read); going on without")

    def _up(self, connection: Connection) -> None:
        self._connection = connection
        self.connected = True
        self._trouble = ""
        self._observer.ami_up()
        log.info("AMI link to %s:%d is up", *self._address)

    def _down(self, why: str) -> None:
        """Called by the connection at its end, after all its events."""
        self._connection = None
        if not self.connected:
            return
        self.connected = False
        self._observer.ami_down(why)
        for callback in self._losses:
            try:
                callback()
            except Exception:
                log.exception("a call-back at the loss of the AMI link failed")
                self._observer.ami_fault("loss handler")

    async def _attend(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        helpers = [loop.create_task(self._greet(connection)), loop.create_task(self._watch(connection))]
        try:
            raise AmiLost(await asyncio.shield(connection.lost))
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)

    async def _greet(self, connection: Connection) -> None:
        try:
            for callback in self._arrivals:
                await callback()
        except AmiLost:
            pass  # the link went away meanwhile: the next login begins anew
        except Exception:
            log.exception("the resynchronisation after the login failed")
            self._observer.ami_fault("resynchronisation")
            connection.drop("the resynchronisation failed")
        else:
            self._pause = self._times.first_pause

    async def _watch(self, connection: Connection) -> None:
        """Ask for a sign of life now and then. A connection can be dead without anybody telling."""
        while True:
            await self._clock.sleep(self._times.ping_every)
            try:
                await self._ask(Request("Ping", {}, wants_list=False), self._times.pong, connection)
            except AmiError as error:
                connection.drop(str(error))
                return


def settle(future: asyncio.Future[bool], value: bool) -> None:
    """Give the future its result, unless it has one."""
    if not future.done():
        future.set_result(value)

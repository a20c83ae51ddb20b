"""What has been opened, to be closed in the opposite order."""

from collections.abc import Awaitable, Callable

from ivr import log as logs

log = logs.get(__name__)


class Closing:
    """Keeps the way to close each part. A part that does not close well keeps no other from closing."""

    def __init__(self) -> None:
        self._parts: list[Callable[[], Awaitable[None]]] = []

    def add(self, close: Callable[[], Awaitable[None]]) -> None:
        """Close this too, before everything that was added earlier."""
        self._parts.append(close)

    def add_now(self, close: Callable[[], object]) -> None:
        """As `add`, for a part that closes at once."""

        async def at_once() -> None:
            close()

        self._parts.append(at_once)

    async def all(self) -> None:
        """Close everything, once."""
        while self._parts:
            try:
                await self._parts.pop()()
            except Exception:
                log.exception("a part did not close well")

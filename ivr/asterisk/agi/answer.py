"""What a task waits on for a reply: a future that continues its task at once.

A plain `asyncio.Future` wakes its task through the loop's queue: a handle and another turn of the loop for each
command. Bytes arrive in a call-back of the loop, outside of any task, so the task can go on right there.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any

from ivr.asterisk.agi.reply import Reply


class Answer(asyncio.Future[Reply]):
    """One command's reply, awaited by one task."""

    _wake: Callable[["Answer"], object] | None = None
    _context: Context | None = None

    def add_done_callback(self, callback: Callable[["Answer"], object], /, *, context: Context | None = None) -> None:
        """Called by the one task that awaits this."""
        self._wake = callback
        self._context = context

    def remove_done_callback(self, callback: Callable[["Answer"], object], /) -> int:
        """Forget the task; 1 if it was the one."""
        if self._wake != callback:
            return 0
        self._wake = None
        return 1

    def give(self, reply: Reply, at_once: bool) -> None:
        """The reply is here. `at_once`: the task goes on before this returns; only outside of any task."""
        if self.done():
            return
        self.set_result(reply)
        wake, context = self._wake, self._context
        if wake is not None and context is not None and at_once:
            self._wake = None
            context.run(wake, self)
        else:
            self._soon()

    def fail(self, failure: BaseException) -> None:
        """There will be no reply: the task goes on in the loop's next turn."""
        if not self.done():
            self.set_exception(failure)
            self._soon()

    def cancel(self, msg: Any | None = None) -> bool:
        """The task that awaits this is cancelled. False when there was a reply already."""
        cancelled = super().cancel(msg)
        if cancelled:
            self._soon()
        return cancelled

    def _soon(self) -> None:
        wake, self._wake = self._wake, None
        if wake is not None:
            self.get_loop().call_soon(wake, self, context=self._context)

"""What a task waits on for a reply: a future that can continue its task at once.

A plain `asyncio.Future` wakes its task through the loop's queue: a handle and another turn of the loop for each
command. Bytes arrive in a call-back of the loop, outside of any task, so the task can go on right there
(`Session.receive` does so).
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any

from ivr.asterisk.agi.reply import Reply


class Answer(asyncio.Future[Reply]):
    """One command's reply, awaited by one task.

    Attributes:
        wake: continues the task, in `context`; None while no task waits.
    """

    wake: Callable[["Answer"], object] | None = None
    context: Context

    def add_done_callback(self, callback: Callable[["Answer"], object], /, *, context: Context | None = None) -> None:
        """Called by the one task that awaits this."""
        assert context is not None, "only a task awaits an answer"
        self.wake = callback
        self.context = context

    def remove_done_callback(self, callback: Callable[["Answer"], object], /) -> int:
        """Forget the task; 1 if it was the one."""
        if self.wake != callback:
            return 0
        self.wake = None
        return 1

    def give(self, reply: Reply) -> None:
        """The reply is here: the task goes on in the loop's next turn."""
        if not self.done():
            self.set_result(reply)
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
        if self.wake is not None:
            self.get_loop().call_soon(self.wake, self, context=self.context)

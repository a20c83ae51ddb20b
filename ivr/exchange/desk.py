"""Where every fact goes in: the dispatcher journals and decides, and the living calls know at once.

The living calls must not wait for the disk: a caller who hangs up while the ticket is written has to be known as gone
when the next line of code joins the queue for him.
"""

from typing import Any

from acd.decisions import Decision
from acd.dispatcher import Dispatcher, Recorded
from acd.facts import EngineStarted, Fact, Tick
from ivr.call.calls import LiveCalls


class Desk:
    """The one entrance to the dispatcher for runner, switchboard and importers."""

    def __init__(self, dispatcher: Dispatcher, calls: LiveCalls, after: int | None = None) -> None:
        """`after`: the journal's position from which it tells of every living call; None: the latest checkpoint."""
        self._dispatcher = dispatcher
        self._calls = calls
        dispatcher.on_entry(self._recorded, after)

    def submit(self, fact: Fact, key: str | None = None) -> tuple[Decision, ...]:
        """Give the engine a fact; returns what was decided."""
        decisions = self._dispatcher.submit(fact, key)
        self._calls.take(fact, decisions)
        return decisions

    def record(self, event: Any, key: str | None = None) -> None:
        """Journal an event that the engine does not ask for; with a `key` once for ever."""
        self._calls.take(event, ())
        self._dispatcher.record(event, key)

    def now_us(self) -> int:
        """Engine time on the journal's own time line."""
        return self._dispatcher.now_us()

    def _recorded(self, recorded: Recorded) -> None:
        """What did not come in through us: the past, the start itself, and what time alone decided."""
        if not recorded.live or isinstance(recorded.event, Tick | EngineStarted):
            self._calls.take(recorded.event, recorded.decisions)

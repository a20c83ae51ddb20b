"""Stops the announcement that a waiting caller hears when an agent's phone begins to ring for that caller."""

from collections.abc import Sequence
from typing import Any, Protocol

import structlog

from acd.decisions import MakeOffer
from acd.model import CallId
from ivr.asterisk.ami import AmiError, AmiLink
from ivr.call.calls import LiveCalls
from ivr.exchange.errands import Errands

log = structlog.get_logger(__name__)


class Recorded(Protocol):
    """A durable entry of the journal (acd.dispatcher.Recorded)."""

    @property
    def decisions(self) -> Sequence[Any]: ...
    @property
    def live(self) -> bool: ...


class Hush:
    """Listens to the dispatcher. What cannot be stopped ends by itself, or with the bridge."""

    def __init__(self, link: AmiLink, calls: LiveCalls) -> None:
        self._link, self._calls = link, calls
        self._errands = Errands()

    def on_entry(self, recorded: Recorded) -> None:
        """An offer was made: the caller's announcement is over."""
        for decision in recorded.decisions if recorded.live else ():
            if isinstance(decision, MakeOffer):
                live = self._calls.get(decision.call)
                if live is not None and live.announcing:
                    self._errands.begin(self._stop(decision.call))

    async def _stop(self, call: CallId) -> None:
        try:
            await self._link.action("ControlPlayback", {"Channel": call, "Control": "stop"})
        except AmiError as error:
            log.info("an announcement goes on", call=call, why=str(error))

    async def close(self) -> None:
        """Let what was begun come to its end."""
        await self._errands.done()

"""The one that listens to the journal and tells the desktops."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from acd.views import OfferView
from ivr.call.calls import LiveCalls
from ivr.screenpops.delivery import Delivery
from ivr.screenpops.message import Who, message
from ivr.screenpops.story import ENDED, Moment, Story
from ivr.site import Site
from ivr.site.callers import caller_facts


class Recorded(Protocol):
    """A durable entry as the dispatcher tells it (acd.dispatcher.Recorded)."""

    @property
    def at(self) -> datetime: ...
    @property
    def event(self) -> Any: ...
    @property
    def decisions(self) -> Sequence[Any]: ...


class ScreenPops:
    """`on_entry` is a listener of the dispatcher, after `recover`; `living` are the engine's offers at that moment, so
    that a talk which outlives a restart of the server is told to its end."""

    def __init__(
        self, site: Callable[[], Site], calls: LiveCalls, delivery: Delivery, living: Iterable[OfferView] = ()
    ) -> None:
        self._site, self._calls, self._delivery = site, calls, delivery
        self._story = Story(living)
        self._known: dict[str, Who] = {}  # offer -> who; the call is over before its last message

    def on_entry(self, entry: Recorded) -> None:
        """Fold it in, and tell what has just happened."""
        for moment in self._story.take(entry.event, entry.decisions, entry.at):
            self._tell(moment)

    def _tell(self, moment: Moment) -> None:
        site = self._site()
        queue = site.queues.get(moment.queue)
        pop = site.screen_pops.get(queue.screen_pop) if queue is not None else None
        if queue is None or pop is None:
            self._known.pop(moment.offer, None)
            return
        who = self._who(site, moment)
        self._delivery.send(pop, message(moment, who, queue.label))

    def _who(self, site: Site, moment: Moment) -> Who:
        known = self._known.pop(moment.offer, None)
        live = self._calls.get(moment.call)
        if live is not None and (known is None or not known.number):
            segment = caller_facts(site, live.number, site.local(moment.at).date()).segment
            known = Who(number=live.number, did=live.did, segment=segment)
        who = known or Who()
        if moment.event != ENDED:
            self._known[moment.offer] = who
        return who

"""Hands every event to those who asked for it, in the order of arrival."""

import logging
from collections.abc import Callable

from ivr.asterisk.ami.messages import Event
from ivr.asterisk.ami.observer import AmiObserver

log = logging.getLogger(__name__)
Handler = Callable[[Event], None]


class Bus:
    """Handlers by event name. A handler that fails disturbs no other one."""

    def __init__(self, observer: AmiObserver) -> None:
        self._observer = observer
        self._every: tuple[Handler, ...] = ()
        self._named: dict[str, tuple[Handler, ...]] = {}

    def subscribe(self, handler: Handler, *names: str) -> Callable[[], None]:
        """Call `handler` with every event, or only with those of `names`. Returns what ends that."""
        if not names:
            self._every += (handler,)
        for name in names:
            self._named[name] = (*self._named.get(name, ()), handler)

        def unsubscribe() -> None:
            self._every = tuple(other for other in self._every if other is not handler)
            for name in names:
                self._named[name] = tuple(other for other in self._named[name] if other is not handler)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Call the handlers now."""
        for handler in self._every + self._named.get(event.name, ()):
            try:
                handler(event)
            except Exception:
                log.exception("a handler failed at event %r", event.name)
                self._observer.ami_fault("handler")

"""What a caller who waits hears now and then: the queue's own words, then the place in the line."""

from decimal import Decimal
from typing import Protocol

from ivr.call.place import Place
from ivr.site import QueueSettings, Site
from ivr.speech import Unspeakable, words


class Sounds(Protocol):
    """Where prompts are; None = not available."""

    def path_of(self, name: str, language: str) -> str | None: ...


def announcement(site: Site, sounds: Sounds, queue: QueueSettings, position: int, place: Place | None) -> list[str]:
    """The sounds, in order. `place`: where the caller left the flow, which tells the language.

    The queue's words are heard in the site's language when the caller's has none. A position is told whole or not at
    all, and only where the queue wants it.
    """
    language = _language(site, place)
    own = queue.announce and (sounds.path_of(queue.announce, language) or sounds.path_of(queue.announce, site.language))
    return [*([own] if own else ()), *(_position(sounds, position, language) if queue.position else ())]


def _position(sounds: Sounds, position: int, language: str) -> list[str]:
    try:
        found = [sounds.path_of(word, language) for word in words("position", Decimal(position), language)]
    except Unspeakable:
        return []
    return [sound for sound in found if sound] if all(found) else []


def _language(site: Site, place: Place | None) -> str:
    flow = site.flows.get(place.flow) if place else None
    return (place.language if place else "") or (flow.language if flow else site.language)

"""How long prompts take, in seconds: from their sounds where they are made, else from their words."""

from collections.abc import Callable

from ivr.site import Site

Measured = Callable[[str, str], float | None]
"""The length of a prompt's sound in a language; None = there is none yet."""

WORDS_PER_SECOND = 2.2
BREATH = 0.6
"""Beside the words: the voice's beginning, and the silence at the end."""

UNMEASURED_FILE = 60.0
"""For what was recorded by telephone: nobody knows beforehand how long it is."""


def not_measured(prompt: str, language: str) -> None:
    """Nothing is measured: every length is estimated."""


class Lengths:
    """Lengths of a site's prompts."""

    def __init__(self, site: Site, measured: Measured = not_measured) -> None:
        self._site = site
        self._measured = measured
        self._known: dict[tuple[str, str], float] = {}
        self.estimated: set[str] = set()
        """Prompts whose length comes from their words."""

    def of(self, prompt: str, language: str) -> float:
        """Seconds; 0 for a prompt that cannot be heard."""
        key = (prompt, language)
        if key not in self._known:
            self._known[key] = self._length(prompt, language)
        return self._known[key]

    def _length(self, prompt: str, language: str) -> float:
        found = self._site.prompts.get(prompt)
        if found is None or language not in found.languages:
            return 0.0
        seconds = self._measured(prompt, language)
        if seconds is not None:
            return seconds
        self.estimated.add(prompt)
        text = found.texts.get(language) or next(iter(found.texts.values()), "")
        return BREATH + len(text.split()) / WORDS_PER_SECOND

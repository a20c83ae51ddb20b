"""The two questions of every dialog: one key of a menu, and a number."""

from collections.abc import Collection, Sequence
from datetime import date, time

from ivr.features.handset import Handset, Sound
from ivr.speech import Unspeakable, counted, words

TRIES = 3
"""How often a question is asked before the dialog gives up."""

MENU_SECONDS = 5.0
"""How long a menu waits for its key."""

BETWEEN_KEYS_SECONDS = 4.0
"""A pause between two keys that ends a number."""


class GaveUp(Exception):
    """Nobody answered a question, or only with wrong keys."""


class Refused(Exception):
    """This phone, or this person, may not do it, and has heard so; why, as the figures count it."""


class Dialog:
    """A handset, and the language that is spoken on it."""

    def __init__(self, handset: Handset, language: str) -> None:
        self.handset = handset
        self.language = language

    async def say(self, *sounds: Sound) -> str | None:
        """Play; the key that stopped it, or None."""
        return await self.handset.play(sounds)

    async def choose(self, keys: str, sounds: Sequence[Sound], pressed: str | None = None) -> str:
        """One of `keys`; `pressed` was pressed already. Raises GaveUp after three times."""
        for _ in range(TRIES):
            key = pressed or await self.handset.play(sounds) or await self.handset.key(MENU_SECONDS)
            pressed = None
            if key is not None and key in keys:
                return key
            await self.say("phrase_no_key" if key is None else "phrase_wrong_key")
        raise GaveUp

    async def number(self, most: int, *sounds: Sound) -> str:
        """Up to `most` digits, ended by # or a pause; empty = only #. Raises GaveUp when no key comes three times."""
        for _ in range(TRIES):
            key = await self.handset.play(sounds) or await self.handset.key(MENU_SECONDS)
            if key is None:
                await self.say("phrase_no_key")
                continue
            digits = ""
            while key is not None and key != "#":
                digits += key if key != "*" else ""
                if len(digits) >= most:
                    break
                key = await self.handset.key(BETWEEN_KEYS_SECONDS)
            return digits
        raise GaveUp

    async def one_of(self, known: Collection[int], sounds: Sequence[Sound]) -> int:
        """One of these numbers. Raises GaveUp after three times."""
        for _ in range(TRIES):
            digits = await self.number(len(str(max(known))), *sounds)
            if digits and int(digits) in known:
                return int(digits)
            await self.say("phrase_wrong_key")
        raise GaveUp

    # ------------------------------------------------------------------ what prompts cannot say alone
    def words(self, kind: str, value: date | time | str) -> tuple[Sound, ...]:
        """A value in recorded words; nothing where the language has none."""
        try:
            return words(kind, value, self.language)
        except Unspeakable:
            return ()

    def counted(self, number: int, noun: str) -> tuple[Sound, ...]:
        """How many there are."""
        try:
            return counted(number, noun, self.language)
        except Unspeakable:
            return ()

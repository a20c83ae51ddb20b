"""What every language that the server speaks can say, as names of prompts. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar

Words = tuple[str, ...]
"""Names of prompts, in the order in which they are played."""

LARGEST = 999_999_999_999
"""The largest number that is said in words; a longer one is said digit by digit."""

SEPARATORS = " -./()+"
"""What people write between digits, and what nobody says."""


class Unspeakable(ValueError):
    """A value that cannot be said. The message says why, and never has the value: it may be a caller's."""


@dataclass(frozen=True, slots=True)
class Noun:
    """Something that is counted: the prompts for one and for several, and the number's form before it."""

    one: str
    many: str
    form: str = ""


class Tongue(ABC):
    """A language. `vocabulary`: every word's prompt, and its text; `units` and `nouns` by their English names."""

    vocabulary: ClassVar[Mapping[str, str]]
    digit_words: ClassVar[Mapping[str, str]]
    units: ClassVar[Mapping[str, tuple[Noun, Noun]]]  # money: the unit and its hundredth
    nouns: ClassVar[Mapping[str, Noun]]
    minus: ClassVar[str]
    point: ClassVar[str]
    with_cents: ClassVar[str]

    @abstractmethod
    def whole(self, number: int, form: str = "") -> Words:
        """A number from 0 to LARGEST. `form`: the language's own word for how it stands before a noun."""

    @abstractmethod
    def decimals(self, digits: str) -> Words:
        """What follows the decimal point: one digit at least, the last is not 0."""

    @abstractmethod
    def date(self, day: date) -> Words:
        """A day with month and year."""

    @abstractmethod
    def time(self, moment: time) -> Words:
        """A time of the day, on the clock of twelve hours; seconds are not said."""

    @abstractmethod
    def position(self, place: int) -> Words:
        """A whole sentence: at which place of the line somebody waits, 1 or more."""

    def of_amount(self, number: int) -> Words:
        """What stands between an amount and its unit."""
        return ()

    def number(self, value: Decimal) -> Words:
        """Any number: sign, words, decimals."""
        integer, _, decimals = format(abs(value), "f").partition(".")
        decimals = decimals.rstrip("0")
        sign = (self.minus,) if value < 0 else ()
        return (*sign, *self._count(int(integer)), *(self.decimals(decimals) if decimals else ()))

    def digits(self, text: str) -> Words:
        """As a telephone number is read out: one by one, and the keys * and #."""
        said = [character for character in text if character not in SEPARATORS]
        if not said or any(character not in self.digit_words for character in said):
            raise Unspeakable("only digits, * and # can be said one by one")
        return tuple(self.digit_words[character] for character in said)

    def money(self, value: Decimal, unit: str) -> Words:
        """An amount, to the hundredth."""
        whole, hundredth = self.units[unit]
        cents = int((abs(value) * 100).to_integral_value(ROUND_HALF_UP))
        units, rest = divmod(cents, 100)
        sign = (self.minus,) if value < 0 and cents else ()
        if not rest:
            return (*sign, *self._counted(units, whole))
        small = self._counted(rest, hundredth)
        return (*sign, *self._counted(units, whole), self.with_cents, *small) if units else (*sign, *small)

    def counted(self, number: int, noun: str) -> Words:
        """So many of these: `noun` is a key of `nouns`."""
        if number < 0:
            raise Unspeakable("less than nothing cannot be counted")
        return self._counted(number, self.nouns[noun])

    def _count(self, number: int, form: str = "") -> Words:
        return self.whole(number, form) if number <= LARGEST else self.digits(str(number))

    def _counted(self, number: int, noun: Noun) -> Words:
        of = self.of_amount(number)
        return (*self._count(number, noun.form), *of, noun.one if number == 1 else noun.many)


def listed(words: str) -> tuple[str, ...]:
    """The single words of a text."""
    return tuple(words.split())

"""Which prompts say a value: numbers, digits, dates, times, money, places in a line. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final

from ivr.site.values import Type, Value
from ivr.speech.english import English
from ivr.speech.spanish import Spanish
from ivr.speech.tongue import Tongue, Unspeakable, Words

TONGUES: Final[Mapping[str, Tongue]] = {"es": Spanish(), "en": English()}
"""The languages that the server speaks, by the first part of a language's name."""

KINDS: Final[Mapping[str, tuple[Type, ...]]] = {
    "number": (Type.NUMBER,),
    "digits": (Type.TEXT, Type.NUMBER),
    "date": (Type.DATE,),
    "time": (Type.TIME,),
    "money": (Type.NUMBER,),
    "dollars": (Type.NUMBER,),
    "position": (Type.NUMBER,),
}
"""How a value can be said, and the types of value that can be said so. `money` is Colombian pesos in every language:
an amount does not become another one because the caller speaks English."""


def can_speak(language: str) -> bool:
    """Whether there are words in a language (`es-CO`, `en`)."""
    return language.split("-")[0] in TONGUES


def words(kind: str, value: Value | int, language: str) -> Words:
    """The prompts that say a value, in order; all of them are in the vocabulary of the language.

    Raises Unspeakable when the value is not one of that kind (`KINDS`), or for a language without words.
    """
    tongue = _tongue(language)
    match kind:
        case "number":
            return tongue.number(_number(value))
        case "digits":
            return tongue.digits(value if isinstance(value, str) else str(_whole(value)))
        case "money":
            return tongue.money(_number(value), "pesos")
        case "dollars":
            return tongue.money(_number(value), "dollars")
        case "position":
            return tongue.position(_place(value))
        case "date" if isinstance(value, date) and not isinstance(value, datetime):
            return tongue.date(value)
        case "time" if isinstance(value, time):
            return tongue.time(value)
        case "date" | "time":
            raise Unspeakable(f"it is no {kind}")
    raise ValueError(f"there is no way to say something as {kind}")


def counted(number: int, noun: str, language: str) -> Words:
    """The prompts that say how many there are: `counted(1, "new message", "es-CO")` is "un mensaje nuevo".

    Nouns: message, new message, saved message, second, minute, hour. Raises Unspeakable as `words` does.
    """
    return _tongue(language).counted(number, noun)


def _tongue(language: str) -> Tongue:
    tongue = TONGUES.get(language.split("-")[0])
    if tongue is None:
        raise Unspeakable(f"there are no words in {language}")
    return tongue


def _number(value: Value | int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unspeakable("it is no number")
    number = Decimal(value)
    if not number.is_finite():
        raise Unspeakable("it is no number")
    return number


def _whole(value: Value | int) -> int:
    number = _number(value)
    if number != number.to_integral_value() or number < 0:
        raise Unspeakable("only a whole number has digits that can be said one by one")
    return int(number)


def _place(value: Value | int) -> int:
    number = _number(value)
    if number != number.to_integral_value() or number < 1:
        raise Unspeakable("a place in a line is a whole number from 1 on")
    return int(number)

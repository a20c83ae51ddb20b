"""American English: which recorded words say a value."""

from collections.abc import Mapping
from datetime import date, time
from typing import ClassVar

from ivr.speech.tongue import Noun, Tongue, Words, listed

_SMALL = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = listed("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = listed(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
)
_MONTHS = listed("January February March April May June July August September October November December")
_GROUPS = ((1_000_000_000, "word_billion"), (1_000_000, "word_million"), (1000, "word_thousand"))
_OTHERS = listed(
    "hundred thousand million billion minus point star pound oh and thirtieth noon midnight "
    "peso pesos centavo centavos dollar dollars cent cents message messages seconds minute minutes hour hours"
)
_SENTENCES = {
    "word_am": "A M",
    "word_pm": "P M",
    "word_new_message": "new message",
    "word_new_messages": "new messages",
    "word_saved_message": "saved message",
    "word_saved_messages": "saved messages",
    "word_you_are": "You are",
    "word_you_are_number": "You are number",
    "word_in_line": "in line.",
}


def _prompt(text: str) -> str:
    return f"word_{text.lower()}"


_FIRST_TEN = 10


class English(Tongue):
    """Numbers, dates, times and money in English."""

    vocabulary: ClassVar[Mapping[str, str]] = {
        _prompt(word): word for word in (*_SMALL, *_TENS, *_ORDINALS, *_MONTHS, *_OTHERS)
    } | _SENTENCES
    digit_words: ClassVar[Mapping[str, str]] = {str(digit): _prompt(_SMALL[digit]) for digit in range(10)} | {
        "*": "word_star",
        "#": "word_pound",
    }
    units: ClassVar[Mapping[str, tuple[Noun, Noun]]] = {
        "pesos": (Noun("word_peso", "word_pesos"), Noun("word_centavo", "word_centavos")),
        "dollars": (Noun("word_dollar", "word_dollars"), Noun("word_cent", "word_cents")),
    }
    nouns: ClassVar[Mapping[str, Noun]] = {
        "message": Noun("word_message", "word_messages"),
        "new message": Noun("word_new_message", "word_new_messages"),
        "saved message": Noun("word_saved_message", "word_saved_messages"),
        "second": Noun("word_second", "word_seconds"),
        "minute": Noun("word_minute", "word_minutes"),
        "hour": Noun("word_hour", "word_hours"),
    }
    minus: ClassVar[str] = "word_minus"
    point: ClassVar[str] = "word_point"
    with_cents: ClassVar[str] = "word_and"

    def whole(self, number: int, form: str = "") -> Words:
        """one hundred five thousand twenty-one: no `and`, as Americans count. There is only one form."""
        words: Words = ()
        for size, word in _GROUPS:
            count, number = divmod(number, size)
            if count:
                words += (*self._below_thousand(count), word)
        return (*words, *self._below_thousand(number)) if number or not words else words

    def _below_thousand(self, number: int) -> Words:
        hundreds, rest = divmod(number, 100)
        if not hundreds:
            return self._below_hundred(rest)
        return (_prompt(_SMALL[hundreds]), "word_hundred", *(self._below_hundred(rest) if rest else ()))

    def _below_hundred(self, number: int) -> Words:
        if number < 20:
            return (_prompt(_SMALL[number]),)
        ten = _prompt(_TENS[number // 10 - 2])
        return (ten, _prompt(_SMALL[number % 10])) if number % 10 else (ten,)

    def decimals(self, digits: str) -> Words:
        """point two five: one by one."""
        return (self.point, *self.digits(digits))

    def date(self, day: date) -> Words:
        """December twenty-fourth, twenty twenty-six."""
        return (_prompt(_MONTHS[day.month - 1]), *self._day(day.day), *self._year(day.year))

    def _day(self, day: int) -> Words:
        if day <= len(_ORDINALS):
            return (_prompt(_ORDINALS[day - 1]),)
        if day == 30:
            return ("word_thirtieth",)
        return (_prompt(_TENS[day // 10 - 2]), _prompt(_ORDINALS[day % 10 - 1]))

    def _year(self, year: int) -> Words:
        """nineteen ninety-nine, nineteen oh five, nineteen hundred; two thousand six, twenty twenty-six."""
        century, rest = divmod(year, 100)
        if century < 11 or (century % 10 == 0 and rest < 10):
            return self.whole(year)
        if not rest:
            return (*self._below_hundred(century), "word_hundred")
        return (*self._below_hundred(century), *(("word_oh",) if rest < 10 else ()), *self._below_hundred(rest))

    def time(self, moment: time) -> Words:
        """eight thirty A M, one oh five P M, noon."""
        hour, minute = moment.hour, moment.minute
        if not minute and hour % 12 == 0:
            return ("word_noon" if hour else "word_midnight",)
        words: Words = ()
        if minute:
            words = (*(("word_oh",) if minute < 10 else ()), *self._below_hundred(minute))
        return (_prompt(_SMALL[hour % 12 or 12]), *words, "word_am" if hour < 12 else "word_pm")

    def position(self, place: int) -> Words:
        """You are third in line; from eleven on: you are number eleven in line."""
        if place <= _FIRST_TEN:
            return ("word_you_are", _prompt(_ORDINALS[place - 1]), "word_in_line")
        return ("word_you_are_number", *self._count(place), "word_in_line")

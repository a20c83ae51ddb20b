"""One telephone number and every way in which it may be written down. Pure.

Trunks, phones and programs write a number with and without the country's code, with `+` or `00`, and behind the `9`
with which the house dials out. All of these are found; a longer number that only ends alike is another one's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ivr.log import mask_number

SHORTEST, LONGEST = 7, 15
"""Digits of a number with its country's code (E.164: at most 15). What is shorter is a number of the house."""

LONGEST_PREFIX = 8
"""Characters that may stand before the national number: 9, 00, a carrier's digit and the country's code."""

_BETWEEN = r"[ .()/\u00a0-]{0,2}"
_TOKEN = re.compile(rf"(?<![0-9A-Za-z])\+?[0-9](?:{_BETWEEN}[0-9]){{5,20}}(?![0-9A-Za-z])")


class NotANumber(Exception):
    """The text is no telephone number from outside. The message says what to write."""


@dataclass(frozen=True, slots=True, repr=False)
class Number:
    """`code` is the country's, `national` the rest; `home`: of the site's own country. It has no readable `repr`."""

    code: str
    national: str
    home: bool

    @property
    def masked(self) -> str:
        """For reports, the audit and the log."""
        return mask_number(f"+{self.code}{self.national}")

    @property
    def spellings(self) -> tuple[str, ...]:
        """As a trunk may send it."""
        whole = self.code + self.national
        ways = [f"+{whole}", whole, f"00{whole}"]
        ways += [self.national, f"0{self.national}"] if self.home else []
        return tuple(dict.fromkeys(ways))

    @property
    def text(self) -> str:
        """What every spelling ends with: quickly looked for."""
        return self.national if self.home else self.code + self.national

    def spans(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Where the number stands in a text, without what belongs to a longer one."""
        wanted = self.text.encode()
        allowed = self._prefixes()
        at = data.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            begin = at
            while begin > max(0, at - LONGEST_PREFIX) and data[begin - 1 : begin] in _OF_A_NUMBER:
                begin -= 1
                if data[begin : begin + 1] == b"+":
                    break
            if not data[end : end + 1].isdigit() and data[begin:at].decode("ascii") in allowed:
                yield begin, end
            at = data.find(wanted, end)

    def everywhere(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Where its digits stand, whatever stands around them."""
        wanted = self.text.encode()
        at = data.find(wanted)
        while at >= 0:
            yield at, at + len(wanted)
            at = data.find(wanted, at + len(wanted))

    def by_hand(self) -> re.Pattern[str]:
        """Its digits as a person writes them, with blanks and dashes between."""
        return re.compile(_BETWEEN.join(self.national))

    def written_in(self, line: str, same: "Normalise") -> bool:
        """Whether a line that a person wrote holds it."""
        return any(same(token[0]) == self.code + self.national for token in _TOKEN.finditer(line))

    def _prefixes(self) -> frozenset[str]:
        international = ["+", "", "00", *(f"00{carrier}" for carrier in "123456789")]
        ways = [before + self.code for before in international] + ["", "0", "03"] if self.home else international
        return frozenset([*ways, *("9" + way for way in ways)])


_OF_A_NUMBER = frozenset(bytes([c]) for c in b"+0123456789")


class Normalise:
    """The digits of a number as E.164 has them, without `+`: `ivr.site.callers.normalise` for a country."""

    def __init__(self, country: str) -> None:
        self._country = country

    def __call__(self, text: str) -> str:
        from ivr.site.callers import normalise

        return normalise(text, self._country)


def number_of(text: str, country: str = "CO") -> Number:
    """The number that a person typed. Raises NotANumber."""
    import phonenumbers

    digits = Normalise(country)(text)
    if not digits.isdecimal() or not SHORTEST <= len(digits) <= LONGEST or re.search(r"[A-Za-z]", text):
        raise NotANumber("this is no telephone number from outside; write it with all its digits, a foreign one with +")
    try:
        parsed = phonenumbers.parse("+" + digits, None)
        national = phonenumbers.national_significant_number(parsed)
        code = str(parsed.country_code)
    except phonenumbers.NumberParseException:
        return Number("", digits, home=True)
    if len(national) < SHORTEST:
        raise NotANumber("this number is too short to be looked for; write it with all its digits")
    return Number(code, national, home=code == str(phonenumbers.country_code_for_region(country)))

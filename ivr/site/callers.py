"""Who is calling, by the site's lists of numbers: blocked, of a segment, or just on a list.

Numbers are compared in one spelling: E.164 without the `+`, so that `300 123 4567`, `+573001234567` and what a trunk
sends are the same caller. A list holds whole numbers and prefixes; a whole number wins, then the longest prefix.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

    from ivr.site import Site

ANONYMOUS = frozenset({"", "anonymous", "unknown", "restricted", "unavailable", "private", "withheld", "nobody", "0"})
"""What trunks send for a withheld number; our own dialplan writes `0` (asterisk-conf/pjsip.conf)."""

LONGEST = 64
"""Characters of a number that are looked at: a trunk may send anything."""

SHORTEST_E164 = 7
"""Digits; what is shorter is a number of the house or a short service number, and stays as it is."""

# The usual spellings of a country's numbers, which need no library: (pattern whose group is the number, calling code).
# Colombia: Resolución CRC 5967 of 2020, ten digits; mobiles begin with 3, fixed lines with 60.
_USUAL = {"CO": (re.compile(r"(?:\+?57)?(3[0-9]{9}|60[1-8][0-9]{7})"), "57")}
BLANKS = str.maketrans("", "", " -.()/\u00a0")
"""What people write between the digits."""


def usual(number: str, country: str = "CO") -> str:
    """The digits of a number in one of its country's usual spellings; empty for every other. Takes a microsecond."""
    known = _USUAL.get(country)
    match = known[0].fullmatch(number.translate(BLANKS)) if known is not None else None
    return known[1] + match[1] if known is not None and match is not None else ""


def normalise(number: str, country: str = "CO") -> str:
    """The digits of a number as E.164 has them, without `+`; empty for a withheld number.

    `country` (ISO 3166) is that of numbers without a calling code, unless only a calling code makes sense of them.
    What cannot be a telephone number keeps its digits.

    >>> normalise("300 123 4567") == normalise("+57 300 1234567") == "573001234567"
    True
    """
    text = number[:LONGEST].strip()
    if digits := usual(text, country):
        return digits
    if text.lower() in ANONYMOUS:
        return ""
    digits = "".join(c for c in text if c.isascii() and c.isdecimal())
    if len(digits) < SHORTEST_E164:
        return digits
    if digits.startswith("00"):
        return _e164(_parsed("+" + digits[2:], None)) or digits
    if text.startswith("+"):
        return _e164(_parsed("+" + digits, None)) or digits
    national = _parsed(digits, country)
    foreign = _parsed("+" + digits, None)
    return _e164(foreign if foreign and _valid(foreign) and not (national and _valid(national)) else national) or digits


def is_possible(number: str, country: str = "CO") -> bool:
    """Whether somebody can call from this number: one of its country, a foreign one of a possible length, or a short
    one of the house."""
    text = number.translate(BLANKS)
    if not re.fullmatch(r"\+?[0-9]{3,18}", text):
        return False
    digits = normalise(text, country)
    if len(digits) < SHORTEST_E164:
        return bool(digits) and not text.startswith("+")
    if usual(digits, country):
        return True
    import phonenumbers

    found = _parsed("+" + digits, None)
    if found is None:
        return False
    # The library's list of a country's ranges may be old: a foreign number is only measured.
    own = found.country_code == phonenumbers.country_code_for_region(country)
    return _valid(found) if own else phonenumbers.is_possible_number(found)


def _parsed(text: str, country: str | None) -> "PhoneNumber | None":
    # Imported here: it takes 20 ms, and the usual numbers do not need it.
    import phonenumbers

    try:
        return phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None


def _valid(number: "PhoneNumber") -> bool:
    import phonenumbers

    return phonenumbers.is_valid_number(number)


def _e164(number: "PhoneNumber | None") -> str:
    import phonenumbers

    if number is None:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def normalise_prefix(prefix: str, country: str = "CO") -> str:
    """The digits with which E.164 numbers begin that begin with `prefix` as it is written.

    After `+` or `00`, and where the country's own calling code stands already, it is international, else national.
    """
    import phonenumbers

    text = prefix.translate(BLANKS)
    code = str(phonenumbers.country_code_for_region(country) or "")
    if text.startswith("+"):
        return text[1:]
    if text.startswith("00"):
        return text[2:]
    return text if code and text.startswith(code) else code + text


class Entry(NamedTuple):
    """A line of a list."""

    until: date | None = None
    """The last day on which it counts; None = for ever."""
    note: str = ""

    def counts(self, on: date) -> bool:
        """Whether it counts on a day."""
        return self.until is None or on <= self.until


class CallerEntries:
    """The numbers and prefixes of one list. Questions take microseconds, however long the list is."""

    __slots__ = ("_lengths", "_numbers", "_prefixes")

    def __init__(self, numbers: Mapping[str, Entry], prefixes: Mapping[str, Entry]) -> None:
        """Both with normalised digits as keys."""
        self._numbers, self._prefixes = numbers, prefixes
        self._lengths = sorted({len(prefix) for prefix in prefixes}, reverse=True)

    def __len__(self) -> int:
        return len(self._numbers) + len(self._prefixes)

    def find(self, number: str, on: date) -> Entry | None:
        """The line that counts for a normalised number on a day; None = not on the list."""
        if not number:
            return None
        entry = self._numbers.get(number)
        if entry is not None and entry.counts(on):
            return entry
        for length in self._lengths:
            entry = self._prefixes.get(number[:length])
            if entry is not None and length <= len(number) and entry.counts(on):
                return entry
        return None

    def expired(self, on: date) -> int:
        """Lines that no longer count."""
        everything: Iterable[Entry] = (*self._numbers.values(), *self._prefixes.values())
        return sum(not entry.counts(on) for entry in everything)


BLOCK, SEGMENT, LIST, ALLOW = "block", "segment", "list", "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerList:
    """A list of callers. `use`: `block` ends their calls, `segment` puts them into `segment`, `list` does neither."""

    name: str
    label: str
    use: str
    segment: str
    file: str  # as in lists.yaml, relative to the folder of the configuration
    entries: CallerEntries
    priority: int = 0  # 0 to 9; added to what the flow gives


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymousRule:
    """What happens to callers who withhold their number: `allow`, `block`, or `segment` (then `segment` names it)."""

    use: str
    segment: str = ""

    def __str__(self) -> str:
        """As it is written in lists.yaml."""
        return f"{self.use} {self.segment}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerFacts:
    """What the lists say of a caller."""

    number: str  # E.164 without +; empty = withheld
    segment: str  # empty = none
    lists: frozenset[str]
    blocked: bool
    anonymous: bool
    priority: int = 0  # 0 to 9; the highest of these lists


def caller_facts(site: "Site", number: str, on: date) -> CallerFacts:
    """What the site's lists say of the number that a trunk sent, on a local date. The first list with a segment, in the
    file's order, gives it; one list that blocks is enough."""
    digits = normalise(number, site.country)
    if not digits:
        rule = site.anonymous or AnonymousRule(use=ALLOW)
        return CallerFacts(
            number="", segment=rule.segment, lists=frozenset(), blocked=rule.use == BLOCK, anonymous=True
        )
    found = [known for known in site.lists.values() if known.entries.find(digits, on) is not None]
    return CallerFacts(
        number=digits,
        segment=next((known.segment for known in found if known.use == SEGMENT), ""),
        lists=frozenset(known.name for known in found),
        blocked=any(known.use == BLOCK for known in found),
        anonymous=False,
        priority=max((known.priority for known in found), default=0),
    )

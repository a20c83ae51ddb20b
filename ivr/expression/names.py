"""The names that every expression may use: what is known of the call, the time, the lines and the queues."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from ivr.site.values import Type

CALLER: Final = "caller"
CALLER_NUMBER: Final = "caller.number"
TODAY: Final = "today"
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIn:
    """A name that cannot be set. `meaning` is its line in the reference; `choices`: the only texts that it can be."""

    type: Type
    meaning: str
    choices: tuple[str, ...] = ()


BUILT_INS: Final[Mapping[str, BuiltIn]] = {
    "caller.number": BuiltIn(
        type=Type.TEXT, meaning="the caller's number: digits with the country's code, without +; empty when anonymous"
    ),
    "caller.anonymous": BuiltIn(type=Type.YES_NO, meaning="whether the caller hides the number"),
    "caller.segment": BuiltIn(type=Type.TEXT, meaning="the segment that the caller's list gives; empty when none does"),
    "caller in LIST": BuiltIn(type=Type.YES_NO, meaning="whether a list of lists.yaml has the caller"),
    "did": BuiltIn(type=Type.TEXT, meaning="the company's number that was called, as in site.yaml"),
    "language": BuiltIn(type=Type.TEXT, meaning='the language of this call at this time, for example "es-CO"'),
    "today": BuiltIn(type=Type.DATE, meaning="the date, in the site's time zone"),
    "now": BuiltIn(type=Type.TIME, meaning="the time of the day, in the site's time zone"),
    "weekday": BuiltIn(type=Type.TEXT, meaning='"monday" to "sunday"', choices=WEEKDAYS),
    "holiday": BuiltIn(type=Type.YES_NO, meaning="whether today is a holiday of the site"),
    "open(TIMETABLE)": BuiltIn(type=Type.YES_NO, meaning="whether a timetable of hours.yaml is open now"),
    "lines.in_use": BuiltIn(type=Type.NUMBER, meaning="calls from outside that live at this time, this one included"),
    "lines.free": BuiltIn(
        type=Type.NUMBER,
        meaning="how many more calls from outside the line can carry, if nobody in the house calls out",
    ),
    "queues.QUEUE.waiting": BuiltIn(type=Type.NUMBER, meaning="callers who wait in the queue"),
    "queues.QUEUE.ready": BuiltIn(type=Type.NUMBER, meaning="the queue's agents who are free and can be reached"),
    "queues.QUEUE.logged_in": BuiltIn(
        type=Type.NUMBER, meaning="the queue's agents who are logged in and can be reached"
    ),
    "queues.QUEUE.longest_wait": BuiltIn(
        type=Type.NUMBER, meaning="seconds that the caller at the head of the queue has waited; 0 when nobody waits"
    ),
}
"""Name as in the reference -> what it is. Words in capitals stand for a name of the site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function: the types of its arguments and of its value."""

    arguments: tuple[Type, ...]
    type: Type
    meaning: str

    def written(self, name: str) -> str:
        """How it is written, with the types of its arguments: `days(date, date)`."""
        return f"{name}({', '.join(kind.value for kind in self.arguments)})"


FUNCTIONS: Final[Mapping[str, Function]] = {
    "length": Function(arguments=(Type.TEXT,), type=Type.NUMBER, meaning="how many characters a text has"),
    "number": Function(
        arguments=(Type.TEXT,), type=Type.NUMBER, meaning="the number that a text of digits is; fails for other texts"
    ),
    "text": Function(arguments=(Type.NUMBER,), type=Type.TEXT, meaning="a number as a text, without ending zeros"),
    "round": Function(arguments=(Type.NUMBER,), type=Type.NUMBER, meaning="the nearest whole number; 2.5 gives 3"),
    "lower": Function(arguments=(Type.TEXT,), type=Type.TEXT, meaning="a text in small letters"),
    "days": Function(arguments=(Type.DATE, Type.DATE), type=Type.NUMBER, meaning="days from the first to the second"),
    "days until": Function(
        arguments=(Type.DATE,), type=Type.NUMBER, meaning="days from today; negative for past dates"
    ),
}
"""Name -> function."""

RESERVED: Final = frozenset(
    {"and", "or", "not", "in", "between", "contains", "yes", "no"}
    | {"caller", "call", "lines", "queues", "open"}
    | {name for name in BUILT_INS if name.isidentifier()}
)
"""Names that no variable may have."""


class Fact(NamedTuple):
    """A name taken apart: `queues.servicio.waiting` is the kind `queues.QUEUE.waiting` about `servicio`.

    The kind is a key of BUILT_INS, or empty: then `about` is a variable's name.
    """

    kind: str
    about: str


def caller_in(list_name: str) -> str:
    """The name under which a caller's list is asked for."""
    return f"caller in {list_name}"


def open_name(timetable: str) -> str:
    """The name under which a timetable is asked for."""
    return f"open({timetable})"


def fact(name: str) -> Fact:
    """Take a name apart, as `Expression.names` gives it."""
    if name in BUILT_INS:
        return Fact(name, "")
    if name.startswith("caller in "):
        return Fact("caller in LIST", name.removeprefix("caller in "))
    if name.startswith("open(") and name.endswith(")"):
        return Fact("open(TIMETABLE)", name[len("open(") : -1])
    words = name.split(".")
    if len(words) == 3 and words[0] == "queues" and f"queues.QUEUE.{words[2]}" in BUILT_INS:
        return Fact(f"queues.QUEUE.{words[2]}", words[1])
    return Fact("", name)

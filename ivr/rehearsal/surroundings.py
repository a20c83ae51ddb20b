"""What a simulated call meets: the caller, the phones, the queues, the systems outside. Pure."""

from collections.abc import Mapping
from typing import Final, Protocol

from ivr.call import effects
from ivr.expression import Expression
from ivr.site.values import Unknown, Value
from ivr.verbs.queue import EXITS


class CallerLeft(Exception):
    """The caller hangs up instead of answering."""


class Surroundings(Protocol):
    """What a simulated call meets. Each method may raise CallerLeft where it asks the caller."""

    def during(self, prompt: str, secret: bool) -> str:
        """The key that is pressed while a prompt is played; empty = none."""

    def key(self, seconds: float) -> str:
        """The key that is pressed in a silence; empty = none."""

    def digits(self, take: effects.TakeDigits, secret: bool) -> effects.Entered:
        """The digits that the caller enters."""

    def opening(self, timetable: str) -> effects.Opening:
        """How the company is."""

    def value_of(self, name: str) -> Value | Unknown:
        """The value of a built-in name of expressions. Raises KeyError for any other."""

    def holds(self, condition: Expression) -> bool:
        """Whether a condition holds that depends on what is not known."""

    def look_up(self, source: str, given: Mapping[str, Value | Unknown]) -> effects.LookedUp:
        """What a system outside answers."""

    def message(self, record: effects.RecordMessage) -> effects.Recorded:
        """What the caller says after the tone."""

    def after(self, leaves: effects.JoinQueue | effects.Ring) -> effects.Returned | None:
        """How the call comes back from a queue or a phone; None = it does not."""


def taken(take: effects.TakeDigits, keys: str) -> tuple[effects.Entered, str]:
    """What a caller has entered who presses these keys, and the keys that are left over."""
    text = ""
    pressed = take.begun + keys
    for index, key in enumerate(pressed, 1):
        if key == take.finish:
            return effects.Entered(text), pressed[index:]
        text += key
        if len(text) >= take.most:
            return effects.Entered(text), pressed[index:]
    return effects.Entered(text), ""


# How a test of a flow says that a call comes back, and what the dialplan would say.
FROM_QUEUE: Final = {
    "answered": effects.Returned(effects.Kind.TALK),
    **{exit: effects.Returned(effects.Kind.QUEUE, exit) for exit in EXITS},
}
FROM_PHONE: Final = {"answered": "ANSWER", "no answer": "NOANSWER", "busy": "BUSY", "unreachable": "CHANUNAVAIL"}


KEY = "key "
"""Before the key that a caller presses who waits in a queue."""


def from_queue(how: str) -> effects.Returned:
    """How a caller comes back from a queue: a word of FROM_QUEUE, or `key 5`."""
    key = how.removeprefix(KEY)
    return FROM_QUEUE[how] if key == how else effects.Returned(effects.Kind.KEY, key)


def from_phone(how: str, extension: str) -> effects.Returned:
    """What the dialplan says of a phone that was rung: answered, no answer, busy or unreachable."""
    return effects.Returned(effects.Kind.DIAL, FROM_PHONE[how], extension)


def how_back(back: effects.Returned) -> str:
    """The same read backwards: answered, no answer, nobody there, key 5..."""
    if back.kind is effects.Kind.DIAL:
        return next(how for how, status in FROM_PHONE.items() if status == back.detail)
    if back.kind is effects.Kind.KEY:
        return KEY + back.detail
    return "answered" if back.kind is effects.Kind.TALK else back.detail

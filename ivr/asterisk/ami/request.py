"""An action on its way: checked before it is written, and complete when its answer is.

It is panoramisk's `Action` (identifier, text on the wire, future); when an answer is complete is decided here, because
panoramisk guesses it from the words of the answer (and raises KeyError at "successfully queued" without `Async`).
"""

import re
from collections.abc import Mapping, Sequence

from panoramisk.actions import Action

from ivr.asterisk.ami.errors import AmiRefused
from ivr.asterisk.ami.messages import Event, FieldValue, Response, lines

MOST_BYTES = 1024  # of a line: inbuf[1025] in Asterisk's main/manager.c; a longer one is dropped by Asterisk, silently
MOST_LINES = 127  # AST_MAX_MANHEADERS (include/asterisk/manager.h) is 128, ActionID takes one
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_SPECIAL = re.compile(r'[\\",()]')
_FORBIDDEN = re.compile(r"[\r\n\0]")


class Request(Action):  # type: ignore[misc]  # panoramisk is untyped
    """One action and what came back for it. `future` gives the Response, or the list's events."""

    def __init__(self, name: str, fields: Mapping[str, FieldValue], *, wants_list: bool) -> None:
        """Raises ValueError for what would say something else to Asterisk than was meant."""
        super().__init__({"Action": name, **fields})
        self._wants_list = wants_list
        self._items: list[Event] | None = None
        check(name, fields)
        if name.lower() == "originate":
            # Otherwise Asterisk serves nothing else on this connection while the phone rings.
            self["Async"] = "true"

    def add_message(self, message: Event | Response) -> bool:
        """Take what carries our ActionID. True when the answer is complete."""
        if self.future.done():
            return True
        if isinstance(message, Response):
            self._answered(message)
        elif self._items is not None:
            if message.get("EventList").lower() == "complete" or message.name.endswith("Complete"):
                self.future.set_result(self._items)
            else:
                self._items.append(message)
        return bool(self.future.done())

    def _answered(self, response: Response) -> None:
        if not self._wants_list:
            if response.success:
                self.future.set_result(response)
            else:
                self.future.set_exception(AmiRefused(response.message or response.get("Response")))
        elif response.get("EventList").lower() == "start":
            self._items = []
        elif response.success:
            self.future.set_exception(AmiRefused(f"{self['Action']} answers no list"))
        elif nothing_found(response.message):
            self.future.set_result([])
        else:
            self.future.set_exception(AmiRefused(response.message or response.get("Response")))


def nothing_found(message: str) -> bool:
    """Some lists say "Error: No Contacts found" when they are empty; "No such channel" is a real error."""
    return message.startswith("No ") and not message.startswith("No such")


def check(name: str, fields: Mapping[str, FieldValue]) -> None:
    """Refuse what injects lines or what Asterisk would cut. Raises ValueError; the value itself is not shown."""
    for key, value in [("Action", name), *fields.items()]:
        if not _NAME.match(key) or (key.lower() in ("action", "actionid") and key != "Action"):
            raise ValueError(f"{key!r} cannot be a field of an AMI action")
        for text in (value,) if isinstance(value, str) else value:
            if _FORBIDDEN.search(text):
                raise ValueError(f"the value of {key} holds a line end or NUL")
            if len(f"{key}: {text}".encode()) > MOST_BYTES:
                raise ValueError(f"the value of {key} is longer than Asterisk reads")
    if len(lines(fields)) > MOST_LINES - 1:
        raise ValueError(f"{name} has more fields than Asterisk reads")


def variables(values: Mapping[str, str]) -> Sequence[str]:
    """The `Variable` field of Originate: `NAME=value` each.

    Asterisk splits such a line at commas outside of parentheses and reads quotes and backslashes
    (AST_STANDARD_APP_ARGS): they are escaped, so that the channel gets exactly `value`.
    """
    return [f"{name}={_SPECIAL.sub(_escaped, value)}" for name, value in values.items()]


def _escaped(match: re.Match[str]) -> str:
    return "\\" + match[0]

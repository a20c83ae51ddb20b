"""Where a call is in its flow, as text in a channel variable: the call carries it, so it survives the server.

Form: `1;flow;step;tries;steps;key;notices`, for example `1;linea_principal;menu;1;5;;anuncio_grabacion`.
It has no comma, quote or backslash: it travels as an argument of AGI() and MSet(). Two notices are joined by `+`.
The text comes back from Asterisk and is not trusted: whatever is not exactly of this form is no place.
"""

import re
from dataclasses import dataclass

VERSION = 1
MAX_LENGTH = 200  # characters
MAX_NOTICES = 2  # kept in the text: the latest completed ones

RECEPTION = "*reception"
"""Not a step of any flow: the machine itself rings reception, because the flow went in circles."""

_NAME = r"[a-z][a-z0-9_]{0,39}"
_FORM = re.compile(
    rf"1;({_NAME});({_NAME}|\*reception);([0-9]{{1,2}});([0-9]{{1,3}});([0-9*#]?);({_NAME}(?:\+{_NAME})?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A step, and what has to be known to go on there."""

    flow: str
    step: str
    tries: int = 0  # of the menu that the call is in
    steps: int = 0  # entered since the caller's last key
    key: str = ""  # pressed before the menu was reached
    notices: tuple[str, ...] = ()  # completed recording notices

    def encode(self) -> str:
        """The text, shorter than 200 characters."""
        notices = "+".join(self.notices[-MAX_NOTICES:])
        fields = (VERSION, self.flow, self.step, min(self.tries, 99), min(self.steps, 999), self.key, notices)
        return ";".join(map(str, fields))

    @classmethod
    def decode(cls, text: str) -> "Place | None":
        """The place, or None when the text is not one."""
        match = _FORM.fullmatch(text) if len(text) < MAX_LENGTH else None
        if match is None:
            return None
        return cls(
            flow=match[1],
            step=match[2],
            tries=int(match[3]),
            steps=int(match[4]),
            key=match[5],
            notices=tuple(match[6].split("+")) if match[6] else (),
        )

"""Where a call is in its flow, as text in a channel variable: the call carries it, so it survives the server.

Form: `2;edition;flow;step;tries;steps;key;notices;language;frames;menus;kept`, for example
`2;0f3a9c21b7de;linea_principal;menu;1;5;;anuncio_grabacion;es-CO;;;`.
It has no comma, quote or backslash: it travels as an argument of AGI() and MSet(). Several names are joined by `+`.
The text comes back from Asterisk and is not trusted: whatever is not exactly of this form is no place.
"""

import re
from dataclasses import dataclass

VERSION = 2
MAX_LENGTH = 900  # characters; the longest has about 800
MAX_NOTICES = 2  # kept in the text: the latest completed ones
MAX_FRAMES = 4
"""How deep subflows may call subflows."""
MAX_MENUS = 4  # kept in the text, for `back`
MAX_CHUNKS = 9

RECEPTION = "*reception"
"""Not a step of any flow: the machine itself rings reception."""

_NAME = r"[a-z][a-z0-9_]{0,39}"
_NAMES = rf"(?:{_NAME}(?:\+{_NAME})*)?"
_FRAMES = rf"(?:{_NAME}\.{_NAME}(?:\+{_NAME}\.{_NAME}){{0,{MAX_FRAMES - 1}}})?"
_FORM = re.compile(
    rf"2;([0-9a-f]{{12}})?;({_NAME});({_NAME}|\*reception);([0-9]{{1,2}});([0-9]{{1,3}});([0-9*#]?);({_NAMES});"
    rf"([a-z]{{2}}(?:-[A-Z]{{2}})?)?;({_FRAMES});({_NAMES});((?:[ab][1-{MAX_CHUNKS}])?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A step, and what has to be known to go on there."""

    flow: str
    step: str
    edition: str = ""  # of the site that the call began with (Site.edition)
    tries: int = 0  # of the menu that the call is in
    steps: int = 0  # entered since the caller's last key
    key: str = ""  # pressed before the menu was reached
    notices: tuple[str, ...] = ()  # completed recording notices
    language: str = ""  # empty = the flow's
    frames: tuple[tuple[str, str], ...] = ()  # (flow, step) that wait for a subflow's return, the outermost first
    menus: tuple[str, ...] = ()  # menus of this flow that the caller passed, the present one last
    kept: str = ""
    """Where the values of variables are on the channel: bank `a` or `b` and the number of pieces; empty = nowhere."""

    def encode(self) -> str:
        """The text, shorter than MAX_LENGTH characters."""
        fields = (
            VERSION,
            self.edition,
            self.flow,
            self.step,
            min(self.tries, 99),
            min(self.steps, 999),
            self.key,
            "+".join(self.notices[-MAX_NOTICES:]),
            self.language,
            "+".join(f"{flow}.{step}" for flow, step in self.frames[-MAX_FRAMES:]),
            "+".join(self.menus[-MAX_MENUS:]),
            self.kept,
        )
        return ";".join(map(str, fields))

    @classmethod
    def decode(cls, text: str) -> "Place | None":
        """The place, or None when the text is not one."""
        if text.startswith("1;"):  # of version 0.1, for calls that live through an upgrade
            text = f"{VERSION};;{text[2:]};;;;"
        match = _FORM.fullmatch(text) if len(text) < MAX_LENGTH else None
        if match is None:
            return None
        frames = [frame.split(".") for frame in _parts(match[9])]
        return cls(
            edition=match[1] or "",
            flow=match[2],
            step=match[3],
            tries=int(match[4]),
            steps=int(match[5]),
            key=match[6],
            notices=_parts(match[7]),
            language=match[8] or "",
            frames=tuple((flow, step) for flow, step in frames),
            menus=_parts(match[10]),
            kept=match[11],
        )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(text.split("+")) if text else ()

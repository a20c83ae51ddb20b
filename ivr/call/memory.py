"""The values of a call's variables, as text that the channel carries (sealed by whoever writes it there)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.site.values import Type, Unknown, Value, as_text, from_text, type_of

_LETTERS = {Type.TEXT: "t", Type.NUMBER: "n", Type.YES_NO: "b", Type.DATE: "d", Type.TIME: "h"}
_TYPES = {letter: type for type, letter in _LETTERS.items()}

Values = Mapping[str, Value | Unknown]


@dataclass(frozen=True, slots=True)
class Memory:
    """`flows`: the variables of each flow that the call is in, the outermost first; `call`: those of the whole call."""

    flows: tuple[Values, ...] = ()
    call: Values = field(default_factory=dict)

    def encode(self) -> str:
        """JSON; empty when there is nothing to remember."""
        if not self.call and not any(self.flows):
            return ""
        plain = {"c": _plain(self.call), "f": [_plain(values) for values in self.flows]}
        return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def decode(cls, text: str) -> "Memory | None":
        """The memory, or None when the text is not one."""
        if not text:
            return EMPTY
        try:
            plain = json.loads(text)
            return cls(tuple(_values(values) for values in plain["f"]), _values(plain["c"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def _plain(values: Values) -> dict[str, str]:
    known = {name: value for name, value in values.items() if not isinstance(value, Unknown)}
    return {name: _LETTERS[type_of(value)] + as_text(value) for name, value in known.items()}


def _values(plain: Mapping[str, str]) -> Values:
    return {name: from_text(text[1:], _TYPES[text[:1]]) for name, text in plain.items()}


EMPTY = Memory()

"""What Asterisk's manager says: events and responses, whose fields are looked for only when somebody asks.

Most events interest nobody: they are told apart by their name, which costs one search in the bytes; so does each field
that is asked for. Only complete lines are decoded, so a letter of several bytes can never be torn; bytes that are no
UTF-8 become U+FFFD.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Self

EVENT = b"Event: "
RESPONSE = b"Response: "
FieldValue = str | Sequence[str]


class Message:
    """Fields by name, whatever the case of its letters. Never changes."""

    __slots__ = ("_block", "_fields")

    def __init__(self, block: bytes) -> None:
        """`block`: the lines of one message, without the empty line that ends it."""
        self._block = block
        self._fields: dict[str, list[str]] | None = None

    def __getitem__(self, key: str) -> str:
        """The field's first value; KeyError when there is no such field."""
        value = self._first(key)
        if value is None:
            raise KeyError(key)
        return value

    def get(self, key: str, default: str = "") -> str:
        """The field's first value, or `default`."""
        value = self._first(key)
        return default if value is None else value

    def all(self, key: str) -> tuple[str, ...]:
        """Every value of a field that may stand several times, in order."""
        return tuple(self._parsed().get(key.lower(), ()))

    def __contains__(self, key: str) -> bool:
        return self._first(key) is not None

    def __iter__(self) -> Iterator[str]:
        """The names of the fields in small letters."""
        return iter(self._parsed())

    @property
    def variables(self) -> dict[str, str]:
        """Channel variables: `Variable: A=1` of Status, `ChanVariable: A=1` and `ChanVariable(name): A=1` of events.

        Status says `(null)` for a variable that the channel does not have: it is left out.
        """
        found: dict[str, str] = {}
        for key, values in self._parsed().items():
            if key.startswith(("variable", "chanvariable")):
                for value in values:
                    name, equals, text = value.partition("=")
                    if equals and text != "(null)":
                        found[name] = text
        return found

    @property
    def block(self) -> bytes:
        """The message as it came."""
        return self._block

    def _first(self, key: str) -> str | None:
        block = self._block
        exact, folded = _marks(key)
        start = block.find(exact)
        if start >= 0:
            start += len(exact)
            end = block.find(b"\r\n", start)
            return (block[start:] if end < 0 else block[start:end]).decode("utf-8", "replace")
        lower = block.lower()
        if folded in lower or lower.startswith(folded[2:]):
            values = self._parsed().get(key.lower())
            return values[0] if values else None
        return None

    def _parsed(self) -> dict[str, list[str]]:
        fields = self._fields
        if fields is None:
            fields = self._fields = {}
            for line in self._block.decode("utf-8", "replace").split("\r\n"):
                key, colon, value = line.partition(":")
                if colon:
                    # One blank follows the colon (astman_append in main/manager.c); more belong to the value.
                    fields.setdefault(key.lower(), []).append(value[1:] if value[:1] == " " else value)
        return fields

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._block[:80]!r}>"

    @classmethod
    def _of(cls, head: str, fields: Mapping[str, FieldValue]) -> Self:
        return cls("\r\n".join([head, *lines(fields)]).encode())


class Event(Message):
    """Something happened in Asterisk."""

    __slots__ = ("name",)

    def __init__(self, block: bytes) -> None:
        super().__init__(block)
        end = block.find(b"\r\n")
        self.name = (block[7:] if end < 0 else block[7:end]).decode("utf-8", "replace")

    @classmethod
    def of(cls, name: str, fields: Mapping[str, FieldValue] | None = None) -> Self:
        """An event made by hand, for tests and fakes."""
        return cls._of(f"Event: {name}", fields or {})


class Response(Message):
    """The answer to an action."""

    __slots__ = ()

    @property
    def success(self) -> bool:
        """Whether Asterisk did, or began, what was asked (`Goodbye` answers Logoff)."""
        return self.get("Response") in ("Success", "Goodbye")

    @property
    def message(self) -> str:
        """Asterisk's remark; empty when there is none."""
        return self.get("Message")

    @classmethod
    def of(cls, response: str, fields: Mapping[str, FieldValue] | None = None) -> Self:
        """A response made by hand, for tests and fakes."""
        return cls._of(f"Response: {response}", fields or {})


@lru_cache(1024)
def _marks(key: str) -> tuple[bytes, bytes]:
    """What stands before the value: as Asterisk writes it nearly always, and in any case of letters."""
    return f"\r\n{key}: ".encode(), f"\r\n{key}:".lower().encode()


def lines(fields: Mapping[str, FieldValue]) -> list[str]:
    """`Name: value` for each field; a field with several values makes several lines."""
    return [
        f"{name}: {value}"
        for name, values in fields.items()
        for value in ((values,) if isinstance(values, str) else values)
    ]

"""SIP messages, sans-I/O: bytes in, frozen `Message` out (RFC 3261 sections 7 and 20)."""

import re
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]

_COMPACT = {"v": "via", "i": "call-id", "f": "from", "t": "to", "m": "contact", "l": "content-length"}
_COMMA_LISTS = {"via", "record-route", "route"}


class NotSip(ValueError):
    """The bytes are no SIP message."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response; header names compare without case."""

    start: str
    headers: Headers
    body: str = ""

    @property
    def is_response(self) -> bool:
        return self.start.startswith("SIP/2.0 ")

    @property
    def method(self) -> str:
        """The request's method; of a response the method that it answers (from CSeq)."""
        return self["cseq"].split()[1] if self.is_response else self.start.split(" ", 1)[0]

    @property
    def code(self) -> int:
        """The status of a response."""
        return int(self.start.split(" ", 2)[1])

    @property
    def branch(self) -> str:
        """The transaction's id, from the topmost Via."""
        found = re.search(r"branch=([^;,\s]+)", self["via"])
        return found[1] if found else ""

    @property
    def sequence(self) -> int:
        return int(self["cseq"].split()[0])

    def __getitem__(self, name: str) -> str:
        """The first header of this name; NotSip when it is missing, because the message is useless then."""
        value = self.get(name)
        if value is None:
            raise NotSip(f"no {name} header in {self.start!r}")
        return value

    def get(self, name: str) -> str | None:
        """The first header of this name."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Every header of this name, in order."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    def encode(self) -> bytes:
        """The message as it goes on the wire; ValueError when a header would begin another one."""
        body = self.body.encode()
        lines = [self.start]
        for name, value in (*self.headers, ("Content-Length", str(len(body)))):
            if re.search(r"[\r\n\0]", name + value):
                raise ValueError(f"a SIP header cannot hold a line end: {name!r}")
            lines.append(f"{name}: {value}")
        return "\r\n".join([*lines, "", ""]).encode() + body


def parse(data: bytes) -> Message:
    """Read a datagram; NotSip when it is none of SIP's."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    start, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
    if not re.fullmatch(r"SIP/2\.0 \d{3} .*|[A-Z]+ \S+ SIP/2\.0", start):
        raise NotSip(f"not a SIP start line: {start[:60]!r}")
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise NotSip(f"not a header: {line[:60]!r}")
        key = _COMPACT.get(name.strip().lower(), name.strip().lower())
        parts = value.split(",") if key in _COMMA_LISTS else [value]
        headers.extend((key, part.strip()) for part in parts if key != "content-length")
    message = Message(start, tuple(headers), body)
    for required in ("via", "from", "to", "call-id", "cseq"):
        message[required]
    if not re.fullmatch(r"\d+\s+[A-Z]+", message["cseq"]):
        raise NotSip(f"not a CSeq: {message['cseq'][:60]!r}")
    return message


@dataclass(frozen=True, slots=True)
class Address:
    """The value of From, To or Contact."""

    uri: str
    name: str = ""
    tag: str = ""

    @property
    def user(self) -> str:
        """What stands before the @: a number or an extension."""
        found = re.match(r"sips?:([^@;>]*)@", self.uri)
        return found[1] if found else ""

    def __str__(self) -> str:
        escaped = re.sub(r'(["\\])', r"\\\1", self.name)
        shown = f'"{escaped}" ' if self.name else ""
        return f"{shown}<{self.uri}>" + (f";tag={self.tag}" if self.tag else "")


def parse_address(value: str) -> Address:
    """Read From, To or Contact; an unreadable one becomes an address without user."""
    tag = re.search(r";\s*tag=([^;,\s]+)", value)
    found = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<([^>]*)>', value)
    if not found:
        return Address(value.split(";", 1)[0].strip(), tag=tag[1] if tag else "")
    name = re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]
    return Address(found[3], name, tag[1] if tag else "")

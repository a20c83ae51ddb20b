"""Sans-I/O parser of what Asterisk sends on an AGI connection: bytes in, values out.

The formats are those of `res/res_agi.c` of Asterisk 22. Text is UTF-8; other bytes become U+FFFD, since a
caller's name in Latin-1 is no reason to lose the call.
"""

from ivr.asterisk.agi.reply import Environment, Hangup, Item, Malformed, Refusal, Reply

_HANGUP = Hangup()
_REFUSALS = (b"510", b"511", b"520")
# The replies that make up nearly all of a call's, each in one read since Asterisk writes them in one: looked up.
COMMON = {f"200 result={number}\n".encode(): Reply(200, str(number)) for number in range(-1, 128)}
_PROVISIONAL = b"100 "  # GOSUB says "100 result=0 Trying..." before its reply


class Parser:
    """Understands one connection. Feed it whatever arrives, in pieces of any size.

    `environment_bytes` bounds the opening block, `line_bytes` one reply (all lines of a 520 together).
    While `between` is true no item is unfinished, and data that is a key of `COMMON` need not be fed.
    """

    between = False
    _started = False
    _dead = False
    _buffer = b""
    _unfinished: list[bytes] | None = None  # the lines so far of a reply that has more than one
    _unfinished_bytes = 0
    _end = b""  # what its last line ends (`)`) or begins with (`520 `)

    def __init__(self, environment_bytes: int = 16_384, line_bytes: int = 65_536) -> None:
        self._environment_bytes = environment_bytes
        self._line_bytes = line_bytes

    def value(self, data: bytes) -> Reply | None:
        """The reply, if `data` is exactly one with a variable's value; else None and nothing has happened: feed it."""
        if self.between:
            value = data[:14] == b"200 result=1 (" and data[-2:] == b")\n" and len(data) <= self._line_bytes
            if value and data.find(b"\n") == len(data) - 1 and b"\0" not in data:
                return Reply(200, "1", data[14:-2].decode("utf-8", "replace"))
        return None

    def feed(self, data: bytes) -> list[Item]:
        """The items completed by `data`, in order. A `Malformed` is always the last one of all."""
        items = self._feed(data)
        self.between = self._started and not self._buffer and not self._unfinished
        return items

    def _feed(self, data: bytes) -> list[Item]:
        if self._dead:
            return []
        if b"\0" in data:
            return [self._die(Refusal.BINARY)]
        items: list[Item] = []
        if self._buffer:
            data = self._buffer + data
        if not self._started:
            opening, data = self._open(data)
            if opening is None:
                self._buffer = data
                return items
            items.append(opening)
            if self._dead:
                return items
        lines = data.split(b"\n")
        self._buffer = lines.pop()
        for line in lines:
            item = self._line(line)
            if item is not None:
                items.append(item)
                if self._dead:
                    return items
        if len(self._buffer) > self._line_bytes:
            items.append(self._die(Refusal.OVERSIZED))
        return items

    def _die(self, reason: Refusal) -> Malformed:
        self._dead = True
        self._started = False
        self._buffer = b""
        self._unfinished = None
        return Malformed(reason)

    def _open(self, data: bytes) -> tuple[Item | None, bytes]:
        """The opening block when it is complete, and the bytes behind it."""
        if not data.startswith(b"agi_"[: len(data)]):
            return self._die(Refusal.NOT_AGI), b""
        end = data.find(b"\n\n")
        if end > self._environment_bytes or (end < 0 and len(data) > self._environment_bytes):
            return self._die(Refusal.OVERSIZED), b""
        if end < 0:
            return None, data
        self._started = True
        if data.count(b": ", 0, end) <= data.count(b"\n", 0, end):
            return self._die(Refusal.MALFORMED), b""  # a line has no name and value
        return Environment(data[:end]), data[end + 2 :]

    def _line(self, line: bytes) -> Item | None:
        if self._unfinished:
            return self._continued(line, self._unfinished)
        if len(line) > self._line_bytes:
            return self._die(Refusal.OVERSIZED)
        if line.startswith(b"200 result="):
            reply = _success(line)
            if reply is None:  # a variable's value with a line break in it
                self._begin(line, b")")
            return reply
        if line == b"HANGUP":
            return _HANGUP
        if line.startswith(_PROVISIONAL):
            return None
        code, mark = line[:3], line[3:4]
        if code not in _REFUSALS or mark not in (b" ", b"-"):
            return self._die(Refusal.MALFORMED)
        if mark == b"-":
            self._begin(line, code + b" ")
            return None
        return _refusal(line)

    def _begin(self, line: bytes, end: bytes) -> None:
        self._unfinished = [line]
        self._unfinished_bytes = len(line)
        self._end = end

    def _continued(self, line: bytes, lines: list[bytes]) -> Item | None:
        """A further line of a reply that has several: only its last line is looked at, however long it gets."""
        lines.append(line)
        self._unfinished_bytes += len(line) + 1
        if self._unfinished_bytes > self._line_bytes:
            return self._die(Refusal.OVERSIZED)
        value = self._end == b")"
        if not (line.endswith(b")") or _trailer_at(line) >= 0 if value else line.startswith(self._end)):
            return None
        whole = b"\n".join(lines)
        self._unfinished = None
        return _success(whole) if value else _refusal(whole)


def _trailer_at(text: bytes) -> int:
    """Where `) endpos=...` and the like begin behind data in brackets; -1 when the line has none."""
    end = text.rfind(b") ")
    return end if end >= 0 and b"=" in text[end:] else -1


def _success(line: bytes) -> Reply | None:
    """The reply, or None when its data goes on in the next line."""
    rest = line[11:]
    if rest.isdigit():
        return Reply(200, rest.decode())
    first, _, rest = rest.partition(b" ")
    result = first.decode("utf-8", "replace")
    if not rest.startswith(b"("):
        return Reply(200, result, None, rest.decode("utf-8", "replace"))
    if rest.endswith(b")"):
        return Reply(200, result, rest[1:-1].decode("utf-8", "replace"))
    end = _trailer_at(rest)
    if end < 0:
        return None
    return Reply(200, result, rest[1:end].decode("utf-8", "replace"), rest[end + 2 :].decode("utf-8", "replace"))


def _refusal(line: bytes) -> Reply:
    return Reply(int(line[:3]), "", line[4:].decode("utf-8", "replace"))

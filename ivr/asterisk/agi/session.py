"""One call on one AGI connection, as the code that serves it sees it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from ivr.asterisk.agi.deadlines import ticks
from ivr.asterisk.agi.errors import CommandRefused, CommandTimeout, HungUp
from ivr.asterisk.agi.house import House
from ivr.asterisk.agi.reply import Reply

# Asterisk 22 reads a command with fgets into AGI_BUF_LEN bytes (res/res_agi.c); what is longer runs as two commands.
COMMAND_BYTES = 2_048 - 2
_SHORT = 400  # characters, of up to 4 bytes
# Elsewhere -1 means that the channel is gone; here it has another meaning (no such channel, no such label).
_MINUS_ONE_IS_AN_ANSWER = frozenset({"CHANNEL STATUS", "GOSUB", "HANGUP", "RECORD FILE"})
_NO_SUCH_APPLICATION = "-2"


@dataclass(frozen=True, slots=True)
class Played:
    """How a sound ended: cut by `key` or complete (None), at `offset` samples from the sound's start.

    `ok` is False when nothing at all was played: the file is missing or empty.
    """

    key: str | None
    offset: int
    ok: bool


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """How a recording ended: `key`, `silence`, `limit`, `hang up` or `failed` (Asterisk cannot write there).

    `samples` are what Asterisk counted (8,000 a second), without the end of a silence; 0 where it did not tell. They
    say nothing of a full disk: who needs to know looks at the file.
    """

    ended: str
    key: str = ""
    samples: int = 0


def command_line(verb: str, arguments: tuple[str, ...]) -> bytes:
    """The bytes of a command, every argument quoted as `parse_args` of Asterisk's res_agi.c undoes it.

    Raises ValueError for CR, LF or NUL (each would start a command of its own) and for a command longer than
    Asterisk reads in one piece.
    """
    if any(forbidden in argument for argument in arguments for forbidden in "\0\r\n"):
        raise ValueError(f"{verb}: an argument has a CR, LF or NUL in it")
    quoted = (argument.replace("\\", "\\\\").replace('"', '\\"') for argument in arguments)
    line = "".join((verb, *(f' "{argument}"' for argument in quoted), "\n")).encode()
    if len(line) > COMMAND_BYTES:
        raise ValueError(f"{verb}: {len(line)} bytes are more than Asterisk reads as one command ({COMMAND_BYTES})")
    return line


class Session:
    """Speaks AGI for one call. One command at a time, from one task.

    Every command may raise `HungUp` (normal: let it end the handler), `CommandRefused` and `CommandTimeout`.
    A command whose task is cancelled leaves the session usable: its late reply is dropped, not mistaken for another's.
    The connection is closed at the first sign of a hang-up, because Asterisk holds the channel until then. Who has
    something to say afterwards sets `linger` before, and then has `Limits.linger_seconds` for commands with
    `after_hangup=True` (variables and `EXEC UserEvent` work on a dead channel, media do not).

    Attributes:
        environment: what Asterisk said of the call (`agi_channel`, ...). Callers write some of it: it is hostile.
        hung_up: whether the caller is known to be gone, or the connection is over.
        linger: whether the connection stays for a while after a hang-up.
        loop, due: for the server.
    """

    linger = False
    hung_up = False
    due = 0
    _peer = ""
    _pending: asyncio.Future[Reply] | None = None
    _verb = ""
    _after_hangup = False
    _owed = 0  # replies that Asterisk still owes; only the last of them can be the pending one
    _sent_us = 0
    _ends = 0  # the tick at which a session that lingers ends; 0 while nobody hung up

    def __init__(self, environment: Mapping[str, str], transport: asyncio.Transport, house: House) -> None:
        self.environment = environment
        self.loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = transport
        self._house = house
        self._deadlines = house.deadlines
        self._observer = house.observer

    @property
    def path(self) -> str:
        """The path of the URL that the dialplan asked for: `/call` of `agi://host:port/call`."""
        try:
            return "/" + self.environment["agi_network_script"].lstrip("/")
        except KeyError:
            return "/"

    @property
    def peer(self) -> str:
        """Address and port of the Asterisk that called, for the log; "" if never asked before the end."""
        if not self._peer and self._transport is not None:
            address = self._transport.get_extra_info("peername")
            self._peer = f"{address[0]}:{address[1]}" if address else ""
        return self._peer

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments that the dialplan gave to AGI() behind the URL."""
        found: list[str] = []
        while (value := self.environment.get(f"agi_arg_{len(found) + 1}")) is not None:
            found.append(value)
        return tuple(found)

    @property
    def closed(self) -> bool:
        """Whether the connection is over: every further command raises HungUp."""
        return self._transport is None

    async def command(
        self, verb: str, *arguments: str, timeout: float | None = None, after_hangup: bool = False
    ) -> Reply:
        """Send a command and return Asterisk's reply, whose code is 200.

        `timeout` in seconds, by default `Limits.command_seconds`. Raises HungUp, CommandRefused, CommandTimeout (the
        session is closed then), and ValueError for arguments that cannot be sent.
        """
        reply = await self._ask(verb, arguments, timeout, after_hangup)
        return self._other(verb, reply) if reply.code != 200 or reply.result == "-1" else reply

    def _ask(
        self, verb: str, arguments: tuple[str, ...], timeout: float | None, after_hangup: bool = False
    ) -> asyncio.Future[Reply]:
        transport = self._transport
        if transport is None or (self.hung_up and not after_hangup):
            raise HungUp
        if self._pending is not None and not self._pending.done():
            raise RuntimeError(f"{verb} while {self._verb} has no reply yet: a session takes one command at a time")
        text = '" "'.join(arguments)
        # Nearly every argument is short and plain, and three scans in C can tell: worth a tenth of a command's cost.
        if text.isprintable() and "\\" not in text and text.count('"') == 2 * len(arguments) - 2 and len(text) < _SHORT:
            line = f'{verb} "{text}"\n'.encode()
        else:
            line = command_line(verb, arguments)
        answer: asyncio.Future[Reply] = self.loop.create_future()
        self._pending = answer
        self._verb = verb
        self._after_hangup = after_hangup
        self._owed += 1
        if self._observer is not None:
            self._sent_us = self._house.clock.engine_us()
        due = self._deadlines.now + (self._house.command_ticks if timeout is None else ticks(timeout))
        self.due = min(due, self._ends) if self._ends else due
        transport.write(line)
        return answer

    def _other(self, verb: str, reply: Reply) -> Reply:
        """What a reply means that is not plain success."""
        if reply.code == 200 and verb in _MINUS_ONE_IS_AN_ANSWER:
            return reply
        if reply.code in (200, 511):
            self.hang_up()
            raise HungUp
        raise CommandRefused(verb, reply)

    async def stream_file(self, sound: str, escape: str = "", offset: int = 0) -> Played:
        """Play a sound (no extension) from `offset` samples until its end or a key of `escape`.

        A key that is not in `escape` is lost to AGI: only AMI's DTMFEnd tells of it.
        """
        reply = await self.command("STREAM FILE", sound, escape, str(offset), timeout=self._house.limits.media_seconds)
        key = _key(reply)
        end = reply.endpos or 0
        return Played(key, end, key is not None or end > offset)

    async def wait_for_digit(self, milliseconds: int) -> str | None:
        """The next key pressed within `milliseconds`, or None."""
        seconds = milliseconds / 1000 + self._house.limits.command_seconds
        return _key(await self.command("WAIT FOR DIGIT", str(milliseconds), timeout=seconds))

    async def record_file(
        self, file: str, *, longest: float, silence: float, keys: str = "#", beep: bool = True
    ) -> RecordedFile:
        """Record the caller into `file`.wav (8 kHz, one channel, 16 bits; its folder must be there) until a key of
        `keys`, `silence` seconds in which nobody speaks, or `longest` seconds.

        A hang-up is told here and not raised, because the file is kept; every further command raises HungUp.
        """
        options = ("BEEP",) if beep else ()
        arguments = (file, "wav", keys, str(int(longest * 1000)), "0", *options, f"s={max(1, round(silence))}")
        try:
            reply = await self.command("RECORD FILE", *arguments, timeout=longest + self._house.limits.command_seconds)
        except HungUp:
            return RecordedFile("hang up")
        samples = reply.endpos or 0
        if reply.result == "-1" and reply.data == "writefile":
            return RecordedFile("failed")
        if reply.result == "-1":
            self.hang_up()
            return RecordedFile("hang up", samples=samples)
        if reply.data == "dtmf":
            return RecordedFile("key", _key(reply) or "", samples)
        # what is left of `longest`: nothing when it was used up
        return RecordedFile("silence" if reply.number else "limit", samples=samples)

    async def set_variable(self, name: str, value: str, *, after_hangup: bool = False) -> None:
        """Set a channel variable. Asterisk takes the value as it is: no expression in it is evaluated."""
        reply = await self._ask("SET VARIABLE", (name, value), None, after_hangup)
        if reply.code != 200 or reply.result == "-1":
            self._other("SET VARIABLE", reply)

    async def get_variable(self, name: str, *, after_hangup: bool = False) -> str | None:
        """A channel variable's value; None when it is not set."""
        reply = await self._ask("GET VARIABLE", (name,), None, after_hangup)
        if reply.code != 200 or reply.result == "-1":
            self._other("GET VARIABLE", reply)
        return reply.data or "" if reply.result == "1" else None

    async def execute(
        self, application: str, *arguments: str, timeout: float | None = None, after_hangup: bool = False
    ) -> Reply:
        """Run a dialplan application, by default for up to `Limits.media_seconds`.

        Commas separate the application's own arguments, so no argument may hold what a caller wrote.
        Raises CommandRefused too when the application is not loaded.
        """
        seconds = self._house.limits.media_seconds if timeout is None else timeout
        reply = await self.command("EXEC", application, ",".join(arguments), timeout=seconds, after_hangup=after_hangup)
        if reply.result == _NO_SUCH_APPLICATION:
            raise CommandRefused(f"EXEC {application}", reply)
        return reply

    def close(self) -> None:
        """Give the channel back to the dialplan. May be called again."""
        if self._transport is not None:
            self._transport.close()
            self.lost()

    # From here on: called by the connection and the deadlines.

    def receive(self, reply: Reply) -> bool:
        """Take a reply; False when none is owed."""
        if self._owed != 1:
            self._owed -= 1
            return self._owed >= 0
        self._owed = 0
        self.due = self._ends
        if self._observer is not None:
            self._observer.command_done(self._verb, (self._house.clock.engine_us() - self._sent_us) / 1e6)
        answer = self._pending
        if answer is not None and not answer.done():
            answer.set_result(reply)
        return True

    def hang_up(self) -> None:
        """The first sign of a hang-up has been seen."""
        if self.hung_up or self._transport is None:
            return
        self.hung_up = True
        if not self.linger:
            self.close()
            return
        self.due = self._ends = self._deadlines.now + ticks(self._house.limits.linger_seconds)
        if not self._after_hangup:
            self._fail(HungUp())

    def lost(self) -> None:
        """The connection is over, from whatever side."""
        self.hung_up = True
        self._transport = None
        self.due = 0
        if self._pending is not None:
            self._fail(HungUp())

    def overdue(self) -> None:
        """The reply, or the end of lingering, did not come in time."""
        _ = self.peer  # for the handler's log, while it can be had
        self._fail(CommandTimeout(f"{self._verb}: no reply in time"))
        self.close()

    def _fail(self, error: Exception) -> None:
        answer, self._pending = self._pending, None
        if answer is not None and not answer.done():
            answer.set_exception(error)


def _key(reply: Reply) -> str | None:
    """Asterisk gives a key as the number of its ASCII character, and 0 for none."""
    number = reply.number
    return chr(number) if number is not None and 0 < number < 128 else None

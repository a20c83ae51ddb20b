"""A scripted Asterisk channel: calls a FastAGI server as Asterisk's AGI() does, and answers its commands.

The channel has a time of its own, in seconds from the start of the visit: a sound takes its length, a wait for a key
takes as long as it must, everything else nothing. No real time passes, so a test with a ten-minute prompt is as fast as
any other. What the caller does is a script:

    channel = ScriptedChannel(
        path="call",
        environment={"agi_callerid": "3000000001"},
        variables={"PLACE": ""},
        sounds={"bienvenida": 3.0, "menu": 6.0},     # lengths; what is not listed lasts a second
        keys=[(4.5, "1")],                           # at 4.5 s the caller presses 1
    )
    await channel.call("127.0.0.1", server.port)
    assert channel.heard == [Sounded("bienvenida", 0.0, 3.0), Sounded("menu", 3.0, 1.5)]
    assert channel.variables["DONE"] == "wait"

As on a real channel, a key pressed while STREAM FILE plays counts only if the command names it as an escape digit;
another key is lost to AGI and stands in `lost_keys`. A missing sound is answered with `result=0 endpos=0`.
RECORD FILE writes a real file of noise: as long as the caller speaks (`speaks`), cut by a key or the limit.

The caller hangs up at `hang_up_at` (channel time) or instead of the reply to command number `hang_up_on` (from 1), in
the manner `how`. `replies` overrides the reply to a command by literal bytes, faults included.
"""

import asyncio
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

SAMPLES = 8_000
"""Samples of a sound in a second, as Asterisk counts them in `endpos` for narrow-band audio."""

ENVIRONMENT: Mapping[str, str] = {
    "agi_channel": "PJSIP/trunk-00000001",
    "agi_language": "es",
    "agi_type": "PJSIP",
    "agi_uniqueid": "n1-1700000000.1",
    "agi_version": "22.10.1",
    "agi_callerid": "3000000001",
    "agi_calleridname": "unknown",
    "agi_callingpres": "0",
    "agi_callingani2": "0",
    "agi_callington": "0",
    "agi_callingtns": "0",
    "agi_dnid": "6017436967",
    "agi_rdnis": "unknown",
    "agi_context": "call",
    "agi_extension": "s",
    "agi_priority": "1",
    "agi_enhanced": "0.0",
    "agi_accountcode": "",
    "agi_threadid": "139",
}
"""What Asterisk 22 says of an ordinary call, in its order."""


class HangUp(Enum):
    """The ways in which Asterisk tells of a hang-up."""

    CLOSED = "the connection ends (AGIEXITONHANGUP=yes)"
    LINE = "HANGUP, and -1 for the command that was running"
    RESULT = "-1 for the command that was running, HANGUP behind it"


@dataclass(frozen=True, slots=True)
class Command:
    """One command that the server sent, unquoted. Verbs of two words are one verb."""

    verb: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.verb, *self.arguments))


@dataclass(frozen=True, slots=True)
class Sounded:
    """A sound that the caller heard: its name, the channel time of its start, and the seconds heard of it."""

    sound: str
    at: float
    seconds: float


_TWO_WORDS = frozenset(
    {"STREAM", "GET", "SET", "WAIT", "CHANNEL", "SAY", "SEND", "RECEIVE", "RECORD", "CONTROL", "DATABASE"}
)
_MEDIA = frozenset({"STREAM FILE", "WAIT FOR DIGIT", "RECORD FILE", "ANSWER", "EXEC"})
_THREE_WORDS = frozenset({"WAIT FOR", "CONTROL STREAM"})


def split_command(line: str) -> Command:
    """Undo the quoting of a command line as `parse_args` of Asterisk's res_agi.c does."""
    words: list[str] = []
    word, quoted, escaped, started = "", False, False, False
    for character in line:
        if escaped:
            word, escaped, started = word + character, False, True
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted, started = not quoted, True
        elif character in " \t" and not quoted:
            if started:
                words.append(word)
            word, started = "", False
        else:
            word, started = word + character, True
    if started:
        words.append(word)
    length = 1
    if words and words[0] in _TWO_WORDS:
        length = 3 if " ".join(words[:2]) in _THREE_WORDS else 2
    return Command(" ".join(words[:length]), tuple(words[length:]))


@dataclass
class ScriptedChannel:
    """One visit of one channel; see the module's text. Read the lists and `variables` after `call()` has returned."""

    path: str = "call"
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    sounds: Mapping[str, float] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    keys: Sequence[tuple[float, str]] = ()
    speaks: float = 2.0
    hang_up_at: float | None = None
    hang_up_on: int | None = None
    how: HangUp = HangUp.CLOSED
    replies: Mapping[int, bytes] = field(default_factory=dict)
    applications: Mapping[str, int] = field(default_factory=dict)

    commands: list[Command] = field(default_factory=list, init=False)
    heard: list[Sounded] = field(default_factory=list, init=False)
    lost_keys: list[str] = field(default_factory=list, init=False)
    now: float = field(default=0.0, init=False)
    gone: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._keys = sorted(self.keys)

    def opening(self) -> bytes:
        """The environment block as Asterisk sends it."""
        lines = {
            "agi_network": "yes",
            "agi_network_script": self.path,
            "agi_request": f"agi://127.0.0.1/{self.path}",
            **ENVIRONMENT,
            **self.environment,
            **{f"agi_arg_{number}": value for number, value in enumerate(self.arguments, 1)},
        }
        return "".join(f"{name}: {value}\n" for name, value in lines.items()).encode() + b"\n"

    async def call(self, host: str, port: int) -> None:
        """Make the visit; returns when either side has closed the connection."""
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(self.opening())
            while line := await reader.readline():
                self.commands.append(split_command(line.decode().rstrip("\n")))
                reply = self.answer(self.commands[-1])
                if reply is None:
                    return
                writer.write(reply)
        except ConnectionError:
            pass  # the server closed first, which is its right at any moment
        finally:
            writer.close()

    def answer(self, command: Command) -> bytes | None:
        """The bytes that answer `command`; None when the connection ends instead."""
        number = len(self.commands)
        if number in self.replies:
            return self.replies[number]
        if self.gone:
            return (
                self._reply(command) if command.verb not in _MEDIA else b"511 Command Not Permitted on a dead channel\n"
            )
        reply = self._reply(command)
        if number != self.hang_up_on and (self.hang_up_at is None or self.now < self.hang_up_at):
            return reply
        self.gone = True
        if self.how is HangUp.CLOSED:
            return None
        running = b"200 result=-1\n" if command.verb in _MEDIA else reply
        return b"HANGUP\n" + running if self.how is HangUp.LINE else running + b"HANGUP\n"

    def _reply(self, command: Command) -> bytes:
        match command.verb, command.arguments:
            case "STREAM FILE", (sound, escape, *rest):
                return self._stream(sound, escape, int(rest[0]) if rest else 0)
            case "WAIT FOR DIGIT", (milliseconds,):
                return f"200 result={ord(self._wait(int(milliseconds) / 1000) or chr(0))}\n".encode()
            case "RECORD FILE", (file, "wav", escape, milliseconds, _, *options):
                return self._record(Path(f"{file}.wav"), escape, int(milliseconds) / 1000, float(options[-1][2:]))
            case "SET VARIABLE", (name, value):
                self.variables[name] = value
                return b"200 result=1\n"
            case "GET VARIABLE", (name,):
                if name not in self.variables:
                    return b"200 result=0\n"
                return f"200 result=1 ({self.variables[name]})\n".encode()
            case "EXEC", ("MSet", pairs):
                self.variables.update(pair.partition("=")[::2] for pair in pairs.split(","))
                return b"200 result=0\n"
            case "EXEC", (application, *_):
                return f"200 result={self.applications.get(application, 0)}\n".encode()
            case ("ANSWER" | "NOOP", _):
                return b"200 result=0\n"
            case ("VERBOSE" | "HANGUP", _):
                return b"200 result=1\n"
        return b"510 Invalid or unknown command\n"

    def _end_of(self, seconds: float) -> float:
        """When something ends that begins now and would take `seconds`: a hang-up ends everything."""
        end = self.now + seconds
        return end if self.hang_up_at is None else max(self.now, min(end, self.hang_up_at))

    def _stream(self, sound: str, escape: str, offset: int) -> bytes:
        if sound in self.missing:
            return b"200 result=0 endpos=0\n"
        began = self.now
        end = self._end_of(max(0.0, self.sounds.get(sound, 1.0) - offset / SAMPLES))
        pressed = ""
        while self._keys and self._keys[0][0] < end:
            at, key = self._keys.pop(0)
            if key in escape:
                pressed, end = key, max(at, began)
                break
            self.lost_keys.append(key)
        self.now = end
        self.heard.append(Sounded(sound, began, end - began))
        endpos = offset + round((end - began) * SAMPLES)
        return f"200 result={ord(pressed) if pressed else 0} endpos={endpos}\n".encode()

    def _record(self, file: Path, escape: str, longest: float, silence: float) -> bytes:
        if not file.parent.is_dir():
            return b"200 result=-1 (writefile)\n"
        began, ended, pressed = self.now, "timeout", 0
        end = self._end_of(min(longest, self.speaks + silence))
        if self._keys and self._keys[0][0] < end and self._keys[0][1] in escape:
            at, key = self._keys.pop(0)
            end, ended, pressed = max(at, began), "dtmf", ord(key)
        elif end < began + longest:
            pressed = round((began + longest - end) * 1000)
        self.now = end
        samples = round(min(end - began, self.speaks + 1) * SAMPLES)
        with wave.open(str(file), "wb") as audio:
            audio.setparams((1, 2, SAMPLES, 0, "NONE", ""))
            audio.writeframes(b"\x10\x27\xf0\xd8" * (samples // 2))
        if self.hang_up_at is not None and end >= self.hang_up_at:
            return f"200 result=-1 (hangup) endpos={samples}\n".encode()
        return f"200 result={pressed} ({ended}) endpos={samples}\n".encode()

    def _wait(self, seconds: float) -> str | None:
        end = self._end_of(seconds)
        if self._keys and self._keys[0][0] < end:
            at, key = self._keys.pop(0)
            self.now = max(self.now, at)
            return key
        self.now = end
        return None

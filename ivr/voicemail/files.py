"""The messages' audio on disk. Blocking: call it off the loop, short ones apart.

Names are made here and hold nothing that came from a caller. `<id>.json` beside `<id>.wav` means: not in the inbox yet.
"""

import json
import os
import re
import secrets
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ENDING, BEGUN = ".wav", ".json"
HEADER_BYTES = 44
"""A canonical RIFF/WAVE header, as Asterisk's format_wav.c writes it."""
BYTES_A_SECOND = 16_000  # 8 kHz, mono, 16 bit
SPARE_BYTES = 50_000_000
"""What stays free on the disk besides the longest message: the journal needs it more."""

# Without vowels and look-alikes: no words, and a person may read it out.
_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"
_ID = re.compile(rf"[{_ALPHABET}]{{10}}")
_FOLDER = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """A message that is being recorded, or was when the server ended. `call` is empty when that cannot be read."""

    message: str
    mailbox: str
    call: str
    caller: str
    begun: datetime


class MessageFiles:
    """One folder of mailboxes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, mailbox: str, message: str) -> Path:
        """The audio's file, whether it is there or not. Raises ValueError for names that are not ours."""
        if not _FOLDER.fullmatch(mailbox) or not _ID.fullmatch(message):
            raise ValueError("neither a mailbox nor a message of ours")
        return self._folder / mailbox / (message + ENDING)

    def begin(self, mailbox: str, call: str, caller: str, at: datetime, seconds: float) -> Taking:
        """Room for a message of `seconds` at most. Raises OSError when the disk has none or may not be written."""
        message = "".join(secrets.choice(_ALPHABET) for _ in range(10))
        note = self.path(mailbox, message).with_suffix(BEGUN)
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(note.parent).free < seconds * BYTES_A_SECOND + SPARE_BYTES:
            raise OSError(28, "too little room on the disk for a message", str(note.parent))
        taking = Taking(message=message, mailbox=mailbox, call=call, caller=caller, begun=at)
        text = json.dumps({"call": call, "caller": caller, "begun": at.isoformat()})
        with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        return taking

    def seconds(self, mailbox: str, message: str) -> float:
        """Audio that is on disk now; 0 when there is none."""
        return self.length_us(mailbox, message) / 1e6

    def length_us(self, mailbox: str, message: str) -> int:
        """The same in microseconds, from the file's size: the header says 0 when Asterisk was killed."""
        try:
            size = self.path(mailbox, message).stat().st_size
        except FileNotFoundError:
            return 0
        return max(0, size - HEADER_BYTES) * 1_000_000 // BYTES_A_SECOND

    def seal(self, mailbox: str, message: str) -> None:
        """Make the audio durable, and its header say its true length. Raises OSError."""
        with self.path(mailbox, message).open("r+b") as stream:
            header = bytearray(stream.read(HEADER_BYTES))
            size = os.fstat(stream.fileno()).st_size
            if header[:4] == b"RIFF" and header[36:40] == b"data":
                true = bytes(header)
                struct.pack_into("<I", header, 4, size - 8)
                struct.pack_into("<I", header, 40, size - HEADER_BYTES)
                if header != true:
                    stream.seek(0)
                    stream.write(header)
            stream.flush()
            os.fsync(stream.fileno())

    def settle(self, mailbox: str, message: str) -> None:
        """The message stands in the inbox: it is no longer being taken."""
        self.path(mailbox, message).with_suffix(BEGUN).unlink(missing_ok=True)

    def remove(self, mailbox: str, message: str) -> None:
        """Forget the audio; again is harmless."""
        self.path(mailbox, message).unlink(missing_ok=True)
        self.settle(mailbox, message)

    def takings(self) -> list[Taking]:
        """Messages that are not in the inbox yet, oldest first."""
        found = [self._taking(note) for note in self._files(BEGUN)]
        return sorted(found, key=lambda taking: (taking.begun, taking.message))

    def quiet_seconds(self, taking: Taking, now: datetime) -> float:
        """How long nobody has written to the audio (or to the note beside it, when there is no audio)."""
        file = self.path(taking.mailbox, taking.message)
        for path in (file, file.with_suffix(BEGUN)):
            try:
                return now.timestamp() - path.stat().st_mtime
            except FileNotFoundError:
                continue
        return 0.0

    def recorded(self) -> dict[str, str]:
        """All audio that is not being taken: message -> mailbox."""
        return {file.stem: file.parent.name for file in self._files(ENDING) if not file.with_suffix(BEGUN).is_file()}

    def written(self, mailbox: str, message: str) -> datetime:
        """When the audio was written last, in UTC. Raises OSError."""
        return datetime.fromtimestamp(self.path(mailbox, message).stat().st_mtime, UTC)

    def _taking(self, note: Path) -> Taking:
        written = datetime.fromtimestamp(note.stat().st_mtime, UTC)
        call = caller = ""
        try:
            values = json.loads(note.read_text(encoding="utf-8"))
            call, caller = str(values["call"]), str(values["caller"])
            written = datetime.fromisoformat(values["begun"]).astimezone(UTC)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # the machine lost power in the middle of it: the audio is what counts
        return Taking(message=note.stem, mailbox=note.parent.name, call=call, caller=caller, begun=written)

    def _files(self, ending: str) -> Iterator[Path]:
        if not self._folder.is_dir():
            return
        for folder in sorted(self._folder.iterdir()):
            if not folder.is_dir() or folder.is_symlink() or not _FOLDER.fullmatch(folder.name):
                continue
            for file in sorted(folder.iterdir()):
                if file.suffix == ending and _ID.fullmatch(file.stem) and file.is_file() and not file.is_symlink():
                    yield file

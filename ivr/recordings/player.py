"""What a listener hears of a recording: any range of its bytes, from the vault, or of one that is not there yet."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ivr.aside import aside
from recordings.catalogue import Catalogue, Recording, State
from recordings.encode import FRAMES_A_SECOND
from recordings.vault.folder import Vault
from recordings.vault.keyclient import Keys
from recordings.vault.sealed import Damaged, Reader

PIECE = 256 * 1024
MEDIA = {"opus": "audio/ogg", "wav": "audio/wav", "raw": "audio/wav"}
ENDINGS = {"opus": "ogg", "wav": "wav", "raw": "wav"}


class NotThere(Exception):
    """There is no audio any more, or it is damaged. The message says which."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording that can be heard: `size` in bytes; `piece(offset, length)` reads, blocking."""

    size: int
    media: str
    ending: str
    piece: Callable[[int, int], bytes]
    close: Callable[[], None]


class Player:
    """Opens recordings."""

    def __init__(self, catalogue: Catalogue, keys: Keys, *, folder: Path, vault: Path) -> None:
        self._catalogue, self._keys, self._folder, self._vault = catalogue, keys, folder, Vault(vault)

    async def open(self, recording: Recording) -> Audio:
        """Ready to be read; close it. Raises NotThere, KeyTrouble (locked, away, wrong), OSError, SQLAlchemyError."""
        if recording.state is State.TAKEN:
            return await aside(self._taken, recording)
        if recording.state is not State.KEPT:
            raise NotThere(f"the audio of this recording is {recording.state.value}")
        wrapped = await aside(self._catalogue.key_of, recording.recording)
        if wrapped is None:
            raise NotThere("the key of this recording was destroyed: nobody can hear it any more")
        key = await self._keys.open(recording.recording, wrapped)
        return await aside(self._kept, recording, key)

    def _kept(self, recording: Recording, key: bytes) -> Audio:
        file = self._sealed(recording)
        try:
            reader = Reader(file, key)
        except Damaged as fault:
            file.close()
            raise NotThere(f"the file in the vault is damaged: {fault}") from None
        except BaseException:
            file.close()
            raise
        codec = recording.codec
        return Audio(reader.size, MEDIA[codec], ENDINGS[codec], reader.read, file.close)

    def _sealed(self, recording: Recording) -> BinaryIO:
        try:
            return self._vault.open(recording.file)
        except FileNotFoundError:
            raise NotThere("the file is not in the vault; see: ivr recordings verify") from None

    def _taken(self, recording: Recording) -> Audio:
        try:
            file = (self._folder / recording.file).open("rb")
        except FileNotFoundError:
            raise NotThere("the file has just been moved into the vault; try again") from None
        if recording.codec != "raw":
            return Audio(recording.bytes, MEDIA[recording.codec], ENDINGS[recording.codec], _plain(file), file.close)
        size = recording.bytes // 4 * 4
        header = _wav_header(size)

        def piece(offset: int, length: int) -> bytes:
            """The sides change places: a reader of four bytes begins where a frame begins."""
            head = header[offset : offset + length]
            first, last = max(0, offset - len(header)), min(size, offset + length - len(header))
            if last <= first:
                return head
            begin = first // 4 * 4
            file.seek(begin)
            frames = np.frombuffer(file.read((last - begin + 3) // 4 * 4), "<i2").reshape(-1, 2)
            return head + frames[:, ::-1].tobytes()[first - begin : last - begin]

        return Audio(len(header) + size, MEDIA["raw"], ENDINGS["raw"], piece, file.close)


def _plain(file: BinaryIO) -> Callable[[int, int], bytes]:
    def piece(offset: int, length: int) -> bytes:
        file.seek(offset)
        return file.read(length)

    return piece


def _wav_header(size: int) -> bytes:
    def number(value: int, length: int) -> bytes:
        return value.to_bytes(length, "little")

    rate = number(FRAMES_A_SECOND, 4) + number(FRAMES_A_SECOND * 4, 4)
    form = b"fmt " + number(16, 4) + number(1, 2) + number(2, 2) + rate + number(4, 2) + number(16, 2)
    return b"RIFF" + number(36 + size, 4) + b"WAVE" + form + b"data" + number(size, 4)


@contextmanager
def closing(audio: Audio) -> Iterator[Audio]:
    """Close it at the end of the block."""
    try:
        yield audio
    finally:
        audio.close()


def wanted_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last that a header `Range` asks for; None: all of it, for there is no header, or
    one that this server need not understand (RFC 9110 14.2: several ranges). Raises ValueError when nothing of what is
    asked is there."""
    unit, _, asked = (header or "").partition("=")
    first, dash, last = asked.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or not (first + last).isdecimal() or not (first + last).isascii():
        return None
    if not first:  # the last so many bytes
        begin, end = max(0, size - int(last)), size
    else:
        begin, end = int(first), min(size, int(last) + 1) if last else size
    if last and first and int(last) < int(first):
        return None
    if begin >= end:
        raise ValueError(f"there are {size} bytes")
    return begin, end


def drawing(peaks: bytes | None) -> list[list[int]]:
    """The waveform: for each point caller and agent, 0 to 255."""
    points: Any = np.frombuffer(peaks or b"", np.uint8).reshape(-1, 2)
    return [[int(caller), int(agent)] for caller, agent in points]

"""Makes a finished recording small: from raw to Opus or wav, the caller on the left and the agent on the right, with
the peaks that draw its waveform. Blocking; memory for a minute of the talk.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Self, TypeVar

import numpy as np
import soundfile

FRAMES_A_SECOND = 8_000
BLOCK = 60 * FRAMES_A_SECOND
PEAKS_A_SECOND = 10
MOST_PEAKS = 2_000
"""Points of a waveform, for each side: more than a screen shows."""

_WAV_HEADER = 44
"""Bytes before the audio of a wav file as Asterisk's format_wav.c writes it."""
_ONE_VOICE = (1).to_bytes(2, "little") + FRAMES_A_SECOND.to_bytes(4, "little")
"""Channels and frames a second in that header, from byte 22 on. Its lengths are not believed: a kill leaves 0."""

_LOWEST, _HIGHEST = 6_000, 256_000
"""Bits a second of one Opus channel, between which libsndfile's compression level goes from 1 to 0."""


_Told = TypeVar("_Told")


class Codec(StrEnum):
    """How the audio is kept."""

    OPUS = "opus"
    WAV = "wav"


class NotAudio(Exception):
    """The file holds no audio that can be kept. The message says why."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What was written. `peaks`: two bytes a point, caller and agent, 0 (silence) to 255."""

    frames: int
    peaks: bytes


class _Disk:
    """A file that libsndfile reads or writes by calling back: there an error is lost, and seems to be the audio's. Here
    the first one stays, and is raised at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._error: OSError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._error is not None:
            raise self._error from None

    def write(self, data: bytes) -> int:
        return self._kept(lambda: self._file.write(data), 0)

    def read(self, size: int) -> bytes:
        return self._kept(lambda: self._file.read(size), b"")

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._kept(lambda: self._file.seek(offset, whence), -1)

    def tell(self) -> int:
        return self._kept(self._file.tell, -1)

    def _kept(self, work: Callable[[], _Told], failed: _Told) -> _Told:
        try:
            return work()
        except OSError as error:
            self._error = self._error or error
            return failed


def encode(raw: Path, into: IO[bytes], codec: Codec, bits_a_second: int = 24_000) -> Encoded:
    """Write the audio of a raw file, or of a wav file of an older version: there both sides are one voice, and both get
    it. `bits_a_second` is for both sides together, of Opus. Raises NotAudio, OSError."""
    begins, voices = _form(raw)
    frames = max(0, raw.stat().st_size - begins) // (2 * voices)
    if frames == 0:
        raise NotAudio("there is not one frame in it")
    points = max(1, min(MOST_PEAKS, frames * PEAKS_A_SECOND // FRAMES_A_SECOND))
    peaks = np.zeros((points, 2), np.int32)
    form: dict[str, Any] = {"format": "WAV", "subtype": "PCM_16"}
    if codec is Codec.OPUS:
        level = (_HIGHEST - bits_a_second / 2) / (_HIGHEST - _LOWEST)
        form = {"format": "OGG", "subtype": "OPUS", "compression_level": min(1.0, max(0.0, level))}
    with _Disk(into) as disk:
        try:
            with soundfile.SoundFile(disk, "w", FRAMES_A_SECOND, 2, **form) as written:
                for start, block in _blocks(raw, begins, voices, frames):
                    written.write(block)
                    places = (np.arange(start, start + len(block)) * points // frames).astype(np.intp)
                    np.maximum.at(peaks, places, np.abs(block.astype(np.int32)))
        except soundfile.LibsndfileError as error:
            raise NotAudio(f"it cannot be written as {codec.value}: {error}") from error
    return Encoded(frames, np.minimum(255, peaks >> 7).astype(np.uint8).tobytes())


def measured(audio: IO[bytes]) -> int:
    """Frames at 8,000 a second that a listener gets. Raises NotAudio for what cannot be read to its end, OSError."""
    with _Disk(audio) as disk:
        try:
            with soundfile.SoundFile(disk) as read:
                frames = sum(len(block) for block in read.blocks(BLOCK, dtype="int16"))
                return round(frames * FRAMES_A_SECOND / int(read.samplerate))
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise NotAudio(f"it cannot be read: {error}") from error


def _form(file: Path) -> tuple[int, int]:
    """At which byte the audio begins, and how many voices a frame has."""
    if file.suffix != ".wav":
        return 0, 2
    with file.open("rb") as opened:
        header = opened.read(_WAV_HEADER)
    if header[:4] != b"RIFF" or header[22:28] != _ONE_VOICE:
        raise NotAudio("it is no wav file of one voice as Asterisk writes it")
    return _WAV_HEADER, 1


def _blocks(raw: Path, begins: int, voices: int, frames: int) -> Iterator[tuple[int, Any]]:
    """Blocks of the file, each with the number of its first frame; the sides change places."""
    with raw.open("rb") as opened:
        opened.seek(begins)
        for start in range(0, frames, BLOCK):
            data = opened.read(min(BLOCK, frames - start) * 2 * voices)
            block = np.frombuffer(data, "<i2").reshape(-1, voices)[:, ::-1]
            yield start, np.repeat(block, 2 // voices, axis=1)

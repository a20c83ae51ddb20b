"""From raw to what is kept: both sides, the right way round, as long as they were, and not a frame of a torn end."""

import errno
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from recordings.encode import MOST_PEAKS, Codec, NotAudio, encode, measured

AGENT_HZ, CALLER_HZ = 440, 1000


def tone(hertz: float, seconds: float, loud: float = 0.5) -> Any:
    return (loud * 32767 * np.sin(2 * np.pi * hertz * np.arange(round(8000 * seconds)) / 8000)).astype("<i2")


def raw_file(folder: Path, seconds: float, torn: bytes = b"") -> Path:
    """As MixMonitor writes it: the agent first."""
    path = folder / "a.raw"
    path.write_bytes(np.stack([tone(AGENT_HZ, seconds), tone(CALLER_HZ, seconds, 0.25)], axis=1).tobytes() + torn)
    return path


def strongest(side: Any, rate: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(side))) * rate / len(side))


@pytest.mark.parametrize("codec", list(Codec))
def test_the_caller_is_left_and_the_agent_right(tmp_path: Path, codec: Codec) -> None:
    kept = io.BytesIO()
    done = encode(raw_file(tmp_path, 3, torn=b"\1\2\3"), kept, codec)
    assert done.frames == 24_000
    kept.seek(0)
    assert abs(measured(kept) - 24_000) <= 80, "10 ms"
    kept.seek(0)
    audio, rate = soundfile.read(kept)
    assert strongest(audio[:, 0], rate) == pytest.approx(CALLER_HZ, abs=2)
    assert strongest(audio[:, 1], rate) == pytest.approx(AGENT_HZ, abs=2)


def test_opus_is_as_small_as_was_asked(tmp_path: Path) -> None:
    small, large = io.BytesIO(), io.BytesIO()
    raw = raw_file(tmp_path, 20)
    encode(raw, small, Codec.OPUS, 24_000)
    encode(raw, large, Codec.OPUS, 96_000)
    assert small.tell() * 8 / 20 < 36_000 and large.tell() > small.tell() * 1.5


def test_the_waveform_shows_who_is_louder_and_where_nobody_speaks(tmp_path: Path) -> None:
    path = raw_file(tmp_path, 4)
    path.write_bytes(path.read_bytes() + b"\0" * 32_000 * 4)
    peaks = np.frombuffer(encode(path, io.BytesIO(), Codec.WAV).peaks, np.uint8).reshape(-1, 2)
    assert len(peaks) == 80
    assert peaks[:39].min(axis=0).tolist() == [63, 127] and peaks[41:].max() == 0


def test_the_waveform_of_a_long_talk_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "long.raw"
    path.write_bytes(b"\0\1\0\2" * 8000 * 300)
    assert len(encode(path, io.BytesIO(), Codec.WAV).peaks) == MOST_PEAKS * 2


@pytest.mark.parametrize("codec", list(Codec))
def test_what_an_older_version_recorded_as_one_voice_is_on_both_sides(tmp_path: Path, codec: Codec) -> None:
    path = tmp_path / "old.wav"
    soundfile.write(path, tone(AGENT_HZ, 3), 8000, "PCM_16")
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = bytes(4)  # Asterisk was killed in the middle of it
    path.write_bytes(content + b"\1")
    kept = io.BytesIO()
    done = encode(path, kept, codec)
    assert done.frames == 24_000 and len(done.peaks) == 60
    kept.seek(0)
    audio, rate = soundfile.read(kept)
    assert [strongest(audio[:, side], rate) for side in (0, 1)] == pytest.approx([AGENT_HZ, AGENT_HZ], abs=2)


def test_a_file_of_that_name_that_is_none_is_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "old.wav"
    for content in (b"RIFF", b"x" * 5000):
        path.write_bytes(content)
        with pytest.raises(NotAudio, match="no wav"):
            encode(path, io.BytesIO(), Codec.OPUS)


def test_nothing_is_no_audio(tmp_path: Path) -> None:
    path = tmp_path / "stub.raw"
    path.write_bytes(b"\0\0\0")
    with pytest.raises(NotAudio, match="not one frame"):
        encode(path, io.BytesIO(), Codec.OPUS)


class Full(io.BytesIO):
    """A disk with so much room."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("room", [0, 100, 2_000, 20_000])
def test_a_full_disk_is_no_fault_of_the_audio(tmp_path: Path, codec: Codec, room: int) -> None:
    with pytest.raises(OSError, match="No space left"):
        encode(raw_file(tmp_path, 20), Full(room), codec)


@pytest.mark.parametrize("codec", list(Codec))
def test_a_device_that_takes_nothing_is_no_fault_of_the_audio(tmp_path: Path, codec: Codec) -> None:
    with Path("/dev/full").open("r+b", buffering=0) as full, pytest.raises(OSError, match="No space left"):
        encode(raw_file(tmp_path, 20), full, codec)


def test_a_disk_that_cannot_be_read_is_no_fault_of_the_audio(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 3_000:
                raise OSError(errno.EIO, "Input/output error")
            return super().read(size)

    kept = Failing()
    encode(raw_file(tmp_path, 20), kept, Codec.OPUS)
    kept.seek(0)
    with pytest.raises(OSError, match="Input/output"):
        measured(kept)


@pytest.mark.parametrize("change", ["truncated", "garbage"])
def test_what_is_no_audio_any_more_is_told(tmp_path: Path, change: str) -> None:
    kept = io.BytesIO()
    encode(raw_file(tmp_path, 3), kept, Codec.OPUS)
    data = kept.getvalue()[:30] if change == "truncated" else b"x" * 5000
    with pytest.raises(NotAudio, match="cannot be read"):
        measured(io.BytesIO(data))

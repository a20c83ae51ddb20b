"""Tells which known sounds were heard, when, from where in the file and for how long.

What a phone hears is cut into blocks of 50 ms. As long as a sound that was recognised goes on, one comparison a block
follows it; only where nothing is being followed, all sounds are searched by normalised cross-correlation. Mu-law of
the very file correlates almost perfectly, so a wrong name is all but impossible, and the position is exact.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from ivr.testing.phone.g711 import RATE

Samples = NDArray[np.int16]
Floats = NDArray[np.float32]

BLOCK = 400
"""Samples of a block: 50 ms, the resolution of begin and end."""

_PROBE = 4 * BLOCK
"""Samples that a search looks for: short enough for a word, long enough to be unmistakable."""

_AHEAD = 20 * BLOCK
"""Samples that decide between similar places of a sound (music repeats itself)."""

_SAME = 0.85
"""Correlation from which two blocks are the same sound; mu-law alone costs less than 0.01."""

_QUIET = 50.0
"""Root mean square of 16 bit samples under which a block counts as silence."""

_CANDIDATES = 12
_SPECTRUM = 1 << 15


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch of one sound. `at` is when it began in what was heard, `offset` where in the file, all in seconds."""

    name: str
    at: float
    offset: float
    duration: float
    length: float  # of the whole sound

    @property
    def end(self) -> float:
        """When it ended."""
        return self.at + self.duration

    @property
    def whole(self) -> bool:
        """Whether it was heard from its beginning to its end, give or take 0.2 s of silence."""
        return self.offset < 0.2 and self.offset + self.duration > self.length - 0.2


class Ears:
    """Knows sounds by name; `listen` names what is in a recording, `follow` while it is being heard."""

    def __init__(self, sounds: Mapping[str, Path | Samples]) -> None:
        self.sounds = {name: load(sound) for name, sound in sounds.items()}
        self._tape = _Tape(self.sounds)

    def listen(self, samples: Samples) -> list[Heard]:
        """Everything known in a recording, in order."""
        listener = self.follow()
        listener.feed(samples)
        listener.finish()
        return listener.heard

    def follow(self) -> "Listener":
        """A listener for audio that comes bit by bit."""
        return Listener(self)

    def find(self, probe: Floats) -> list[tuple[str, int]]:
        """The places of all sounds that are like the probe, the likeliest first."""
        likeness = self._tape.likeness(probe)
        found: list[tuple[str, int]] = []
        while len(found) < _CANDIDATES:
            best = int(likeness.argmax())
            if likeness[best] < _SAME:
                break
            found.append(self._tape.place(best))
            likeness[max(0, best - 20) : best + 20] = 0
        return found


class _Tape:
    """All sounds one behind the other, as spectra of overlapping pieces: hundreds of short ones cost no more to search
    than one long one."""

    def __init__(self, sounds: Mapping[str, Samples]) -> None:
        gap = np.zeros(_PROBE, np.float32)
        parts = [part for sound in sounds.values() for part in (sound.astype(np.float32), gap)]
        values = np.concatenate([*parts, gap])
        self._names = list(sounds)
        lengths = [len(sound) + _PROBE for sound in sounds.values()]
        self._starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self._places = len(values) - _PROBE + 1
        hop = _SPECTRUM - _PROBE
        padded = np.concatenate([values, np.zeros(_SPECTRUM, np.float32)])
        pieces = np.stack([padded[start : start + _SPECTRUM] for start in range(0, self._places, hop)])
        self._pieces = np.fft.rfft(pieces, axis=1)
        sums = np.concatenate([[0.0], np.cumsum(padded.astype(np.float64) ** 2)])
        energy = np.sqrt(np.maximum(sums[_PROBE : self._places + _PROBE] - sums[: self._places], _QUIET**2 * _PROBE))
        for start, sound in zip(self._starts, sounds.values(), strict=False):
            # A place after which less than a probe is left is none, except the beginning of a very short sound.
            energy[start + max(1, len(sound) - _PROBE + 1) : start + len(sound) + _PROBE] = np.inf
        energy[self._starts[-1] :] = np.inf
        self._energy = energy

    def likeness(self, probe: Floats) -> NDArray[np.floating]:
        """How like the probe each place is, up to 1."""
        spectrum = np.conj(np.fft.rfft(probe, _SPECTRUM))
        products = np.fft.irfft(self._pieces * spectrum, _SPECTRUM, axis=1)[:, : _SPECTRUM - _PROBE]
        return products.reshape(-1)[: self._places] / (self._energy * float(np.linalg.norm(probe)))  # type: ignore[no-any-return]

    def place(self, index: int) -> tuple[str, int]:
        """The sound at an index, and the place in it."""
        number = int(np.searchsorted(self._starts, index, "right")) - 1
        return self._names[number], index - int(self._starts[number])


class Listener:
    """Follows one line of audio. `heard` holds what has ended, `current` what is being heard."""

    def __init__(self, ears: Ears) -> None:
        self.heard: list[Heard] = []
        self._ears = ears
        self._audio = np.zeros(0, np.float32)
        self._at = 0  # the next sample to look at
        self._sound: tuple[str, int, int] | None = None  # name, sample where it began, offset there
        self._searched: tuple[int, list[tuple[str, int]]] = -1, []  # where the last search was, and what it found
        self._finished = False

    @property
    def current(self) -> Heard | None:
        """What is being heard now."""
        return self._described(self._at)

    def feed(self, samples: Samples) -> None:
        """More audio; what it says is in `heard` and `current` afterwards (0.2 s later, up to 1 s for music)."""
        self._audio = np.concatenate([self._audio, samples.astype(np.float32)])
        while self._step():
            pass

    def finish(self) -> None:
        """No more audio comes."""
        self._finished = True
        while self._step():
            pass
        self._end()

    def _step(self) -> bool:
        left = len(self._audio) - self._at
        if left < BLOCK:
            return False
        if self._sound is not None:
            name, began, offset = self._sound
            if self._goes_on(self._ears.sounds[name], offset + self._at - began, self._at):
                self._at += BLOCK
            else:
                self._end()
            return True
        if _loudness(self._audio[self._at : self._at + BLOCK]) < _QUIET:
            self._at += BLOCK
            return True
        if left < _PROBE and not self._finished:
            return False
        if is_tone(self._audio[self._at : self._at + BLOCK]):
            self._at += BLOCK
            return True
        return self._search(left)

    def _goes_on(self, sound: Samples, offset: int, at: int) -> bool:
        expected = sound[offset : offset + BLOCK] if offset >= 0 else sound[:0]
        return len(expected) > 0 and alike(self._audio[at : at + len(expected)], expected)

    def _search(self, left: int) -> bool:
        """Name what begins here; False when more must be heard before one of several places can be chosen."""
        if self._searched[0] != self._at or left < _PROBE:
            probe = self._audio[self._at : self._at + _PROBE]
            self._searched = self._at, self._ears.find(probe) if left >= _PROBE else []
        places = self._searched[1]
        if len(places) > 1 and left < _AHEAD and not self._finished:
            return False
        best: tuple[int, str, int] | None = None
        for name, offset in places:
            length = self._run(name, offset)
            if best is None or length > best[0]:
                best = (length, name, offset)
        if best is None or best[0] < _PROBE:
            self._at += BLOCK
            return True
        _, name, offset = best
        back = self._back(name, offset)
        self._sound = self._joined(name, self._at - back, offset - back)
        return True

    def _joined(self, name: str, began: int, offset: int) -> tuple[str, int, int]:
        """With the stretch that just ended, when only the place was taken a wave too far (a pure tone looks the same
        one wave later; the next pitch shows it)."""
        last = self.heard[-1] if self.heard else None
        if last is None or last.name != name or began - round(last.end * RATE) > BLOCK:
            return name, began, offset
        before = round(last.at * RATE)
        at_before = offset - (began - before)
        if abs(at_before - round(last.offset * RATE)) > BLOCK:
            return name, began, offset
        self.heard.pop()
        return name, before - min(0, at_before), max(0, at_before)

    def _run(self, name: str, offset: int) -> int:
        """How many samples of the second that follows agree with this place of this sound."""
        sound, length = self._ears.sounds[name], 0
        while length < _AHEAD and self._goes_on(sound, offset + length, self._at + length):
            length += BLOCK
        return length

    def _back(self, name: str, offset: int) -> int:
        """How many samples before the place that was found belong to it already."""
        sound, back = self._ears.sounds[name], 0
        earliest = round(self.heard[-1].end * RATE) if self.heard else 0
        while self._at - back - BLOCK >= earliest and self._goes_on(
            sound, offset - back - BLOCK, self._at - back - BLOCK
        ):
            back += BLOCK
        rest = min(offset - back, self._at - back - earliest, BLOCK)
        quiet = rest > 0 and _loudness(self._audio[self._at - back - rest : self._at - back]) < _QUIET
        return back + rest if quiet and _loudness(sound[offset - back - rest : offset - back]) < _QUIET else back

    def _described(self, end: int) -> Heard | None:
        if self._sound is None:
            return None
        name, began, offset = self._sound
        length = len(self._ears.sounds[name])
        duration = min(end - began, length - offset)
        return Heard(name, began / RATE, offset / RATE, duration / RATE, length / RATE)

    def _end(self) -> None:
        described = self._described(self._at)
        if described is not None:
            self.heard.append(described)
            self._sound = None


def ears_of(sounds: Mapping[str, Path]) -> Ears:
    """Ears that know these files; the same ones as the last, where those know the same."""
    return _knowing(tuple((name, file.read_bytes()) for name, file in sounds.items()))


@lru_cache(maxsize=1)
def _knowing(sounds: tuple[tuple[str, bytes], ...]) -> Ears:
    return Ears({name: load(BytesIO(content)) for name, content in sounds})


def sounds_of(share: Path, language: str) -> dict[str, Path]:
    """The prompts of an installation in a language, by name, and its music as `music` (or `music:<file>`)."""
    prompts = sorted((share / "sounds" / "centralita" / language).glob("*.wav"), key=lambda file: file.stat().st_mtime)
    sounds = {file.stem.rpartition("-")[0]: file for file in prompts}
    music = sorted((share / "moh" / "default").glob("*.wav"))
    return sounds | {"music" if len(music) == 1 else f"music:{file.stem}": file for file in music}


def load(sound: Path | BytesIO | Samples) -> Samples:
    """The samples of a mono 8 kHz file (or of what is samples already); ValueError for another rate."""
    if isinstance(sound, np.ndarray):
        return sound
    samples, rate = soundfile.read(sound, dtype="int16", always_2d=True)
    if rate != RATE:
        raise ValueError(f"{sound}: {rate} samples a second, not {RATE}")
    mono: Samples = samples[:, 0]
    return mono


def alike(ours: NDArray[np.generic], theirs: NDArray[np.generic]) -> bool:
    """Whether two stretches of the same length are the same sound, or both silence."""
    a, b = ours.astype(np.float32), theirs.astype(np.float32)[: len(ours)]
    loud_a, loud_b = _loudness(a), _loudness(b)
    if loud_a < _QUIET or loud_b < _QUIET:
        return loud_a < 2 * _QUIET and loud_b < 2 * _QUIET
    return float(np.dot(a, b)) > _SAME * float(np.linalg.norm(a)) * float(np.linalg.norm(b))


def is_tone(block: Floats) -> bool:
    """Whether a block is a single sine: what test phones say, never a prompt; so nobody needs to search for it."""
    power = np.abs(np.fft.rfft(block * np.hanning(len(block)))) ** 2
    peak = int(power.argmax())
    return bool(power[max(0, peak - 2) : peak + 3].sum() > 0.98 * power.sum())


def tones(samples: Samples, hertz: Sequence[float]) -> dict[float, float]:
    """Seconds for which each of these tones sounds, also when several sound at once (each >= 15 % of the power)."""
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK).astype(np.float64)
    power = np.maximum((blocks**2).mean(axis=1), 1e-9)
    times = np.arange(BLOCK) / RATE
    seconds: dict[float, float] = {}
    for frequency in hertz:
        amplitude = np.abs(blocks @ np.exp(-2j * np.pi * frequency * times)) * 2 / BLOCK
        sounding = (amplitude**2 / 2 > 0.15 * power) & (power > _QUIET**2)
        seconds[frequency] = float(sounding.sum()) * BLOCK / RATE
    return seconds


def music_gaps(heard: Iterable[Heard], names: Iterable[str], *, tolerance: float = 0.12) -> list[tuple[float, float]]:
    """Where music (the sounds of `names`) stopped or jumped between its first and last moment.

    Each gap is (when, seconds); a jump in the file counts with the seconds that were skipped. A file's end followed
    by the beginning of one of `names` is no gap: that is how music goes round.
    """
    wanted = set(names)
    stretches = [stretch for stretch in heard if stretch.name in wanted]
    gaps: list[tuple[float, float]] = []
    for before, after in pairwise(stretches):
        silence = after.at - before.end
        round_again = before.offset + before.duration > before.length - tolerance and after.offset < tolerance
        skipped = 0.0 if round_again else abs(after.offset - before.offset - (after.at - before.at))
        if silence > tolerance or skipped > tolerance:
            gaps.append((before.end, max(silence, skipped)))
    return gaps


def merged(heard: Iterable[Heard]) -> list[Heard]:
    """The same with stretches joined that are one playing of one sound: packets that were lost cut a stretch in two,
    and a machine that was busy for a moment goes on with the sound where it stopped, a little later."""
    result: list[Heard] = []
    for stretch in heard:
        last = result[-1] if result else None
        if last and last.name == stretch.name and _in_step(last, stretch):
            result[-1] = replace(last, duration=stretch.end - last.at)
        elif last and last.name == stretch.name and _goes_on(last, stretch):
            result[-1] = replace(last, duration=stretch.offset + stretch.duration - last.offset)
        else:
            result.append(stretch)
    return result


def _in_step(first: Heard, second: Heard) -> bool:
    """Whether time went on as fast as the sound between two stretches."""
    return abs(second.at - first.at - (second.offset - first.offset)) < 0.1


def _goes_on(first: Heard, second: Heard) -> bool:
    """Whether a prompt went on where it had stopped, within a second. Music that does so has a gap, which counts."""
    stopped = first.offset + first.duration
    return not first.name.startswith("music") and abs(second.offset - stopped) < 0.1 and 0 <= second.at - first.end < 1


def _loudness(samples: NDArray[np.generic]) -> float:
    values = samples.astype(np.float32)
    return float(np.sqrt(np.dot(values, values) / max(1, len(values))))

"""Music for those who wait, made here: soft chords without licence, so that nobody has to buy or fetch any.

Every second is a chord of its own, so a recording of what a caller heard shows the position in the music, and a gap or
a restart cannot hide. The end flows into the beginning.
"""

from itertools import combinations
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 8000
SECONDS = 60
# Two octaves and a half of C major pentatonic from G3; everything lies inside the telephone's 300-3400 Hz or close.
_SEMITONES = (-5, -3, 0, 2, 4, 7, 9, 12, 14, 16, 19, 21, 24)
_MIDDLE_C = 261.626
_FADE = 0.15  # seconds that neighbouring chords share
_LEVEL = 0.11  # of full scale, each note: a voice over it is understood
NAME = "musica"


def chords() -> list[tuple[float, float]]:
    """The two frequencies (Hz) of each second: never the same pair twice."""
    notes = [_MIDDLE_C * 2 ** (semitone / 12) for semitone in _SEMITONES]
    pairs = [pair for pair in combinations(range(len(notes)), 2) if 2 <= pair[1] - pair[0] <= 9]
    # 17 shares no factor with their number (60): the walk meets each pair once.
    walk = [pairs[(17 * step) % len(pairs)] for step in range(SECONDS)]
    if len(set(walk)) != SECONDS:
        raise ValueError("two seconds of the music have the same chord")
    return [(notes[low], notes[high]) for low, high in walk]


def samples() -> NDArray[np.float64]:
    """The music: 8 kHz, one channel, between -1 and 1."""
    overlap = int(_FADE * RATE)
    length = RATE + overlap
    time = np.arange(length) / RATE
    ramp = np.sin(np.linspace(0, np.pi / 2, overlap)) ** 2
    envelope = np.ones(length)
    envelope[:overlap], envelope[-overlap:] = ramp, ramp[::-1]
    tune = np.zeros(SECONDS * RATE)
    for second, frequencies in enumerate(chords()):
        tone = sum(np.sin(2 * np.pi * f * time) + 0.25 * np.sin(4 * np.pi * f * time) for f in frequencies)
        swell = 1 - 0.35 * time / time[-1]
        tune[(second * RATE + np.arange(length)) % len(tune)] += _LEVEL * envelope * swell * tone
    return tune


def write(folder: Path) -> bool:
    """Put the music into the folder unless somebody's music is there already. Returns whether it was written.

    Two files: `.wav`, and `.ulaw`, which Asterisk plays to a telephone without converting it for each caller.
    """
    if any(file.suffix in {".wav", ".ulaw", ".alaw", ".gsm", ".sln"} for file in folder.iterdir()):
        return False
    tune = samples()
    for suffix, form, subtype in ((".wav", "WAV", "PCM_16"), (".ulaw", "RAW", "ULAW")):
        fresh = folder / f".{NAME}{suffix}.fresh"
        soundfile.write(fresh, tune, RATE, format=form, subtype=subtype)
        fresh.replace(folder / f"{NAME}{suffix}")
    return True

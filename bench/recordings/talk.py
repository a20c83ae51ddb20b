"""Audio as it comes out of a talk: two who speak in turns, as Asterisk writes it."""

import random

import numpy as np

RATE = 8_000


def talk(seconds: int, seed: int) -> bytes:
    """Raw, both sides apart: voiced syllables with some noise, and pauses in which there is the line's own noise."""
    chance, noise = random.Random(seed), np.random.default_rng(seed)
    audio = noise.normal(0, 12, (seconds * RATE, 2))
    at, side = 0.0, 0
    while at < seconds - 1:
        turn = min(chance.uniform(0.8, 6.0), seconds - 1 - at)
        first, last = int(at * RATE), int((at + turn) * RATE)
        audio[first:last, side] += _speech(last - first, chance.uniform(90, 220), noise)
        at, side = at + turn + chance.uniform(0.0, 0.6), 1 - side
    return np.clip(audio, -32768, 32767).astype("<i2").tobytes()


def _speech(length: int, pitch: float, noise: np.random.Generator) -> np.ndarray:
    t = np.arange(length) / RATE
    melody = 2 * np.pi * np.cumsum(pitch * (1 + 0.12 * np.sin(2 * np.pi * 0.7 * t))) / RATE
    voiced = sum(np.sin(k * melody) / k for k in range(1, 12)) + 0.3 * noise.normal(0, 1, length)
    syllables = np.clip(np.sin(2 * np.pi * 3.7 * t), 0, 1) ** 0.5
    return np.asarray(2_500 * voiced * syllables)

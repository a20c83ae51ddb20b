"""G.711 mu-law (ITU-T G.711, table 2a) between bytes on the wire and 16 bit samples."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

RATE = 8000
"""Samples a second of everything that these phones say and hear."""

SILENCE = 0xFF
"""The code of the sample 0."""

_BIAS = 0x84
_CLIP = 32635


def _decoding_table() -> NDArray[np.int16]:
    inverted = np.arange(256) ^ 0xFF
    magnitude = ((((inverted & 0x0F) << 3) + _BIAS) << ((inverted & 0x70) >> 4)) - _BIAS
    return (magnitude * np.where(inverted & 0x80, -1, 1)).astype(np.int16)


_DECODED = _decoding_table()


def decode(data: bytes | bytearray) -> NDArray[np.int16]:
    """Samples of mu-law bytes."""
    return _DECODED[np.frombuffer(bytes(data), np.uint8)]


def encode(samples: ArrayLike) -> bytes:
    """Mu-law bytes of samples; what is louder than the code can say is clipped."""
    values = np.asarray(samples, np.float64)
    sign = np.where(values < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(values), _CLIP).astype(np.int64) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int64) - 7
    code = ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0F)) & 0xFF
    return bytes(code.astype(np.uint8))


def tone(hertz: float, seconds: float, amplitude: float = 8000) -> NDArray[np.int16]:
    """Samples of a sine."""
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.int16)

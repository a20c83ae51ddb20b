"""Everything that a phone heard, on one line of time: what did not come is silence."""

import numpy as np
from numpy.typing import NDArray

from ivr.testing.phone import g711

_HALF_CIRCLE = 1 << 31
_TRUSTED = 3 * g711.RATE
"""Samples by which a sender's timestamp may differ from the time of arrival before the arrival counts.

A busy machine delivers packets late, so timestamps say better when they were meant; but a sender whose timestamps
jump (another source, a restart) must not bend the line of time.
"""

_TRUSTED_AT_MARKER = g711.RATE // 2
"""The same at a packet with the marker bit: there a sender may begin anew (RFC 3551 section 4.1)."""


class HeardAudio:
    """Mu-law audio by position; position 0 is the first packet, at loop time `began`."""

    def __init__(self) -> None:
        self.ulaw = bytearray()
        self.began: float | None = None
        self.packets = 0
        self._source: tuple[int, int, int] | None = None  # synchronisation source, its timestamp, that one's position

    @property
    def seconds(self) -> float:
        """How long the line of time is that was heard until now."""
        return len(self.ulaw) / g711.RATE

    def place(self, source: int, timestamp: int, payload: bytes, arrival: float, *, marker: bool = False) -> None:
        """Put a packet where it belongs."""
        if self.began is None:
            self.began = arrival
        by_arrival = round((arrival - self.began) * g711.RATE)
        position = self._by_timestamp(source, timestamp)
        trusted = _TRUSTED_AT_MARKER if marker else _TRUSTED
        if position is None or abs(position - by_arrival) > trusted:
            position = max(by_arrival, len(self.ulaw))
            self._source = (source, timestamp, position)
        elif position > by_arrival:  # sooner than it can be: the packets before it came late
            self.began -= (position - by_arrival) / g711.RATE
        missing = position - len(self.ulaw)
        if missing > 0:
            self.ulaw += bytes([g711.SILENCE]) * missing
        self.ulaw[position : position + len(payload)] = payload
        self.packets += 1

    def _by_timestamp(self, source: int, timestamp: int) -> int | None:
        if self._source is None or self._source[0] != source:
            return None
        ahead = (timestamp - self._source[1] + _HALF_CIRCLE) % (1 << 32) - _HALF_CIRCLE
        position = self._source[2] + ahead
        return position if position >= 0 else None

    def samples(self, start: float = 0.0, end: float | None = None) -> NDArray[np.int16]:
        """The samples between two positions in seconds."""
        stop = len(self.ulaw) if end is None else round(end * g711.RATE)
        return g711.decode(self.ulaw[round(start * g711.RATE) : stop])

    def position(self, loop_time: float) -> float:
        """Where on this line of time an instant of the loop lies; 0.0 when nothing was heard yet."""
        return 0.0 if self.began is None else max(0.0, loop_time - self.began)

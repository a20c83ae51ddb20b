"""One audio stream in both directions (RFC 3550), with telephone events (RFC 4733)."""

import asyncio
import contextlib
import os
import secrets
import socket
import struct
from collections import deque
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ivr.testing.phone import g711, sdp
from ivr.testing.phone.heard import HeardAudio

KEYS = "0123456789*#ABCD"
"""A key's place is its event code (RFC 4733 section 3.2)."""

FRAME = 160
"""Samples in a packet: 20 ms."""

_FRAME_S = FRAME / g711.RATE
_KEY_FRAMES = 5  # 100 ms
_PAUSE_FRAMES = 5  # between two keys
_VOLUME = 10
_LATEST = 0.2  # seconds behind after which lost frames are not made up for


class Media(asyncio.DatagramProtocol):
    """Sends silence, tones, audio and keys in real time, and keeps what it hears."""

    def __init__(self) -> None:
        self.heard = HeardAudio()
        self.keys_heard = ""
        self.remote: tuple[str, int] | None = None
        self.port = 0
        self.muted = False  # sends nothing at all: a phone whose network died
        self._events = sdp.EVENTS
        self._keys: deque[str] = deque()
        self._audio = bytearray()
        self._frames: deque[tuple[int, bytes, bool]] = deque()  # payload type, payload, whether it is a new key
        self._sequence = secrets.randbelow(1000)
        self._timestamp = secrets.randbits(20)
        self._event_start = 0
        self._source = secrets.randbits(32)
        self._last_event: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, address: str) -> "Media":
        """Bind a free port of `address` and begin to send as soon as `remote` is known."""
        loop = asyncio.get_running_loop()
        transport, media = await loop.create_datagram_endpoint(cls, local_addr=(address, 0))
        media._transport = transport
        media.port = cast("tuple[str, int]", transport.get_extra_info("sockname"))[1]
        media._timer = loop.call_later(0, media._tick, loop.time())
        return media

    def close(self) -> None:
        """Stop sending and free the port; what was heard stays, also what has come and was not read yet."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._read_the_rest(self._transport)
            self._transport.close()
        self._timer = self._transport = None

    def connect(self, remote: sdp.RemoteMedia) -> None:
        """Send to where the other side said."""
        self.remote = (remote.address, remote.port)
        if remote.events is not None:
            self._events = remote.events

    def press(self, keys: str) -> None:
        """Queue keys; each lasts 100 ms, with 100 ms between two. ValueError for what is no key."""
        if any(key not in KEYS for key in keys):
            raise ValueError(f"not keys of a telephone: {keys!r}")
        self._keys.extend(keys)

    def play(self, samples: NDArray[np.int16]) -> None:
        """Queue audio behind what is being said."""
        self._audio += g711.encode(samples)

    def tone(self, hertz: float, seconds: float) -> None:
        """Queue a sine."""
        self.play(g711.tone(hertz, seconds))

    def hush(self) -> None:
        """Say no more of what is queued."""
        self._audio.clear()

    def begin_anew(self, behind: int, *, another_source: bool) -> None:
        """Number the packets from so many before the present one on, as phones do that make a new stream after a hold
        or a transfer."""
        self._sequence = (self._sequence - behind) & 0xFFFF
        if another_source:
            self._source = secrets.randbits(32)

    # ---- sending: one packet every 20 ms

    def _tick(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        if self.remote is not None and self._transport is not None and not self.muted:
            self._send_frame()
        self._timestamp = (self._timestamp + FRAME) % (1 << 32)
        following = due + _FRAME_S
        if following < loop.time() - _LATEST:
            following = loop.time()
        self._timer = loop.call_at(following, self._tick, following)

    def _send_frame(self) -> None:
        if not self._frames and self._keys:
            self._queue_key(self._keys.popleft())
        if self._frames:
            kind, payload, first = self._frames.popleft()
            if first:
                self._event_start = self._timestamp
            if kind == self._events:
                ends = payload[1] & 0x80
                for _ in range(3 if ends else 1):  # RFC 4733 section 2.5.1.4: the end is sent three times
                    self._send(kind, payload, self._event_start, marker=first)
                return
        else:
            payload = bytes(self._audio[:FRAME]).ljust(FRAME, bytes([g711.SILENCE]))
            del self._audio[:FRAME]
        self._send(sdp.PCMU, payload, self._timestamp)

    def _queue_key(self, key: str) -> None:
        code = KEYS.index(key)
        for frame in range(1, _KEY_FRAMES + 1):
            flags = _VOLUME | (0x80 if frame == _KEY_FRAMES else 0)
            self._frames.append((self._events, struct.pack("!BBH", code, flags, frame * FRAME), frame == 1))
        silence = bytes([g711.SILENCE]) * FRAME
        self._frames.extend((sdp.PCMU, silence, False) for _ in range(_PAUSE_FRAMES))

    def _send(self, kind: int, payload: bytes, timestamp: int, marker: bool = False) -> None:
        assert self._transport is not None
        second = kind | (0x80 if marker else 0)
        header = struct.pack("!BBHII", 0x80, second, self._sequence, timestamp % (1 << 32), self._source)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._transport.sendto(header + payload, self.remote)

    # ---- hearing

    def _read_the_rest(self, transport: asyncio.DatagramTransport) -> None:
        """What lies in the socket: on a busy machine a call's last word and its BYE are found at the same moment."""
        with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as rest:
            rest.setblocking(False)
            with contextlib.suppress(OSError):
                while True:
                    self.datagram_received(*rest.recvfrom(2048))

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        if len(data) < 13 or data[0] >> 6 != 2:
            return
        kind = data[1] & 0x7F
        _sequence, timestamp, source = struct.unpack("!HII", data[2:12])
        payload = data[12 + 4 * (data[0] & 0x0F) :]
        if kind == sdp.PCMU and payload:
            now = asyncio.get_running_loop().time()
            self.heard.place(source, timestamp, payload, now, marker=bool(data[1] & 0x80))
        elif kind == sdp.EVENTS and payload and timestamp != self._last_event:
            self._last_event = timestamp
            self.keys_heard += KEYS[payload[0]] if payload[0] < len(KEYS) else ""

    def error_received(self, exc: Exception) -> None:
        """The other side's port is gone: its hang-up is on the way."""
